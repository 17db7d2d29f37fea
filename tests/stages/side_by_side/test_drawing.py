from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import InputError
from stages.side_by_side.batch import Rules, Terms
from stages.side_by_side.drawing import make_batch, quotas
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from tests.fakes.batches import gold_pair, pair

TERMS = Terms(
    name="b",
    policy="release",
    candidates=("new",),
    baseline="old",
    prompts=10,
    overlap=1,
    seed=3,
)
SIZES = st.dictionaries(st.text(max_size=3), st.integers(1, 50), min_size=1, max_size=8)


@given(sizes=SIZES, data=st.data())
def test_a_topic_gets_its_proportion_rounded_down_or_up(
    sizes: dict[str, int], data: st.DataObject
) -> None:
    total = sum(sizes.values())
    draws = data.draw(st.integers(1, total))

    found = quotas(sizes, draws=draws)

    assert sum(found.values()) == draws
    for topic, size in sizes.items():
        assert abs(found[topic] - size * draws / total) < 1
        assert found[topic] <= size


def test_the_largest_remainders_get_what_is_left() -> None:
    assert quotas({"a": 5, "b": 3, "c": 1}, draws=4) == {"a": 2, "b": 1, "c": 1}
    assert quotas({"b": 1, "a": 1}, draws=1) == {"a": 1, "b": 0}


def test_topics_are_drawn_in_proportion_whatever_the_seed() -> None:
    pairs = [pair(n, topic="code" if n % 4 == 0 else "chat") for n in range(40)]
    for seed in range(5):
        drawn = make_batch(replace(TERMS, seed=seed, prompts=20), answered=pairs).pairs
        assert Counter(p.topic for p in drawn) == {"chat": 15, "code": 5}


def test_another_seed_draws_others_in_another_order() -> None:
    pairs = [pair(n) for n in range(40)]
    one, other = (make_batch(replace(TERMS, seed=seed), answered=pairs) for seed in (1, 2))

    assert {p.id for p in one.pairs} != {p.id for p in other.pairs}
    assert one.digest != other.digest


@given(order=st.permutations(range(15)))
def test_the_order_of_the_answers_decides_nothing(order: list[int]) -> None:
    pairs = [pair(n, topic=str(n % 2)) for n in range(15)]

    shuffled = make_batch(TERMS, answered=[pairs[n] for n in order])

    assert shuffled.digest == make_batch(TERMS, answered=pairs).digest


def test_every_candidate_answers_the_same_prompts() -> None:
    terms = replace(TERMS, candidates=("new", "newer"), prompts=4)
    pairs = [pair(n, model_a=name) for n in range(9) for name in terms.candidates]

    drawn = make_batch(terms, answered=pairs).pairs

    assert len(drawn) == 8
    assert {n: {p.model_a for p in drawn if p.prompt == n} for n in {p.prompt for p in drawn}} == {
        n: {"new", "newer"} for n in {p.prompt for p in drawn}
    }


def test_what_the_rule_settles_is_never_shown_and_counts() -> None:
    pairs = [pair(n) for n in range(7)]
    pairs += [pair(7, answer_a=" "), pair(8, answer_b=""), pair(9, answer_a="x", answer_b=" x")]

    made = make_batch(TERMS, answered=pairs)

    assert {p.prompt for p in made.pairs} == set("0123456")
    assert {s.pair.prompt: s.preference for s in made.settled} == {
        "7": Preference.B_MUCH_BETTER,
        "8": Preference.A_MUCH_BETTER,
        "9": Preference.TIE,
    }


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([pair(n) for n in range(9)], "asks for 10 prompts, and there are 9"),
        ([pair(n) for n in range(10)] + [pair(3)], "`3` has two answers of `new`"),
        ([pair(n, model_a="newer") for n in range(10)], "has answers of newer, not of new"),
        ([pair(n, model_b="older") for n in range(10)], "is not compared with `old`"),
    ],
)
def test_answers_that_make_no_batch_are_refused(pairs: list[Pair], why: str) -> None:
    with pytest.raises(InputError, match="cannot make batch b") as caught:
        make_batch(TERMS, answered=pairs)

    assert why in caught.value.why


def test_a_prompt_has_one_topic() -> None:
    terms = replace(TERMS, candidates=("new", "newer"), prompts=1)
    pairs = [pair(1, topic="x"), pair(1, topic="y", model_a="newer")]

    with pytest.raises(InputError) as caught:
        make_batch(terms, answered=pairs)

    assert "has two topics" in caught.value.why


def test_gold_must_be_shown_and_be_enough() -> None:
    pairs = [pair(n) for n in range(10)]
    alike = replace(gold_pair(1), answer_b="yes")
    cases = [
        (TERMS, [alike], "has an empty answer, or two alike"),
        (replace(TERMS, gold_share=0.1), [], "10% of the tasks are to be gold"),
        (replace(TERMS, rules=Rules(qualification=2)), [gold_pair(1)], "takes 2 gold pairs"),
    ]
    for terms, gold, why in cases:
        with pytest.raises(InputError) as caught:
            make_batch(terms, answered=pairs, gold=gold)
        assert why in caught.value.why


def test_answers_written_to_win_lose_and_are_shown_to_nobody() -> None:
    pairs = [pair(n) for n in range(9)] + [pair(9, answer_a="B9")]
    made = make_batch(TERMS, answered=pairs, lost={pairs[3].id, pairs[9].id})
    assert {p.prompt for p in made.pairs} == {str(n) for n in range(9) if n != 3}
    assert {p.prompt for p in made.lost} == {"3", "9"}
    assert {known.preference for known in made.settled} == {Preference.B_MUCH_BETTER}
    assert make_batch(TERMS, answered=pairs).lost == ()
