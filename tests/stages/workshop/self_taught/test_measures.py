"""RewardBench's sections, and two judges who decide different pairs."""

import json
from statistics import fmean

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Quantity
from stages.offline.instrument import Column, ItemScore, ScoredItem, Scores
from stages.offline.pairs.rewardbench import COUNTS, SECTION_OF
from stages.stats.means import clustered_mean
from stages.workshop.self_taught.measures import DECIDED, decided_difference
from stages.workshop.self_taught.testing import Sat, read_exams, sit
from tests.stages.workshop.self_taught.scene import ToySchool, recipe, scene

EACH = 4


@pytest.fixture(scope="module")
def sat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sat, Sat]:
    """A worse and a better judge on pairs of every subset."""
    folder = tmp_path_factory.mktemp("rewardbench")
    records = [
        {
            "id": f"{subset} {n}",
            "prompt": f"say {subset}-{n}",
            "chosen": f"it is {subset}-{n}",
            "rejected": "it is not",
            "subset": subset,
        }
        for subset in SECTION_OF
        for n in range(EACH)
    ]
    (folder / "rb.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    tests = {"rb": {"pairs": "rewardbench", "data": "rb.jsonl"}}
    exams = read_exams(recipe(tests=tests), folder)
    school = ToySchool(folder, skills=(0.6, 0.9), mute=0.1)
    with scene(folder) as here:
        judging, room = recipe().judging, here.room()
        one, other = (sit(school._judge(n), exams, judging, room)["rb"] for n in (0, 1))
    return one, other


def test_a_section_weighs_its_subsets_as_rewardbench_does(sat: tuple[Sat, Sat]) -> None:
    """By hand: a right verdict is 1, one that cannot be read 0.5, over both orders."""
    _, judge = sat
    worth = [0.5 if each.unread else float(each.right) for each in judge.judgements]
    of_subset = {
        subset: fmean(worth[2 * EACH * at : 2 * EACH * (at + 1)])
        for at, subset in enumerate(SECTION_OF)
    }
    found = {
        each.metric: each.measured
        for each in judge.measured(None)
        if each.quantity is Quantity.VALUE
    }
    sections = []
    for section, counts in COUNTS.items():
        wanted = sum(of_subset[subset] * n for subset, n in counts.items()) / sum(counts.values())
        measured = found[f"rb.score.{section}"]
        assert isinstance(measured, Estimate)
        assert measured.value == pytest.approx(wanted)
        assert measured.n == EACH * len(counts)
        sections.append(wanted)
    whole = found["rb.score"]
    assert isinstance(whole, Estimate)
    assert whole.value == pytest.approx(fmean(sections))


def test_sections_are_compared_with_the_judge_before(sat: tuple[Sat, Sat]) -> None:
    before, judge = sat
    found = {
        each.metric: each.measured
        for each in judge.measured(before)
        if each.quantity is Quantity.DIFFERENCE
    }
    for section in COUNTS:
        measured = found[f"rb.score.{section}"]
        assert isinstance(measured, Estimate)
        assert measured.low is not None
        assert measured.value > 0


def scores(values: list[float | None], clusters: list[str]) -> Scores:
    column: Column = tuple(None if value is None else ItemScore(value) for value in values)
    items = tuple(ScoredItem(id=str(n), cluster=c) for n, c in enumerate(clusters))
    return Scores(items=items, columns={DECIDED: column})


def difference(
    mine: list[float | None], theirs: list[float | None], clusters: list[str]
) -> Estimate | Unmeasured:
    one, other = scores(mine, clusters), scores(theirs, clusters)
    return decided_difference("team", one, other, level=0.95).measured


def drawn(
    chance: Generator, groups: int, each: int = 4
) -> tuple[list[list[float | None]], list[str]]:
    """Two judges who decide two pairs of three, and agree with people by prompt and luck."""
    clusters = [str(group) for group in range(groups) for _ in range(each)]
    ease = np.repeat(chance.normal(0, 0.8, groups), each)
    sides: list[list[float | None]] = []
    for skill in (0.4, 0.2):
        right = chance.random(len(clusters)) < 1 / (1 + np.exp(-skill - ease))
        decided = chance.random(len(clusters)) < 2 / 3
        sides.append([float(r) if d else None for r, d in zip(right, decided, strict=True)])
    return sides, clusters


def test_where_both_decide_everything_it_is_the_plain_paired_difference() -> None:
    chance = default_rng(0)
    mine, theirs = (chance.integers(0, 2, 60).astype(float).tolist() for _ in range(2))
    clusters = [str(n // 3) for n in range(60)]
    gaps = [a - b for a, b in zip(mine, theirs, strict=True)]
    wanted = clustered_mean(gaps, clusters, level=0.95, unit="number")
    found = difference(mine, theirs, clusters)
    assert isinstance(found, Estimate)
    assert isinstance(wanted, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx(
        (wanted.value, wanted.low, wanted.high)
    )


def test_its_error_is_that_of_leaving_out_one_prompt_after_the_other() -> None:
    sides, clusters = drawn(default_rng(1), groups=150)

    def gap(without: str) -> float:
        means = [
            fmean(v for v, c in zip(side, clusters, strict=True) if v is not None and c != without)
            for side in sides
        ]
        return means[0] - means[1]

    found = difference(sides[0], sides[1], clusters)
    assert isinstance(found, Estimate)
    assert found.n == 150
    assert found.value == pytest.approx(gap("none"))
    assert found.standard_error is not None
    moves = np.array([gap(cluster) for cluster in sorted(set(clusters))])
    naive = np.sqrt(149 / 150 * ((moves - moves.mean()) ** 2).sum())
    assert found.standard_error == pytest.approx(naive, rel=0.02)


def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = default_rng(2)
    ease = chance.normal(0, 0.8, 200_000)
    truth = np.mean(1 / (1 + np.exp(-0.4 - ease))) - np.mean(1 / (1 + np.exp(-0.2 - ease)))
    held = []
    for _ in range(400):
        sides, clusters = drawn(chance, groups=40)
        found = difference(sides[0], sides[1], clusters)
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        held.append(found.low <= truth <= found.high)
    assert 0.92 <= fmean(held) <= 0.98


def test_a_judge_that_decides_nothing_has_no_difference() -> None:
    found = difference([1.0, 0.0], [None, None], ["a", "b"])
    assert isinstance(found, Unmeasured)
    assert "decides no pair" in found.reason


def test_what_was_not_scored_has_no_difference() -> None:
    one = scores([1.0, 0.0], ["a", "b"])
    other = Scores(items=one.items, columns=Unmeasured("nobody asked"))
    found = decided_difference("team", one, other, level=0.95).measured
    assert found == Unmeasured("nobody asked")
