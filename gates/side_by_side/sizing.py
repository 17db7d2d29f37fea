"""How many votes a wanted effect takes, with what a policy says already."""

from dataclasses import dataclass, replace

from policies.errors import WrongUsage
from policies.policy import Policy
from policies.side_by_side import WIN_RATE
from stages.stats.votes_needed import Size, Voting, size_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be shown, and how votes vary.

    Attributes:
        effect: How far the true win rate lies above the limit.
        limit: The win rate that is demanded.
        level: Two-sided confidence level.
        power: Probability with which the fixed design shows it.
        voting: How votes vary.
    """

    effect: float
    limit: float
    level: float
    power: float
    voting: Voting


def under_policy(wish: Wish, policy: Policy) -> Wish:
    """The same wish with the limit, level and overlap of a policy.

    Raises:
        WrongUsage: When the policy demands no win rate.
    """
    plan, limits = policy.plan.side_by_side, policy.least(WIN_RATE)
    if plan is None or not limits:
        raise WrongUsage(
            f"policy {policy.policy} demands no win rate",
            why=f"no criterion says `{WIN_RATE}` is at least something",
            fix="name the limit with --limit instead of a policy",
        )
    voting = replace(wish.voting, overlap=plan.overlap)
    return replace(wish, limit=max(limits), level=plan.level, voting=voting)


def size(wish: Wish) -> Size:
    """Prompts for a wish, by the fixed rule and by the sequential one.

    Raises:
        WrongUsage: When the effect fits neither the limit nor the votes, or is too small to show.
    """
    try:
        found = size_of(
            wish.effect,
            limit=wish.limit,
            voting=wish.voting,
            level=wish.level,
            power=wish.power,
        )
    except ValueError as error:
        raise WrongUsage(
            "there is no such effect",
            why=f"{error}: a win rate of {wish.limit:g} + {wish.effect:g}, with "
            f"{wish.voting.ties:.0%} ties",
            fix="give an --effect above 0 that fits --limit and --ties",
        ) from None
    if found is None:
        raise WrongUsage(
            f"an effect of {wish.effect:g} takes more than ten million prompts",
            why="nobody can vote on so many",
            fix="look for a larger effect",
        )
    return found
