import json
from pathlib import Path

import pytest

from gates.workshop.bench_quality import assess_bench, sentences, words
from gates.workshop.benches import build_bench, drift_words, measurements
from gates.workshop.recipe_file import read_recipe
from policies.errors import InputError
from stages.engine.product import Product, freeze, open_product
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.bench_quality.recipe import AssessmentRecipe
from tests.fakes.workplace import Workplace
from tests.stages.workshop.bench.scene import Toy, recipe, serving
from tests.stages.workshop.bench_quality.scene import (
    MODELS,
    votes,
    write_names,
    write_ratings,
    write_scores,
)

TOML = """
[endpoints.grader]
base_url = "{url}"
model = "toy"
[endpoints.embedder]
base_url = "{url}"
model = "toy"
"""


def write(place: Workplace, name: str, said: object) -> Path:
    path = place.folder / name
    path.write_text(json.dumps(said))
    return path


def test_a_bench_is_built_frozen_and_logged_once(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        (tmp_path / "gate.toml").write_text(TOML.format(url=toy.url))
        place = Workplace(tmp_path)
        file = read_recipe(write(place, "r.yaml", recipe(tmp_path, 120).said()), BenchRecipe)
        one = build_bench(file, place.services, to=tmp_path / "bench")
        again = build_bench(file, place.services, to=tmp_path / "bench")
        later = read_recipe(
            write(place, "later.yaml", recipe(tmp_path, 120, month=2, recipe="later").said()),
            BenchRecipe,
        )
        second = build_bench(later, place.services, to=tmp_path / "later", after=tmp_path / "bench")

    assert one.product.sha256 == again.product.sha256
    assert open_product(tmp_path / "bench", kind="bench").facts["items"] == 30
    logged = list(place.ledger.products.values())
    assert len(logged) == 2
    assert "topic_map.png" in logged[0].files
    assert "| cleaning | 120 |" in logged[0].description
    assert logged[0].metrics["criteria.creativity.low"] > 0
    names = {one.metric for one in measurements(second.built)}
    assert {"overlap.exact", "overlap.near", "drift.energy"} <= names
    assert any("chi-square" in line for line in drift_words(second.built))
    assert any("share was" in line and " points (" in line for line in drift_words(second.built))
    assert list(drift_words(one.built)) == []


def test_other_traffic_where_a_bench_stands_is_refused_before_anybody_is_asked(
    tmp_path: Path,
) -> None:
    with serving(Toy()) as toy:
        (tmp_path / "gate.toml").write_text(TOML.format(url=toy.url))
        place = Workplace(tmp_path)
        said = write(place, "r.yaml", recipe(tmp_path, 120).said())
        file = read_recipe(said, BenchRecipe)
        build_bench(file, place.services, to=tmp_path / "bench")
        with (tmp_path / "traffic1.jsonl").open("a") as traffic:
            traffic.write(json.dumps({"prompt": "How do I mend a roof that leaks at night?"}))
        toy.asked.clear()
        with pytest.raises(InputError, match="made from other inputs") as refused:
            build_bench(file, place.services, to=tmp_path / "bench")

    assert toy.asked == []
    assert "data traffic1.jsonl" in str(refused.value.why)


def test_an_old_bench_that_is_none_is_refused_first(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        (tmp_path / "gate.toml").write_text(TOML.format(url=toy.url))
        place = Workplace(tmp_path)
        file = read_recipe(write(place, "r.yaml", recipe(tmp_path, 40).said()), BenchRecipe)
        with pytest.raises(InputError, match="cannot use"):
            build_bench(file, place.services, to=tmp_path / "bench", after=tmp_path / "none")

    assert toy.asked == []


def test_a_bench_is_judged_and_what_was_found_is_logged(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    write_scores(tmp_path / "good.jsonl", MODELS, upper=True)
    write_names(tmp_path / "names.json")
    write_ratings(tmp_path / "people.json")
    said = {
        "recipe": "quality",
        "scores": {"good": {"file": "good.jsonl", "names": "names.json"}},
        "people": {"ratings": "people.json"},
    }
    file = read_recipe(write(place, "r.yaml", said), AssessmentRecipe)

    found = assess_bench(file, place.services)
    again = assess_bench(file, place.services)

    assert again.product.sha256 == found.product.sha256
    (logged,) = place.ledger.products.values()
    assert logged.metrics["good.people.strict"] == 1
    assert logged.files["figures.png"].startswith(b"\x89PNG")
    told = list(words(found.assessed, found.bench))
    assert told[0].startswith("of no bench: ")
    assert any(line.startswith("good.people.brier: ") for line in told)


def frozen_bench(place: Workplace, prompts: int, *, to: str = "bench") -> Product:
    making = place.folder / f".{to}.making"
    making.mkdir()
    rows = [json.dumps({"id": f"p{n}", "prompt": f"Question {n}?"}) for n in range(prompts)]
    (making / "items.jsonl").write_text("\n".join(rows))
    return freeze(
        making, place.folder / to, kind="bench", recipe="r", made_from={"of": to}, facts={}
    )


def write_votes(place: Workplace, prompts: int) -> None:
    rows = votes("one", seed=1, prompts=prompts)
    (place.folder / "one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


OF_A_BENCH = {"recipe": "quality", "bench": "bench", "judges": {"one": {"votes": ["one.jsonl"]}}}


def test_an_assessment_belongs_to_the_bench_that_its_recipe_names(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    bench, other = frozen_bench(place, 30), frozen_bench(place, 30, to="other")
    write_votes(place, 30)
    file = read_recipe(write(place, "r.yaml", OF_A_BENCH), AssessmentRecipe)

    found = assess_bench(file, place.services)

    assert found.product.made_from["bench"] == bench.sha256 != other.sha256
    assert json.loads(found.product.file("assessment.json").read_text())["bench"] == bench.sha256
    (logged,) = place.ledger.products.values()
    assert bench.sha256[:12] in logged.description
    said = write(place, "r2.yaml", {**OF_A_BENCH, "bench": "other"})
    again = assess_bench(read_recipe(said, AssessmentRecipe), place.services)
    assert again.product.folder != found.product.folder


def test_votes_on_other_prompts_assess_no_bench(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    frozen_bench(place, 20)
    write_votes(place, 30)
    file = read_recipe(write(place, "r.yaml", OF_A_BENCH), AssessmentRecipe)

    with pytest.raises(InputError, match="150 of 450 are on prompts that it does not hold"):
        assess_bench(file, place.services)

    (tmp_path / "bench" / "items.jsonl").write_text("{}")
    with pytest.raises(InputError, match="is not what was frozen"):
        assess_bench(file, place.services)
    assert not (tmp_path / "assessments").exists()


def test_every_figure_of_judges_is_told(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    write_ratings(tmp_path / "people.json")
    for name, seed in (("one", 1), ("two", 2)):
        rows = votes(name, seed=seed, prompts=30)
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = {"a": "gpt-4", "b": "gpt-3", "effect": 2.0, "low": 1.0, "high": 3.0}
    (tmp_path / "ab.jsonl").write_text(json.dumps(outcome))
    said = {
        "recipe": "quality",
        "judges": {n: {"votes": [f"{n}.jsonl"], "family": "openai"} for n in ("one", "two")},
        "families": {"openai": ["gpt-*"]},
        "people": {"ratings": "people.json"},
        "ab": "ab.jsonl",
        "variants": [{"model": "gpt-4", "of": "gpt-3"}],
    }

    found = assess_bench(
        read_recipe(write(place, "r.yaml", said), AssessmentRecipe), place.services
    )

    told = "\n".join(words(found.assessed, found.bench))
    for figure in (
        *("one.separability: ", "one.people.brier: ", "one.ab.agreement: ", "one.own_family: "),
        *("one.style.length: ", "two.variant.gpt-4: ", "two.variant.gpt-4.at_equal_style: "),
        *("one.variant.gpt-4.wins: ", "one.variant.gpt-4.length: "),
        *("one.and.two.closer_to_people: ", "one.and.two.alpha: ", "one.and.together.spearman: "),
    ):
        assert figure in told.replace("\\", ""), figure
    assert set(found.product.made_from) == {"one.jsonl", "two.jsonl", "people.json", "ab.jsonl"}
    assert "together tells 10 of 10 pairs apart" in "; ".join(sentences(found.assessed))
