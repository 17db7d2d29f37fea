"""The error that a policy's A/Bs may still make: a record that is only ever appended to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.decide.verdict import OnlineVerdict, RoundDecision
from policies.errors import Broken, PolicyError
from policies.policy import Policy
from stages.engine.state import Entry, State, foreign_entry
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.stats.online_fdr import Drawn, Ended, next_alpha

ENDS = {OnlineVerdict.SHIP: True, OnlineVerdict.STOP: False, OnlineVerdict.INCONCLUSIVE: False}
"""Verdicts that end an A/B, and whether it won; any other leaves it pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """One A/B of the record.

    Attributes:
        candidate: MLflow URI of its candidate.
        alpha: What it drew.
        drawn_at: ISO 8601 time of the draw.
        won: Whether it shipped; None while it is pending.
    """

    candidate: str
    alpha: float
    drawn_at: str
    won: bool | None


def draw(policy: Policy, candidate: str, state: State, *, at: datetime) -> float | None:
    """The alpha of a candidate's A/B, drawn now and never again; None where the plan draws none.

    Args:
        policy: The policy, with an online plan.
        candidate: MLflow URI of the version.
        state: Where the record is; the caller holds the policy's lock.
        at: The time.

    Raises:
        PolicyError: When nothing is left to draw.
    """
    plan = policy.plan.online
    assert plan is not None
    if plan.false_discovery is None:
        return None
    history = _history(policy.policy, state)
    found = next_alpha(history, test=candidate, level=plan.false_discovery, most=plan.alpha)
    if isinstance(found, Unmeasured):
        raise PolicyError(
            f"no A/B of {candidate} can start under policy {policy.policy}",
            why=f"{found.reason}: `false_discovery: {plan.false_discovery:g}` is held over all of "
            "them",
            fix="wait until a running A/B wins, or raise `false_discovery` and have it reviewed",
        )
    if found not in history:
        entry: Entry = {"drawn": candidate, "alpha": found.alpha, "at": at.isoformat()}
        state.append(_stream(policy.policy), [entry])
    return found.alpha


def refuse_other_draw(policy: Policy, candidate: str, state: State, *, alpha: float | None) -> None:
    """Refuses an A/B whose registration says another alpha than the record of the draws.

    Args:
        policy: The policy, with an online plan.
        candidate: MLflow URI of the version.
        state: Where the record is.
        alpha: What its registration says that it drew.

    Raises:
        Broken: When the two differ, or the record cannot be read.
    """
    plan = policy.plan.online
    assert plan is not None
    if plan.false_discovery is None:
        return
    stakes = {stake.candidate: stake.alpha for stake in record(policy.policy, state)}
    if stakes.get(candidate) != alpha:
        raise Broken(
            f"the A/B of {candidate} cannot be decided under policy {policy.policy}",
            why=f"its registration says that it drew an alpha of {alpha}, and the record of what "
            f"was drawn says {stakes.get(candidate)}",
            fix="restore the state from its backup",
        )


def settle(decision: RoundDecision, state: State, *, at: datetime) -> None:
    """Writes the outcome of every A/B that has ended; the first outcome of each stays.

    Args:
        decision: A round.
        state: Where the record is; the caller holds the policy's lock.
        at: The time.
    """
    stakes = {stake.candidate: stake for stake in record(decision.policy, state)}
    for candidate, verdict in _ended(decision):
        stake = stakes.get(candidate)
        if stake is not None and stake.won is None:
            said: Entry = {
                "ended": candidate,
                "won": ENDS[verdict],
                "verdict": verdict.value,
                "at": at.isoformat(),
            }
            state.append(_stream(decision.policy), [said])


def record(policy: str, state: State) -> tuple[Stake, ...]:
    """Every A/B that drew, in the order of the draws; empty where none did.

    Raises:
        Broken: When an entry is not of this program's shape.
    """
    won = {e.test: e.rejected for e in _history(policy, state) if isinstance(e, Ended)}
    return tuple(
        Stake(
            candidate=str(entry["drawn"]),
            alpha=_alpha(entry, policy, state),
            drawn_at=str(entry.get("at", "")),
            won=won.get(str(entry["drawn"])),
        )
        for entry in state.read(_stream(policy))
        if "drawn" in entry
    )


def _ended(decision: RoundDecision) -> Iterator[tuple[str, OnlineVerdict]]:
    for candidate in decision.candidates:
        for stage in candidate.stages:
            if stage.stage is StageName.ONLINE and stage.online in ENDS:
                assert stage.online is not None
                yield candidate.candidate, stage.online


def _history(policy: str, state: State) -> Sequence[Drawn | Ended]:
    found: list[Drawn | Ended] = []
    for entry in state.read(_stream(policy)):
        match entry:
            case {"drawn": str(test)}:
                found.append(Drawn(test=test, alpha=_alpha(entry, policy, state)))
            case {"ended": str(test), "won": bool(won)}:
                found.append(Ended(test=test, rejected=won))
            case _:
                raise foreign_entry("what an A/B drew", stream=_stream(policy), state=state)
    return found


def _alpha(entry: Entry, policy: str, state: State) -> float:
    alpha = entry.get("alpha")
    if not isinstance(alpha, float) or not 0 < alpha < 1:
        raise foreign_entry("what an A/B drew", stream=_stream(policy), state=state)
    return alpha


def _stream(policy: str) -> str:
    return f"online/wealth/{policy}"
