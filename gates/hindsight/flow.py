"""How many candidates came into and out of each stage, and what that cost; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from gates.hindsight.checkpoints import Past
from stages.evidence.costs import total
from stages.evidence.records import Cost, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An amount that is not known of everybody.

    Attributes:
        amount: Sum over those of whom it is known; None where it is known of nobody.
        unknown: Of how many it is not known.
    """

    amount: float | None
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One stage.

    Attributes:
        stage: Which.
        came: Candidates that reached it.
        verdicts: How many passed, failed and are held.
        looks: What the last looks at A/Bs said; empty for the other stages.
        cost: Calls, tokens and votes of all.
        usd: Money for the calls.
        gpu_minutes: Accelerators times minutes.
    """

    stage: StageName
    came: int
    verdicts: Mapping[Verdict, int]
    looks: Mapping[OnlineVerdict, int]
    cost: Cost
    usd: Known
    gpu_minutes: Known

    @property
    def passed(self) -> int:
        """Candidates that it let through."""
        return self.verdicts[Verdict.PASS]


def flows_of(past: Past) -> tuple[Flow, ...]:
    """The stages that the newest policy demands, in its order, and any older one."""
    decided = [s for c in past.checkpoints for s in c.decided.decision.stages]
    demanded = past.policy.plan.stages()
    there = {s.stage for s in decided}
    return tuple(
        _flow(stage, [s for s in decided if s.stage is stage])
        for stage in StageName
        if stage.value in demanded or stage in there
    )


def _flow(stage: StageName, decided: Sequence[StageDecision]) -> Flow:
    verdicts = Counter(one.verdict for one in decided)
    looks = Counter(one.online for one in decided if one.online is not None)
    costs = [one.cost for one in decided]
    return Flow(
        stage=stage,
        came=len(decided),
        verdicts={v: verdicts[v] for v in (Verdict.PASS, Verdict.FAIL, Verdict.HOLD)},
        looks={look: looks[look] for look in OnlineVerdict if looks[look]},
        cost=total(costs),
        usd=_known([cost.usd for cost in costs]),
        gpu_minutes=_known([cost.gpu_minutes for cost in costs]),
    )


def _known(amounts: Sequence[float | None]) -> Known:
    known = [amount for amount in amounts if amount is not None]
    return Known(amount=sum(known) if known else None, unknown=len(amounts) - len(known))
