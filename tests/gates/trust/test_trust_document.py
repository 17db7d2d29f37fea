"""A trust file that says what cannot be meant is refused before anybody signs it."""

import json

import pytest
from pydantic import ValidationError

from gates.trust.trust_document import Kind, Role, TrustDocument, payload_of
from tests.gates.trust.documents import ANN, BOB, CAT, DIGEST, START, document, entry


def problem(*keys: object, **more: object) -> str:
    with pytest.raises(ValidationError) as caught:
        document(*keys, **more)  # type: ignore[arg-type] # entries
    return str(caught.value)


def test_what_is_signed_is_read_back_as_the_same() -> None:
    said = dict(payload_of(document()))
    assert said.pop("schema") == "gate.trust/1"
    assert TrustDocument.model_validate_json(json.dumps(said)) == document()


def test_a_key_has_one_entry() -> None:
    twice = (entry(ANN, "ann", *Role), entry(ANN, "bob", Role.APPROVE))
    assert "more than once" in problem(*twice)


def test_an_account_has_one_owner() -> None:
    """Two names of one person would be two people."""
    one = entry(ANN, "ann", *Role, accounts=("github:ann",))
    other = entry(BOB, "bob", Role.APPROVE, accounts=("github:ann",))
    assert "several owners" in problem(one, other)
    assert document(one, entry(CAT, "ann", Role.APPROVE, accounts=("github:ann",)))


def test_an_owner_is_a_person_or_a_ci() -> None:
    ci = entry(BOB, "ann", Role.DECIDE, kind=Kind.CI)
    assert "is a person and a CI" in problem(entry(ANN, "ann", *Role), ci)


@pytest.mark.parametrize("role", [Role.ROOT, Role.APPROVE])
def test_a_cis_key_is_never_a_persons_approval(role: Role) -> None:
    with pytest.raises(ValidationError, match="a person's, never a CI's"):
        entry(BOB, "github", Role.DECIDE, role, kind=Kind.CI)


@pytest.mark.parametrize(
    "owner", ["Ann", "ann ", " ann", "ann\n", "\u0430nn", "", "-ann", "a b", "ann\u200b"]
)
def test_a_name_has_one_way_of_being_written(owner: str) -> None:
    with pytest.raises(ValidationError):
        entry(ANN, owner, *Role)


@pytest.mark.parametrize("account", ["ann", "github:Ann", "github:", ":ann", "github:ann\n"])
def test_an_account_has_one_way_of_being_written(account: str) -> None:
    with pytest.raises(ValidationError):
        entry(ANN, "ann", *Role, accounts=(account,))


@pytest.mark.parametrize("public", ["", "AAAA", "A" * 43 + "=", "not base64"])
def test_what_is_no_public_key_is_refused(public: str) -> None:
    with pytest.raises(ValidationError, match="Ed25519"):
        entry(ANN, "ann", *Role, public=public)


@pytest.mark.parametrize("since", ["2026-01-01", "2026-01-01T00:00:00", "yesterday", ""])
def test_a_time_has_a_zone(since: str) -> None:
    with pytest.raises(ValidationError, match="zone"):
        entry(ANN, "ann", *Role, since=since)


def test_more_people_must_not_be_asked_for_than_there_are() -> None:
    assert "root_threshold: 2" in problem(root_threshold=2)
    lost = {"at": START, "reason": "lost"}
    gone = entry(BOB, "bob", Role.ROOT, revoked=lost)
    assert "1 may" in problem(entry(ANN, "ann", *Role), gone, root_threshold=2)
    needs = {"approvals": 2, "policies": {"release": ({"sha256": DIGEST, "since": START},)}}
    assert "needs 2 approvals" in problem(models={"assistant": {"aliases": {"champion": needs}}})


@pytest.mark.parametrize(
    "more",
    [
        {"keys": ()},
        {"models": {"assistant": {"aliases": {}}}},
        {"models": {"assistant": {"aliases": {"champion": {"policies": {}}}}}},
        {"models": {"": {"aliases": {}}}},
        {"root_threshold": 0},
        {"expires": "2027-01-01"},
        {"unknown": 1},
    ],
)
def test_nonsense_is_refused(more: dict[str, object]) -> None:
    said = {**document().model_dump(mode="json"), **more}
    with pytest.raises(ValidationError):
        TrustDocument.model_validate_json(json.dumps(said))


def test_a_key_without_a_role_is_refused() -> None:
    with pytest.raises(ValidationError):
        entry(ANN, "ann")


@pytest.mark.parametrize("word", ["\x1b[2K", "a\nb", "\u202eevil", "a\u200bb", " ", ""])
def test_what_people_sign_is_what_they_see(word: str) -> None:
    lost = {"at": START, "reason": word}
    with pytest.raises(ValidationError):
        entry(ANN, "ann", *Role, revoked=lost)
