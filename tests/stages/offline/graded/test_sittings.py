"""What models scored comes back from a grade as it went in, and only whole."""

import json
from pathlib import Path

import numpy as np
import pytest

from policies.errors import InputError
from policies.graded_task import Domain, Method
from stages.engine.product import Product, freeze
from stages.evidence.items import Item
from stages.offline.graded.grade import KIND
from stages.offline.graded.sittings import ITEMS, SCORES, sittings_in, write_sittings
from stages.stats.clusters import Floats

SEEDS = 3


def items(count: int, *, cluster: str = "") -> list[Item]:
    return [
        Item(
            id=f"i{n}",
            messages=({"role": "user", "content": "?"},),
            cluster=cluster or f"passage {n}",
        )
        for n in range(count)
    ]


def scores_of(tests: dict[str, int], methods: tuple[Method, ...]) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    models = ["base", "reference", "generator"]
    models += [f"{method}/seed-{seed}" for method in methods for seed in range(SEEDS)]
    return {
        f"{test}/{who}": (rng.random(count) < 0.5).astype(float)
        for test, count in tests.items()
        for who in models
    }


def frozen(
    base: Path,
    scores: dict[str, Floats],
    tests: dict[str, list[Item]],
    *,
    to: str = "grade",
) -> Product:
    making = base / "making"
    making.mkdir()
    write_sittings(making, scores, tests)
    return freeze(making, base / to, kind=KIND, recipe="r" * 64, made_from={}, facts={})


def test_every_metric_has_the_tests_and_students_that_it_is_of(tmp_path: Path) -> None:
    tests = {"math/gsm8k": 12, "math/maths": 10, "code/mbpp": 11}
    methods = (Method.INSTANCE, Method.QUALITY)
    scores = scores_of(tests, methods)
    found = sittings_in(frozen(tmp_path, scores, {name: items(n) for name, n in tests.items()}))
    assert [[len(sat.clusters) for sat in part] for part in found.parts("pgr")] == [[12, 10], [11]]
    assert [len(part) for part in found.parts("pgr.math")] == [2]
    assert not found.parts("pgr.instruction_following")
    assert not found.parts("pgr.response")
    both, one = found.parts("pgr.code")[0][0], found.parts("pgr.quality")[1][0]
    assert len(both.taught) == 2
    assert len(one.taught) == 1
    own = [scores[f"code/mbpp/quality/seed-{seed}"] for seed in range(SEEDS)]
    assert np.array_equal(one.taught[0], np.stack(own))
    assert np.array_equal(one.taught[0], both.taught[1])
    assert np.array_equal(one.base, scores["code/mbpp/base"])
    assert np.array_equal(one.reference, scores["code/mbpp/reference"])
    assert set(Domain) >= {Domain.MATH, Domain.CODE}


def test_what_depends_on_each_other_is_kept_without_the_words_of_it(tmp_path: Path) -> None:
    product = frozen(
        tmp_path,
        scores_of({"math/t": 4}, (Method.RESPONSE,)),
        {"math/t": [*items(2, cluster="a text that is private"), *items(2)]},
    )
    (sat,) = sittings_in(product).parts("pgr.math")[0]
    assert sat.clusters == (0, 0, 1, 2)
    assert sat.ids == ("i0", "i1", "i0", "i1")
    assert "private" not in product.file(ITEMS).read_text()


def test_a_test_that_no_student_sat_is_no_part(tmp_path: Path) -> None:
    product = frozen(tmp_path, scores_of({"math/t": 4}, ()), {"math/t": items(4)})
    assert not sittings_in(product).parts("pgr")


@pytest.mark.parametrize("lacking", [SCORES, ITEMS])
def test_a_grade_of_an_older_version_cannot_be_compared(tmp_path: Path, lacking: str) -> None:
    making = tmp_path / "making"
    making.mkdir()
    write_sittings(making, scores_of({"math/t": 4}, (Method.RESPONSE,)), {"math/t": items(4)})
    (making / lacking).unlink()
    product = freeze(making, tmp_path / "g", kind=KIND, recipe="r" * 64, made_from={}, facts={})
    with pytest.raises(InputError, match="older version of the program"):
        sittings_in(product)


ONE, TWO = {"math/t": 4}, {"math/t": 4, "math/u": 4}


@pytest.mark.parametrize(
    ("tests", "scores", "why"),
    [
        ({"cooking/t": 4}, {}, "how cooking/t was sat"),
        (ONE, {"math/t/base": None}, "there is no 'math/t/base'"),
        (ONE, {"math/t/response/seed-1": np.ones(3)}, "how math/t was sat"),
        (ONE, {"math/t/base": np.ones(3)}, "every model sits all 4 items"),
        (ONE, {"math/t/reference": np.ones(5)}, "every model sits all 4 items"),
        (
            ONE,
            {f"math/t/response/seed-{n}": np.ones(3) for n in range(SEEDS)},
            "every model sits all 4 items",
        ),
        (ONE, {"math/t/base": np.full(4, 1.5)}, "scores lie between 0 and 1"),
        (TWO, {"math/u/response/seed-1": None}, "how math was sat: its tests were not sat by"),
        (TWO, {f"math/u/response/seed-{n}": None for n in range(SEEDS)}, "by the same students"),
    ],
)
def test_files_that_do_not_fit_are_refused_and_the_grade_named(
    tmp_path: Path, tests: dict[str, int], scores: dict[str, Floats | None], why: str
) -> None:
    whole = scores_of(tests, (Method.RESPONSE,))
    kept = {who: row for who, row in {**whole, **scores}.items() if row is not None}
    product = frozen(tmp_path, kept, {name: items(n) for name, n in tests.items()})
    with pytest.raises(InputError, match="do not tell how") as refused:
        sittings_in(product)
    assert why in refused.value.in_short
    assert str(product.folder) in refused.value.in_short


def test_what_stands_twice_is_refused(tmp_path: Path) -> None:
    rows, tests = scores_of(ONE, (Method.RESPONSE,)), {"math/t": items(4)}
    for number, name in enumerate((SCORES, ITEMS)):
        making = tmp_path / "making"
        making.mkdir()
        write_sittings(making, rows, tests)
        text = (making / name).read_text()
        (making / name).write_text(text + text.splitlines()[0] + "\n")
        to = tmp_path / str(number)
        product = freeze(making, to, kind=KIND, recipe="r" * 64, made_from={}, facts={})
        with pytest.raises(InputError, match=f"cannot read .*{name}.*") as refused:
            sittings_in(product)
        assert "stands twice" in refused.value.in_short


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_scores_that_are_no_numbers_are_refused(tmp_path: Path, number: str) -> None:
    making = tmp_path / "making"
    making.mkdir()
    write_sittings(making, scores_of(ONE, (Method.RESPONSE,)), {"math/t": items(4)})
    text = (making / SCORES).read_text()
    (making / SCORES).write_text(text.replace("0.0", number, 1))
    product = freeze(making, tmp_path / "g", kind=KIND, recipe="r" * 64, made_from={}, facts={})
    with pytest.raises(InputError, match=f"cannot read {product.folder}"):
        sittings_in(product)


def test_lines_of_another_shape_are_refused(tmp_path: Path) -> None:
    making = tmp_path / "making"
    making.mkdir()
    (making / SCORES).write_text(json.dumps({"who": "x", "scores": ["high"]}) + "\n")
    (making / ITEMS).write_text(json.dumps({"test": "math/t", "ids": [], "clusters": []}) + "\n")
    product = freeze(making, tmp_path / "g", kind=KIND, recipe="r" * 64, made_from={}, facts={})
    with pytest.raises(InputError, match="must be a number"):
        sittings_in(product)
