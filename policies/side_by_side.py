"""What is measured side by side: votes of people and of judges, and whose word counts."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from policies.assessment import Assessment
from policies.base import Count, Name, OpenShare, Sha256, Strict, Text
from policies.benchmark_tasks import Stopping
from policies.metric import Metric, Unit
from policies.task import Sampling


class VotesFormat(StrEnum):
    """Who wrote a votes file."""

    GATE = "gate"
    ALPACA_EVAL = "alpaca_eval"
    LLMFAO = "llmfao"
    ARENA_HARD = "arena_hard"
    MT_BENCH = "mt_bench"
    CHATBOT_ARENA = "chatbot_arena"
    CROWD_KIT = "crowd_kit"

    @classmethod
    def _missing_(cls, value: object) -> "VotesFormat | None":
        """A name as commands have it, with hyphens."""
        named = {written_by.value.replace("_", "-"): written_by for written_by in cls}
        return named.get(value) if isinstance(value, str) else None


class Counted(StrEnum):
    """Whose verdicts make the win rate."""

    VOTES = "votes"
    """Those of people, and of votes files."""
    JUDGES = "judges"
    """Those of the panel of judges."""
    FUSED = "fused"
    """Both: judges on every prompt, corrected by the people on some (PPI++)."""


class PairRubric(StrEnum):
    """What a judge is told to look for, by the family of a task."""

    GENERAL = "general"
    CODE = "code"
    MATHS = "maths"
    CREATIVE = "creative"
    FACTS = "facts"


class OwnFamily(StrEnum):
    """What becomes of a judge of the candidate's or the baseline's own family."""

    FLAG = "flag"
    """It counts, and the evidence says so."""
    EXCLUDE = "exclude"
    """It is not asked about them."""


class Judge(Strict):
    """A seat on the panel, for an `[endpoints.NAME]` of the workspace."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    """Its share of the panel's word, relative to the other judges'."""
    family: Text | None = None
    """Who made it, as checkpoints' families are named; None: told from its model's name."""


class Judging(Strict):
    """How the panel judges."""

    rubric: PairRubric = PairRubric.GENERAL
    rubrics: dict[Text, PairRubric] = Field(default_factory=dict)
    """Rubric by topic, where it is another."""
    own_answer_first: bool = False
    """Whether a judge answers the prompt itself before it compares."""
    repeats: Count = 1
    """How often a judge compares a pair in each order, with seeds of their own."""
    own_family: OwnFamily = OwnFamily.EXCLUDE
    model_family: Text | None = None
    """Who made the compared checkpoints; None: told from their names."""
    batch: bool = False
    """Whether to ask through the endpoint's Batch API: within a day, at half the price."""
    calibration: Text | None = None
    """Pairs with a known better answer, which show whether a judge has drifted; JSONL."""
    calibration_sha256: Sha256 | None = None
    """Digest that the calibration set is frozen at."""


ClosedShare = Annotated[float, Field(ge=0, le=1)]
"""A share, 0 and 1 included."""


class Annotating(Strict):
    """How people annotate: when they may vote, when their votes are looked at, when they pause."""

    qualification: Annotated[int, Field(ge=0)] = 0
    """Gold pairs that everybody is given first; 0 for none."""
    qualified_at: ClosedShare = 0.7
    """Share of these that must be read rightly to go on."""
    gold_least: Count = 5
    """Gold votes before a person's gold accuracy says anything."""
    warn_below: ClosedShare = 0.7
    """The lead is warned once gold shows, beyond chance, that somebody's accuracy is below this."""
    pause_below: ClosedShare = 0.5
    """A person is paused once gold shows the same of this."""
    lease_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    """How long a pair is kept for the person who was given it; at most a week."""
    floor_seconds: Annotated[float, Field(ge=0)] = 3.0
    """Votes in less time are flagged, and count all the same."""


def _seats(value: object) -> object:
    """`[judge_a, judge_b]` is short for seats that say nothing of themselves."""
    if isinstance(value, list | tuple) and len(set(map(repr, value))) == len(value):
        return {name: {} for name in value}
    return value


SEGMENT, TOPIC = "segment", "topic"
"""The traits that a user mix may name: of an annotator, and of a prompt."""

Shares = Annotated[dict[Text, OpenShare], Field(min_length=1)]
"""Share of the users by the value of a trait; they add up to 1."""


class SideBySidePlan(Strict):
    """Blind comparisons of the candidate's answers with the baseline's."""

    data: Text | None = None
    """The prompts shown, as JSONL items; without it the prompts of the votes are counted."""
    sha256: Sha256 | None = None
    """Digest the prompts are frozen at; a change is refused."""
    assessment: Assessment | None = None
    """That a bench of the workshop was judged before it is used; such a bench needs it."""
    votes: tuple[Text, ...] = ()
    """Files of votes or judge verdicts; none yet means the stage waits for annotators."""
    format: VotesFormat = VotesFormat.GATE
    count: Counted = Counted.VOTES
    votes_at_most: Count
    """The planned number of votes; a fixed-n interval decides only when they are all in."""
    overlap: Count = 1
    """Votes per prompt; `votes_at_most / overlap` prompts are planned."""
    stopping: Stopping = Stopping.FIXED
    level: OpenShare = 0.95
    topic: Text | None = None
    """The item's field by which a batch is stratified."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides which prompts are shown, to whom, in which order and on which side."""
    sampling: Sampling = Sampling()
    """How the checkpoints' answers are drawn."""
    gold: Text | None = None
    """Pairs with a known better answer, mixed in to see who reads; JSONL."""
    gold_share: OpenShare = 0.1
    """Share of an annotator's tasks that are gold."""
    guidelines: Text | None = None
    """What annotators are told: a Markdown file."""
    annotating: Annotating = Annotating()
    judges: Annotated[dict[Name, Judge], BeforeValidator(_seats)] = Field(default_factory=dict)
    """The panel, by endpoint."""
    judging: Judging = Judging()
    user_mix: dict[Name, Shares] = Field(default_factory=dict)
    """The users whom annotators and topics are raked to: shares by `topic` or by `segment`."""

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
        """Shares seen from the candidate; more of them where there are judges and a user mix.

        `win_rate`, `graded` (1, .75, .5, .25, 0) and `both_bad` come from those whose verdicts
        count; `attacks` is the share of the candidate's answers that were written to win.
        """
        named = [("win_rate", True), ("graded", True), ("both_bad", False), ("attacks", False)]
        if self.judges:
            named += [("judge_win_rate", True), ("judge_graded", True)]
        for judge in self.judges:
            named += [(f"{judge}_{name}", better) for name, better in JUDGE_HEALTH]
        if self.user_mix:
            named += [("raked_win_rate", True)]
        return tuple(_metric(name, better=better) for name, better in named)


WIN_RATE = "side_by_side.win_rate"
"""Name of the metric that a release usually rests on."""

JUDGE_HEALTH = (
    ("first_position", False),
    ("inconsistency", False),
    ("repeat_variance", False),
    ("severity", False),
    ("agreement", True),
    ("drift", False),
)
"""What is measured of every judge: how often it prefers what it sees first; how often the order of
the answers turns its verdict; the variance of its verdict on one pair in one order; how often it
calls both bad or a tie; how often it agrees with people; how much worse it is on the calibration
set than it was: a difference of shares, -1 to 1, and therefore no share itself."""


def _metric(name: str, *, better: bool) -> Metric:
    return Metric(
        name=f"side_by_side.{name}",
        stage="side_by_side",
        unit=Unit.NUMBER if name.endswith("_drift") else Unit.SHARE,
        higher_is_better=better,
        paired=False,
    )
