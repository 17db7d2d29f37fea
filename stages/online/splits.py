"""Whether units fell into the arms as planned, phase by phase, however often one looks; pure.

Each phase of a ramp has a Bayes factor of its own: the units that were first exposed in it against
the phase's own share. Under the plan each is a martingale that begins at 1, and so is their mean
with weights fixed in advance (one part for each planned phase, whether or not it has begun). By
Ville's inequality the mean ever exceeds 1 / alpha with a probability of at most alpha. A mean and
not a product: one whole phase cannot outweigh another that is broken.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from policies.online import OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Check
from stages.online.look_data import LookData, PhaseUnits
from stages.stats.sample_ratio import sequential

SPLIT_ALPHA = 0.01
"""Probability that a split as planned is ever called broken, over all looks and phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSplit:
    """The split of one phase.

    Attributes:
        from_day: First day of the phase.
        champion_units: Units first exposed in it.
        challenger_units: The same of this challenger.
        champion_share: Planned share of the champion among these two arms.
        log_factor: Log Bayes factor against the plan; 0 without any unit.
    """

    from_day: float
    champion_units: int
    challenger_units: int
    champion_share: float
    log_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The split at one look.

    Attributes:
        day: Day of the look.
        phases: Every planned phase, in order; one without a ramp.
    """

    day: float
    phases: tuple[PhaseSplit, ...]

    @property
    def log_factor(self) -> float:
        """Log of the mean of the phases' Bayes factors."""
        factors = [phase.log_factor for phase in self.phases]
        most = max(factors)
        if math.isinf(most):
            return most
        return most + math.log(math.fsum(math.exp(f - most) for f in factors) / len(factors))

    @property
    def p_value(self) -> float:
        """Probability of this or worse at any look, if the split holds; in [0, 1]."""
        return math.exp(min(0.0, -self.log_factor))

    @property
    def worst(self) -> PhaseSplit:
        """The phase that speaks most against the plan."""
        return max(self.phases, key=lambda phase: phase.log_factor)

    def alarms(self, alpha: float) -> bool:
        """Whether the plan is refuted at this error."""
        return self.p_value < alpha


def split_of(plan: OnlinePlan, look: LookData) -> Split | Unmeasured:
    """The split of a look, champion against this challenger.

    Returns:
        The split, or `Unmeasured` when the look's units are not counted by the plan's phases.
    """
    counted = look.phases
    if not plan.ramp:
        whole = PhaseUnits(
            from_day=0.0,
            champion_units=look.champion_units,
            challenger_units=look.challenger_units,
        )
        phase = _phase_split(plan, whole, plan.champion_share)
        return Split(day=look.day, phases=(phase,))
    if [phase.from_day for phase in counted] != [phase.from_day for phase in plan.ramp]:
        return Unmeasured("its units are not counted by the phases of the ramp")
    counts = [(p.champion_units, p.challenger_units) for p in counted]
    if tuple(map(sum, zip(*counts, strict=True))) != (look.champion_units, look.challenger_units):
        return Unmeasured("the phases of the ramp have other units than the whole")
    pairs = zip(plan.ramp, counted, strict=True)
    phases = (_phase_split(plan, found, said.champion_share) for said, found in pairs)
    return Split(day=look.day, phases=tuple(phases))


def sample_ratio(plan: OnlinePlan, looks: Sequence[LookData]) -> Check:
    """Whether units fell into the arms as planned, at any look so far.

    It alarms once, and the A/B stays invalid.

    Args:
        plan: The online plan.
        looks: Looks so far, in order; at least one.
    """
    name, current = "sample_ratio", looks[-1]
    if not current.champion_units + current.challenger_units:
        return Check(name=name, passed=False, sentence="there is no unit in any arm")
    for look in looks:
        found = split_of(plan, look)
        if isinstance(found, Unmeasured):
            said = f"the split of day {look.day:g} is not known: {found.reason}"
            return Check(name=name, passed=False, sentence=said)
        if found.alarms(SPLIT_ALPHA):
            said = (
                f"{_counted(plan, found.worst)}; the look of day {look.day:g} refutes the split "
                f"(p = {found.p_value:.2g})"
            )
            return Check(name=name, passed=False, sentence=said)
    last = split_of(plan, current)
    assert isinstance(last, Split), "every look was tested above"
    said = "; ".join(_counted(plan, phase) for phase in last.phases if _units(phase))
    return Check(name=name, passed=True, sentence=said)


def trigger_split(plan: OnlinePlan, looks: Sequence[LookData]) -> Check | None:
    """Whether the trigger brought units in whatever their arm was, at any look so far.

    Triggered units must have the arms' planned shares as all units have: a trigger that the
    challenger sets off more often than the champion selects, and what is compared is no longer
    randomised.

    Args:
        plan: The online plan.
        looks: Looks so far, in order; at least one.

    Returns:
        The check; None when the plan has no trigger.
    """
    if plan.trigger is None:
        return None
    name, share = "trigger_split", plan.analysed_share
    for look in looks:
        if look.triggered is None:
            said = f"triggered units of day {look.day:g} are not counted"
            return Check(name=name, passed=False, sentence=said)
        champion, challenger = look.triggered
        units = PhaseUnits(from_day=0.0, champion_units=champion, challenger_units=challenger)
        found = Split(day=look.day, phases=(_phase_split(plan, units, share),))
        if found.alarms(SPLIT_ALPHA):
            said = (
                f"of the triggered units {_counted(plan, found.worst)}; the look of day "
                f"{look.day:g} refutes that `{plan.trigger}` is independent of the arm "
                f"(p = {found.p_value:.2g})"
            )
            return Check(name=name, passed=False, sentence=said)
    champion, challenger = looks[-1].triggered or (0, 0)
    if not champion + challenger:
        said = f"no unit was triggered by `{plan.trigger}`"
        return Check(name=name, passed=False, sentence=said)
    said = f"{champion:,} champion and {challenger:,} challenger units were triggered"
    return Check(name=name, passed=True, sentence=said)


def _phase_split(plan: OnlinePlan, units: PhaseUnits, champion_share: float) -> PhaseSplit:
    weights = (champion_share, (1 - champion_share) / plan.challengers)
    found = sequential(
        (units.champion_units, units.challenger_units),
        weights,
        concentration=plan.split_concentration,
    )
    return PhaseSplit(
        from_day=units.from_day,
        champion_units=units.champion_units,
        challenger_units=units.challenger_units,
        champion_share=weights[0] / sum(weights),
        log_factor=0.0 if isinstance(found, Unmeasured) else found.statistic,
    )


def _units(phase: PhaseSplit) -> int:
    return phase.champion_units + phase.challenger_units


def _counted(plan: OnlinePlan, phase: PhaseSplit) -> str:
    since = f" from day {phase.from_day:g} on" if plan.ramp else ""
    return (
        f"{phase.champion_units:,} champion and {phase.challenger_units:,} challenger "
        f"units{since}, planned at {phase.champion_share:.1%} champion"
    )
