"""What a new baseline leaves behind: candidates and A/Bs held against the old one; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.chain.bodies import Decision
from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.decide.verdict import Verdict
from gates.trust.statement import Subject
from stages.evidence.records import StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """A version whose comparison with the old baseline loses its worth.

    Attributes:
        subject: The version.
        policy: Name of the policy it was decided under.
        verdict: PASS, or HOLD.
        in_ab: Whether its A/B runs, or has run.
    """

    subject: Subject
    policy: str
    verdict: Verdict
    in_ab: bool

    @property
    def sentence(self) -> str:
        """What is lost, and what is not."""
        if self.in_ab and self.verdict is Verdict.HOLD:
            return f"{self.subject.name}: its A/B ends, which ran against the old baseline"
        if self.verdict is Verdict.PASS:
            return f"{self.subject.name}: its PASS is against the old baseline, and ends with it"
        return (
            f"{self.subject.name}: its votes are against the old baseline; benchmarks are decided "
            "anew from the answers there are"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """The baseline that is left, and which decisions on others still count for anything.

    Attributes:
        baseline: Its MLflow URI.
        policies: Policies that may move the alias.
        within: Decisions older than this move nothing any more.
    """

    baseline: str
    policies: Collection[str]
    within: timedelta


def stranded(chain: Chain, old: Old, *, candidate: str, at: datetime) -> tuple[Stranded, ...]:
    """Versions that were decided against a baseline which is about to be replaced.

    Only the newest decision on a version counts, a PASS or a HOLD; one that failed, was revoked or
    is too old to be promoted loses nothing.

    Args:
        chain: The model's records.
        old: The baseline that is left.
        candidate: MLflow URI of the version that takes its place.
        at: The time.
    """
    newest: dict[str, Kept] = {}
    for kept in chain.counting:
        body = kept.record.body
        if isinstance(body, Decision) and body.policy in old.policies:
            newest[kept.record.subject.name] = kept
    others = [kept for name, kept in newest.items() if name not in (candidate, old.baseline)]
    found = (_stranded(kept, chain, old, at=at) for kept in others)
    return tuple(one for one in found if one is not None)


def _stranded(kept: Kept, chain: Chain, old: Old, *, at: datetime) -> Stranded | None:
    body, subject = kept.record.body, kept.record.subject
    assert isinstance(body, Decision)
    lives = body.verdict is not Verdict.FAIL and at < body.decided_at + old.within
    if body.baseline != old.baseline or not lives or chain.revoked(subject) is not None:
        return None
    return Stranded(
        subject=subject,
        policy=body.policy,
        verdict=body.verdict,
        in_ab=StageName.ONLINE in body.stage_runs,
    )
