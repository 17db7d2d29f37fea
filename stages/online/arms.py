"""How exposures call an A/B and its two arms, as a plan spells them for one candidate."""

from dataclasses import dataclass

from policies.online import OnlinePlan

CANDIDATE = "{candidate}"
"""What a plan writes where the candidate's name belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """The names that exposures carry.

    Attributes:
        experiment: `experiment_id` of the A/B.
        champion: `variation_id` of the champion's arm.
        challenger: `variation_id` of this candidate's arm.
        others: Arms of other challengers that the same A/B may have.
    """

    experiment: str
    champion: str
    challenger: str
    others: int = 0

    def __post_init__(self) -> None:
        if self.champion == self.challenger:
            raise ValueError(f"both arms are called {self.champion}")


def arms_of(plan: OnlinePlan, candidate: str) -> Arms:
    """The names in the exposures of one candidate's A/B.

    Args:
        plan: The online plan.
        candidate: Name of the candidate in traffic, such as `assistant/12`.

    Raises:
        ValueError: The plan calls both arms the same.
    """
    return Arms(
        experiment=(plan.flag or CANDIDATE).replace(CANDIDATE, candidate),
        champion=plan.variants.champion.replace(CANDIDATE, candidate),
        challenger=plan.variants.challenger.replace(CANDIDATE, candidate),
        others=plan.challengers - 1,
    )
