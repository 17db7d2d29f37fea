"""A Label Studio project for each annotator, and its export taken in from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.evidence.estimate import Estimate
from tests.fakes.comparing import assigned
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace

PEOPLE = ("ann", "bob")
MAP = ("--map", "ann=1", "--map", "bob=bob@example.org")
Data = dict[str, object]
Says = Callable[[Data], list[object]]


@pytest.fixture
def batch(place: Workplace) -> str:
    name = assigned(place)
    to = ("--to", "label-studio", "--annotators", ",".join(PEOPLE), "--each", "--out", "projects")
    assert said("sxs", "export", name, *to).code == 0
    return name


def choice(name: str, word: str) -> object:
    value = {"choices": [word]}
    return {
        "id": "hC0b",
        "from_name": name,
        "to_name": "prompt",
        "type": "choices",
        "origin": "manual",
        "value": value,
    }


def prefers_fine(data: Data) -> list[object]:
    """Much better, wherever it stands; gold that has no such answer is a tie."""
    sides = [side for side in ("1", "2") if "fine" in str(data[f"answer{side}"])]
    if len(sides) != 1:
        return [choice("neither", "tie")]
    pairwise = {"from_name": "better", "to_name": "answer1,answer2", "type": "pairwise"}
    selected = {"selected": {"1": "left", "2": "right"}[sides[0]]}
    return [pairwise | {"id": "Xq1", "origin": "manual", "value": selected}, _MUCH]


_MUCH = choice("strength", "much better")


def ties(data: Data) -> list[object]:
    del data
    return [choice("neither", "tie")]


def exported(person: str, says: Says = prefers_fine, *, by: object = None) -> Path:
    """A project's JSON export, with the fields that Label Studio writes beside those it was given.

    Args:
        person: Whose project.
        says: The controls of an annotation.
        by: Who annotated; None for their owner.
    """
    tasks = json.loads(Path(f"projects/tasks-{person}.json").read_text())
    user = by or (1 if person == "ann" else {"id": 8, "email": "bob@example.org"})
    whole = [
        {
            "id": number,
            "inner_id": number,
            "annotations": [
                {
                    "id": 100 + number,
                    "completed_by": user,
                    "result": says(task["data"]),
                    "was_cancelled": False,
                    "ground_truth": False,
                    "created_at": "2026-03-01T09:00:00.000000Z",
                    "updated_at": f"2026-03-01T09:{number:02}:52.090106Z",
                    "draft_created_at": None,
                    "lead_time": 4.25,
                    "prediction": {},
                    "result_count": 2,
                    "unique_id": f"5b1f-{person}-{number}",
                    "task": number,
                    "project": 3,
                }
            ],
            "file_upload": "tasks.json",
            "drafts": [],
            "predictions": [],
            "data": task["data"],
            "meta": {},
            "created_at": "2026-02-28T08:00:00.000000Z",
            "updated_at": "2026-03-01T09:00:00.000000Z",
            "total_annotations": 1,
            "cancelled_annotations": 0,
            "project": 3,
        }
        for number, task in enumerate(tasks, start=1)
    ]
    file = Path(f"{person}.json")
    file.write_text(json.dumps(whole))
    return file


def taken(batch: str, file: Path) -> tuple[int, dict[str, object]]:
    where = ("--batch", batch, "--from", "label-studio", *MAP, "--json")
    found = said("sxs", "import", str(file), *where)
    return found.code, found.json


def shown(batch: str) -> dict[str, object]:
    return said("sxs", "show", batch, "--json").json


def test_each_project_is_taken_in_once(batch: str) -> None:
    for person in PEOPLE:
        file = exported(person)
        tasks = len(json.loads(file.read_text()))
        code, found = taken(batch, file)
        assert (code, found["votes"], found["refused"]) == (0, tasks, [])
        _, again = taken(batch, file)
        assert (again["votes"], again["unchanged"]) == (0, tasks)
    found = shown(batch)
    assert found["votes"] == found["needed"]


def test_what_was_clicked_counts_for_the_model_that_stood_there(
    place: Workplace, batch: str
) -> None:
    for person in PEOPLE:
        taken(batch, exported(person))
    said("run", "release")
    (record,) = place.ledger.records.values()
    found = next(iter(record.evidence["models:/assistant/2"].values()))
    (rate,) = (m.measured for m in found.measurements if m.metric == "side_by_side.win_rate")
    assert isinstance(rate, Estimate)
    assert rate.value > 0.8


def test_nothing_is_kept_where_another_annotated(batch: str) -> None:
    code, found = taken(batch, exported("ann", by={"id": 8, "email": "bob@example.org"}))
    assert code == 2
    assert "was annotated by `bob`" in str(found["refused"])
    assert shown(batch)["votes"] == 0


def test_nothing_is_kept_of_an_export_whose_texts_were_changed(batch: str) -> None:
    file = exported("ann")
    file.write_text(file.read_text().replace("fine", "splendid", 1))
    code, found = taken(batch, file)
    assert code == 2
    assert "was changed" in str(found["refused"])
    assert shown(batch)["votes"] == 0


def test_a_second_word_is_no_second_vote(batch: str) -> None:
    taken(batch, exported("ann"))
    before = shown(batch)["votes"]
    code, found = taken(batch, exported("ann", ties))
    assert (code, found["votes"]) == (2, 0)
    assert shown(batch)["votes"] == before
