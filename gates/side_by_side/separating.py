"""Whether a ranking tells its models apart, and whether it puts them in the order of people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.side_by_side.ranking import Ranked, Ranking, rank
from policies.errors import WrongUsage
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.separability import (
    HumanAgreement,
    Separation,
    Standing,
    agreement_with_people,
    separability,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is said of a ranking as a whole.

    Attributes:
        separation: Whether it tells models apart; None where nobody asked.
        people: Whether it is people's; None where nobody asked.
    """

    separation: Separation | Unmeasured | None = None
    people: HumanAgreement | None = None


def separated(ranking: Ranking) -> Separation | Unmeasured:
    """Pairs of a ranking whose intervals overlap; unmeasured when a model has no rating."""
    standings = [_standing(one, ranking) for one in ranking.models]
    known = [one for one in standings if isinstance(one, Standing)]
    if len(known) < len(standings):
        return next(one for one in standings if isinstance(one, Unmeasured))
    return separability(known, level=ranking.how.level)


def agreed(ranking: Ranking, votes: Sequence[Vote]) -> HumanAgreement:
    """A ranking held against people's votes, over the models that both rank.

    People's votes are ranked as the others were, without style and lengths. A model's probability
    of being the better one is taken from its rating's normal distribution. Nothing is measured when
    one of these models has no rating.

    Raises:
        WrongUsage: When fewer than two models are in both.
    """
    ranked = {model for vote in votes if vote.win_a is not None for model in vote.pair}
    baseline = ranking.how.baseline if ranking.how.baseline in ranked else None
    people = rank(votes, replace(ranking.how, style=False, lengths=None, baseline=baseline))
    if isinstance(people, Unmeasured):
        return _nothing(Unmeasured(f"people's votes have no ranking: {people.reason}"))
    theirs = {one.model: one for one in people.models}
    both = [(one, theirs[one.model]) for one in ranking.models if one.model in theirs]
    if len(both) < 2:  # noqa: PLR2004 - a pair needs two
        raise WrongUsage(
            "cannot hold the ranking against that of people",
            why=f"{len(both)} of its models are in both, and a pair needs two",
            fix="give people's votes on the same models, spelled alike, with --people",
        )
    ours: list[Standing] = []
    by_people: list[Standing] = []
    for one, their in both:
        here, there = _standing(one, ranking), _standing(their, people)
        if isinstance(here, Unmeasured):
            return _nothing(here)
        if isinstance(there, Unmeasured):
            return _nothing(Unmeasured(f"by people, {there.reason}", there.cause))
        ours.append(here)
        by_people.append(there)
    return agreement_with_people(ours, by_people, level=ranking.how.level)


def _nothing(why: Unmeasured) -> HumanAgreement:
    return HumanAgreement(strict=why, agreement=why, brier=why, log_loss=why, spearman=why)


def _standing(one: Ranked, ranking: Ranking) -> Standing | Unmeasured:
    """Where a model stands; the baseline stands at 0, and nothing is uncertain of it."""
    if one.model == ranking.how.baseline:
        return Standing(score=0.0, low=0.0, high=0.0, mean=0.0, variance=0.0)
    match one.rating:
        case Estimate(value=value, standard_error=float(error), low=float(low), high=float(high)):
            return Standing(score=value, low=low, high=high, mean=value, variance=error**2)
        case Estimate():
            return Unmeasured(f"the rating of {one.model} has no interval")
        case Unmeasured(reason=reason, cause=cause):
            return Unmeasured(f"{one.model} has no rating: {reason}", cause)
