import json
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.evidence.estimate import Estimate, Unmeasured
from stages.workshop.bench_quality.assessing import TOGETHER, Assessed, assess
from tests.stages.workshop.bench_quality.scene import (
    MODELS,
    recipe,
    votes,
    write_names,
    write_ratings,
    write_scores,
)

PUBLISHED = Path(__file__).parents[5] / "shared" / "data" / "arena_hard"
SWAPPED = ("gpt-3", "gpt-4", *MODELS[2:])
FAMILIES = {"openai": ["gpt-*"], "anthropic": ["claude-*"]}


def write(path: Path, rows: object) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scores(tmp_path / "good.jsonl", MODELS, upper=True)
    write_scores(tmp_path / "blurred.jsonl", SWAPPED, spread=9, upper=True)
    write_names(tmp_path / "names.json")
    write_ratings(tmp_path / "people.json")
    return tmp_path


SCORES = {
    "good": {"file": "good.jsonl", "names": "names.json"},
    "blurred": {"file": "blurred.jsonl", "names": "names.json"},
}
PEOPLE = {"ratings": "people.json"}


def test_a_good_bench_tells_models_apart_in_the_order_of_people(folder: Path) -> None:
    found = assess(recipe(scores=SCORES, people=PEOPLE), base=folder)

    blurred, good = found.rankings
    assert (good.separation.overlaps, good.separation.pairs) == (0, 15)
    assert good.people.strict.value == 1
    assert good.people.spearman.value == pytest.approx(1)
    assert good.people.brier.value < 0.001
    assert blurred.separation.overlaps > 5
    assert blurred.people.strict.value == pytest.approx(14 / 15)
    (both,) = found.compared
    assert (both.one, both.other) == ("blurred", "good")
    assert both.closer_to_people.value == pytest.approx(-1 / 15)
    assert both.spearman.value < 1
    assert found.people.overlaps == 0


def test_experiments_count_where_they_decided(folder: Path) -> None:
    rows = [
        {"a": "gpt-4", "b": "gpt-3", "effect": 2.0, "low": 1.0, "high": 3.0},
        {"a": "llama-3", "b": "claude-3", "effect": 1.0, "low": 0.5, "high": 2.0},
        {"a": "llama-2", "b": "llama-3", "effect": -1.0, "low": -2.0, "high": -0.1},
        {"a": "llama-2", "b": "gpt-4", "effect": 1.0, "low": -1.0, "high": 3.0},
        {"a": "claude-2", "b": "claude-3", "effect": -1.0, "low": -2.0, "high": -0.5},
        {"a": "other", "b": "gpt-4", "effect": 1.0, "low": 0.5, "high": 3.0},
    ]
    write(folder / "ab.jsonl", rows)

    found = assess(recipe(scores={"good": SCORES["good"]}, ab="ab.jsonl"), base=folder)

    assert isinstance(found.rankings[0].ab, Estimate)
    assert found.rankings[0].ab.value == pytest.approx(3 / 4)
    assert found.rankings[0].people is None


def test_no_experiment_that_decided_is_no_agreement(folder: Path) -> None:
    write(folder / "ab.jsonl", [{"a": "x", "b": "y", "effect": 1, "low": 0.5, "high": 2}])

    found = assess(recipe(scores={"good": SCORES["good"]}, ab="ab.jsonl"), base=folder)

    assert isinstance(found.rankings[0].ab, Unmeasured)


def judged(folder: Path, **said: object) -> Assessed:
    write(folder / "fair.jsonl", votes("fair", seed=1))
    write(folder / "fond.jsonl", votes("fond", likes="gpt", longer=3.0, seed=2))
    judges = {
        "fair": {"votes": ["fair.jsonl"], "family": "anthropic"},
        "fond": {"votes": ["fond.jsonl"], "family": "openai"},
    }
    return assess(recipe(judges=judges, families=FAMILIES, people=PEOPLE, **said), base=folder)


def test_a_judge_that_prefers_its_own_family_is_told(folder: Path) -> None:
    found = {each.name: each for each in judged(folder).rankings}

    own = found["fond"].own_family
    assert isinstance(own, Estimate)
    assert own.low > 0.05
    assert own.n == 60
    assert found[TOGETHER].own_family is None


def test_what_length_wins_is_told_by_judge(folder: Path) -> None:
    found = {each.name: each for each in judged(folder).rankings}

    style = found["fond"].style
    assert not isinstance(style, Unmeasured)
    assert [effect.feature for effect in style] == ["length"], "no answer has any markup"


def test_answers_of_one_look_have_no_style_to_hold_equal(folder: Path) -> None:
    rows = [{**vote, "answer_a": "word", "answer_b": "word"} for vote in votes("alike", seed=3)]
    write(folder / "alike.jsonl", rows)
    variants = [{"model": "gpt-4", "of": "gpt-3"}]
    said = recipe(judges={"alike": {"votes": ["alike.jsonl"]}}, variants=variants)

    found = assess(said, base=folder).rankings[0]

    assert isinstance(found.style, Unmeasured)
    assert "answers do not differ in length, headers" in found.style.reason
    assert isinstance(found.variants[0].at_equal_style, Unmeasured)


def test_judges_are_compared_with_each_other_and_with_people(folder: Path) -> None:
    found = judged(folder)

    assert [each.name for each in found.rankings] == ["fair", "fond", TOGETHER]
    pair = next(each for each in found.compared if (each.one, each.other) == ("fair", "fond"))
    assert isinstance(pair.alpha, Estimate)
    assert 0 < pair.alpha.value < 0.8
    assert isinstance(pair.closer_to_people, Estimate)
    assert all(each.separation.pairs == 15 for each in found.rankings)
    assert all(each.people.strict.value > 0.7 for each in found.rankings)


def test_a_variant_of_instructions_is_told_plainly_and_at_equal_style(folder: Path) -> None:
    found = judged(
        folder, variants=[{"model": "gpt-4", "of": "gpt-3"}, {"model": "x", "of": "gpt-3"}]
    )

    first, missing = found.rankings[0].variants
    assert isinstance(first.plain, Estimate)
    assert first.plain.low < 0.8 < first.plain.high  # as they were made
    assert isinstance(first.at_equal_style, Estimate)
    assert isinstance(first.wins, Estimate)
    assert isinstance(first.length, Estimate)
    assert first.length.low < 1 < first.length.high
    assert isinstance(missing.plain, Unmeasured)
    assert "no vote is on x" in missing.plain.reason


def test_length_is_held_equal_where_answers_differ_in_style(folder: Path) -> None:
    rows = []
    for number, vote in enumerate(votes("fond", longer=4.0, seed=3, prompts=80)):
        marks = ["# Title\n", "- entry\n", "**bold**\n"][number % 3]
        rows.append({**vote, "answer_a": marks * (number % 4) + vote["answer_a"]})
    write(folder / "styled.jsonl", rows)
    judges = {"styled": {"votes": ["styled.jsonl"]}}

    found = assess(recipe(judges=judges), base=folder).rankings[0]

    assert not isinstance(found.style, Unmeasured)
    length = next(effect.found for effect in found.style if effect.feature == "length")
    assert isinstance(length, Estimate)
    assert length.low > 0.3


def test_a_variant_that_nobody_named_is_no_further_model(folder: Path) -> None:
    names = {"gpt-3": "gpt-4.detailed", "claude-3": "gpt-4.5"}
    rows = [
        {**vote, **{side: names.get(vote[side], vote[side]) for side in ("model_a", "model_b")}}
        for vote in votes("fair", seed=1)
    ]
    write(folder / "frozen.jsonl", rows)
    judges = {"fair": {"votes": ["frozen.jsonl"]}}
    with pytest.raises(InputError, match=r"`gpt-4\.detailed` is called as `gpt-4`") as refused:
        assess(recipe(judges=judges), base=folder)
    assert "variants: [{model: gpt-4.detailed, of: gpt-4}]" in refused.value.fix

    variants = [{"model": "gpt-4.detailed", "of": "gpt-4"}]
    found = assess(recipe(judges=judges, variants=variants), base=folder)
    assert found.rankings[0].models == 5


def test_people_by_their_votes_are_a_ranking_too(folder: Path) -> None:
    write(folder / "fair.jsonl", votes("fair", seed=1))
    write(folder / "crowd.jsonl", votes("ann", seed=7))
    judges = {"fair": {"votes": ["fair.jsonl"], "family": "openai"}}

    found = assess(
        recipe(judges=judges, families=FAMILIES, people={"votes": {"votes": ["crowd.jsonl"]}}),
        base=folder,
    )

    assert found.rankings[0].people.strict.value > 0.8
    own = found.rankings[0].own_family
    assert isinstance(own, Estimate)
    assert own.low < 0 < own.high


def test_votes_that_rank_nothing_say_why(folder: Path) -> None:
    one = [
        vote for vote in votes("one") if {vote["model_a"], vote["model_b"]} == {"gpt-4", "gpt-3"}
    ]
    write(folder / "one.jsonl", [{**vote, "verdict": "A>B"} for vote in one])
    judges = {"one": {"votes": ["one.jsonl"]}}

    found = assess(recipe(judges=judges, people=PEOPLE), base=folder).rankings[0]

    assert isinstance(found.separation, Unmeasured)
    with pytest.raises(InputError, match="against people"):
        assess(recipe(scores=SCORES, people={"votes": {"votes": ["one.jsonl"]}}), base=folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("good.jsonl", '{"model": "a"}\n'),
        ("good.jsonl", '{"model": "a", "score": 1, "lower": 2, "upper": 0, "results": [1]}\n'),
        ("good.jsonl", '{"model": "a", "score": true, "lower": 0, "upper": 2, "results": [1]}\n'),
        ("good.jsonl", '{"model": "a", "score": 1, "upper": 2, "results": [1, 2]}\n'),
        ("names.json", '{"gpt-4": "nobody"}'),
        ("names.json", "[]"),
        ("names.json", "{"),
        ("people.json", '{"gpt-4": {"rating": 1}}'),
        ("people.json", '{"gpt-4": 3}'),
        ("ab.jsonl", '{"a": "x", "b": "x", "effect": 1, "low": 0, "high": 2}\n'),
        ("ab.jsonl", '{"a": "x", "b": "y", "effect": 5, "low": 0, "high": 2}\n'),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_name(folder: Path, name: str, content: str) -> None:
    write(folder / "ab.jsonl", [{"a": "x", "b": "y", "effect": 1, "low": 0.5, "high": 2}])
    (folder / name).write_text(content)

    with pytest.raises(InputError, match=name):
        assess(recipe(scores=SCORES, people=PEOPLE, ab="ab.jsonl"), base=folder)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"people": PEOPLE},
        {"scores": SCORES, "people": {}},
        {"scores": SCORES, "level": 0.5},
        {"scores": SCORES, "judges": {"good": {"votes": ["v.jsonl"]}}},
        {"judges": {"fair": {"votes": ["v.jsonl"], "family": "openai"}}},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        recipe(**said)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"Arena-Hard's files are not at {PUBLISHED}")
def test_published_figures_are_reached() -> None:
    scores = {
        name: {
            "file": str(PUBLISHED / f"bootstrap_stats_{name}.jsonl"),
            "names": str(PUBLISHED / f"arena_to_{name}.json"),
        }
        for name in ("arena_hard", "mt_bench")
    }
    people = {"ratings": str(PUBLISHED / "elo_20240329.json")}

    found = assess(recipe(scores=scores, people=people), base=PUBLISHED)

    ours, theirs = found.rankings
    assert (ours.separation.overlaps, ours.separation.pairs) == (30, 190)
    assert round(ours.people.strict.value, 4) == 0.9158
    assert round(ours.people.brier.value, 4) == 0.0705
    assert round(ours.people.spearman.value, 4) == 0.9323
    assert ours.people.agreement.value == pytest.approx(0.904, abs=2 / 174)
    assert theirs.separation.overlaps == 121
    assert round(theirs.people.strict.value, 4) == 0.8684
    assert round(theirs.people.brier.value, 4) == 0.1008
    assert theirs.people.agreement.value == pytest.approx(0.695, abs=2 / 174)
    assert found.compared[0].closer_to_people.value == pytest.approx(0.9158 - 0.8684, abs=1e-4)
