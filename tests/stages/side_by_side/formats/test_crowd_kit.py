from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.formats.crowd_kit import parse_crowd_kit, write_crowd_kit
from stages.side_by_side.vote import Vote

HEADER = "task,worker,label,left,right\n"


def read(text: str) -> tuple[Vote, ...]:
    return parse_crowd_kit(text.encode(), where="labels.csv")


def test_the_label_names_the_winner() -> None:
    won, lost, tie, bad = read(HEADER + "p,w,x,x,y\np,w,y,x,y\np,w,tie,x,y\np,w,both_bad,x,y\n")
    assert [vote.win_a for vote in (won, lost, tie, bad)] == [1, 0, 0.5, 0.5]
    assert (tie.both_bad, bad.both_bad) == (False, True)
    assert (won.prompt, won.annotator, won.first) == ("p", "w", "x")


def test_a_task_is_a_pair_on_a_prompt_whichever_was_shown_first() -> None:
    (vote,) = read(HEADER + "p,w,x,x,y\n")
    lines = write_crowd_kit([vote, replace(vote, first="y")]).decode().splitlines()
    assert lines[1].split(",")[0] == lines[2].split(",")[0]
    assert [line.split(",")[2:] for line in lines[1:]] == [
        ["x", "x", "y", "p"],
        ["x", "y", "x", "p"],
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("task,worker,label\n", 1, "there is no column left, right"),
        (HEADER + "p,w,z,x,y\n", 2, "`label` is 'z', not one of x, y, tie, both_bad"),
        (HEADER + "p,w,x,x,x\n", 2, "`x` is compared with itself"),
        (HEADER + "p,w,tie,tie,x\n", 2, "no model may be named"),
        (HEADER + "p, ,x,x,y\n", 2, "`worker` must be a text"),
    ],
)
def test_a_wrong_row_is_refused_by_file_and_line(text: str, line: int, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert f"labels.csv:{line}" in refused.value.message
    assert why in refused.value.why


@pytest.mark.parametrize(
    "changed",
    [
        {"win_a": None, "graded_a": None},
        {"win_a": 0.3, "graded_a": 0.3},
        {"model_b": "tie"},
    ],
)
def test_what_no_label_says_is_not_written(changed: dict[str, object]) -> None:
    (vote,) = read(HEADER + "p,w,x,x,y\n")
    with pytest.raises(InputError, match=r"labels\.csv:2"):
        write_crowd_kit([replace(vote, **changed)])  # type: ignore[arg-type]
