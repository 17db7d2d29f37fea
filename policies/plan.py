"""What a policy measures, and how precisely; never what it demands."""

from enum import StrEnum
from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from policies.base import Count, Name, OpenShare, Strict, Text
from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    GroundingTask,
    HarnessTask,
    RewardTask,
    RubricTask,
)
from policies.metric import Metric, Unit
from policies.safety_tasks import (
    ExtractionTask,
    HarmTask,
    MemorizationTask,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import SideBySidePlan
from policies.task import AskedTask, Task

KINDS: dict[str, type[Task]] = {
    "scorer": BenchmarkTask,
    "language": CodeTask,
    "harness": HarnessTask,
    "reward": RewardTask,
    "rubric": RubricTask,
    "grounding": GroundingTask,
    "classifier": ToxicityTask,
    "harm": HarmTask,
    "refusal": RefusalTask,
    "corpus": MemorizationTask,
    "extraction_tokens": ExtractionTask,
}
"""The key that says which kind of task a mapping is."""


def _task_kind(value: object) -> str:
    keys = vars(value) if isinstance(value, Task) else value
    if not isinstance(keys, dict):
        return "scorer"
    return next((key for key in KINDS if key in keys), "scorer")


OfflineTask = Annotated[
    Annotated[BenchmarkTask, Tag("scorer")]
    | Annotated[CodeTask, Tag("language")]
    | Annotated[HarnessTask, Tag("harness")]
    | Annotated[RewardTask, Tag("reward")]
    | Annotated[RubricTask, Tag("rubric")]
    | Annotated[GroundingTask, Tag("grounding")]
    | Annotated[ToxicityTask, Tag("classifier")]
    | Annotated[HarmTask, Tag("harm")]
    | Annotated[RefusalTask, Tag("refusal")]
    | Annotated[MemorizationTask, Tag("corpus")]
    | Annotated[ExtractionTask, Tag("extraction_tokens")],
    Discriminator(_task_kind),
]


Asked = (
    BenchmarkTask
    | CodeTask
    | RewardTask
    | RubricTask
    | GroundingTask
    | ToxicityTask
    | HarmTask
    | RefusalTask
    | MemorizationTask
    | ExtractionTask
)
"""The tasks whose items are put to the checkpoint; a harness asks for itself."""


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

    def asked(self) -> dict[str, AskedTask]:
        """The offline tasks whose items are put to checkpoints; a harness asks for itself."""
        tasks = (self.offline or {}).items()
        return {name: task for name, task in tasks if isinstance(task, AskedTask)}

    def metrics(self) -> dict[str, Metric]:
        """Every metric this plan measures, by its full name."""
        found = [m for name, task in (self.offline or {}).items() for m in task.metrics(name)]
        found += self.side_by_side.metrics() if self.side_by_side else ()
        found += self.online.to_metrics() if self.online else ()
        return {metric.name: metric for metric in found}
