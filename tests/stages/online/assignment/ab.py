"""A/Bs to assign units to."""

from stages.online.assignment.experiment import Arm, Experiment, Step

CHAMPION = Arm(name="champion", serves="assistant/1")
CHALLENGER = Arm(name="challenger", serves="assistant/2")


def ab(
    *shares: float,
    key: str = "new-model",
    coverage: float = 1.0,
    arms: tuple[Arm, ...] = (CHAMPION, CHALLENGER),
) -> Experiment:
    """An A/B whose champion's share is given, one per two days of a ramp; half without any."""
    steps = [
        Step(from_day=2.0 * i, shares=(share, *([(1 - share) / (len(arms) - 1)] * (len(arms) - 1))))
        for i, share in enumerate(shares or (0.5,))
    ]
    return Experiment(key=key, unit="unit_id", arms=arms, steps=tuple(steps), coverage=coverage)
