import json
from pathlib import Path

import pytest

from stages.workshop.training.data import (
    Preferred,
    Taught,
    digest_of_rows,
    write_preferred,
    write_taught,
)

ASKED = ({"role": "user", "content": "Which is better? äöü"},)


def test_what_is_taught_is_written_in_the_papers_format(tmp_path: Path) -> None:
    write_taught(tmp_path / "sft.jsonl", [Taught(id="7", messages=ASKED, answer="[[A]]")])
    (line,) = (tmp_path / "sft.jsonl").read_text(encoding="utf-8").splitlines()
    assert line == json.dumps(
        {"id": "7", "src": json.dumps([dict(ASKED[0])], ensure_ascii=False), "tgt": "[[A]]"},
        ensure_ascii=False,
    )


def test_preferences_are_written_in_the_papers_format(tmp_path: Path) -> None:
    row = Preferred(id="7", messages=ASKED, chosen="[[A]]", rejected="[[B]]")
    write_preferred(tmp_path / "dpo.jsonl", [row])
    said = json.loads((tmp_path / "dpo.jsonl").read_text(encoding="utf-8"))
    assert said.keys() == {"id", "src", "tgt_chosen", "tgt_rejected"}
    assert json.loads(said["src"]) == [*ASKED]
    assert (said["tgt_chosen"], said["tgt_rejected"]) == ("[[A]]", "[[B]]")


def test_the_digest_is_of_what_is_taught_in_its_order_and_not_of_names() -> None:
    first, again = (Taught(id=name, messages=ASKED, answer="a") for name in ("1", "2"))
    other = Taught(id="1", messages=ASKED, answer="b")
    assert digest_of_rows([first]) == digest_of_rows([again])
    assert digest_of_rows([first, other]) != digest_of_rows([other, first])
    assert digest_of_rows([first]) != digest_of_rows([other])


@pytest.mark.parametrize(
    ("messages", "answer", "words"),
    [
        ((), "a", "no question"),
        (({"role": "user", "content": [{"type": "image_url"}]},), "a", "no text"),
        (ASKED, " \n", "says nothing"),
    ],
)
def test_a_row_that_teaches_nothing_is_a_mistake(
    messages: tuple[dict[str, object], ...], answer: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Taught(id="1", messages=messages, answer=answer)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=words):
        Preferred(id="1", messages=messages, chosen=answer, rejected="b")  # type: ignore[arg-type]


def test_an_answer_is_never_preferred_to_itself() -> None:
    with pytest.raises(ValueError, match="prefers an answer to itself"):
        Preferred(id="1", messages=ASKED, chosen="a", rejected="a")
