"""The closed set of verdicts, and findings and decisions made of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from policies.criteria import Severity
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost, Quantity, StageName, Wait


class Verdict(StrEnum):
    """What a criterion or a stage says; only PASS lets a candidate on."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    HOLD = "HOLD"
    UNMEASURED = "UNMEASURED"


_WORST = (Verdict.FAIL, Verdict.UNMEASURED, Verdict.HOLD, Verdict.PASS)


class OnlineVerdict(StrEnum):
    """What a look at an A/B says."""

    SHIP = "SHIP"
    STOP = "STOP"
    INCONCLUSIVE = "INCONCLUSIVE"
    CONTINUE = "CONTINUE"
    INVALID = "INVALID"

    @property
    def verdict(self) -> Verdict:
        """SHIP passes; STOP and INCONCLUSIVE fail; CONTINUE and INVALID hold."""
        match self:
            case OnlineVerdict.SHIP:
                return Verdict.PASS
            case OnlineVerdict.STOP | OnlineVerdict.INCONCLUSIVE:
                return Verdict.FAIL
            case OnlineVerdict.CONTINUE | OnlineVerdict.INVALID:
                return Verdict.HOLD
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion held against what was measured.

    Attributes:
        metric: Full metric name.
        demand: The demand in words: "at most 0.50 %".
        severity: Blocking or advisory.
        verdict: What follows.
        sentence: What a release manager would say aloud.
        because: The policy's reason for the criterion.
        quantity: What of the metric was to be measured: its value, or a comparison.
        measured: The estimate the verdict rests on.
        distance: How far the deciding end of the interval is inside the limit, in standard
            errors or, without one, in the metric's unit; negative when outside; None when
            unmeasured. Sorts the worst first.
    """

    metric: str
    demand: str
    severity: Severity
    verdict: Verdict
    sentence: str
    because: str
    quantity: Quantity
    measured: Estimate | Unmeasured
    distance: float | None

    @property
    def rank(self) -> tuple[bool, bool, int, float]:
        """Sorts the worst first.

        What does not pass, blocking before advisory, FAIL, UNMEASURED, HOLD, the farthest out; then
        what passes.
        """
        advisory = self.severity is not Severity.BLOCKING
        passes = self.verdict is Verdict.PASS
        return passes, advisory, _WORST.index(self.verdict), self.distance or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDecision:
    """The findings of one stage and what follows from them.

    Attributes:
        stage: Which stage.
        verdict: PASS, FAIL or HOLD (UNMEASURED only for findings).
        reason: One sentence.
        findings: Every criterion of the stage, in the policy's order.
        waits_for: For a HOLD: its cause and whose move it is; None otherwise.
        online: The ordered verdict of the look; None for the other stages.
        evidence_sha256: Digest of the evidence decided on; None when there is none yet.
        cost: What the evidence cost.
    """

    stage: StageName
    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]
    waits_for: Wait | None
    online: OnlineVerdict | None = None
    evidence_sha256: str | None
    cost: Cost

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNMEASURED:
            raise ValueError("a stage passes, fails or holds")
        if (self.verdict is Verdict.HOLD) != (self.waits_for is not None):
            raise ValueError("a HOLD, and only a HOLD, says what it waits for")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDecision:
    """The chain of one candidate: the stages that were reached, in order.

    Attributes:
        candidate: MLflow URI, `models:/assistant/12`.
        verdict: PASS when every demanded stage passes; FAIL when one fails; HOLD otherwise.
        reason: One sentence, naming the stage that decided.
        stages: Decisions of the stages reached; later ones are absent, never PASS.
    """

    candidate: str
    verdict: Verdict
    reason: str
    stages: tuple[StageDecision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDecision:
    """Candidates decided together, since a quota depends on the others.

    Attributes:
        round_id: Digest of members, baseline and policy.
        policy: Name of the policy.
        policy_sha256: Its digest.
        baseline: MLflow URI of the baseline, pinned for the round; None when none is needed.
        candidates: One decision per member, in the order of their names.
    """

    round_id: str
    policy: str
    policy_sha256: str
    baseline: str | None
    candidates: tuple[CandidateDecision, ...]
