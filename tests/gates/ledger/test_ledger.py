import pytest

from gates.ledger.ledger import Document, Version
from tests.fakes import decisions


def version(**tags: str) -> Version:
    return Version(
        name="assistant", version="12", aliases=(), tags=tags, created="2026-01-01", source="x"
    )


def test_a_version_is_known_by_its_number_unless_it_has_a_name_of_its_own() -> None:
    assert version().known_as == "assistant/12"
    assert version(gate_known_as="GPT-X").known_as == "GPT-X"
    assert version().uri == "models:/assistant/12"


@pytest.mark.parametrize("path", ["", ".", "/etc/x", "../x", "a/../b", "a//b", "a/", "record.json"])
def test_a_document_stays_inside_its_run_and_off_the_ledgers_files(path: str) -> None:
    with pytest.raises(ValueError, match=r"document|ledger"):
        Document(path=path, content=b"")


@pytest.mark.parametrize("key", ["", "it's", "a b", "é", "x" * 201])
def test_a_key_that_a_search_filter_could_misread_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        decisions.record(key=key)
