from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.side_by_side.formats.llmfao import parse_llmfao, write_llmfao
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import each_once

HEADER = "id,prompt,model_x,model_y,worker,winner,left,right\n"
REAL = Path(__file__).parents[5] / "shared" / "data" / "llmfao"


def read(text: str, where: str = "votes/crowd.csv") -> tuple[Vote, ...]:
    return tuple(parse_llmfao(text.encode(), where=where))


@pytest.mark.parametrize(
    ("winner", "win", "graded"), [("left", 1, 0.75), ("tie", 0.5, 0.5), ("right", 0, 0.25)]
)
def test_a_row_is_a_vote_on_the_left_model(winner: str, win: float, graded: float) -> None:
    (vote,) = read(HEADER + f'0,8,97,98,58,{winner},"Llama, 2",Weaver\n')
    assert (vote.prompt, vote.annotator, vote.first) == ("8", "58", "Llama, 2")
    assert (vote.model_a, vote.model_b) == ("Llama, 2", "Weaver")
    assert (vote.win_a, vote.graded_a, vote.both_bad) == (win, graded, None)
    assert vote.where == "votes/crowd.csv:2"


def test_a_file_without_workers_is_one_judges() -> None:
    (vote,) = read("prompt,winner,left,right\n8,left,a,b\n", where="votes/gpt4.csv")
    assert vote.annotator == "gpt4"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "there is no column prompt, winner, left, right"),
        ("prompt,left,right\n", 1, "there is no column winner"),
        ("prompt,winner,left,right,left\n", 1, "a column stands twice"),
        (HEADER + "0,8,97,98,58,left,a,b\n0,8\n", 3, "2 fields under 8 columns"),
        (HEADER + "0,8,97,98,58,left,a,b,c\n", 2, "9 fields under 8 columns"),
        (HEADER + "\n", 2, "0 fields under 8 columns"),
        (HEADER + "0,,97,98,58,left,a,b\n", 2, "`prompt` must be a text that says something"),
        (HEADER + "0,8,97,98,58,left,a, \n", 2, "`right` must be a text that says something"),
        (HEADER + "0,8,97,98, ,left,a,b\n", 2, "`worker` must be a text that says something"),
        (HEADER + "0,8,97,98,58,left,a,a\n", 2, "`a` is compared with itself"),
        (HEADER + "0,8,97,98,58,both,a,b\n", 2, "`winner` is 'both', not one of left, tie, right"),
        (HEADER + '0,8,97,98,58,left,"a"x,b\n', 2, "expected after"),
    ],
)
def test_a_wrong_row_is_refused_by_file_and_line(text: str, line: int, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert f"votes/crowd.csv:{line}" in refused.value.message
    assert why in refused.value.why


def test_the_one_shown_first_is_written_on_the_left() -> None:
    (vote,) = read("prompt,worker,winner,left,right\n8,w,left,a,b\n")
    (again,) = read(write_llmfao([replace(vote, first="b")]).decode())
    assert (again.model_a, again.win_a) == ("b", 0)


@pytest.mark.parametrize(
    "changed",
    [{"win_a": None, "graded_a": None}, {"win_a": 0.5, "both_bad": True}, {"win_a": 0.4}],
    ids=["unresolved", "both bad", "a score in between"],
)
def test_what_it_has_no_word_for_is_not_written(changed: dict[str, object]) -> None:
    (vote,) = read("prompt,worker,winner,left,right\n8,w,left,a,b\n")
    with pytest.raises(InputError, match=r"votes/crowd\.csv:2"):
        write_llmfao([replace(vote, **changed)])  # type: ignore[arg-type]


@pytest.mark.skipif(not REAL.exists(), reason=f"the LLMFAO votes are not at {REAL}")
@pytest.mark.parametrize(
    ("name", "votes", "annotators", "winners"),
    [
        ("crowd", 8931, 124, {1.0: 2911, 0.5: 3471, 0.0: 2549}),
        ("gpt4-crowd", 2139, 1, {1.0: 943, 0.5: 66, 0.0: 1130}),
        ("gpt3-crowd", 2139, 1, {1.0: 1352, 0.5: 194, 0.0: 593}),
    ],
)
def test_the_published_votes_read_completely(
    name: str, votes: int, annotators: int, winners: dict[float, int]
) -> None:
    file = REAL / f"{name}-comparisons.csv"
    found = each_once(parse_llmfao(file.read_bytes(), where=file.name))
    assert len(found) == votes
    assert len({vote.annotator for vote in found}) == annotators
    assert len({model for vote in found for model in vote.pair}) == 59
    assert len({vote.prompt for vote in found}) == 13
    assert Counter(vote.win_a for vote in found) == winners
    again = parse_llmfao(write_llmfao(found), where=file.name)
    assert [(v.prompt, v.annotator, v.pair, v.win_a) for v in again] == [
        (v.prompt, v.annotator, v.pair, v.win_a) for v in found
    ]
