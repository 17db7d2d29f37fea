"""A draft is written so that it is read as the same, and its mistakes are told with their lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.trust.draft import draft_text, parse_draft
from gates.trust.trust_document import (
    AliasEntry,
    InForceEntry,
    ModelEntry,
    RevokedEntry,
    Role,
    Stage,
    TrustDocument,
)
from policies.errors import WrongUsage
from tests.gates.trust.documents import ANN, BOB, DIGEST, START, document, entry

TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1).filter(
    str.strip
)
IN_FORCE = st.builds(
    InForceEntry,
    sha256=st.just(DIGEST),
    since=st.just(START),
    until=st.none() | st.just("2027-01-01T00:00:00Z"),
    because=st.none() | TEXTS,
)
ALIASES = st.builds(
    AliasEntry,
    policies=st.dictionaries(TEXTS, st.lists(IN_FORCE, max_size=2).map(tuple), min_size=1),
    stages=st.sampled_from([tuple(Stage), (Stage.OFFLINE,)]),
    approvals=st.integers(0, 1),
    decision_valid_days=st.integers(1, 3650),
)
MODELS = st.dictionaries(
    TEXTS,
    st.dictionaries(TEXTS, ALIASES, min_size=1, max_size=2).map(lambda a: ModelEntry(aliases=a)),
    max_size=2,
)
REVOKED = st.none() | st.builds(
    RevokedEntry,
    at=st.just(START),
    reason=TEXTS,
    heads=st.dictionaries(TEXTS, st.integers(0, 2**40), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(MODELS, REVOKED, st.integers(1, 2**40))
def test_a_draft_is_read_as_it_was_written(
    models: dict[str, ModelEntry], revoked: RevokedEntry | None, version: int
) -> None:
    stolen = entry(BOB, "bob", Role.DECIDE, accounts=("github:bob",)).model_copy(
        update={"revoked": revoked}
    )
    said = TrustDocument(
        version=version, keys=(entry(ANN, "ann", *Role), stolen), models=models, expires=START
    )
    assert parse_draft(draft_text(said), where="trust.yaml") == said


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("version: 1", "version: one", "trust.yaml:3: version: found"),
        ('owner: "ann"', 'owner: "Ann"', "trust.yaml:6: keys[0].owner: found"),
        ("    since:", "    sinse:", "found the unknown key `sinse`"),
        (START, "2026-01-01", "expected a time with its zone"),
        (f'"{DIGEST}"', '"short"', "a SHA-256 of 64 hexadecimal digits"),
        ("version: 1", "version: 1\nversion: 2", "trust.yaml:"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, why: str) -> None:
    text = draft_text(document())
    assert old in text
    with pytest.raises(WrongUsage, match=r"cannot use trust\.yaml") as caught:
        parse_draft(text.replace(old, new, 1), where="trust.yaml")
    assert why in caught.value.why
    assert "gate trust check" in caught.value.fix


@pytest.mark.parametrize("text", ["", "[]", "version: 1", "a: &x 1\nb: *x"])
def test_what_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match=r"cannot use trust\.yaml"):
        parse_draft(text, where="trust.yaml")
