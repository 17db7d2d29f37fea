"""Votes given elsewhere: all of a file or nothing of it, and only once; then a verdict."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.side_by_side.exporting import To
from stages.evidence.records import StageName
from tests.fakes.comparing import compared
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace

pytestmark = pytest.mark.pictures

Row = dict[str, str]


@pytest.fixture
def batch(place: Workplace) -> str:
    compared(place)
    said("sxs", "assign", "release")
    (name,) = (
        line.rsplit(" ", 1)[1]
        for line in said("sxs", "assign", "release").out.splitlines()
        if line.endswith("there)")
        for line in [line.removesuffix(" (it was there)")]
    )
    return name


def table(batch: str, people: str = "ann,bob") -> list[Row]:
    said("sxs", "export", batch, "--to", "csv", "--annotators", people, "--out", "handed")
    with Path("handed/tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def back(
    rows: list[Row],
    verdict: Callable[[int], str],
    name: str = "back.csv",
    *,
    corrects: Callable[[int], bool] = lambda _: False,
) -> str:
    """The table as a vendor sends it back: filled in, its annotators called workers."""
    filled = [
        {("worker" if key == "annotator" else key): value for key, value in row.items()}
        | {"verdict": verdict(number), "correction": "yes" if corrects(number) else ""}
        for number, row in enumerate(rows)
    ]
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(filled[0]))
        writer.writeheader()
        writer.writerows(filled)
    return name


def taken(batch: str, file: str, *more: str) -> tuple[int, dict[str, object]]:
    where = ("--batch", batch, "--from", "csv", "--map", "annotator=worker", *more)
    found = said("sxs", "import", file, *where, "--json")
    return found.code, found.json


def test_a_table_comes_back_once(batch: str) -> None:
    rows = table(batch)
    file = back(rows, lambda _: "tie")
    code, found = taken(batch, file)
    assert (code, found["votes"], found["refused"]) == (0, len(rows), [])
    _, again = taken(batch, file)
    assert (again["votes"], again["unchanged"]) == (0, len(rows))


def test_nothing_is_kept_of_a_file_with_a_wrong_line(batch: str) -> None:
    file = back(table(batch), lambda number: "meh" if number == 3 else "tie")
    code, found = taken(batch, file)
    assert code == 2
    assert "meh" in str(found["refused"])
    assert said("sxs", "show", batch, "--json").json["votes"] == 0


def test_another_word_on_the_same_pair_is_refused(batch: str) -> None:
    rows = table(batch)
    taken(batch, back(rows, lambda _: "tie"))
    code, found = taken(batch, back(rows, lambda n: "1 better" if n == 0 else "tie", "other.csv"))
    assert (code, found["votes"]) == (2, 0)


def test_pairs_that_others_filled_meanwhile_are_named_by_line_and_can_be_left_out(
    batch: str,
) -> None:
    early, late = table(batch), table(batch, "cyd,dan")
    taken(batch, back(early, lambda _: "tie"))
    code, found = taken(batch, back(late, lambda _: "tie", "late.csv"))
    refused = found["refused"]
    assert isinstance(refused, list)
    assert (code, found["votes"]) == (2, 0)
    full = {int(line["where"].removeprefix("late.csv:")) for line in refused}
    csv_lines = Path("late.csv").read_text(encoding="utf-8").splitlines()
    for line in refused:
        row = csv_lines[int(line["where"].removeprefix("late.csv:")) - 1]
        task = line["why"].removeprefix("task ").split(" ")[0]
        assert row.startswith(f"{task},")
        assert "others have voted" in line["why"]
        assert "out of the file" in line["fix"]

    rest = back(late, lambda n: "" if lines_of(csv_lines, late)[n] in full else "tie", "rest.csv")
    code, found = taken(batch, rest)
    assert (code, found["votes"]) == (0, len(late) - len(full))
    assert len(full) < len(late), "gold may be read by everybody"


def lines_of(csv_lines: list[str], rows: list[Row]) -> list[int]:
    """The line, from 1, at which each row begins."""
    begins = {line.split(",")[0]: number for number, line in enumerate(csv_lines, start=1)}
    return [begins[row["task"]] for row in rows]


def test_what_is_to_be_mended_and_what_is_to_be_left_out_are_told_apart(batch: str) -> None:
    early, late = table(batch), table(batch, "cyd,dan")
    taken(batch, back(early, lambda _: "tie"))
    file = back(late, lambda _: "meh", "late.csv")
    where = ("--batch", batch, "--from", "csv", "--map", "annotator=worker")
    told = said("sxs", "import", file, *where).err
    assert told.count("fix: mend these lines") == 1
    told = said("sxs", "import", back(late, lambda _: "tie", "late.csv"), *where).err
    assert told.count("fix: take these lines out") == 1
    assert "mend" not in told


def first_better(number: int) -> str:
    return "1 better" if number == 0 else "tie"


def votes(batch: str) -> list[dict[str, object]]:
    said("sxs", "export", batch, "--to", "gate", "--out", "written")
    return [json.loads(line) for line in Path("written/votes.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("flag", [True, False], ids=["--corrections", "in the table"])
def test_a_correction_changes_a_vote_in_its_place_and_once(
    batch: str,
    flag: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    rows = table(batch)
    taken(batch, back(rows, lambda _: "tie"))
    before = votes(batch)
    file = back(rows, first_better, "other.csv", corrects=lambda n: n == 0 and not flag)
    more = ("--corrections",) if flag else ()

    code, found = taken(batch, file, *more)

    assert (code, found["votes"], found["corrected"]) == (0, 0, 1)
    after = votes(batch)
    assert [v["prompt"] for v in after] == [v["prompt"] for v in before]
    assert sum(one["verdict"] != other["verdict"] for one, other in zip(after, before, strict=True))
    assert taken(batch, file, *more)[1]["corrected"] == 0
    for verdict in (lambda _: "tie", first_better):  # back, and forth again
        again = back(rows, verdict, "again.csv")
        assert taken(batch, again, "--corrections")[1]["corrected"] == 1
    assert [v["verdict"] for v in votes(batch)] == [v["verdict"] for v in after]


def test_corrections_and_new_votes_of_a_file_are_taken_all_or_none(batch: str) -> None:
    rows = table(batch)
    taken(batch, back(rows, lambda n: "tie" if n < 2 else ""))
    verdicts = {0: "1 better", 1: "skip"}
    file = back(rows, lambda n: verdicts.get(n, "tie"), "other.csv")

    code, found = taken(batch, file, "--corrections")

    assert (code, found["votes"], found["corrected"]) == (2, 0, 0)
    assert "not a skip" in str(found["refused"])
    assert said("sxs", "show", batch, "--json").json["votes"] == 2
    file = back(rows, first_better, "other.csv")
    told = said(
        *("sxs", "import", file, "--batch", batch, "--from", "csv"),
        *("--map", "annotator=worker", "--corrections"),
    )
    assert f"{len(rows) - 2} taken in, 1 corrected, 1 were known already" in told.out


@pytest.mark.parametrize("more", [(), ("--corrections",)], ids=["plain", "--corrections"])
def test_what_was_skipped_in_a_file_may_be_answered_by_a_later_one(
    batch: str, more: tuple[str, ...]
) -> None:
    rows = table(batch)
    skips = back(rows, lambda n: "skip" if n < 2 else "tie", "skips.csv")
    assert taken(batch, skips, *more)[1]["votes"] == len(rows)
    again = taken(batch, skips, *more)[1]
    assert (again["votes"], again["unchanged"]) == (0, len(rows))
    answered = back(rows, lambda n: "skip" if n == 1 else "tie", "answered.csv")
    code, found = taken(batch, answered, *more)
    assert (code, found["votes"], found["corrected"]) == (0, 1, 0)
    found = taken(batch, answered, *more)[1]
    assert (found["votes"], found["unchanged"]) == (0, len(rows))


def test_votes_taken_in_decide(place: Workplace, batch: str) -> None:
    taken(batch, back(table(batch), lambda _: "tie"))
    found = said("run", "release")
    assert "10" in found.out
    assert "win rate" in found.out
    (record,) = place.ledger.records.values()
    pages = record.pages["models:/assistant/2"].stages[StageName.SIDE_BY_SIDE]
    paths = {document.path for document in pages.documents}
    assert {"votes/win_rates.png", "votes/over_time.png", "votes/pairs.html"} <= paths


@pytest.mark.parametrize("to", [To.GATE, To.ALPACA_EVAL, To.CHATBOT_ARENA, To.CROWD_KIT])
def test_votes_are_written_for_others_and_read_again(batch: str, to: To) -> None:
    taken(batch, back(table(batch), lambda _: "1 better"))
    found = said("sxs", "export", batch, "--to", to.value, "--out", "out", "--json").json
    files = found["files"]
    assert isinstance(files, list)
    agreed = said("sxs", "agreement", *files, "--format", to.value, "--json").json
    assert agreed["pairs"] == (8 if to is To.GATE else 10)  # two are the word of the rule


@pytest.mark.parametrize("to", [one for one in To if not one.is_for_people])
def test_whatever_is_offered_can_be_written_of_what_people_said(batch: str, to: To) -> None:
    taken(batch, back(table(batch), lambda _: "1 better"))
    assert said("sxs", "export", batch, "--to", to.value, "--out", "out").code == 0


def test_a_vote_that_a_format_cannot_say_is_told(batch: str) -> None:
    taken(batch, back(table(batch), lambda _: "both bad"))
    found = said("sxs", "export", batch, "--to", "llmfao", "--out", "out")
    assert found.code == 2
    assert not Path("out").exists()


def test_label_studio_gets_tasks_and_how_to_show_them(batch: str) -> None:
    said("sxs", "people", batch, "add", "ann", "bob")
    said("sxs", "export", batch, "--to", "label-studio", "--out", "handed")
    names = {path.name for path in Path("handed").iterdir()}
    assert names == {"tasks.json", "labelling_config.xml", "guidelines.md"}


def test_tasks_for_nobody_are_wrong_usage(batch: str) -> None:
    found = said("sxs", "export", batch, "--to", "csv")
    assert (found.code, "--annotators" in found.err) == (2, True)


def test_naming_an_annotator_twice_is_wrong_usage(batch: str) -> None:
    found = said("sxs", "export", batch, "--to", "csv", "--annotators", "ann,bob,ann")
    assert found.code == 2
    assert "cannot write tasks for ann" in found.err
    assert "name everybody once" in found.err


def test_votes_of_some_people_are_not_written(batch: str) -> None:
    assert said("sxs", "export", batch, "--to", "gate", "--annotators", "ann").code == 2


@pytest.mark.parametrize("said_map", ["annotator", "=worker", "annotator="])
def test_a_map_that_cannot_be_read_is_wrong_usage(batch: str, said_map: str) -> None:
    file = back(table(batch), lambda _: "tie")
    where = ("--batch", batch, "--from", "csv", "--map", said_map)
    assert said("sxs", "import", file, *where).code == 2


def test_agreement_is_told_of_a_batch_and_of_a_file_alike(batch: str) -> None:
    taken(batch, back(table(batch), lambda number: ("tie", "1 better")[number % 2]))
    told = said("sxs", "agreement", "--batch", batch, "--plot", "who.png", "--json").json
    voters = told["voters"]
    assert isinstance(voters, list)
    assert {voter["name"] for voter in voters} == {"ann", "bob"}
    assert Path("who.png").read_bytes().startswith(b"\x89PNG")
    said("sxs", "export", batch, "--to", "gate", "--out", "out")
    of_file = said("sxs", "agreement", "out/votes.jsonl")
    assert "Krippendorff" in of_file.out


@pytest.mark.parametrize("given", [(), ("votes.jsonl", "--batch", "b")])
def test_agreement_of_nothing_or_of_two_things_is_wrong_usage(
    place: Workplace, given: tuple[str, ...]
) -> None:
    del place
    assert said("sxs", "agreement", *given).code == 2
