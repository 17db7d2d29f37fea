"""Write, then read: the identity on all that a format can say; any bytes are read or refused."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.canonical import Json
from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.side_by_side.formats.alpaca_eval import prompt_id, write_alpaca_eval
from stages.side_by_side.formats.answers import (
    Answer,
    parse_arena_hard_answers,
    parse_model_outputs,
    write_arena_hard_answers,
    write_model_outputs,
)
from stages.side_by_side.formats.arena_battles import JUDGE, parse_battles, write_battles
from stages.side_by_side.formats.arena_hard import parse_arena_hard, write_arena_hard
from stages.side_by_side.formats.chatbot_arena import parse_chatbot_arena, write_chatbot_arena
from stages.side_by_side.formats.crowd_kit import parse_crowd_kit, write_crowd_kit
from stages.side_by_side.formats.gate_votes import (
    Undo,
    parse_gate_votes,
    parse_history,
    write_gate_votes,
)
from stages.side_by_side.formats.llmfao import parse_llmfao, write_llmfao
from stages.side_by_side.formats.mt_bench import parse_mt_bench, write_mt_bench
from stages.side_by_side.formats.reward_bench import parse_reward_bench, write_reward_bench
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import parse_votes
from tests.stages.side_by_side.formats.drawn import FIVE, NAMES, THREE, in_both_orders, votes

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SHARES = st.floats(0, 1)
BASE = Vote(
    prompt="p1",
    annotator="ann",
    model_a="new",
    model_b="old",
    win_a=1.0,
    graded_a=0.75,
    both_bad=False,
    first="new",
    where="votes.jsonl:1",
)


def without_place(*found: Vote) -> tuple[Vote, ...]:
    return tuple(replace(vote, where="") for vote in found)


@given(st.lists(votes(judge=True), max_size=4), TEXTS, TEXTS)
def test_the_gates_own_format_says_everything(drawn: list[Vote], segment: str, answer: str) -> None:
    record: dict[str, Json] = {"seed": 3, "comment": answer, "seconds": 2.5, "guidelines": "v2"}
    whole = [
        replace(
            vote,
            at="2026-01-02T03:04:05Z",
            segment=segment,
            answer_a=answer,
            record=record | {"id": number},
        )
        for number, vote in enumerate(drawn)
    ]
    found = parse_gate_votes(write_gate_votes(whole), where="file")
    assert without_place(*found) == tuple(whole)
    assert [vote.record for vote in found] == [vote.record for vote in whole]


@given(SHARES, SHARES, st.sampled_from([True, False, None]))
def test_a_continuous_score_passes_unchanged(win: float, graded: float, bad: object) -> None:
    vote = replace(BASE, win_a=win, graded_a=graded, both_bad=bad, where="")
    assert without_place(*parse_gate_votes(write_gate_votes([vote]), where="f")) == (vote,)


def test_a_vote_that_was_taken_back_is_kept_and_does_not_count() -> None:
    first = replace(BASE, record={"id": "v1"})
    second = replace(BASE, win_a=0.0, graded_a=0.25, record={"id": "v2"})
    history = [first, Undo(vote="v1", annotator="ann", at="2026-01-01"), second]
    data = write_gate_votes(history)
    assert without_place(*parse_gate_votes(data, where="f")) == without_place(second)
    whole = parse_history(data, where="f")
    assert [type(entry) for entry in whole] == [Vote, Undo, Vote]
    assert write_gate_votes(whole) == data


@pytest.mark.parametrize(
    ("undo", "why"),
    [
        (Undo(vote="v9", annotator="ann"), "there is no vote `v9` before it"),
        (Undo(vote="v1", annotator="bob"), "`bob` takes back a vote of `ann`"),
    ],
)
def test_a_vote_is_taken_back_by_its_annotator_after_it_was_given(undo: Undo, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_gate_votes(write_gate_votes([replace(BASE, record={"id": "v1"}), undo]), where="f")


def test_a_vote_is_given_once_and_taken_back_once() -> None:
    vote, undo = replace(BASE, record={"id": "v1"}), Undo(vote="v1", annotator="ann")
    with pytest.raises(InputError, match="stands already at f:1"):
        parse_gate_votes(write_gate_votes([vote, vote]), where="f")
    with pytest.raises(InputError, match="taken back already"):
        parse_gate_votes(write_gate_votes([vote, undo, undo]), where="f")


def test_digests_stand_in_for_answers_and_must_be_theirs() -> None:
    vote = replace(BASE, answer_a="yes", answer_b="no")
    data = write_gate_votes([vote], answers=False)
    (found,) = parse_gate_votes(data, where="f")
    assert (found.answer_a, found.answer_b) == (None, None)
    assert write_gate_votes([found]) == write_gate_votes([found], answers=False)
    assert json.loads(write_gate_votes([found]))["answer_a_sha256"] in data.decode()
    with pytest.raises(InputError, match="is not the text that `answer_b_sha256` is of"):
        parse_gate_votes(write_gate_votes([vote]).replace(b'"no"', b'"na"'), where="f")


@given(st.integers(0, 2**52), TEXTS, TEXTS)
def test_alpaca_eval_says_a_score_and_the_answers(step: int, output: str, baseline: str) -> None:
    vote = replace(
        BASE,
        prompt=prompt_id("Say hi."),
        win_a=step / 2**52,
        graded_a=step / 2**52,
        both_bad=None,
        first="old",
        answer_a="x" + output,
        answer_b="y" + baseline,
        judge=True,
        where="",
    )
    data = write_alpaca_eval([vote], {vote.prompt: "Say hi."})
    found = parse_votes(data, written_by=VotesFormat.ALPACA_EVAL, where="f")
    assert without_place(*found) == (vote,)


def test_alpaca_eval_needs_the_text_of_every_prompt() -> None:
    with pytest.raises(InputError, match=r"cannot write the vote at votes\.jsonl:1"):
        write_alpaca_eval([BASE], {})


@given(st.lists(votes(said=THREE, knows_both_bad=False, first_is_a=True), max_size=4))
def test_llmfao_says_who_won(drawn: list[Vote]) -> None:
    assert without_place(*parse_llmfao(write_llmfao(drawn), where="f")) == tuple(drawn)


@given(st.lists(votes(said=(*THREE, Preference.BOTH_BAD), first_is_a=True), max_size=4))
def test_chatbot_arena_says_both_bad_too(drawn: list[Vote]) -> None:
    found = parse_chatbot_arena(write_chatbot_arena(drawn), where="f")
    assert without_place(*found) == tuple(drawn)


@given(st.lists(votes(said=(*THREE, Preference.BOTH_BAD), first_is_a=True), max_size=4))
def test_crowd_kit_says_both_bad_too(drawn: list[Vote]) -> None:
    assert without_place(*parse_crowd_kit(write_crowd_kit(drawn), where="f")) == tuple(drawn)


@given(in_both_orders(said=(*FIVE, Preference.UNRESOLVED)))
def test_arena_hard_says_how_strongly_in_both_orders(drawn: tuple[Vote, Vote]) -> None:
    assert without_place(*parse_arena_hard(write_arena_hard(drawn), where="f")) == drawn


@given(in_both_orders(said=(*THREE, Preference.UNRESOLVED)))
def test_mt_bench_says_who_won_in_both_orders(drawn: tuple[Vote, Vote]) -> None:
    found = parse_mt_bench(write_mt_bench(drawn), where="f")
    assert without_place(*found) == drawn[::-1]


@given(in_both_orders(said=FIVE))
def test_battles_say_how_strongly(drawn: tuple[Vote, Vote]) -> None:
    known = [
        replace(vote, annotator=JUDGE, first=first)
        for vote, first in zip(drawn, (drawn[0].model_a, drawn[0].model_b), strict=True)
    ]
    found = without_place(*parse_battles(write_battles(known), where="f"))
    if known[0].win_a == known[1].win_a:
        strongest = sorted(known, key=lambda vote: -abs((vote.graded_a or 0.0) - 0.5))
        assert [vote.graded_a for vote in found] == [vote.graded_a for vote in strongest]
    else:
        assert found == tuple(known)


CONVERSATIONS = st.lists(
    st.builds(lambda text: {"role": "user", "content": text}, NAMES), min_size=1, max_size=3
).map(tuple)


@given(CONVERSATIONS, NAMES, NAMES, TEXTS)
def test_arena_hards_answers_come_back(
    messages: tuple[dict[str, Json], ...], prompt: str, model: str, text: str
) -> None:
    answer = Answer(prompt=prompt, messages=messages, model=model, text=text)
    assert parse_arena_hard_answers(write_arena_hard_answers([answer]), where="f") == (answer,)


@given(NAMES, NAMES, TEXTS)
def test_model_outputs_come_back(instruction: str, model: str, text: str) -> None:
    messages = ({"role": "user", "content": instruction},)
    answer = Answer(prompt=prompt_id(instruction), messages=messages, model=model, text=text)
    assert parse_model_outputs(write_model_outputs([answer]), where="f") == (answer,)


@given(CONVERSATIONS, NAMES, st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_gold_pairs_come_back(
    messages: tuple[dict[str, Json], ...], prompt: str, texts: list[str]
) -> None:
    pair = Pair(
        prompt=f"hep-cpp/{prompt}",
        messages=messages,
        topic="hep-cpp",
        model_a="human",
        model_b="model",
        answer_a=texts[0],
        answer_b=texts[1],
        gold=Preference.A_BETTER,
    )
    assert parse_reward_bench(write_reward_bench([pair]), where="f") == (pair,)


READERS: tuple[Callable[..., object], ...] = (
    *(
        lambda data, where, form=form: parse_votes(data, written_by=form, where=where)
        for form in VotesFormat
    ),
    parse_battles,
    parse_arena_hard_answers,
    parse_model_outputs,
    parse_reward_bench,
)
PIECES = st.sampled_from(
    [
        *(b"[", b"]", b"{", b"}", b",", b":", b"\n", b'"', b"\\ud800", b"\xff", b"PAR1", b"1e999"),
        *(b"NaN", b"null", b"true", b"7", b'"x"', b'"y"', b"x", b"\xef\xbb\xbf", b"\r", b"\x00"),
        *(b'"games"', b'"uid"', b'"judge"', b'"model"', b'"baseline"', b'"messages"', b'"winner"'),
        *(b'"score"', b'"prompt"', b'"model_a"', b'"model_b"', b"task,worker,label,left,right\n"),
    ]
)


@given(st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=25).map(b"".join)))
@example(b'[{"instruction": "\\ud800"}]')
@example(b"PAR1")
@example(b'[{"a": ' + b"9" * 5000 + b"}]")
@example(b"[" * 3000)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reader in READERS:
        refused = refusal(reader, data)
        if refused is not None:
            assert "file" in refused.message
            assert refused.why
            assert refused.fix


def refusal(reader: Callable[..., object], data: bytes) -> InputError | None:
    try:
        reader(data, where="file")
    except InputError as refused:
        return refused
    return None
