"""Tasks of each annotator, and the answers of each model, in files of their own."""

import json
from pathlib import Path

import pytest

from stages.side_by_side.formats.answers import parse_arena_hard_answers, parse_model_outputs
from tests.fakes.comparing import assigned
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


@pytest.fixture
def batch(place: Workplace) -> str:
    return assigned(place)


@pytest.mark.parametrize(("to", "ending"), [("label-studio", "json"), ("csv", "csv")])
def test_each_annotator_gets_a_file_with_their_own_tasks(batch: str, to: str, ending: str) -> None:
    people = ("--annotators", "ann, bob/2")
    said("sxs", "export", batch, "--to", to, *people, "--each", "--out", "each")
    found = {path.name: path.read_text() for path in Path("each").glob("tasks*")}
    assert set(found) == {f"tasks-ann.{ending}", f"tasks-bob%2F2.{ending}"}
    assert "ann" in found[f"tasks-ann.{ending}"]
    assert "bob/2" not in found[f"tasks-ann.{ending}"]
    said("sxs", "export", batch, "--to", "label-studio", "--out", "all")
    together = json.loads(Path("all/tasks.json").read_text())
    if ending == "json":
        apart = [task for text in found.values() for task in json.loads(text)]
        assert sorted(map(str, apart)) == sorted(map(str, together))


def test_answers_are_written_for_arena_hard_and_read_again(batch: str) -> None:
    said("sxs", "export", batch, "--to", "arena-hard-answers", "--out", "model_answer")
    files = {path.name: path.read_bytes() for path in Path("model_answer").iterdir()}
    assert set(files) == {"assistant%2F1.jsonl", "assistant%2F2.jsonl"}
    read = parse_arena_hard_answers(files["assistant%2F2.jsonl"], where="2")
    assert {answer.model for answer in read} == {"assistant/2"}
    assert len(read) == 10
    fine = {answer.text for answer in read if "fine" in answer.text}
    assert len(fine) == len(read) - sum(answer.text == "It depends." for answer in read) > 0
    assert said("sxs", "attacks", "model_answer/assistant%2F2.jsonl", "--format", "arena-hard").out


def test_answers_are_written_for_alpaca_eval_and_read_again(batch: str) -> None:
    said("sxs", "export", batch, "--to", "model-outputs", "--out", "outputs")
    one, two = (
        parse_model_outputs(Path(f"outputs/assistant%2F{n}.json").read_bytes(), where="o")
        for n in (1, 2)
    )
    assert [answer.prompt for answer in one] == [answer.prompt for answer in two]
    assert sum(a.text == b.text for a, b in zip(one, two, strict=True)) <= 2


@pytest.mark.parametrize("to", ["gate", "arena-hard-answers"])
def test_only_tasks_are_written_for_each(batch: str, to: str) -> None:
    found = said("sxs", "export", batch, "--to", to, "--each", "--out", "out")
    assert (found.code, Path("out").exists()) == (2, False)
