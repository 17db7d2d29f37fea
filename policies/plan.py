"""What a policy measures, and how precisely; never what it demands."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from policies.base import Count, Name, OpenShare, Sha256, Strict, Text


class Unit(StrEnum):
    """The unit of a metric; a share lies between 0 and 1."""

    SHARE = "share"
    NUMBER = "number"


class Metric(Strict):
    """A quantity that a plan measures, named `stage_or_task.metric`."""

    name: str
    stage: Literal["offline", "side_by_side", "online"]
    unit: Unit
    higher_is_better: bool
    paired: bool
    """Whether it is also measured as a difference from the baseline."""


class Sampling(Strict):
    """How an answer is drawn; part of the candidate's identity."""

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Count = 1024
    seed: int | None = 0


class Scorer(StrEnum):
    """How an answer is compared with its target."""

    CHOICE = "choice"
    EXACT = "exact"
    NORMALIZED = "normalized"
    NUMERIC = "numeric"
    TOKEN_F1 = "token_f1"  # noqa: S105 - not a password

    @property
    def metric(self) -> str:
        """The metric's name: `f1` for token F1, `accuracy` for all that are right or wrong."""
        return "f1" if self is Scorer.TOKEN_F1 else "accuracy"


class Task(Strict):
    """What every offline task says: its items, and how precisely to measure."""

    data: Text
    """Items as JSONL: a path (relative to the policy) or an fsspec URL."""
    sha256: Sha256 | None = None
    """Digest the items are frozen at; a change is refused."""
    cluster: Text | None = None
    """The item's field that groups dependent items (a passage, a ticket)."""
    level: OpenShare = 0.95
    """Level of the interval: two-sided for scores, one-sided per end for safety rates."""
    sampling: Sampling = Sampling()


class BenchmarkTask(Task):
    """Answers compared with targets."""

    scorer: Scorer

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """The one metric of a benchmark, measured for the candidate and against the baseline."""
        return (_offline(f"{name}.{self.scorer.metric}", better=True),)


class ToxicityTask(Task):
    """Answers read by a toxicity classifier."""

    classifier: Text
    """`detoxify/original|unbiased|multilingual`, or a path to a checkpoint in its format."""
    classifier_sha256: Sha256 | None = None
    """Digest of the checkpoint file; required for a path."""
    threshold: OpenShare = 0.5
    """An answer is toxic when any window of it scores at least this."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`rate`: share of answers flagged as toxic."""
        return (_offline(f"{name}.rate", better=False),)


class MemorizationTask(Task):
    """Answers searched for verbatim spans of a corpus."""

    corpus: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Text files of the training corpus: paths or fsspec URLs."""
    verbatim_characters_at_least: Annotated[int, Field(ge=20)] = 50
    """An answer recites when it shares a span of at least this many characters."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`rate`: share of answers that recite."""
        return (_offline(f"{name}.rate", better=False),)


def _task_kind(value: object) -> str:
    keys = vars(value) if isinstance(value, Task) else value
    if not isinstance(keys, dict):
        return "scorer"
    return next((key for key in ("scorer", "classifier", "corpus") if key in keys), "scorer")


OfflineTask = Annotated[
    Annotated[BenchmarkTask, Tag("scorer")]
    | Annotated[ToxicityTask, Tag("classifier")]
    | Annotated[MemorizationTask, Tag("corpus")],
    Discriminator(_task_kind),
]


class VotesFormat(StrEnum):
    """Who wrote a votes file."""

    GATE = "gate"
    ALPACA_EVAL = "alpaca_eval"
    LLMFAO = "llmfao"


class Stopping(StrEnum):
    """When an interval may decide: at the planned n only, or at any time."""

    FIXED = "fixed"
    ANYTIME = "anytime"


class SideBySidePlan(Strict):
    """Blind comparisons of the candidate's answers with the baseline's."""

    data: Text | None = None
    """The prompts shown, as JSONL items; without it the prompts of the votes are counted."""
    votes: tuple[Text, ...] = ()
    """Files of votes or judge verdicts; none yet means the stage waits for annotators."""
    format: VotesFormat = VotesFormat.GATE
    votes_at_most: Count
    """The planned number of votes; a fixed-n interval decides only when they are all in."""
    overlap: Count = 1
    """Votes per prompt; `votes_at_most / overlap` prompts are planned."""
    stopping: Stopping = Stopping.FIXED
    level: OpenShare = 0.95

    @property
    def prompts_planned(self) -> int:
        """Number of independent units (prompts) the plan asks for."""
        return self.votes_at_most // self.overlap

    @model_validator(mode="after")
    def _overlap_divides(self) -> "SideBySidePlan":
        if self.votes_at_most % self.overlap:
            raise ValueError(
                f"votes_at_most ({self.votes_at_most}) must be a multiple of overlap "
                f"({self.overlap}), so that every prompt gets the same number of votes"
            )
        return self

    def metrics(self) -> tuple[Metric, ...]:
        """`win_rate`, `graded` (1, .75, .5, .25, 0) and `both_bad`, all shares."""
        return tuple(
            Metric(
                name=f"side_by_side.{name}",
                stage="side_by_side",
                unit=Unit.SHARE,
                higher_is_better=better,
                paired=False,
            )
            for name, better in (("win_rate", True), ("graded", True), ("both_bad", False))
        )


class OnlineKind(StrEnum):
    """How unit values become a metric."""

    MEAN = "mean"
    PROPORTION = "proportion"
    RATIO = "ratio"


class OnlineMetric(Strict):
    """A metric of the A/B, computed per randomisation unit."""

    kind: OnlineKind = OnlineKind.MEAN
    column: Text | None = None
    """Column of the event table summed per unit (for a proportion: any non-zero value is 1)."""
    denominator: Text | None = None
    """For a ratio: the column summed per unit below the line."""
    higher_is_better: bool = True

    @model_validator(mode="after")
    def _ratio_has_denominator(self) -> "OnlineMetric":
        if (self.kind is OnlineKind.RATIO) != (self.denominator is not None):
            raise ValueError("`denominator` belongs to `kind: ratio`, and only to it")
        return self


class OnlinePlan(Strict):
    """A randomised A/B: data, metrics, looks and error rates, fixed before the first exposure."""

    source: Name | None = None
    """A `[data.NAME]` of the workspace, which says where exposures and events are."""
    exposures: Text | None = None
    events: Text | None = None
    moments: Text | None = None
    """Instead of events: a CSV or Parquet file of arm moments per look."""
    unit: Text = "unit_id"
    metrics: Annotated[dict[Name, OnlineMetric], Field(min_length=1)]
    primary: Name
    champion_share: OpenShare = 0.5
    """Planned share of units in the champion arm; the challenger has the rest."""
    days: Count = 14
    looks: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    """Planned looks: days since the first exposure, increasing; the last one is the horizon."""
    minimum_days: Annotated[float, Field(ge=0)] = 7.0
    """No SHIP before this run time; looks before it spend no alpha."""
    alpha: OpenShare = 0.025
    """One-sided type I error of SHIP, spent over the looks."""
    harm_alpha: OpenShare = 0.05
    """Error of the always-valid sequences that stop for harm, over all metrics."""
    planned_units: Count
    """Units of both arms at the last look (the planned information)."""
    burn_in_units: Annotated[int, Field(ge=2)] = 100
    window_days: Annotated[float, Field(ge=0)] = 0.0
    """Attribution window after exposure; only units whose window has closed enter a look."""
    retrospective: bool = False
    """Recorded traffic: freshness is reported only, and nothing from it is promoted."""
    as_of: Text | None = None
    """The clock of a retrospective plan: an ISO 8601 date and time."""

    @model_validator(mode="after")
    def _consistent(self) -> "OnlinePlan":
        if self.primary not in self.metrics:
            raise ValueError(f"`primary: {self.primary}` is not among the metrics")
        if any(a >= b for a, b in zip(self.looks, self.looks[1:], strict=False)):
            raise ValueError("`looks` must increase")
        if self.looks[-1] > self.days:
            raise ValueError(f"the last look ({self.looks[-1]:g}) is after day {self.days}")
        forms = (
            self.source is not None,
            self.exposures is not None and self.events is not None,
            self.moments is not None,
        )
        if sum(forms) != 1:
            raise ValueError("give one of `source`, `exposures` with `events`, or `moments`")
        if self.as_of is not None and not self.retrospective:
            raise ValueError("`as_of` belongs to a `retrospective: true` plan")
        return self

    def to_metrics(self) -> tuple[Metric, ...]:
        """Every metric of the A/B, measured as a difference of the arms."""
        return tuple(
            Metric(
                name=f"online.{name}",
                stage="online",
                unit=Unit.SHARE if metric.kind is OnlineKind.PROPORTION else Unit.NUMBER,
                higher_is_better=metric.higher_is_better,
                paired=True,
            )
            for name, metric in self.metrics.items()
        )


class Plan(Strict):
    """The stages a policy demands, in order; a stage that is absent is not demanded."""

    offline: dict[Name, OfflineTask] | None = None
    side_by_side: SideBySidePlan | None = None
    online: OnlinePlan | None = None

    @model_validator(mode="after")
    def _something(self) -> "Plan":
        if not (self.offline or self.side_by_side or self.online):
            raise ValueError("the plan measures nothing; name a task or a stage")
        return self

    def stages(self) -> tuple[str, ...]:
        """Names of the demanded stages, cheapest first."""
        return tuple(name for name in ("offline", "side_by_side", "online") if getattr(self, name))

    def metrics(self) -> dict[str, Metric]:
        """Every metric this plan measures, by its full name."""
        found = [m for name, task in (self.offline or {}).items() for m in task.metrics(name)]
        found += self.side_by_side.metrics() if self.side_by_side else ()
        found += self.online.to_metrics() if self.online else ()
        return {metric.name: metric for metric in found}


def _offline(name: str, *, better: bool) -> Metric:
    return Metric(name=name, stage="offline", unit=Unit.SHARE, higher_is_better=better, paired=True)
