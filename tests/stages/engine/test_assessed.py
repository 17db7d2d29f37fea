"""A bench is used only with an assessment of its own, or with the reason why not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from policies.assessment import Assessment
from policies.canonical import Json, canonical_json
from policies.errors import InputError, PolicyError
from stages.engine.assessed import demand_assessed, figures_of
from stages.engine.product import Product, freeze
from stages.evidence.codec import measured_json
from stages.evidence.estimate import Bounds, Estimate, Unmeasured

ITEMS = "bench/items.jsonl"


def share(low: float, high: float | None) -> Estimate:
    return Estimate(
        value=low if high is None else (low + high) / 2,
        standard_error=None,
        low=low,
        high=high,
        bounds=Bounds.LOWER if high is None else Bounds.TWO_SIDED,
        level=0.95,
        n=10,
        unit="share",
        method="by hand",
    )


FOUND = {"separability": share(0.6, 0.8), "people.strict": share(0.9, None)}

VOTED = {"judge_a": "votes"}


def frozen(base: Path, folder: str, kind: str, files: Mapping[str, str], **of: str) -> Product:
    making = base / ".making"
    making.mkdir()
    for name, text in files.items():
        (making / name).write_text(text)
    return freeze(making, base / folder, kind=kind, recipe="r", made_from=of, facts={})


def bench(base: Path, folder: str = "bench") -> Product:
    return frozen(base, folder, "bench", {"items.jsonl": f'{{"id": "{folder}", "prompt": "x"}}\n'})


def assessed(
    base: Path,
    of: Product | None,
    figures: Mapping[str, Estimate | Unmeasured] = FOUND,
    folder: str = "quality",
    by: Mapping[str, str] = VOTED,
) -> Product:
    found: dict[str, Json] = {n: measured_json(f) for n, f in figures.items()}
    said: dict[str, Json] = {
        "rankings": [{"name": name, "by": kind, "figures": found} for name, kind in by.items()]
    }
    made_from = {} if of is None else {"bench": of.sha256}
    return frozen(
        base, folder, "bench_assessment", {"assessment.json": canonical_json(said)}, **made_from
    )


def said(**more: object) -> Assessment:
    return Assessment.model_validate({"folder": "quality", **more})


def test_items_of_no_bench_need_nothing(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text("{}")
    frozen(tmp_path, "pairs", "generated", {"items.jsonl": "{}"})
    for data in ("items.jsonl", "pairs/items.jsonl", "s3://bucket/bench/items.jsonl"):
        assert demand_assessed(data, None, base=tmp_path) == ()


def test_a_bench_that_nobody_judged_is_refused_with_the_command(tmp_path: Path) -> None:
    built = bench(tmp_path)
    with pytest.raises(PolicyError, match="names no assessment") as refused:
        demand_assessed(ITEMS, None, base=tmp_path)
    assert f"gate workshop assess-bench RECIPE, whose recipe says `bench: {built.folder}`" in (
        refused.value.fix
    )


@pytest.mark.parametrize(
    "way", ["file://{}", "local://{}", "simplecache::file://{}", "link", "hop"]
)
def test_a_bench_is_one_whichever_way_its_items_are_named(tmp_path: Path, way: str) -> None:
    built = bench(tmp_path)
    (tmp_path / "link").symlink_to(ITEMS)
    (tmp_path / "hop").symlink_to("link")
    data = way.format(tmp_path / ITEMS)
    with pytest.raises(PolicyError, match="names no assessment"):
        demand_assessed(data, None, base=tmp_path)
    found = assessed(tmp_path, built)
    assert demand_assessed(data, said(), base=tmp_path) == (("assessment", found.sha256),)


def test_items_of_a_bench_that_lie_elsewhere_behind_a_link_are_its_own(tmp_path: Path) -> None:
    bench(tmp_path)
    (tmp_path / ITEMS).rename(tmp_path / "blob")
    (tmp_path / ITEMS).symlink_to(tmp_path / "blob")
    with pytest.raises(PolicyError, match="names no assessment"):
        demand_assessed(ITEMS, None, base=tmp_path)


def test_a_bench_is_used_with_its_own_assessment_whose_digest_is_told(tmp_path: Path) -> None:
    found = assessed(tmp_path, bench(tmp_path))
    demands = {"at_least": {"judge_a.separability": 0.6, "judge_a.people.strict": 0.9}}
    for more in ({}, {"sha256": found.sha256}, demands, {"at_most": {"judge_a.separability": 0.8}}):
        told = demand_assessed(ITEMS, said(**more), base=tmp_path)
        assert told == (("assessment", found.sha256),)


def test_an_assessment_of_another_bench_or_of_none_is_refused(tmp_path: Path) -> None:
    bench(tmp_path)
    assessed(tmp_path, bench(tmp_path, "other"))
    assessed(tmp_path, None, folder="nameless")
    with pytest.raises(PolicyError, match="it is of the bench "):
        demand_assessed(ITEMS, said(), base=tmp_path)
    with pytest.raises(PolicyError, match="of no bench that it names"):
        demand_assessed(ITEMS, said(folder="nameless"), base=tmp_path)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"sha256": "0" * 64}, "the plan froze sha256 000000000000"),
        ({"at_least": {"judge_a.separability": 0.61}}, "ends at 0.6; the plan demands at least"),
        ({"at_most": {"judge_a.separability": 0.79}}, "ends at 0.8; the plan demands at most"),
        ({"at_most": {"judge_a.people.strict": 1.0}}, "has no end on that side"),
        ({"at_least": {"judge_a.separability": 0.5}, "level": 0.96}, "level 0.95, and the plan"),
        ({"at_least": {"judge_b.separability": 0.1}}, "says nothing of `judge_b.separability`"),
        ({"at_least": {"judge_a.ab.agreement": 0.1}}, "is not measured: no experiment"),
    ],
)
def test_whatever_is_not_shown_as_it_is_demanded_is_refused(
    tmp_path: Path, more: dict[str, object], why: str
) -> None:
    assessed(tmp_path, bench(tmp_path), {**FOUND, "ab.agreement": Unmeasured("no experiment")})
    with pytest.raises(PolicyError, match=why):
        demand_assessed(ITEMS, said(**more), base=tmp_path)


def test_an_assessment_in_which_nothing_is_ranked_is_none(tmp_path: Path) -> None:
    assessed(tmp_path, bench(tmp_path), {"separability": Unmeasured("no vote has a verdict")})
    with pytest.raises(PolicyError, match="nothing could be ranked"):
        demand_assessed(ITEMS, said(), base=tmp_path)


def test_scores_whose_prompts_nobody_knows_show_nothing_of_a_bench(tmp_path: Path) -> None:
    built = bench(tmp_path)
    assessed(tmp_path, built, folder="scored", by={"good": "scores"})
    assessed(tmp_path, built, folder="nameless", by={"judge_a": "none"})
    assessed(tmp_path, built, folder="both", by={"judge_a": "votes", "good": "scores"})
    for folder in ("scored", "nameless"):
        with pytest.raises(PolicyError, match="scores do not say whose they are"):
            demand_assessed(ITEMS, said(folder=folder), base=tmp_path)
    with pytest.raises(PolicyError, match="figures count that are of votes on them, judge_a"):
        demand_assessed(
            ITEMS, said(folder="both", at_least={"good.separability": 0.1}), base=tmp_path
        )
    named = said(folder="both", at_least={"judge_a.separability": 0.1})
    assert demand_assessed(ITEMS, named, base=tmp_path)


def test_an_interval_of_a_low_level_is_too_narrow_to_count(tmp_path: Path) -> None:
    needle = replace(share(0.7, 0.7), level=0.01)
    assessed(tmp_path, bench(tmp_path), {"separability": needle})
    with pytest.raises(PolicyError, match="any interval is narrow"):
        demand_assessed(ITEMS, said(at_least={"judge_a.separability": 0.6}), base=tmp_path)
    with pytest.raises(ValidationError):
        said(level=0.5)


def alter_bench(base: Path) -> None:
    (base / ITEMS).write_text("{}")


def alter_findings(base: Path) -> None:
    (base / "quality" / "assessment.json").write_text('{"rankings": []}')


def lose_manifest(base: Path) -> None:
    (base / "quality" / "product.json").unlink()


@pytest.mark.parametrize("harm", [alter_bench, alter_findings, lose_manifest])
def test_what_was_changed_after_it_was_frozen_is_refused(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    assessed(tmp_path, bench(tmp_path))
    harm(tmp_path)
    with pytest.raises(InputError, match="cannot use"):
        demand_assessed(ITEMS, said(), base=tmp_path)


def test_a_reason_stands_in_for_an_assessment_and_is_told(tmp_path: Path) -> None:
    bench(tmp_path)
    waived = Assessment(waived="the first month: no people's votes yet")
    told = demand_assessed(ITEMS, waived, base=tmp_path)
    assert told == (("assessment", "waived: the first month: no people's votes yet"),)


def test_an_assessment_says_nothing_of_items_outside_of_a_bench(tmp_path: Path) -> None:
    assessed(tmp_path, bench(tmp_path))
    (tmp_path / "copy.jsonl").write_text((tmp_path / ITEMS).read_text())
    with pytest.raises(PolicyError, match="does not stand in a folder"):
        demand_assessed("copy.jsonl", said(), base=tmp_path)


def test_figures_are_named_by_ranking(tmp_path: Path) -> None:
    found = figures_of(assessed(tmp_path, None))
    assert found == {f"judge_a.{name}": figure for name, figure in FOUND.items()}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"folder": "a", "waived": "b"},
        {"waived": "b", "at_least": {"a.b": 0.5}},
        {"folder": "a", "at_least": {"separability": 0.5}},
    ],
)
def test_an_assessment_is_a_folder_or_a_reason(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Assessment.model_validate(wrong)
