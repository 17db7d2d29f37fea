"""Records as in-toto statements, which are what is signed; pure."""

import base64
import json
from functools import cache
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from gates.chain.bodies import PREDICATE_TYPES, Body, Signatory
from gates.chain.record import ChainRecord
from gates.trust.statement import Statement, Subject
from gates.trust.untrusted import Untrusted
from policies.base import Sha256, Strict, Text

_B = TypeVar("_B", bound=Body)

_BODIES = {kind: body for body, kind in PREDICATE_TYPES.items()}


def statement_of(record: ChainRecord) -> Statement:
    """The statement that is signed for a record."""
    kind = PREDICATE_TYPES[type(record.body)]
    predicate = _predicate(kind)(
        model=record.model,
        sequence=record.sequence,
        previous=record.previous,
        at=record.at,
        by=record.by,
        fencing=record.fencing,
        tool_version=record.tool_version,
        body=record.body,
    )
    said = predicate.model_dump(mode="json")
    return Statement(subjects=(record.subject,), predicate_type=kind, predicate=said)


def payload_in(envelope: bytes, *, what: str) -> bytes:
    """The payload of an envelope that was verified before; its signatures are not looked at.

    Raises:
        Untrusted: When there is none.
    """
    try:
        return base64.b64decode(json.loads(envelope)["payload"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused(what, "it is no signed envelope") from None


def previous_in(envelope: bytes, *, what: str) -> str | None:
    """Digest of the record before one that was verified before; nothing else of it is read.

    Raises:
        Untrusted: When it is no record.
    """
    try:
        found = json.loads(payload_in(envelope, what=what))["predicate"]["previous"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused(what, "it is no record") from None
    return None if found is None else str(found)


def record_of(payload: bytes, *, what: str) -> ChainRecord:
    """The record that a statement is about.

    Args:
        payload: Bytes of the statement.
        what: What it should be, for errors.

    Raises:
        Untrusted: When it is no record of a kind that this version knows.
    """
    try:
        kind = _Kind.model_validate_json(payload).predicate_type
        if kind not in _BODIES:
            raise _refused(what, f"this version knows no record of type {kind[:80]!r}")
        read = _statement(kind).model_validate_json(payload)
        predicate, subject = read.predicate, read.subject[0]
        return ChainRecord(
            model=predicate.model,
            sequence=predicate.sequence,
            previous=predicate.previous,
            at=predicate.at,
            by=predicate.by,
            fencing=predicate.fencing,
            subject=Subject(name=subject.name, sha256=subject.digest.sha256),
            tool_version=predicate.tool_version,
            body=predicate.body,
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _refused(what, f"{place}: {first['msg']}") from None
    except ValueError as error:
        raise _refused(what, str(error)) from None


class _File(Strict):
    model_config = ConfigDict(populate_by_name=True)


class _Predicate(_File, Generic[_B]):
    model: Text
    sequence: Annotated[int, Field(ge=1)]
    previous: Sha256 | None
    at: AwareDatetime
    by: Signatory
    fencing: Annotated[int, Field(ge=1)]
    tool_version: Text
    body: _B


class _Digest(_File):
    sha256: Sha256


class _Subject(_File):
    name: Text
    digest: _Digest


class _Statement(_File, Generic[_B]):
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[_Subject, ...], Field(min_length=1, max_length=1)]
    predicate_type: Text = Field(alias="predicateType")
    predicate: _Predicate[_B]


class _Kind(Strict):
    model_config = ConfigDict(extra="ignore")
    predicate_type: Text = Field(alias="predicateType")


@cache
def _predicate(kind: str) -> type[_Predicate[Body]]:
    body = _BODIES[kind]
    return _Predicate[body]  # type: ignore[valid-type] # a class for each kind, made once


@cache
def _statement(kind: str) -> type[_Statement[Body]]:
    body = _BODIES[kind]
    return _Statement[body]  # type: ignore[valid-type] # a class for each kind, made once


def _refused(what: str, why: str) -> Untrusted:
    return Untrusted(
        f"cannot believe {what}", why=why, fix="restore it as it was written, byte for byte"
    )
