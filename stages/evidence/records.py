"""Evidence: what one stage found out about one candidate, and where it comes from."""

from dataclasses import dataclass, field
from enum import StrEnum

from stages.evidence.estimate import Cause, Estimate, Unmeasured


class StageName(StrEnum):
    """The three stages, cheapest first."""

    OFFLINE = "offline"
    SIDE_BY_SIDE = "side_by_side"
    ONLINE = "online"


class Quantity(StrEnum):
    """What a measurement says of its metric."""

    VALUE = "value"
    """The candidate's own value."""
    DIFFERENCE = "difference"
    """Candidate minus baseline, in the metric's unit."""
    RATIO = "ratio"
    """Candidate divided by baseline; 1 means equal."""


class Validity(StrEnum):
    """When an interval may decide."""

    FIXED = "fixed"
    """At the planned n only."""
    LOOK = "look"
    """At this look: a repeated confidence interval of a group-sequential plan."""
    ANYTIME = "anytime"
    """At any time: a confidence sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One quantity of one metric.

    Attributes:
        metric: Full name, such as `support_qa.f1` or `online.resolved`.
        quantity: What is measured of it.
        measured: The estimate, or why there is none.
        validity: When its interval may decide.
        planned: For FIXED: number of independent units at which it may decide; None otherwise.
        p_worse: One-sided p-value of "the candidate is not worse than the baseline" (small means
            proof of a regression); only for differences.
    """

    metric: str
    quantity: Quantity
    measured: Estimate | Unmeasured
    validity: Validity = Validity.FIXED
    planned: int | None = None
    p_worse: float | None = None

    def __post_init__(self) -> None:
        if (self.planned is None) == (self.validity is Validity.FIXED):
            raise ValueError("a fixed-n measurement, and only it, says the planned n")
        if self.p_worse is not None and not 0 <= self.p_worse <= 1:
            raise ValueError(f"p_worse must lie in [0, 1], not {self.p_worse}")

    @property
    def decidable(self) -> bool:
        """Whether its interval may decide now."""
        if isinstance(self.measured, Unmeasured):
            return False
        return self.planned is None or self.measured.n >= self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a stage waits for, and whose move it is.

    Attributes:
        cause: Why it waits.
        who: Whose move it is: `annotators`, `traffic`, `release manager`, `operator`.
        what: What is awaited, as a noun phrase: "votes on 120 prompts".
        have: How much there is.
        need: How much is needed, in the same unit; None when unknown.
        since: ISO 8601 time since when, from the data; None when unknown.
        expected: ISO 8601 time at which it is expected; None when unknown.
        command: The command that moves it on.
    """

    cause: Cause
    who: str
    what: str
    have: float
    need: float | None
    since: str | None = None
    expected: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One validity check of an A/B: whether the data may be analysed at all.

    Attributes:
        name: Short name, such as `sample_ratio`.
        passed: True, False, or None when the data cannot say (reported, never a pass by itself).
        sentence: What was found, for people.
    """

    name: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where in its plan an A/B stands.

    Attributes:
        number: This look, from 1; 0 before the first planned look.
        planned: Number of planned looks.
        information: Share of the planned information, at least 0 (may exceed 1 on overrun).
        units: Units analysed, both arms.
        run_days: Days since the first exposure.
        minimum_days_reached: Whether the minimum run time has passed.
        alpha_spent: One-sided alpha of the primary spent so far.
        conditional_power: Probability to cross at the end under the current trend, or None.
        final: Whether this is the last planned look.
        primary: Full metric name of the primary.
        primaries: Every primary, the leading one first; empty where there is only that one.
        any_primary: Whether one of them must win (they share alpha), or all (they do not).
        hypotheses: How many hypotheses share alpha: primaries of which one must win, by challenger.
            Where there are several, the k-th LOOK measurement of a primary's quantity is at
            alpha / k, for every k up to this number.
        stopped_here: The leading primary's effect if the A/B ends at this look, corrected for
            having stopped (median-unbiased, stage-wise); None where that is not known.
    """

    number: int
    planned: int
    information: float
    units: int
    run_days: float
    minimum_days_reached: bool
    alpha_spent: float
    conditional_power: float | None
    final: bool
    primary: str
    primaries: tuple[str, ...] = ()
    any_primary: bool = False
    hypotheses: int = 1
    stopped_here: Estimate | None = None

    def __post_init__(self) -> None:
        named = self.all_primaries
        if named[0] != self.primary or len(set(named)) < len(named):
            raise ValueError(f"primaries are each named once, {self.primary} first, not {named}")
        share = len(named) if self.any_primary else 1
        if self.hypotheses < 1 or self.hypotheses % share:
            raise ValueError(f"{self.hypotheses} hypotheses cannot be those of {share} primaries")

    @property
    def all_primaries(self) -> tuple[str, ...]:
        """Every primary, the leading one first."""
        return self.primaries or (self.primary,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a measurement cost.

    Attributes:
        calls: Answers of checkpoints, judges and services.
        prompt_tokens: Of these.
        completion_tokens: Of these.
        votes: Of people.
        usd: Money for the calls; None when unpriced (shown as `?`, never as 0).
        gpu_minutes: Accelerators times minutes; None when speed or number is not known.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    votes: int = 0
    usd: float | None = None
    gpu_minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the evidence rests on: SHA-256 digests by name, seeds, and the tools used.

    Attributes:
        candidate: Digest of how the candidate answers (files, or endpoint identity).
        baseline: The same of the baseline; None where the stage needs none.
        plan: Digest of the stage's plan.
        data: (name, digest) of every input read, sorted by name.
        code: Version of the program.
        seeds: (name, seed) used.
        tools: (name, version or backend and precision), sorted by name.
    """

    candidate: str
    baseline: str | None
    plan: str
    data: tuple[tuple[str, str], ...]
    code: str
    seeds: tuple[tuple[str, int], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one stage measured of one candidate; holds no clock and no threshold.

    Attributes:
        stage: The stage that measured.
        candidate: MLflow URI, `models:/assistant/12`.
        baseline: The same of the baseline, or None.
        measurements: One per metric and quantity.
        checks: Validity checks of an A/B, in their order; empty elsewhere.
        look: Where an A/B stands; None elsewhere.
        waits: What is still awaited; empty when the stage is complete.
        cost: What it cost so far.
        provenance: What it rests on.
    """

    stage: StageName
    candidate: str
    baseline: str | None
    measurements: tuple[Measurement, ...]
    checks: tuple[Check, ...] = ()
    look: Look | None = None
    waits: tuple[Wait, ...] = ()
    cost: Cost = field(default_factory=Cost)
    provenance: Provenance

    def of(self, metric: str, quantity: Quantity) -> tuple[Measurement, ...]:
        """Every measurement of one quantity of a metric (a look and a sequence may both exist)."""
        return tuple(m for m in self.measurements if m.metric == metric and m.quantity is quantity)
