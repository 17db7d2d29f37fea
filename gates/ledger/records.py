"""Records as canonical JSON: what the journal keeps, and what stands beside each decision."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from gates.decide.verdict import CandidateDecision, RoundDecision
from gates.ledger.examples import Examples
from gates.ledger.ledger import Document, Page, Pages, Record
from policies.base import Strict, Text
from policies.canonical import Json, canonical_json
from policies.errors import Broken, InputError
from policies.policy import Policy
from stages.evidence.codec import decode as decode_evidence
from stages.evidence.codec import encode as encode_evidence
from stages.evidence.codec import evidence_sha256
from stages.evidence.records import Evidence, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """One candidate's share of a record, and the digests of all that the round rests on.

    Attributes:
        key: The record's key.
        decided_at: ISO 8601 time.
        policy: The policy decided under, whole.
        round_id: The round.
        baseline: URI of the baseline the round assumed.
        decision: The candidate's decision.
        evidence_sha256: Digest of the evidence of every member, by candidate URI and stage.
        tool_version: Version of the program.
    """

    key: str
    decided_at: str
    policy: Policy
    round_id: str
    baseline: str | None
    decision: CandidateDecision
    evidence_sha256: Mapping[str, Mapping[StageName, str]]
    tool_version: str


def candidate_records(record: Record) -> tuple[CandidateRecord, ...]:
    """A record, cut into one for each candidate, in the round's order."""
    digests = {
        uri: {stage: evidence_sha256(evidence) for stage, evidence in stages.items()}
        for uri, stages in record.evidence.items()
    }
    return tuple(
        CandidateRecord(
            key=record.key,
            decided_at=record.decided_at,
            policy=record.policy,
            round_id=record.decision.round_id,
            baseline=record.decision.baseline,
            decision=decision,
            evidence_sha256=digests,
            tool_version=record.tool_version,
        )
        for decision in record.decision.candidates
    )


def encode_record(record: Record) -> Mapping[str, Json]:
    """A whole record as a JSON object, `gate.record/1`.

    Raises:
        ValueError: When a number in it is NaN or infinite.
    """
    file = _RecordFile(
        schema_="gate.record/1",
        key=record.key,
        decided_at=record.decided_at,
        policy=record.policy,
        decision=record.decision,
        evidence={
            uri: {stage: json.loads(encode_evidence(found)) for stage, found in stages.items()}
            for uri, stages in record.evidence.items()
        },
        tool_version=record.tool_version,
        pages={uri: _pages_file(pages) for uri, pages in record.pages.items()},
    )
    return _as_json(file)


def decode_record(value: Mapping[str, Json], *, where: str) -> Record:
    """The record of a JSON object.

    Raises:
        Broken: When the object is not a record, naming the field.
    """
    file = _parsed(_RecordFile, canonical_json(value), where=where)
    return Record(
        key=file.key,
        decided_at=file.decided_at,
        policy=file.policy,
        decision=file.decision,
        evidence={
            uri: {
                stage: _evidence(found, where=f"{where}, evidence of {uri}, {stage}")
                for stage, found in stages.items()
            }
            for uri, stages in file.evidence.items()
        },
        tool_version=file.tool_version,
        pages={uri: _pages(pages, where=where) for uri, pages in file.pages.items()},
    )


def encode_candidate(record: CandidateRecord) -> bytes:
    """A candidate's record as canonical JSON, `gate.candidate_record/1`, with a last newline."""
    file = _CandidateFile(
        schema_="gate.candidate_record/1",
        key=record.key,
        decided_at=record.decided_at,
        policy=record.policy,
        round_id=record.round_id,
        baseline=record.baseline,
        decision=record.decision,
        evidence_sha256={uri: dict(stages) for uri, stages in record.evidence_sha256.items()},
        tool_version=record.tool_version,
    )
    return (canonical_json(_as_json(file)) + "\n").encode()


def decode_candidate(data: bytes, *, where: str) -> CandidateRecord:
    """The candidate's record of a file.

    Raises:
        Broken: When the file is not one, naming the field.
    """
    file = _parsed(_CandidateFile, data, where=where)
    return CandidateRecord(
        key=file.key,
        decided_at=file.decided_at,
        policy=file.policy,
        round_id=file.round_id,
        baseline=file.baseline,
        decision=file.decision,
        evidence_sha256=file.evidence_sha256,
        tool_version=file.tool_version,
    )


class _File(Strict):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class _DocumentFile(_File):
    path: Text
    base64: str


class _PageFile(_File):
    description: str
    documents: tuple[_DocumentFile, ...]
    examples: Examples = Examples()


class _PagesFile(_File):
    candidate: _PageFile
    stages: dict[StageName, _PageFile]
    look: _PageFile = _PageFile(description="", documents=())


class _RecordFile(_File):
    schema_: Literal["gate.record/1"] = Field(alias="schema")
    key: Text
    decided_at: Text
    policy: Policy
    decision: RoundDecision
    evidence: dict[str, dict[StageName, JsonValue]]
    tool_version: Text
    pages: dict[str, _PagesFile]


class _CandidateFile(_File):
    schema_: Literal["gate.candidate_record/1"] = Field(alias="schema")
    key: Text
    decided_at: Text
    policy: Policy
    round_id: Text
    baseline: Text | None
    decision: CandidateDecision
    evidence_sha256: dict[str, dict[StageName, Text]]
    tool_version: Text


_F = TypeVar("_F", bound=_File)


def _as_json(file: _File) -> Mapping[str, Json]:
    value = file.model_dump(mode="json")
    canonical_json(value)  # refuses what is no number
    return value


def _parsed(kind: type[_F], data: str | bytes, *, where: str) -> _F:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _unreadable(where, f"{place}: {first['msg']}") from error


def _evidence(value: JsonValue, *, where: str) -> Evidence:
    try:
        return decode_evidence((canonical_json(value) + "\n").encode(), where=where)
    except InputError as error:
        raise Broken(error.message, why=error.why, fix=error.fix) from error


def _pages_file(pages: Pages) -> _PagesFile:
    return _PagesFile(
        candidate=_page_file(pages.candidate),
        stages={stage: _page_file(page) for stage, page in pages.stages.items()},
        look=_page_file(pages.look),
    )


def _page_file(page: Page) -> _PageFile:
    return _PageFile(
        description=page.description,
        documents=tuple(
            _DocumentFile(path=d.path, base64=base64.b64encode(d.content).decode())
            for d in page.documents
        ),
        examples=page.examples,
    )


def _pages(file: _PagesFile, *, where: str) -> Pages:
    return Pages(
        candidate=_page(file.candidate, where=where),
        stages={stage: _page(page, where=where) for stage, page in file.stages.items()},
        look=_page(file.look, where=where),
    )


def _page(file: _PageFile, *, where: str) -> Page:
    return Page(
        description=file.description,
        documents=tuple(
            Document(path=d.path, content=_content(d, where=where)) for d in file.documents
        ),
        examples=file.examples,
    )


def _content(file: _DocumentFile, *, where: str) -> bytes:
    try:
        return base64.b64decode(file.base64, validate=True)
    except binascii.Error as error:
        raise _unreadable(where, f"document {file.path} is not base64") from error


def _unreadable(where: str, why: str) -> Broken:
    return Broken(
        f"cannot read {where}",
        why=why,
        fix="restore it from a backup, or use the version of gate that wrote it",
    )
