import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import InputError
from stages.side_by_side.exchange.incoming import Imported
from stages.side_by_side.exchange.label_studio import LABELLING_CONFIG, export_tasks, read_export
from stages.side_by_side.exchange.shown import Shown
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.exchange.handed_out import batch, tasks

TASKS = tasks(batch())
USERS = {"1": "ann", "bob@example.org": "bob"}
AT = "2026-11-22T01:30:52.090106Z"


def control(name: str, **value: object) -> dict[str, object]:
    return {"from_name": name, "to_name": "prompt", "type": name, "value": value}


def annotation(*result: object, by: Shown = TASKS[0], **more: object) -> dict[str, object]:
    user: object = 1 if by.annotator == "ann" else {"id": 8, "email": "bob@example.org"}
    return {
        "completed_by": user,
        "result": list(result),
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 4.25,
        "updated_at": AT,
    } | more


LEFT = control("better", selected="left")


def exported(*annotations: object, of: Shown = TASKS[0], **data: object) -> dict[str, object]:
    (out,) = json.loads(export_tasks([of], guidelines=2))
    return {"id": 5, "annotations": list(annotations), "data": out["data"] | data}


def read(*entries: object, known: dict[str, Preference] | None = None) -> Imported:
    data = json.dumps(entries, indent=1).encode()
    return read_export(data, TASKS, people=USERS, known=known or {}, where="export.json")


def refusal(entry: object) -> str:
    found = read(exported(annotation(LEFT, by=TASKS[1]), of=TASKS[1]), entry)
    assert found.ballots == ()
    (line,) = found.refused
    assert line.where.startswith("export.json")
    return line.why


def test_a_task_is_blind_text_with_an_opaque_id() -> None:
    out = json.loads(export_tasks(TASKS, guidelines=2))
    assert len(out) == len(TASKS)
    for task, entry in zip(TASKS, out, strict=True):
        assert set(entry) == {"data"}
        data = entry["data"]
        assert (data["answer1"], data["answer2"]) == (task.answer_1, task.answer_2)
        assert (data["task"], data["annotator"]) == (task.id, task.annotator)
        assert set(data) == {
            *("prompt", "answer1", "answer2", "task", "annotator", "guidelines", "digest")
        }


def test_the_configuration_shows_text_only() -> None:
    root = ET.fromstring(LABELLING_CONFIG)
    values = {tag.get("value") for tag in root.iter("Text")}
    assert values == {"$prompt", "$answer1", "$answer2"}
    assert not list(root.iter("HyperText"))
    (pairwise,) = root.iter("Pairwise")
    assert pairwise.get("toName") == "answer1,answer2"


@pytest.mark.parametrize(
    ("result", "preference"),
    [
        ([LEFT], Preference.A_BETTER),
        ([LEFT, control("strength", choices=["better"])], Preference.A_BETTER),
        ([LEFT, control("strength", choices=["much better"])], Preference.A_MUCH_BETTER),
        ([control("better", selected="right")], Preference.B_BETTER),
        (
            [control("better", selected="right"), control("strength", choices=["much better"])],
            Preference.B_MUCH_BETTER,
        ),
        ([control("neither", choices=["tie"])], Preference.TIE),
        ([control("neither", choices=["both bad"])], Preference.BOTH_BAD),
    ],
)
def test_what_was_chosen_is_the_preference(result: list[object], preference: Preference) -> None:
    comment = control("comment", text=["too", "long"])
    (ballot,) = read(exported(annotation(*result, comment))).ballots
    assert (ballot.said, ballot.comment) == (preference, "too long")
    assert (ballot.person, ballot.pair) == (TASKS[0].annotator, TASKS[0].pair)
    assert (ballot.seconds, ballot.at, ballot.guidelines) == (4.25, AT, 2)


def test_a_skipped_task_is_unresolved_and_an_open_one_is_nothing() -> None:
    found = read(exported(annotation(was_cancelled=True)), exported(of=TASKS[1]))
    (ballot,) = found.ballots
    assert ballot.said is Preference.UNRESOLVED


def test_importing_twice_adds_nothing_and_a_change_is_refused() -> None:
    entry = exported(annotation(LEFT))
    again = read(entry, known={TASKS[0].id: Preference.A_BETTER})
    assert (again.ballots, again.unchanged) == ((), 1)
    changed = read(entry, known={TASKS[0].id: Preference.TIE})
    assert "not declared a correction" in changed.refused[0].why


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (exported(annotation(LEFT), task="elsewhere"), "was not handed out"),
        (exported(annotation(LEFT), answer1="Changed"), "the text of task"),
        (exported(annotation(LEFT), digest="0" * 16), "the text of task"),
        (exported(annotation(LEFT), annotator="bob"), "the annotator of task"),
        (exported(annotation(LEFT), guidelines=0), "`guidelines` must be"),
        (exported(annotation(LEFT), annotation(LEFT)), "has 2 annotations, not one"),
        (exported(annotation(LEFT, completed_by="bob@example.org")), "was annotated by `bob`"),
        (exported(annotation(LEFT, completed_by=77)), "which annotators users 77 of"),
        (exported(annotation(LEFT, completed_by={"id": 7, "email": "x@y"})), "users 7 or x@y of"),
        (exported(annotation(LEFT, completed_by=None)), "does not say who annotated"),
        (exported(annotation(LEFT, ground_truth=True)), "marked as ground truth"),
        (exported(annotation(LEFT, was_cancelled="no")), "`was_cancelled` must be"),
        (exported(annotation(LEFT, lead_time=-1)), "`lead_time` must be"),
        (exported(annotation(LEFT, lead_time=10**400)), "`lead_time` must be"),
        (exported(annotation(LEFT, lead_time="4")), "`lead_time` must be"),
        (exported(annotation(LEFT, updated_at="yesterday")), "no ISO 8601 time"),
        (exported(annotation()), "it says nothing"),
        (exported(annotation(LEFT, control("neither", choices=["tie"]))), "it says left, tie"),
        (exported(annotation(control("strength", choices=["better"]))), "it says better"),
        (exported(annotation(control("better", selected="up"))), "it says up"),
        (exported(annotation(LEFT, control("strength", choices=["x"]))), "it says left, x"),
        (exported(annotation(LEFT, LEFT)), "`better` stands twice"),
        (exported(annotation(control("better", selected=3))), "neither a choice nor a text"),
        (exported(annotation(result="left")), "`result` must be a list"),
        (exported(annotation(LEFT)) | {"annotations": None}, "`annotations` must be a list"),
        ({"data": None, "annotations": []}, "`data` must be a JSON object"),
        ("text", "a record must be a JSON object"),
    ],
)
def test_what_cannot_be_trusted_is_refused_and_nothing_is_kept(entry: object, why: str) -> None:
    assert why in refusal(entry)


def test_places_are_label_studios_own_numbers() -> None:
    data = json.dumps(
        [
            exported(annotation(result="left") | {"id": 30}) | {"id": 12},
            exported(of=TASKS[1]) | {"id": 13, "annotations": None},
            exported(annotation(), of=TASKS[2]) | {"id": None},
            7,
        ]
    ).encode()
    found = read_export(data, TASKS, people=USERS, known={}, where="ls.json")
    assert [line.where for line in found.refused] == [
        "ls.json:1, task 12, annotation 30",
        "ls.json:1, task 13",
        "ls.json:1, entry 3",
        "ls.json:1, entry 4",
    ]


def test_a_contradiction_names_the_annotation_too() -> None:
    entry = exported(annotation(LEFT) | {"id": 30}) | {"id": 12}
    (line,) = read(entry, known={TASKS[0].id: Preference.TIE}).refused
    assert line.where.endswith(", task 12, annotation 30")


def test_people_who_are_not_known_are_asked_for_once() -> None:
    entries = [exported(annotation(LEFT, by=task), of=task) for task in TASKS]
    data = json.dumps(entries).encode()
    found = read_export(data, TASKS, people={}, known={}, where="ls.json")
    (line,) = found.refused
    assert line.where == "ls.json"
    assert sorted(line.why.split("users ")[1].split(" of")[0].split(", ")) == [
        "1",
        "8 or bob@example.org",
    ]
    assert "--map NAME=ID" in line.fix


def test_a_name_that_is_misspelt_is_told_once_and_not_on_every_line() -> None:
    entries = [exported(annotation(LEFT, by=task), of=task) for task in TASKS]
    people = {user: f"x{name}" for user, name in USERS.items()}
    found = read_export(
        json.dumps(entries).encode(), TASKS, people=people, known={}, where="ls.json"
    )
    (line,) = found.refused
    assert line.where == "ls.json"
    assert line.why == "--map names `xann`, `xbob`, and those in the batch are ann, bob"
    assert line.fix == "correct the name in --map"


def test_time_that_was_not_measured_is_none() -> None:
    (ballot,) = read(exported(annotation(LEFT, lead_time=None))).ballots
    assert ballot.seconds is None


def test_a_task_that_stands_twice_is_refused() -> None:
    found = read(exported(annotation(LEFT)), exported())
    assert "stands twice" in found.refused[0].why


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False)
        | st.text(max_size=5)
        | st.integers(),
        lambda inside: (
            st.lists(inside, max_size=3)
            | st.dictionaries(
                st.sampled_from(["result", "completed_by", "value", "from_name", "lead_time"]),
                inside,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_annotation_is_read_or_refused(drawn: object) -> None:
    try:
        found = read(exported(drawn), {"data": drawn, "annotations": drawn})
    except InputError:
        return
    assert found.refused


def test_a_file_that_is_no_json_is_refused() -> None:
    with pytest.raises(InputError, match=r"export\.json:1"):
        read_export(b"[", TASKS, people=USERS, known={}, where="export.json")
