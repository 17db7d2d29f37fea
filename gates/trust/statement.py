"""What a record says about which bytes: an in-toto Statement, version 1.

References:
    https://github.com/in-toto/attestation, spec/v1/statement.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gates.trust.canonical_bytes import canonical_bytes, read_canonical
from gates.trust.shapes import a_list, a_text, an_object, exactly
from gates.trust.untrusted import Untrusted
from policies.canonical import Json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a statement is about.

    Attributes:
        name: As people call it, such as `models:/assistant/12`.
        sha256: Its digest, which is what it is.
    """

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a subject has a name")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("a subject's sha256 has 64 hexadecimal digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A claim about subjects.

    Attributes:
        subjects: At least one.
        predicate_type: Which kind of claim, and which version of it.
        predicate: The claim.
    """

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Json]

    def __post_init__(self) -> None:
        if not self.subjects:
            raise ValueError("a statement has a subject")
        if not self.predicate_type:
            raise ValueError("a statement has a predicate type")


def encode(statement: Statement) -> bytes:
    """The statement as canonical JSON, which is what is signed."""
    return canonical_bytes(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": subject.name, "digest": {"sha256": subject.sha256}}
                for subject in statement.subjects
            ],
            "predicateType": statement.predicate_type,
            "predicate": statement.predicate,
        }
    )


def decode(payload: bytes, *, what: str) -> Statement:
    """The statement in bytes that `encode` wrote.

    Args:
        payload: Of an envelope whose signatures were verified.
        what: What it should be, for errors.

    Raises:
        Untrusted: When `encode` did not write it.
    """
    value = read_canonical(payload, what=what)
    try:
        return _statement(value)
    except ValueError as error:
        raise Untrusted(
            f"cannot believe {what}",
            why=f"it is no in-toto statement: {error}",
            fix="restore it as it was written",
        ) from None


def _statement(value: Json) -> Statement:
    fields = exactly(value, ("_type", "subject", "predicateType", "predicate"))
    if fields["_type"] != STATEMENT_TYPE:
        raise ValueError(f"its `_type` is not {STATEMENT_TYPE}")
    return Statement(
        subjects=tuple(_subject(entry) for entry in a_list(fields["subject"])),
        predicate_type=a_text(fields["predicateType"]),
        predicate=an_object(fields["predicate"]),
    )


def _subject(value: Json) -> Subject:
    fields = exactly(value, ("name", "digest"))
    digest = exactly(fields["digest"], ("sha256",))
    return Subject(name=a_text(fields["name"]), sha256=a_text(digest["sha256"]))
