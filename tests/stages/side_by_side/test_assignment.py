import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency

from policies.errors import InputError
from stages.side_by_side.assignment import (
    Annotator,
    Task,
    a_first,
    assign,
    gold_order,
    is_gold,
    own_order,
)
from stages.side_by_side.batch import Batch, Rules
from tests.fakes.batches import batch, pair

MANY = batch(60, overlap=2)


def people(count: int, *opted_out: str) -> list[Annotator]:
    return [Annotator(name=f"p{n}", opted_out=frozenset(opted_out)) for n in range(count)]


def loads(tasks: tuple[Task, ...], annotators: list[Annotator]) -> list[int]:
    found = Counter(task.annotator for task in tasks if not task.gold)
    return [found[person.name] for person in annotators]


@settings(max_examples=40, deadline=None)
@given(prompts=st.integers(1, 30), overlap=st.integers(1, 5), more=st.integers(0, 6))
def test_every_pair_gets_its_overlap_and_loads_differ_by_one(
    prompts: int, overlap: int, more: int
) -> None:
    made, annotators = batch(prompts, overlap=overlap), people(overlap + more)

    tasks = assign(made, annotators)

    given = {p.id: [t.annotator for t in tasks if t.pair == p.id] for p in made.pairs}
    assert all(len(names) == len(set(names)) == overlap for names in given.values())
    assert max(loads(tasks, annotators)) - min(loads(tasks, annotators)) <= 1


@settings(max_examples=40, deadline=None)
@given(
    harms=st.lists(st.sampled_from(["", "x", "y", "z"]), min_size=1, max_size=6),
    out=st.lists(st.sets(st.sampled_from("xyz"), max_size=2), min_size=1, max_size=3),
    seed=st.integers(0, 99),
)
@example(harms=["x", "y", "y", "y", "y", "y"], out=[{"x"}, {"y"}], seed=27)  # x went to "all"
def test_nobody_gets_what_they_opted_out_of_and_loads_are_as_even_as_can_be(
    harms: list[str], out: list[set[str]], seed: int
) -> None:
    pairs = [pair(n, harms=(harm,) if harm else ()) for n, harm in enumerate(harms)]
    drawn = batch(len(pairs), overlap=1, pairs=pairs)
    made = replace(drawn, terms=replace(drawn.terms, seed=seed))
    annotators = [Annotator(name="all")]
    annotators += [Annotator(name=f"p{n}", opted_out=frozenset(o)) for n, o in enumerate(out)]

    tasks = assign(made, annotators)

    opted = {person.name: person.opted_out for person in annotators}
    assert not any(opted[t.annotator].intersection(made.shown[t.pair].harms) for t in tasks)
    assert sorted(loads(tasks, annotators)) == evenest(made, annotators)


def evenest(made: Batch, annotators: list[Annotator]) -> list[int]:
    """By trying every assignment; of one person to a pair."""
    choices = [
        [a.name for a in annotators if not a.opted_out.intersection(p.harms)] for p in made.pairs
    ]
    names = [person.name for person in annotators]
    every = (sorted(Counter(chosen)[n] for n in names) for chosen in product(*choices))
    return min(every, key=lambda load: sum(n * n for n in load))


def test_too_few_people_who_may_see_a_pair_are_refused() -> None:
    made = batch(1, overlap=2, pairs=[pair(0, harms=("violence",))])

    with pytest.raises(InputError) as caught:
        assign(made, [*people(1), Annotator(name="q", opted_out=frozenset(("violence",)))])

    assert "`0` (harms: violence) needs 2 people, and 1 may see it" in caught.value.why


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(InputError, match="cannot assign batch b"):
        assign(MANY, [*people(3), *people(1)])


def test_the_seed_alone_decides_in_any_process() -> None:
    script = (
        "from policies.canonical import sha256_of\n"
        "from stages.side_by_side.assignment import Annotator, assign\n"
        "from tests.fakes.batches import batch\n"
        "print(sha256_of(repr(assign(batch(30), [Annotator(name=n) for n in 'abcd']))))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_neither_side_is_shown_first_more_often_to_anybody_or_of_any_pair() -> None:
    made = batch(200, overlap=1)
    names = [f"p{n}" for n in range(50)]
    first = [[a_first(made.terms, name, p.id) for p in made.pairs] for name in names]

    total = sum(map(sum, first))
    assert binomtest(total, 10_000).pvalue > 0.001
    table = [[sum(row), len(row) - sum(row)] for row in first]
    assert chi2_contingency(table).pvalue > 0.001
    columns = [[sum(column), 50 - sum(column)] for column in zip(*first, strict=True)]
    assert chi2_contingency(columns).pvalue > 0.001


def test_everybody_has_an_order_of_their_own() -> None:
    made = batch(30, gold=5)
    orders = {own_order(made, f"p{n}") for n in range(20)}
    firsts = Counter(own_order(made, f"p{n}")[0] for n in range(900))

    assert len(orders) == 20
    assert all(set(order) == {p.id for p in made.pairs} for order in orders)
    assert max(firsts.values()) < 60  # 30 each, standard deviation 5
    assert set(gold_order(made, "p1")) == {p.id for p in made.gold}


@given(share=st.fractions(0, 1, max_denominator=40).filter(lambda s: 0 < s < 1))
def test_one_task_in_each_stretch_is_gold(share: object) -> None:
    made = batch(1, gold=1, gold_share=float(share))

    for stretches in (1, 3, 10):
        tasks = -int(-stretches // share)
        gold = sum(is_gold(made.terms, "p", n) for n in range(tasks))
        assert abs(gold - stretches) <= 1


def test_gold_stands_anywhere_in_its_stretch() -> None:
    made = batch(1, gold=1, gold_share=0.25)
    places = Counter(n for p in range(400) for n in range(4) if is_gold(made.terms, f"p{p}", n))

    assert sum(places.values()) == 400
    assert all(60 < places[n] < 140 for n in range(4))


def test_the_qualification_round_comes_first() -> None:
    made = batch(10, overlap=1, gold=4, gold_share=0.2, rules=Rules(qualification=3))

    tasks = assign(made, people(1))

    assert [t.gold for t in tasks[:3]] == [True, True, True]
    assert [t.position for t in tasks] == list(range(len(tasks)))
    assert sum(t.gold for t in tasks) == 4
    assert len({t.pair for t in tasks}) == 14


def test_without_a_share_nothing_is_gold() -> None:
    assert not any(t.gold for t in assign(batch(20, overlap=1, gold=5), people(2)))
