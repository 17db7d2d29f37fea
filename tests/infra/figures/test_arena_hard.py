from pathlib import Path

import pytest

from infra.figures import arena_hard

DATA = Path(__file__).parents[4] / "shared" / "data" / "arena_hard"


def test_the_anchor_of_a_benchmark_has_no_variance() -> None:
    found = arena_hard._standing({"score": 50, "lower": 50.0, "upper": 50.0, "results": [50.0]})

    assert (found.score, found.mean, found.variance) == (50.0, 50.0, 0.0)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"Arena-Hard's published files are not at {DATA}")
def test_published_figures_are_reached(capsys: pytest.CaptureFixture[str]) -> None:
    arena_hard.main([str(DATA)])
    ours, theirs = capsys.readouterr().out.split("-- mt_bench")

    assert "20 models that people ranked too" in ours
    for figure in (
        "benchmark overlaps   30 of 190 pairs",
        "people overlaps      16 of 190 pairs",
        "strict agreement     0.9158 ",
        "Brier score          0.0705 ",
        "Spearman             0.9323 ",
    ):
        assert figure in ours
    for figure in (
        "benchmark overlaps   121 of 190 pairs",
        "strict agreement     0.8684 ",
        "Brier score          0.1008 ",
    ):
        assert figure in theirs


@pytest.mark.skipif(not DATA.is_dir(), reason=f"Arena-Hard's published files are not at {DATA}")
@pytest.mark.parametrize(("benchmark", "published"), [("arena_hard", 0.904), ("mt_bench", 0.695)])
def test_published_agreement_is_within_two_pairs(benchmark: str, published: float) -> None:
    names = arena_hard.read_names(DATA, benchmark)
    ranked, people = arena_hard.read_benchmark(DATA, benchmark), arena_hard.read_people(DATA)
    found = arena_hard.agreement_with_people(
        [ranked[name.lower()] for name in names.values()],
        [people[name] for name in names],
        level=0.95,
    ).agreement

    assert found.value == pytest.approx(published, abs=2 / 174)
