import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import InputError
from stages.side_by_side.exchange.cells import TRIGGERS
from stages.side_by_side.exchange.incoming import MEND, Imported
from stages.side_by_side.exchange.spreadsheet import (
    COLUMNS,
    VERDICTS,
    export_sheet,
    read_sheet,
    sheet_guidelines,
)
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.exchange.handed_out import batch, tasks

TASKS = tasks(batch())
SHEET = export_sheet(TASKS, guidelines=3)


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(SHEET.decode("utf-8-sig"), newline="")))


def written(*filled: dict[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(filled[0]))
    writer.writeheader()
    writer.writerows(filled)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read(
    data: bytes,
    *,
    columns: dict[str, str] | None = None,
    known: dict[str, Preference] | None = None,
) -> Imported:
    return read_sheet(data, TASKS, columns=columns or {}, known=known or {}, where="back.csv")


def filled(verdict: str = "1 better", **more: str) -> dict[str, str]:
    return rows()[0] | {"verdict": verdict} | more


def test_no_cell_is_a_formula_and_the_file_says_that_it_is_utf8() -> None:
    assert SHEET.startswith(b"\xef\xbb\xbf")
    assert tuple(rows()[0]) == COLUMNS
    assert not any(cell.startswith(TRIGGERS) for row in rows() for cell in row.values())
    assert any(cell.startswith("'=") for row in rows() for cell in row.values())


def test_a_sheet_is_blind() -> None:
    columns = [row[name] for row in rows() for name in ("task", "annotator", "digest")]
    assert not {"new", "old", "p0", "gold"} & set(columns)


def test_what_was_not_filled_in_is_open() -> None:
    assert read(SHEET) == Imported()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_comes_back(verdict: str) -> None:
    back = [row | {"verdict": verdict.upper(), "seconds": "12.5"} for row in rows()]
    found = read(written(*back))
    assert [ballot.pair for ballot in found.ballots] == [task.pair for task in TASKS]
    assert {ballot.said for ballot in found.ballots} == {VERDICTS[verdict]}
    assert {(ballot.seconds, ballot.guidelines) for ballot in found.ballots} == {(12.5, 3)}


def test_their_columns_may_have_other_names() -> None:
    theirs = {"annotator": "worker", "verdict": "choice", "at": "submitted"}
    row = filled("tie", at="2026-01-31T14:05:00Z", comment="=1+1")
    renamed = {theirs.get(name, name): cell for name, cell in row.items()}
    (ballot,) = read(written(renamed), columns=theirs).ballots
    assert (ballot.said, ballot.at) == (Preference.TIE, "2026-01-31T14:05:00+00:00")
    assert ballot.comment == "=1+1"


def test_columns_that_they_dropped_are_not_missed() -> None:
    row = filled("2 better")
    (ballot,) = read(
        written({name: row[name] for name in ("task", "annotator", "verdict")})
    ).ballots
    assert (ballot.said, ballot.guidelines, ballot.seconds) == (Preference.B_BETTER, 1, None)


def test_line_ends_may_change_and_texts_may_not() -> None:
    row = filled()
    windows = row | {"conversation": row["conversation"].replace("\n", "\r\n")}
    assert len(read(written(windows)).ballots) == 1
    assert "`answer_1` of task" in read(written(row | {"answer_1": "x"})).refused[0].why


def test_importing_twice_adds_nothing() -> None:
    found = read(written(filled(), filled()))
    assert (len(found.ballots), found.unchanged) == (1, 1)
    again = read(written(filled()), known={TASKS[0].id: Preference.A_BETTER})
    assert (again.ballots, again.unchanged) == ((), 1)


def test_a_changed_verdict_is_refused_unless_it_is_declared_a_correction() -> None:
    known = {TASKS[0].id: Preference.TIE}
    assert "not declared a correction" in read(written(filled()), known=known).refused[0].why
    corrected = read(written(filled(correction="Yes")), known=known)
    assert [ballot.said for ballot in corrected.corrections] == [Preference.A_BETTER]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"task": "elsewhere"}, "task elsewhere was not handed out"),
        ({"task": ""}, "`task` must be a text"),
        ({"annotator": "eve"}, "says that `eve` did it"),
        ({"verdict": "A"}, "`verdict` is 'a', not one of 1 much better"),
        ({"digest": "0"}, "`digest` of task"),
        ({"seconds": "soon"}, "`seconds` is 'soon'"),
        ({"seconds": "-1"}, "`seconds` is '-1'"),
        ({"seconds": "nan"}, "`seconds` is 'nan'"),
        ({"guidelines": "0"}, "`guidelines` is '0'"),
        ({"guidelines": "9" * 5000}, "`guidelines` is"),
        ({"at": "yesterday"}, "`at` is 'yesterday'"),
        ({"correction": "perhaps"}, "`correction` is 'perhaps'"),
    ],
)
def test_one_wrong_line_is_listed_and_nothing_is_kept(wrong: dict[str, str], why: str) -> None:
    good = rows()[1] | {"verdict": "tie"}
    found = read(written(good, filled() | wrong))
    assert (found.ballots, found.corrections) == ((), ())
    (line,) = found.refused
    assert line.where.startswith("back.csv:")
    assert why in line.why


def test_every_wrong_line_is_listed() -> None:
    found = read(written(*(row | {"verdict": "?"} for row in rows())))
    assert len(found.refused) == len(TASKS)


@pytest.mark.parametrize("data", [b"", b"task,verdict\n", b"task,annotator,verdict,verdict\n"])
def test_a_file_without_the_columns_is_refused_and_says_how_to_name_them(data: bytes) -> None:
    (line,) = read(data).refused
    assert line.where == "back.csv:1"
    assert "--map OURS=THEIRS" in line.fix


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_marks_than_commas_are_told(mark: str, name: str) -> None:
    (line,) = read(mark.join(COLUMNS).encode()).refused
    assert f"{name} stand between its columns" in line.why
    assert "with commas" in line.fix


def test_a_line_of_other_columns_is_to_be_mended_and_names_no_column() -> None:
    (line,) = read(SHEET + b"one,two\r\n").refused
    assert line.fix == MEND


def test_only_columns_of_ours_are_mapped() -> None:
    with pytest.raises(InputError, match="cannot map column colour"):
        read(SHEET, columns={"colour": "x"})


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for whole in (data, SHEET[:200] + data, SHEET + data):
        assert ballots(whole) == ()


def ballots(data: bytes) -> tuple[object, ...]:
    try:
        return read(data).ballots
    except InputError as refused:
        return () if "back.csv" in refused.message else (refused,)


def test_a_long_answer_comes_back() -> None:
    row = filled(comment="x" * 300_000)
    assert len(read(written(row)).ballots[0].comment) == 300_000


def test_the_guidelines_say_how_to_fill_in_the_table() -> None:
    text = sheet_guidelines("# Read both answers\n").decode()
    assert text.startswith("# Read both answers\n\n## How to fill in the table")
    assert all(f"`{verdict}`" in text for verdict in VERDICTS)
