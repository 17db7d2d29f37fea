"""What an A/B measures, and when it may be looked at; fixed before its first exposure."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.base import Count, Name, OpenShare, Strict, Text
from policies.metric import Metric, Unit

Days = Annotated[float, Field(gt=0)]
"""A length of time, in days."""

Values = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Values of a column."""


class OnlineKind(StrEnum):
    """How unit values become a metric."""

    MEAN = "mean"
    PROPORTION = "proportion"
    RATIO = "ratio"
    QUANTILE = "quantile"


class Covariate(Strict):
    """What a unit did before its first exposure: it explains chance differences of the arms."""

    column: Text
    """Column of the event table, summed per unit."""
    days: Days = 14.0
    """How long before the first exposure events count."""


class OnlineMetric(Strict):
    """A metric of the A/B, computed per randomisation unit."""

    kind: OnlineKind = OnlineKind.MEAN
    column: Text | None = None
    """Column of the event table summed per unit (for a proportion: any non-zero value is 1; for a
    quantile: every event counts by itself)."""
    denominator: Text | None = None
    """For a ratio: the column summed per unit below the line."""
    quantile: OpenShare | None = None
    """For a quantile: which one, such as 0.95."""
    window_days: Annotated[float, Field(ge=0)] | None = None
    """Attribution window of this metric; None: the plan's."""
    covariates: tuple[Name, ...] = ()
    """Covariates of the plan whose chance imbalance is taken out (CUPED)."""
    cap: float | None = None
    """Units' values above it are set to it."""
    winsorize: OpenShare | None = None
    """Units' values above this quantile of both arms together are set to it."""
    higher_is_better: bool = True

    @model_validator(mode="after")
    def _keys_of_kind(self) -> "OnlineMetric":
        if (self.kind is OnlineKind.RATIO) != (self.denominator is not None):
            raise ValueError("`denominator` belongs to `kind: ratio`, and only to it")
        if (self.kind is OnlineKind.QUANTILE) != (self.quantile is not None):
            raise ValueError("`quantile` belongs to `kind: quantile`, and only to it")
        if self.kind is OnlineKind.QUANTILE and self.covariates:
            raise ValueError("a quantile has no `covariates`")
        if self.cap is not None and self.winsorize is not None:
            raise ValueError("give one of `cap` and `winsorize`")
        if (self.cap, self.winsorize) != (None, None) and self.kind is not OnlineKind.MEAN:
            raise ValueError("`cap` and `winsorize` belong to `kind: mean`")
        return self


class Spending(StrEnum):
    """Shape of the alpha-spending function."""

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"
    POWER = "power"


class Variants(Strict):
    """How the exposures call the arms; `{candidate}` stands for the candidate's name."""

    champion: Text = "champion"
    challenger: Text = "challenger"


class Phase(Strict):
    """A step of a ramp: units first exposed in it fell into the arms by its own share."""

    from_day: Annotated[float, Field(ge=0)]
    """Days since the first exposure; the first phase begins at 0, and each ends where the next
    begins."""
    champion_share: OpenShare
    """Planned share of its units in the champion arm."""
    analysed: bool = True
    """Whether its units enter the analysis; those that do all have one share."""


class OnlinePlan(Strict):
    """A randomised A/B: data, metrics, looks and error rates, fixed before the first exposure."""

    source: Name | None = None
    """A `[data.NAME]` of the workspace, which says where exposures and events are."""
    exposures: Text | None = None
    events: Text | None = None
    moments: Text | None = None
    """Instead of events: a CSV or Parquet file of arm moments per look."""
    unit: Text = "unit_id"
    assignment: Literal["gate", "external"] = "gate"
    """Who puts units into arms: by the files that `gate online assignment` writes, or others."""
    flag: Text | None = None
    """`experiment_id` of the A/B, which may hold `{candidate}`; None: the candidate's name."""
    variants: Variants = Variants()
    metrics: Annotated[dict[Name, OnlineMetric], Field(min_length=1)]
    covariates: dict[Name, Covariate] = Field(default_factory=dict)
    primary: Name
    also_primary: tuple[Name, ...] = ()
    """Further metrics of which one must win as well as `primary` might."""
    primaries: Literal["any", "all"] = "any"
    """Whether one primary must win, for which alpha is shared, or all, for which it is not."""
    challengers: Count = 1
    """Arms beside the champion in the same A/B: alpha is shared by them."""
    champion_share: OpenShare = 0.5
    """Planned share of units in the champion arm; the challengers have the rest, in equal parts."""
    ramp: tuple[Phase, ...] = ()
    """Phases of a ramp, in order; their shares stand in place of `champion_share`."""
    exclude: dict[Text, Values] = Field(default_factory=dict)
    """Columns of the exposures, and values in them whose units are left out (internal users)."""
    trigger: Text | None = None
    """Column of the event table: a unit enters at its first non-zero value after exposure."""
    segments: tuple[Text, ...] = ()
    """Columns of the exposures by which effects are explored; nothing is decided by them."""
    days: Count = 14
    looks: Annotated[tuple[Days, ...], Field(min_length=1)]
    """Planned looks: days since the first exposure, increasing; the last one is the horizon."""
    lag_hours: Annotated[float, Field(ge=0)] = 0.0
    """A look is taken this long after its day has ended, when late events have come."""
    minimum_days: Annotated[float, Field(ge=0)] = 7.0
    """No SHIP before this run time; looks before it spend no alpha."""
    alpha: OpenShare = 0.025
    """One-sided type I error of SHIP, spent over the looks."""
    spending: Spending = Spending.OBRIEN_FLEMING
    spending_exponent: Annotated[float, Field(gt=0)] | None = None
    """Of the power family alone: alpha x information ^ exponent."""
    harm_alpha: OpenShare = 0.05
    """Error of the always-valid sequences that stop for harm, over all metrics."""
    false_discovery: OpenShare | None = None
    """Share of false promotions to hold over the stream of A/Bs; each A/B then draws its alpha,
    at most `alpha`, when it is registered."""
    planned_units: Count
    """Units of both arms at the last look (the planned information)."""
    minimum_effect: Annotated[float, Field(gt=0)] | None = None
    """Effect on the primary worth finding, in its unit: what the size was planned for."""
    burn_in_units: Annotated[int, Field(ge=2)] = 100
    window_days: Annotated[float, Field(ge=0)] = 0.0
    """Attribution window after exposure; only units whose window has closed enter a look."""
    split_concentration: Annotated[float, Field(gt=0)] = 1000.0
    """Dirichlet prior of the sequential test of the split: this many times the planned shares."""
    retrospective: bool = False
    """Recorded traffic: freshness is reported only, and nothing from it is promoted."""
    as_of: Text | None = None
    """The clock of a retrospective plan: an ISO 8601 date and time."""

    @model_validator(mode="after")
    def _consistent(self) -> "OnlinePlan":
        if any(a >= b for a, b in pairwise(self.looks)):
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
        if (self.spending is Spending.POWER) != (self.spending_exponent is not None):
            raise ValueError("`spending_exponent` belongs to `spending: power`, and only to it")
        return self

    @model_validator(mode="after")
    def _known_names(self) -> "OnlinePlan":
        named = (self.primary, *self.also_primary)
        if absent := [name for name in named if name not in self.metrics]:
            raise ValueError(f"`primary: {absent[0]}` is not among the metrics")
        if len(set(named)) < len(named):
            raise ValueError("a primary is named twice")
        for name, metric in self.metrics.items():
            if unknown := [c for c in metric.covariates if c not in self.covariates]:
                raise ValueError(f"`covariates` of `{name}`: the plan has no `{unknown[0]}`")
        return self

    @model_validator(mode="after")
    def _ramp(self) -> "OnlinePlan":
        if not self.ramp:
            return self
        starts = [phase.from_day for phase in self.ramp]
        if starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
            raise ValueError("the phases of `ramp` begin at day 0 and increase")
        shares = {phase.champion_share for phase in self.ramp if phase.analysed}
        if len(shares) != 1:
            raise ValueError(
                "the analysed phases of `ramp` must have one `champion_share`: pooled over "
                "different shares, days would count unequally in the arms"
            )
        return self

    @property
    def all_primaries(self) -> tuple[str, ...]:
        """Every primary, the leading one first."""
        return (self.primary, *self.also_primary)

    @property
    def analysed_share(self) -> float:
        """Planned share of the champion among the units that are analysed."""
        return next((p.champion_share for p in self.ramp if p.analysed), self.champion_share)

    @property
    def hypotheses(self) -> int:
        """Number of hypotheses that share alpha: primaries of which one must win, by challenger."""
        return self.challengers * (len(self.all_primaries) if self.primaries == "any" else 1)

    def window_of(self, metric: str) -> float:
        """Attribution window of a metric, in days."""
        own = self.metrics[metric].window_days
        return self.window_days if own is None else own

    def unit_of(self, metric: str) -> Unit:
        """Unit of a metric's value."""
        return Unit.SHARE if self.metrics[metric].kind is OnlineKind.PROPORTION else Unit.NUMBER

    def to_metrics(self) -> tuple[Metric, ...]:
        """Every metric of the A/B, measured as a difference of the arms."""
        return tuple(
            Metric(
                name=f"online.{name}",
                stage="online",
                unit=self.unit_of(name),
                higher_is_better=metric.higher_is_better,
                paired=True,
            )
            for name, metric in self.metrics.items()
        )
