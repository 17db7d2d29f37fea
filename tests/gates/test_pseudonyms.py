from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.pseudonyms import STREAM, Pseudonyms, pseudonyms_of, without_names
from policies.errors import Broken
from stages.engine.folder_state import FolderState
from stages.side_by_side.scores import Row
from stages.side_by_side.told import PromptScore, Told
from stages.side_by_side.vote import CandidateVote


def vote(who: str, *, judge: bool = False) -> CandidateVote:
    return CandidateVote(
        prompt="p1", annotator=who, win=1.0, graded=1.0, both_bad=False, judge=judge
    )


def test_a_person_is_the_same_on_every_machine_of_a_state(tmp_path: Path) -> None:
    first, second = (pseudonyms_of(FolderState(tmp_path)) for _ in range(2))
    assert first.of("ann@example.org") == second.of("ann@example.org")
    assert first.of("ann@example.org") != first.of("bob@example.org")


def test_another_state_has_other_pseudonyms(tmp_path: Path) -> None:
    found = {pseudonyms_of(FolderState(tmp_path / place)).of("ann") for place in "ab"}
    assert len(found) == 2


def test_when_two_draw_a_secret_at_once_the_first_counts(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    before = pseudonyms_of(state).of("ann")
    state.append(STREAM, [{"secret": "ff" * 32}])
    assert pseudonyms_of(state).of("ann") == before


@pytest.mark.parametrize("entry", [{}, {"secret": "no hexadecimal"}])
def test_a_secret_that_cannot_be_read_is_broken_not_replaced(
    tmp_path: Path, entry: dict[str, str]
) -> None:
    state = FolderState(tmp_path)
    state.append(STREAM, [entry])
    with pytest.raises(Broken, match="secret of pseudonyms"):
        pseudonyms_of(state)


def test_no_name_of_a_person_is_left_and_judges_keep_theirs() -> None:
    rows = tuple(Row(prompt="p1", annotator=who, low=1, high=1) for who in ("ann", "judge_b", None))
    told = Told(
        candidate="models:/a/2",
        baseline="models:/a/1",
        prompts=(PromptScore(prompt="p1", topic="", low=1, high=1, rows=rows),),
        said=(vote("ann"), vote("judge_b", judge=True)),
        judged=(vote("judge_a", judge=True),),
    )
    found = without_names(told, Pseudonyms(b"secret").of)
    assert "ann" not in {v.annotator for v in found.said}
    assert found.said[1].annotator == "judge_b"
    assert found.judged == told.judged
    unsigned = [row.annotator for row in found.prompts[0].rows]
    assert unsigned == [found.said[0].annotator, "judge_b", None]
    assert replace(found, said=told.said, prompts=told.prompts) == told


@given(st.text(), st.binary(min_size=1))
def test_a_pseudonym_shows_neither_name_nor_secret(name: str, secret: bytes) -> None:
    found = Pseudonyms(secret)
    assert found.of(name).startswith("person-")
    assert len(found.of(name)) == len("person-") + 8
    assert secret.hex() not in repr(found)
