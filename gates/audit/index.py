"""The index of a dossier: what is in it and what it says, for people and for programs; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.audit.collecting import Material
from gates.audit.material import Need
from gates.audit.replaying import Again, again, findings_in
from gates.chain.bodies import Approval, Decision
from gates.chain.history import record_json
from gates.chain.record import Kept
from gates.chain.signing import sentence
from gates.reports.templates import template
from policies.canonical import Json, canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision, as the index tells it.

    Attributes:
        kept: Its record.
        body: The decision.
        again: What comes of it today.
        findings: `VERDICT sentence` of every criterion; none where they are not here.
        files: Its files in the dossier, by what they are.
        approvals: Records that approve of it.
        tool_version: Version of the program that decided.
    """

    kept: Kept
    body: Decision
    again: Again
    findings: tuple[str, ...]
    files: Mapping[str, Sequence[str]]
    approvals: tuple[Kept, ...]
    tool_version: str


def tell(material: Material) -> tuple[Told, ...]:
    """Every decision of a dossier, in the order of the records."""
    return tuple(_told(kept, material) for kept in material.decisions)


def index_json(
    material: Material, told: Sequence[Told], *, at: datetime, tool_version: str
) -> bytes:
    """The index as canonical JSON, `gate.dossier_index/1`."""
    found: Json = {
        "schema": "gate.dossier_index/1",
        "model": material.chain.model,
        "about": material.about,
        "exported_at": at.isoformat(),
        "tool_version": tool_version,
        "records": [
            {**record_json(kept), "file": _record_file(kept)} for kept in material.chain.records
        ],
        "decisions": [_decision_json(each) for each in told],
        "missing": list(material.missing),
        "erased": list(material.erased),
        "remarks": list(material.remarks),
    }
    return f"{canonical_json(found)}\n".encode()


def index_html(
    material: Material, told: Sequence[Told], *, at: datetime, tool_version: str
) -> bytes:
    """The same as one page: no script, nothing loaded, foreign text escaped."""
    page = template("dossier.html").render(
        title=f"Dossier of {material.about or material.chain.model}",
        exported=at.isoformat(timespec="seconds"),
        tool_version=tool_version,
        material=material,
        decisions=told,
        records=[(kept, _record_file(kept), sentence(kept.record.body)) for kept in _all(material)],
    )
    return page.encode()


def differences(told: Sequence[Told]) -> tuple[str, ...]:
    """Decisions that today's rules would make otherwise, a sentence each."""
    return tuple(
        f"record {each.kept.record.sequence}: {each.again.words}"
        for each in told
        if each.again.differences
    )


def _told(kept: Kept, material: Material) -> Told:
    body, candidate = kept.record.body, kept.record.subject.name
    assert isinstance(body, Decision)
    found = findings_in(body, material.files)
    stages = () if found is None else found.decision.stages
    return Told(
        kept=kept,
        body=body,
        again=again(body, candidate, material.files),
        findings=tuple(f"{f.verdict} {f.sentence}" for stage in stages for f in stage.findings),
        files=dict(_files(body, material)),
        approvals=tuple(_approvals(kept, material)),
        tool_version=kept.record.tool_version if found is None else found.tool_version,
    )


def _files(body: Decision, material: Material) -> Iterator[tuple[str, Sequence[str]]]:
    wanted = {
        "policy": [Need("policies", body.policy_sha256)],
        "findings": [Need("findings", body.candidate_record_sha256)],
        "members": [Need("members", body.members_sha256)],
        "plans": [Need("plans", each) for each in sorted(body.plan_sha256.values())],
        "evidence": [Need("evidence", each) for each in sorted(body.evidence_sha256.values())],
    }
    for name, needs in wanted.items():
        yield name, [each.path for each in needs if each.path in material.files]


def _approvals(decision: Kept, material: Material) -> Iterator[Kept]:
    for kept in material.chain.counting:
        body = kept.record.body
        if isinstance(body, Approval) and body.decision == decision.sha256:
            yield kept


def _decision_json(told: Told) -> Mapping[str, Json]:
    body = told.body
    return {
        "record": told.kept.record.sequence,
        "sha256": told.kept.sha256,
        "candidate": told.kept.record.subject.name,
        "checkpoint_sha256": told.kept.record.subject.sha256,
        "counts": told.kept.void is None,
        "verdict": body.verdict.value,
        "reason": body.reason,
        "decided_at": body.decided_at.isoformat(),
        "policy": body.policy,
        "policy_sha256": body.policy_sha256,
        "look": body.look,
        "alpha_spent": body.alpha_spent,
        "earlier": list(body.earlier),
        "findings": list(told.findings),
        "approvals": [each.record.sequence for each in told.approvals],
        "files": {name: list(paths) for name, paths in told.files.items()},
        "tool_version": told.tool_version,
        "replay": {"differences": list(told.again.differences), "why_not": told.again.why_not},
    }


def _record_file(kept: Kept) -> str:
    return f"records/{kept.record.sequence:06}.json"


def _all(material: Material) -> tuple[Kept, ...]:
    return material.chain.records
