"""Whether an A/B may be analysed at all: the checks that moments and clocks allow; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.online import OnlineKind, OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Check
from stages.online.analysis import Measured, contrast_of
from stages.online.look_data import LookData, copied
from stages.online.splits import sample_ratio, trigger_split
from stages.stats.doubts import doubts_of_means, doubts_of_quantiles, doubts_of_shares
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm
from stages.stats.two_shares import ArmShare

REGISTERED = "plan_registered"
"""Check of what was written down; it says nothing of the traffic."""

FRESH_WITHIN = timedelta(days=1)
"""The newest row may be this much older than the look: traffic has quiet hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What was written down before the A/B, and what is analysed now.

    Attributes:
        sha256: Digest of plan and criteria registered; None when none was.
        at: When it was registered; None when that is not known.
        current_sha256: Digest of plan and criteria now.
        alpha: One-sided error that this A/B drew when it was registered; None: the plan's.
        source_moved: Whether the traffic was registered to stand elsewhere.
        baseline: The version that the champion's arm was registered to meet; None when that was
            not written down.
        current_baseline: The version that the candidate is compared with now.
        ended: Why and when people ended it, in a sentence; None while nobody has.
    """

    sha256: str | None
    at: datetime | None
    current_sha256: str
    alpha: float | None = None
    source_moved: bool = False
    baseline: str | None = None
    current_baseline: str | None = None
    ended: str | None = None


def of_looks(plan: OnlinePlan, looks: tuple[LookData, ...]) -> tuple[Check, ...]:
    """What the looks so far say of themselves."""
    triggered = trigger_split(plan, looks)
    return (
        sample_ratio(plan, looks),
        *((triggered,) if triggered is not None else ()),
        metrics_present(plan, looks),
        burn_in(plan, looks[-1]),
        approximation(plan, looks[-1]),
    )


def metrics_present(plan: OnlinePlan, looks: tuple[LookData, ...]) -> Check:
    """Whether every metric has finite, varying values in both arms, and arms that differ."""
    missing = []
    for name in plan.metrics:
        found = contrast_of(Measured(plan=plan, name=name, looks=looks), looks[-1])
        if isinstance(found, Unmeasured):
            missing.append(f"{name}: {found.reason}")
    if missing:
        return Check(name="metrics", passed=False, sentence="; ".join(missing))
    if _identical(plan, looks[-1]):
        said = "both arms have the same moments in every metric: one is a copy of the other"
        return Check(name="metrics", passed=False, sentence=said)
    said = f"all {len(plan.metrics)} metrics have finite, varying values in both arms"
    return Check(name="metrics", passed=True, sentence=said)


def burn_in(plan: OnlinePlan, look: LookData) -> Check:
    """Whether enough units are in for the normal approximation, in the smaller arm too."""
    arms = [look.of(name) for name in plan.metrics]
    fewest = min((n for one in arms if (n := one.units) is not None), default=0)
    smaller = min((n for one in arms if (n := one.smaller) is not None), default=0)
    return Check(
        name="burn_in",
        passed=fewest >= plan.burn_in_units and 2 * smaller >= plan.burn_in_units,
        sentence=f"{fewest:,} units of at least {plan.burn_in_units:,} are analysed, {smaller:,} "
        f"in the smaller arm of at least {plan.burn_in_units / 2:g}",
    )


def approximation(plan: OnlinePlan, look: LookData) -> Check:
    """Whether the normal approximation was tested where this look stands; reported only."""
    said = [f"{name}: {doubt}" for name in plan.metrics for doubt in _doubts(plan, look, name)]
    if said:
        return Check(name="approximation", passed=None, sentence="; ".join(said))
    sentence = "every metric lies where normal intervals were tested"
    return Check(name="approximation", passed=True, sentence=sentence)


def freshness(plan: OnlinePlan, *, newest: datetime | None, until: datetime) -> Check:
    """Whether the data reach the look; only reported for recorded traffic.

    Compared with the time of the look rather than with the wall clock, so that the same data give
    the same evidence.
    """
    if newest is None:
        return Check(name="freshness", passed=False, sentence="no row has a readable timestamp")
    fresh = newest >= until - FRESH_WITHIN
    said = f"the newest row is of {newest.isoformat()}, the look of {until.isoformat()}"
    if fresh:
        return Check(name="freshness", passed=True, sentence=said)
    passed = None if plan.retrospective else False
    return Check(name="freshness", passed=passed, sentence=f"{said}: the last rows are missing")


def plan_registered(plan: OnlinePlan, registration: Registration) -> Check:
    """Whether plan, criteria, source and baseline are the registered ones, and nobody ended it."""
    name, found = REGISTERED, registration.sha256
    if registration.ended is not None:
        return Check(name=name, passed=False, sentence=registration.ended)
    if registration.baseline not in (None, registration.current_baseline):
        said = (
            f"registered against {registration.baseline}, and the baseline is "
            f"{registration.current_baseline or 'nobody'} now: users of the champion's arm met the "
            "former"
        )
        return Check(name=name, passed=None if plan.retrospective else False, sentence=said)
    if found == registration.current_sha256 and registration.source_moved:
        said = "the traffic was registered to stand elsewhere (its `[data.NAME]` or files differ)"
        return Check(name=name, passed=None if plan.retrospective else False, sentence=said)
    if found == registration.current_sha256:
        return Check(name=name, passed=True, sentence=f"registered as {found[:12]}")
    now = registration.current_sha256[:12]
    said = (
        "plan and criteria were never registered"
        if found is None
        else f"plan and criteria have digest {now}, registered was {found[:12]}"
    )
    if plan.retrospective:
        said = f"{said}; recorded traffic can be analysed under any plan, but not promoted"
    return Check(name=name, passed=None if plan.retrospective else False, sentence=said)


def registered_before(
    plan: OnlinePlan, registration: Registration, start: datetime | None
) -> Check:
    """Whether plan and criteria were registered before the first exposure."""
    name = "registered_before_exposure"
    if start is None or registration.at is None:
        missing = "the first exposure" if start is None else "the registration"
        said = f"the time of {missing} is not known"
        return Check(name=name, passed=None if plan.retrospective else False, sentence=said)
    said = f"first exposure {start.isoformat()}, registered {registration.at.isoformat()}"
    if registration.at <= start:
        return Check(name=name, passed=True, sentence=said)
    passed = None if plan.retrospective else False
    return Check(name=name, passed=passed, sentence=f"{said}: after the first exposure")


def _doubts(plan: OnlinePlan, look: LookData, name: str) -> tuple[str, ...]:
    metric, arms = plan.metrics[name], look.of(name)
    columns = Measured(plan=plan, name=name, looks=(look,)).columns
    match arms.champion, arms.challenger:
        case Moments() as champion, Moments() as challenger:
            if metric.kind is OnlineKind.PROPORTION and not metric.covariates:
                both = (champion, challenger)
                if not all(arm.mean and 0 <= arm.mean[0] <= 1 for arm in both):
                    return ()  # no arm of shares: the data contract says so
                return doubts_of_shares(*(ArmShare(value=a.mean[0], n=a.n) for a in both))
            return doubts_of_means(
                champion, challenger, columns, skewness=arms.skewness, tail=plan.alpha
            )
        case QuantileArm() as champion, QuantileArm() as challenger:
            assert metric.quantile is not None
            return doubts_of_quantiles(champion, challenger, quantile=metric.quantile)
        case _:
            return ()


def _identical(plan: OnlinePlan, look: LookData) -> bool:
    """Equal n, means and covariances everywhere; shares alone may coincide by chance."""
    if all(metric.kind is OnlineKind.PROPORTION for metric in plan.metrics.values()):
        return False
    return all(copied(look.of(name)) for name in plan.metrics)
