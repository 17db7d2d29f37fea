import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import InputError
from stages.side_by_side.formats.gate_votes import parse_gate_votes
from stages.side_by_side.vote import Vote, seen_from

GOOD = {"prompt": "p1", "model_a": "new", "model_b": "old", "annotator": "ann", "verdict": "A>B"}

SCORED = {name: value for name, value in GOOD.items() if name != "verdict"}


def read(*records: object) -> tuple[Vote, ...]:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    return tuple(parse_gate_votes(data, where="votes.jsonl"))


@pytest.mark.parametrize(
    ("verdict", "win", "graded", "both_bad"),
    [
        ("A>>B", 1.0, 1.0, False),
        ("A>B", 1.0, 0.75, False),
        ("A=B", 0.5, 0.5, False),
        ("B>A", 0.0, 0.25, False),
        ("B>>A", 0.0, 0.0, False),
        ("both_bad", 0.5, 0.5, True),
        ("unresolved", None, None, None),
    ],
)
def test_each_verdict_has_its_meaning(
    verdict: str, win: float | None, graded: float | None, both_bad: object
) -> None:
    (vote,) = read(GOOD | {"verdict": verdict})
    assert (vote.win_a, vote.graded_a, vote.both_bad) == (win, graded, both_bad)


def test_a_vote_keeps_who_what_and_where() -> None:
    _, vote = read(GOOD, GOOD | {"prompt": 7, "shown_first": "b", "seed": 3, "at": "2026-01-01"})
    assert (vote.prompt, vote.annotator, vote.model_a, vote.model_b) == ("7", "ann", "new", "old")
    assert vote.first == "old"
    assert vote.where == "votes.jsonl:2"
    assert read(GOOD)[0].first == "new"


@pytest.mark.parametrize(
    ("verdict", "mirrored"),
    [("A>>B", "B>>A"), ("A>B", "B>A"), ("A=B", "A=B"), ("both_bad", "both_bad")],
)
def test_exchanging_the_models_mirrors_the_verdict(verdict: str, mirrored: str) -> None:
    (vote,) = read(GOOD | {"verdict": verdict})
    exchanged = {"model_a": "old", "model_b": "new", "shown_first": "b"}
    (turned,) = read(GOOD | {"verdict": mirrored} | exchanged)
    assert seen_from(vote, "new", "old") == seen_from(turned, "new", "old")


@given(st.binary(max_size=60))
def test_any_bytes_are_votes_or_refused(data: bytes) -> None:
    try:
        votes = tuple(parse_gate_votes(data, where="votes.jsonl"))
    except InputError:
        return
    assert all(vote.where for vote in votes)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ([], "must be a JSON object"),
        ("A>B", "must be a JSON object"),
        (GOOD | {"prompt": ""}, "`prompt` must be"),
        (GOOD | {"prompt": None}, "`prompt` must be"),
        (GOOD | {"prompt": True}, "`prompt` must be"),
        (GOOD | {"prompt": 1.5}, "`prompt` must be"),
        (GOOD | {"annotator": "  "}, "`annotator` must be"),
        ({k: v for k, v in GOOD.items() if k != "model_a"}, "`model_a` must be"),
        (GOOD | {"model_b": ["old"]}, "`model_b` must be"),
        (GOOD | {"model_b": "new"}, "`new` is compared with itself"),
        (GOOD | {"verdict": "A"}, "`verdict` is 'A', not one of A>>B"),
        (GOOD | {"verdict": None}, "`verdict` is None"),
        (GOOD | {"verdict": ["A>B"]}, "`verdict` is"),
        (GOOD | {"shown_first": "left"}, "`shown_first` is 'left', not one of a, b"),
        (GOOD | {"shown_first": None}, "`shown_first` is None"),
        (GOOD | {"seed": "1"}, "`seed` must be a whole number"),
        (GOOD | {"seed": True}, "`seed` must be a whole number"),
        (GOOD | {"at": 12}, "`at` must be an ISO 8601 time"),
        (GOOD | {"judge": "yes"}, "`judge` must be true or false"),
        (GOOD | {"seconds": -1}, "`seconds` must be a number"),
        (GOOD | {"seconds": "3"}, "`seconds` must be a number"),
        (GOOD | {"comment": 3}, "`comment` must be a text"),
        (GOOD | {"segment": 3}, "`segment` must be a text"),
        (GOOD | {"score": {"win": 1, "graded": 1}}, "give one of `verdict` and `score`"),
        (SCORED | {"score": 1}, "`score` must be a JSON object"),
        (SCORED | {"score": {"win": 1}}, "`score` must have `win` and `graded`"),
        (SCORED | {"score": {"win": 1, "graded": 2}}, "`graded` is 2, not a number from 0 to 1"),
        (SCORED | {"score": {"win": 1, "graded": 1, "both_bad": 0}}, "`both_bad` must be true"),
        (GOOD | {"answer_a_sha256": "0"}, "`answer_a_sha256` is no SHA-256"),
        (GOOD | {"answer_b": "x", "answer_b_sha256": "0" * 64}, "is not the text"),
        ({"undo": "", "annotator": "ann"}, "`undo` must be"),
        ({"undo": "v1"}, "`annotator` must be"),
    ],
)
def test_a_wrong_line_is_refused_by_file_and_line(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(GOOD, record)
    assert "votes.jsonl:2" in refused.value.message
    assert why in refused.value.why
    assert refused.value.fix


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"prompt": NaN}', b"\xff\xfe", b'{"prompt": 1, "prompt": 2}', b"\xef\xbb\xbf{}"],
)
def test_a_line_that_is_not_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"votes\.jsonl:1"):
        tuple(parse_gate_votes(data, where="votes.jsonl"))


def test_an_empty_file_has_no_votes() -> None:
    assert tuple(parse_gate_votes(b"\n", where="votes.jsonl")) == ()
