"""Several hypotheses that share alpha: at which share each is judged once others have fallen.

With m hypotheses of equal weight, the closed test rejects at a look whatever passes at alpha /
(hypotheses that still stand), and again as long as something falls (Holm's shape). "Passes at alpha
/ k" means that it crosses its bound at this look out of the whole Lan-DeMets sequence that spends
alpha / k over all looks, and also the bounds at every larger share, alpha / (k - 1) to alpha.

The probability of any false rejection at any look is at most alpha. Let T be the true hypotheses, t
of them. Look at the first look at which one of them falls, and at the first of them to fall there.
All that fell before it were false, so at least t hypotheses still stood, and it was judged at alpha
/ k with k >= t; hence it passes at alpha / t, too. So whenever a true hypothesis falls at any look,
one of T crosses, at that look, a bound of its sequence at alpha / t. For each one of T the
probability to do so at any look is at most alpha / t, since the sequence spends no more; by
Bonferroni's inequality it is at most alpha for all t of them, whatever they have to do with each
other. Nothing of earlier looks is needed: a look is judged from its own bounds. Holm's correction
of a look's nominal p-values has no such proof: looks at a nominal level divided by m may err, all
together, in more than a share 1 / m of alpha.

References:
    Maurer & Bretz (2013), Statistics in Biopharmaceutical Research 5, 311-320, for graphs of
    group-sequential tests, here with equal weights; they assume that bounds fall as alpha grows,
    which is asked of the numbers here instead. Holm (1979).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gates.decide.online import analysable
from gates.decide.primaries import hypotheses_of
from gates.decide.rules import weigh
from gates.decide.verdict import Verdict
from policies.criteria import Criterion
from policies.metric import Metric
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Evidence, Look


def closed_test(passes: Sequence[Sequence[bool]], *, hypotheses: int) -> tuple[int, ...]:
    """The share of alpha at which each hypothesis is judged: k stands for alpha / k.

    Args:
        passes: For each hypothesis that is known, whether it crosses its bound at alpha / 1 to
            alpha / `hypotheses`.
        hypotheses: How many share alpha; those that are not known stand for good.

    Returns:
        For one that falls the share at which it fell; for others the share that is left for them
        or, if they pass there while they do not at a smaller share, the one at which they do not.

    Raises:
        ValueError: More hypotheses than share alpha, or levels that are missing.
    """
    if len(passes) > hypotheses or any(len(levels) != hypotheses for levels in passes):
        raise ValueError(f"{len(passes)} hypotheses with their levels are not of {hypotheses}")
    fell: dict[int, int] = {}
    standing = hypotheses
    while falling := [
        i for i, levels in enumerate(passes) if i not in fell and all(levels[:standing])
    ]:
        fell |= dict.fromkeys(falling, standing)
        standing = hypotheses - len(fell)
    return tuple(
        fell[i] if i in fell else max(k for k in range(1, standing + 1) if not levels[k - 1])
        for i, levels in enumerate(passes)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """One candidate's criteria at a look, some of which share alpha.

    Attributes:
        criteria: The criteria on the A/B, in the policy's order.
        metrics: The plan's metrics, by their full names.
    """

    criteria: tuple[Criterion, ...]
    metrics: Mapping[str, Metric]

    def shares(
        self, evidence: Evidence | Unmeasured, rivals: Iterable[Evidence]
    ) -> tuple[int | None, ...]:
        """For each criterion k where it is judged at alpha / k, None where it has all of alpha.

        Args:
            evidence: Of the candidate.
            rivals: Of other challengers. Those whose data may not be analysed, or are of another
                A/B or look, and all of them if there are more than the plan says, leave nothing.
        """
        look = None if isinstance(evidence, Unmeasured) else evidence.look
        if isinstance(evidence, Unmeasured) or look is None or look.hypotheses == 1:
            return (None,) * len(self.criteria)
        own = hypotheses_of(look, self.criteria)
        passes = [
            [self._passes(hypothesis, found, share) for share in range(1, look.hypotheses + 1)]
            for found in (evidence, *_beside(evidence, look, rivals))
            for hypothesis in own
        ]
        shares = closed_test(passes, hypotheses=look.hypotheses)[: len(own)]
        by_criterion = [
            [share for share, hypothesis in zip(shares, own, strict=True) if c in hypothesis]
            for c in self.criteria
        ]
        return tuple(of_one[0] if of_one else None for of_one in by_criterion)

    def _passes(self, hypothesis: Sequence[Criterion], evidence: Evidence, share: int) -> bool:
        """Whether all that a hypothesis must show passes at alpha / `share`."""
        verdicts = [
            weigh(c, evidence, self.metrics[c.metric], p_worse_adjusted=None, share=share).finding
            for c in hypothesis
        ]
        return bool(verdicts) and all(found.verdict is Verdict.PASS for found in verdicts)


def share_words(share: int, hypotheses: int) -> str:
    """At which share of alpha a hypothesis was judged, to be said after its sentence."""
    part = "all" if share == 1 else f"1/{share}"
    if share == hypotheses:
        return f"judged at {part} of alpha, which {hypotheses} hypotheses share"
    fell = hypotheses - share
    was = "was" if fell == 1 else "were"
    return (
        f"judged at {part} of alpha, since {fell} of the {hypotheses} hypotheses that share it "
        f"{was} rejected"
    )


def _beside(evidence: Evidence, look: Look, rivals: Iterable[Evidence]) -> Sequence[Evidence]:
    """Of the rivals those in the same A/B at the same look; none if they are too many."""
    same = [
        rival
        for rival in rivals
        if rival.look is not None
        and analysable(rival)
        and rival.provenance.plan == evidence.provenance.plan
        and rival.provenance.baseline == evidence.provenance.baseline
        and _place(rival.look) == _place(look)
    ]
    challengers = look.hypotheses // (len(look.all_primaries) if look.any_primary else 1)
    return same if len(same) < challengers else ()


def _place(look: Look) -> tuple[object, ...]:
    """What two looks at the same time of the same A/B have in common."""
    return (
        look.number,
        look.planned,
        look.run_days,
        look.final,
        look.all_primaries,
        look.any_primary,
        look.hypotheses,
    )
