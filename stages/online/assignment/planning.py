"""From the plan of an A/B to the assignment of its units; pure."""

from collections.abc import Sequence

from policies.errors import PolicyError, WrongUsage
from policies.online import OnlinePlan
from stages.online.arms import arms_of
from stages.online.assignment.experiment import Arm, Experiment, Step

_DIGITS = 12


def experiment_of(
    plan: OnlinePlan, champion: str, challengers: Sequence[str], *, coverage: float = 1.0
) -> Experiment:
    """How a plan's units are put into arms.

    Challengers are ordered by name, so that it does not matter how they were named.

    Args:
        plan: The online plan.
        champion: The checkpoint that the champion's units meet.
        challengers: The candidates, as many as the plan says.
        coverage: Share of all units that takes part, in (0, 1].

    Raises:
        WrongUsage: More or fewer candidates than the plan has arms for, or a candidate twice.
        PolicyError: The plan gives them one name, or a name that cannot be hashed.
    """
    named = sorted(set(challengers))
    if len(named) != plan.challengers or len(named) != len(challengers):
        raise WrongUsage(
            f"the A/B has {plan.challengers} challenger(s), and {len(challengers)} were named",
            why=f"named were {', '.join(challengers) or 'none'}; the plan says `challengers: "
            f"{plan.challengers}`",
            fix="name as many different candidates as the plan has challengers",
        )
    try:
        names = [arms_of(plan, candidate) for candidate in named]
        arms = [Arm(name=names[0].champion, serves=champion)]
        arms += [Arm(name=n.challenger, serves=c) for n, c in zip(names, named, strict=True)]
        _refuse_unhashable(names[0].experiment)
        return Experiment(
            key=names[0].experiment,
            unit=plan.unit,
            arms=tuple(arms),
            steps=_steps(plan),
            coverage=coverage,
        )
    except ValueError as error:
        raise PolicyError(
            "the units of this A/B cannot be put into arms",
            why=str(error),
            fix="give `flag` and `variants` of the plan names of their own, in ASCII",
        ) from error


def _refuse_unhashable(key: str) -> None:
    if not key.isascii():
        raise ValueError(f"the A/B is called {key!r}, which is not ASCII")


def _steps(plan: OnlinePlan) -> tuple[Step, ...]:
    """The plan's shares over time; a ramp that never changes them is one step."""
    said = [(phase.from_day, phase.champion_share) for phase in plan.ramp]
    steps = [
        Step(from_day=day, shares=_shares(share, plan.challengers))
        for day, share in said or [(0.0, plan.champion_share)]
    ]
    kept = [step for i, step in enumerate(steps) if not i or step.shares != steps[i - 1].shares]
    return tuple(kept)


def _shares(champion: float, challengers: int) -> tuple[float, ...]:
    """Shares as one would write them: 0.33 beside 0.67, not 0.32999999999999996."""
    each = round((1 - champion) / challengers, _DIGITS)
    return (champion, *([each] * challengers))
