"""Decisions made again from what was signed, by the rules of today's program; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from gates.audit.material import Need
from gates.chain.bodies import Decision
from gates.decide.rounds import decide_round
from gates.decide.verdict import CandidateDecision, Finding, StageDecision
from gates.ledger.records import CandidateRecord, decode_candidate
from policies.errors import GateError
from stages.evidence.codec import decode
from stages.evidence.records import Evidence, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A decision made again under the policy that made it.

    Attributes:
        differences: What today's program decides otherwise, in sentences; none when nothing.
        why_not: Why it could not be made again; None when it was.
    """

    differences: tuple[str, ...] = ()
    why_not: str | None = None

    @property
    def words(self) -> str:
        """One sentence."""
        if self.why_not is not None:
            return f"not decided again: {self.why_not}"
        if not self.differences:
            return "decided again from its evidence: the same"
        return f"today's rules decide otherwise: {'; '.join(self.differences)}"


def findings_in(decision: Decision, files: Mapping[str, bytes]) -> CandidateRecord | None:
    """The candidate's share of its round; None where the dossier lacks it."""
    data = files.get(Need("findings", decision.candidate_record_sha256).path)
    return None if data is None else decode_candidate(data, where="the findings of a decision")


def again(decision: Decision, candidate: str, files: Mapping[str, bytes]) -> Again:
    """A signed decision, held against what its policy and evidence say today.

    Args:
        decision: As it was signed.
        candidate: URI of the version.
        files: The dossier's.
    """
    try:
        record = findings_in(decision, files)
        if record is None:
            return Again(why_not="its findings are not here")
        evidence = _evidence(record, files)
        if evidence is None:
            return Again(why_not="not all of its evidence is here")
        decided = decide_round(
            record.policy,
            evidence=evidence,
            members=tuple(evidence),
            baseline=record.baseline,
            now=datetime.fromisoformat(record.decided_at),
        )
    except (GateError, ValueError) as error:
        return Again(why_not=error.in_short if isinstance(error, GateError) else str(error))
    now = next(each for each in decided.candidates if each.candidate == candidate)
    return Again(differences=tuple(_differences(record.decision, now)))


def _evidence(
    record: CandidateRecord, files: Mapping[str, bytes]
) -> Mapping[str, Mapping[StageName, Evidence]] | None:
    found: dict[str, dict[StageName, Evidence]] = {}
    for uri, stages in record.evidence_sha256.items():
        found[uri] = {}
        for stage, sha256 in stages.items():
            data = files.get(Need("evidence", sha256).path)
            if data is None:
                return None
            found[uri][stage] = decode(data, where=f"{stage} evidence of {uri}")
    return found


def _differences(then: CandidateDecision, now: CandidateDecision) -> Iterator[str]:
    if then.verdict is not now.verdict:
        yield f"{then.verdict} then, {now.verdict} now"
    for was, is_now in zip_longest(then.stages, now.stages):
        if was is None or is_now is None or was.stage is not is_now.stage:
            yield "other stages were reached"
            return
        yield from _in_stage(was, is_now)


def _in_stage(then: StageDecision, now: StageDecision) -> Iterator[str]:
    if (then.verdict, then.online) != (now.verdict, now.online):
        yield f"{then.stage}: {then.verdict} then, {now.verdict} now"
    for was, is_now in zip_longest(then.findings, now.findings):
        if was is None or is_now is None:
            yield f"{then.stage}: {len(then.findings)} findings then, {len(now.findings)} now"
            return
        if _said(was) != _said(is_now):
            yield f"{was.metric}: {was.verdict} then, {is_now.verdict} now ({is_now.sentence})"


def _said(finding: Finding) -> tuple[str, str, str]:
    return finding.metric, finding.verdict, finding.severity
