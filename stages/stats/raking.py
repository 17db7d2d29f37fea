"""A mean of votes, weighted so that annotators and topics are mixed as the users are."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats
from stages.stats.crossed import Spread, crossed_jackknife, numbered, share_within
from stages.stats.levels import tail_of
from stages.stats.means import exact_range, refuse_values
from stages.stats.ranges import SHARES
from stages.stats.shares import SHARE

HEAVIEST = 5.0
"""Weight of a vote at most, relative to the mean weight: more would rest on too few votes."""

REACHED, ROUNDS = 1e-9, 2_000
"""How near the shares must come to the mix; rounds over all traits until it is given up."""

Traits = Mapping[str, Sequence[str]]
"""For each trait, such as `segment` and `topic`, its value for each vote, length n."""

Mix = Mapping[str, Mapping[str, float]]
"""For each trait the share of the users of each value; the shares add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raked:
    """A mean of votes in the mix of the users.

    Attributes:
        estimate: The weighted share, its n being the number of prompts.
        design_effect: Kish's: how many times more votes are needed than of people who are mixed
            as the users are, at least 1.
        heaviest: The largest weight, relative to the mean one.
    """

    estimate: Estimate
    design_effect: float
    heaviest: float


def raked_mean(
    values: Sequence[float],
    prompts: Sequence[Hashable],
    annotators: Sequence[Hashable | None] | None,
    *,
    traits: Traits,
    mix: Mix,
    level: float,
) -> Raked | Unmeasured:
    """Mean of votes, weighted until every trait is mixed as the users are.

    Weights are the product of a factor for each trait's value (iterative proportional fitting);
    none may exceed 5 times the mean weight. The variance is the jackknife's, with the weights
    fitted anew each time without that limit, by prompt, or by prompt and annotator
    (`CrossedSpread`). Ends reach at least as far as the exact bound over prompts where fewer than
    10 of them differ from a value that most have.

    Args:
        values: One share per vote, 0 to 1, shape (n,).
        prompts: The prompt of each, length n.
        annotators: Who gave each, length n, None where a rule did; None: prompts alone count.
        traits: The value of each trait for each vote.
        mix: The users' shares, for the same traits.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The share; or `Unmeasured` without values or with NaN or infinite ones, when votes have a
        value that the mix does not name or none has one that it names, when the mix cannot be
        reached with such weights, or only with a single prompt or annotator.

    Raises:
        ValueError: When lengths or traits differ, a value lies outside [0, 1], shares are not above
            0 or do not add up to 1, or the level is impossible.

    References:
        Deming and Stephan (1940), Annals of Mathematical Statistics 11, 427-444; Kish (1965),
        "Survey Sampling", section 11.7, on the design effect.
    """
    tail_of(level)
    _check(len(values), traits, mix)
    column = np.asarray(values, dtype=np.float64)
    refused = refuse_values(column[:, None], SHARES) or _unmixed(traits, mix)
    if refused is not None:
        return refused
    table = _Table.of(column, traits, mix)
    weights = table.raked(table.counts[None], heaviest=HEAVIEST)[0][table.cells]
    if np.isnan(weights).any():
        return _unreachable(traits, mix)
    if min(len(set(way) - {None}) for way in (prompts, annotators or prompts)) <= 1:
        return Unmeasured("1 prompt or annotator cannot show a spread", Cause.UNDERPOWERED)
    fitted = 1 + sum(len(shares) - 1 for shares in mix.values())
    spread = crossed_jackknife(
        table.leaving_out, prompts, annotators, weights=weights, fitted=fitted
    ).total
    if math.isnan(spread.variance):
        return Unmeasured(
            "the user mix rests on one prompt or annotator: without it, it could not be reached",
            Cause.UNDERPOWERED,
        )
    return _raked(column, weights, numbered(prompts), spread=spread, level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Votes by cell, a cell being a value of every trait that occurs.

    Attributes:
        values: Of the votes, shape (n,).
        cells: The number of each vote's cell, shape (n,).
        members: For each trait which cells have which value, 0 or 1, shape (C, K).
        targets: For each trait the shares of the users, shape (K,).
    """

    values: Floats
    cells: NDArray[np.intp]
    members: tuple[Floats, ...]
    targets: tuple[Floats, ...]

    @classmethod
    def of(cls, values: Floats, traits: Traits, mix: Mix) -> "_Table":
        named = list(zip(*(traits[trait] for trait in mix), strict=True))
        found = list(dict.fromkeys(named))
        return cls(
            values=values,
            cells=numbered(named),
            members=tuple(
                np.array([[float(cell[i] == value) for value in shares] for cell in found])
                for i, shares in enumerate(mix.values())
            ),
            targets=tuple(np.array(list(shares.values())) for shares in mix.values()),
        )

    @property
    def counts(self) -> Floats:
        """Number of votes by cell, shape (C,)."""
        return np.bincount(self.cells).astype(np.float64)

    def raked(self, counts: Floats, *, heaviest: float = math.inf) -> Floats:
        """Weight of a vote of each cell, all votes weighing 1 together; shape (B, C).

        Args:
            counts: Votes by cell, shape (B, C).
            heaviest: Weight at most, relative to the mean one.

        Returns:
            The weights; NaN in rows where the mix is not reached.
        """
        most = heaviest / counts.sum(axis=1, keepdims=True)
        weights, reached = np.ones_like(counts), np.zeros(len(counts), dtype=bool)
        for _ in range(ROUNDS):
            for members, target in zip(self.members, self.targets, strict=True):
                shares = (weights * counts) @ members
                # a value without votes takes its factor from nothing, and is never reached
                factor = np.divide(target, shares, out=np.ones_like(shares), where=shares > 0)
                weights = weights * (factor @ members.T)
            weights = np.minimum(weights, most)
            missed = [
                np.abs((weights * counts) @ members - target).max(axis=1)
                for members, target in zip(self.members, self.targets, strict=True)
            ]
            reached = np.max(missed, axis=0) <= REACHED
            if reached.all():
                break
        return np.where(reached[:, None], weights, np.nan)

    def leaving_out(self, groups: NDArray[np.intp]) -> Floats:
        """The weighted mean without each group, shape (G,); NaN where the mix is not reached."""
        shape = (int(groups.max()) + 1, len(self.counts))
        counts, sums = np.zeros(shape), np.zeros(shape)
        np.add.at(counts, (groups, self.cells), 1)
        np.add.at(sums, (groups, self.cells), self.values)
        weights = self.raked(self.counts - counts)
        found: Floats = (weights * (sums.sum(axis=0) - sums)).sum(axis=1)
        return found


def _check(votes: int, traits: Traits, mix: Mix) -> None:
    if set(traits) != set(mix) or not mix:
        raise ValueError(f"the votes have the traits {sorted(traits)}, the mix {sorted(mix)}")
    for trait, shares in mix.items():
        if len(traits[trait]) != votes:
            raise ValueError(f"{votes} values have {len(traits[trait])} of the trait {trait}")
        if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6) or min(shares.values()) <= 0:
            raise ValueError(f"the users' shares of {trait} must be above 0 and add up to 1")


def _unmixed(traits: Traits, mix: Mix) -> Unmeasured | None:
    for trait, shares in mix.items():
        seen = set(traits[trait])
        if unknown := sorted(seen - set(shares)):
            return Unmeasured(f"votes have the {trait} {unknown[0]!r}, the user mix has none")
        if empty := [value for value in shares if value not in seen]:
            return Unmeasured(
                f"no vote has the {trait} {empty[0]!r}, which {shares[empty[0]]:.1%} of the users "
                "have",
                Cause.WAITING,
            )
    return None


def _unreachable(traits: Traits, mix: Mix) -> Unmeasured:
    """Naming the value that is rarest among the votes, relative to the users."""
    rarest = min(
        (list(traits[trait]).count(value) / len(traits[trait]) / share, trait, value)
        for trait, shares in mix.items()
        for value, share in shares.items()
    )
    _, trait, value = rarest
    return Unmeasured(
        f"no weights of at most {HEAVIEST:g} times the mean reach the user mix: the {trait} "
        f"{value!r} has {list(traits[trait]).count(value)} of {len(traits[trait])} votes and "
        f"{mix[trait][value]:.1%} of the users",
        Cause.UNDERPOWERED,
    )


def _raked(
    values: Floats, weights: Floats, prompts: NDArray[np.intp], *, spread: Spread, level: float
) -> Raked:
    mean, tail = float(weights @ values), tail_of(level)
    sizes, sums = np.zeros(prompts.max() + 1), np.zeros(prompts.max() + 1)
    np.add.at(sizes, prompts, weights)
    np.add.at(sums, prompts, weights * values)
    totals = ClusterTotals(sizes=sizes, sums=sums[:, None])
    exact = exact_range(totals, tail=tail, limits=SHARES)
    within = share_within(mean, spread, exact=exact, tail=tail)
    name = "raked to the user mix, Wilson score with Student's t by the jackknife"
    return Raked(
        estimate=Estimate(
            value=min(1.0, max(0.0, mean)),
            standard_error=math.sqrt(spread.variance) or None,
            low=within.low,
            high=within.high,
            level=level,
            n=totals.groups,
            unit=SHARE,
            method=name if exact is None else f"{name}, widened to the exact binomial bound",
        ),
        design_effect=float(len(weights) * (weights**2).sum()),
        heaviest=float(len(weights) * weights.max()),
    )
