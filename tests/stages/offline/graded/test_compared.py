"""A policy demands of a checkpoint's gap that it is better, or no worse, than the baseline's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import Verdict
from policies.canonical import canonical_json
from policies.graded_task import GradedTask
from policies.load import parse_policy
from stages.engine.product import freeze
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.engine.subject import Subject
from stages.evidence.codec import decode, encode
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Evidence, Measurement, Quantity, StageName
from stages.offline.graded.grade import FILE, KIND, Grade, grade_json
from stages.offline.graded.sittings import write_sittings
from stages.offline.measure import OfflineStage
from stages.stats.clusters import Floats
from stages.stats.gap_recovered import gap_recovered, mean_of_independent
from stages.stats.gaps import Sat
from tests.stages.offline.checkpoints import Told, subject

CANDIDATE, BASELINE = subject(2, Told({}, name="new")), subject(1, Told({}, name="old"))
TESTS = ("math/t", "code/t")
ITEMS = 400
IDS = tuple(map(str, range(ITEMS)))
POLICY = """
policy: release
model: assistant
plan:
  offline:
    teaching: {graded: "grades/{version}"}
criteria:
  - {metric: %s, %s, severity: blocking, because: it must teach as well as the last one}
"""
BETTER = "better: {}"
NOT_WORSE = "non_inferior: {margin: 8.0}"


def scores(taught: float, *, seed: int) -> dict[str, Floats]:
    """What everybody scores; base and reference are the same for all."""
    shared, own = np.random.default_rng(1), np.random.default_rng(seed)
    rows = {}
    for test in TESTS:
        rows |= {
            f"{test}/{who}": (shared.random(ITEMS) < p).astype(float)
            for who, p in (("base", 0.2), ("reference", 0.8))
        }
        rows |= {
            f"{test}/response/seed-{n}": (own.random(ITEMS) < taught).astype(float)
            for n in range(3)
        }
    return rows


def grade(who: Subject, rows: Mapping[str, Floats]) -> Grade:
    found = {}
    for test in TESTS:
        students = np.stack([rows[f"{test}/response/seed-{n}"] for n in range(3)])
        sat = Sat(
            base=rows[f"{test}/base"],
            reference=rows[f"{test}/reference"],
            taught=(students,),
            clusters=tuple(range(ITEMS)),
        )
        found[f"pgr.{test.partition('/')[0]}"] = gap_recovered([sat], level=0.95)
    whole = mean_of_independent(list(found.values()))
    return Grade(
        checkpoint=who.uri,
        digest=who.digest,
        recipe="agora",
        level=0.95,
        measured={"pgr": whole, "pgr.response": whole, **found},
    )


def frozen(
    base: Path,
    who: Subject,
    rows: Mapping[str, Floats],
    *,
    recipe: str = "b",
    said: Grade | None = None,
    ids: Sequence[str] = IDS,
) -> None:
    making = base / "making"
    making.mkdir()
    (making / FILE).write_text(canonical_json(grade_json(said or grade(who, rows))))
    items = [Item(id=name, messages=({"role": "user"},), cluster=name) for name in ids]
    if ids:
        write_sittings(making, rows, dict.fromkeys(TESTS, items))
    to = base / "grades" / who.uri.rpartition("/")[2]
    freeze(making, to, kind=KIND, recipe=recipe * 64, made_from={}, facts={})


def measured(base: Path, baseline: Subject | None = BASELINE) -> Evidence:
    stage = OfflineStage(
        {"teaching": GradedTask(graded="grades/{version}")},
        order=("teaching",),
        base=base,
        state=open_state(str(base / "state")),
        progress=Silent(),
    )
    return decode(encode(stage.measure_next(CANDIDATE, baseline, None)), where="evidence")


def difference(evidence: Evidence, metric: str = "teaching.pgr") -> Measurement:
    (found,) = evidence.of(metric, Quantity.DIFFERENCE)
    return found


def verdict(evidence: Evidence, demand: str, metric: str = "teaching.pgr") -> Verdict:
    policy = parse_policy(POLICY % (metric, demand), where="policy")
    return decide_stage(policy, StageName.OFFLINE, evidence).verdict


def test_the_difference_is_that_of_the_two_grades(tmp_path: Path) -> None:
    rows = scores(0.62, seed=2), scores(0.5, seed=3)
    frozen(tmp_path, CANDIDATE, rows[0])
    frozen(tmp_path, BASELINE, rows[1])
    evidence = measured(tmp_path)
    values = [grade(CANDIDATE, row).measured["pgr"] for row in rows]
    assert all(isinstance(value, Estimate) for value in values)
    found = difference(evidence)
    assert isinstance(found.measured, Estimate)
    gaps = [value.value for value in values if isinstance(value, Estimate)]
    assert found.measured.value == pytest.approx(gaps[0] - gaps[1])
    assert found.planned == found.measured.n == ITEMS
    assert found.p_worse is not None
    for metric in ("pgr.math", "pgr.code", "pgr.response"):
        assert isinstance(difference(evidence, f"teaching.{metric}").measured, Estimate)
    assert not evidence.of("teaching.difficulty", Quantity.DIFFERENCE)
    (ratio,) = evidence.of("teaching.pgr", Quantity.RATIO)
    assert isinstance(ratio.measured, Unmeasured)
    assert "demand a `margin`" in ratio.measured.reason


@pytest.mark.parametrize(
    ("taught", "demand", "expected"),
    [
        (0.65, BETTER, Verdict.PASS),
        (0.65, NOT_WORSE, Verdict.PASS),
        (0.52, NOT_WORSE, Verdict.PASS),
        (0.52, BETTER, Verdict.HOLD),
        (0.47, NOT_WORSE, Verdict.HOLD),
        (0.35, NOT_WORSE, Verdict.FAIL),
        (0.35, BETTER, Verdict.FAIL),
    ],
)
def test_a_policy_demands_it_as_of_any_other_metric(
    tmp_path: Path, taught: float, demand: str, expected: Verdict
) -> None:
    frozen(tmp_path, CANDIDATE, scores(taught, seed=2))
    frozen(tmp_path, BASELINE, scores(0.5, seed=3))
    assert verdict(measured(tmp_path), demand) is expected
    assert verdict(measured(tmp_path), demand, "teaching.pgr.response") is expected


def _absent(base: Path) -> None:
    del base


def _unpaired(base: Path) -> None:
    frozen(base, BASELINE, scores(0.5, seed=3), ids=())


def _of_another_recipe(base: Path) -> None:
    frozen(base, BASELINE, scores(0.5, seed=3), recipe="c")


def _sat_anew(base: Path) -> None:
    rows = scores(0.5, seed=3)
    frozen(base, BASELINE, {**rows, "math/t/base": rows["math/t/base"][::-1]})


def _one_short(base: Path, who: Subject = BASELINE) -> None:
    rows = scores(0.5, seed=3)
    said = grade(who, rows)
    frozen(base, who, {**rows, "code/t/base": rows["code/t/base"][:-1]}, said=said)


def _no_number(base: Path, who: Subject = BASELINE) -> None:
    rows = scores(0.5, seed=3)
    said = grade(who, rows)
    row = np.where(np.arange(ITEMS) == 1, np.nan, rows["code/t/base"])
    frozen(base, who, {**rows, "code/t/base": row}, said=said)


def _of_other_items(base: Path) -> None:
    frozen(base, BASELINE, scores(0.5, seed=3), ids=["another", *IDS[1:]])


def _unmeasured(base: Path) -> None:
    rows = scores(0.5, seed=3)
    said = replace(grade(BASELINE, rows), measured={"pgr": Unmeasured("too few seeds")})
    frozen(base, BASELINE, rows, said=said)


def _of_the_candidate(base: Path) -> None:
    rows = scores(0.65, seed=2)
    frozen(base, BASELINE, rows, said=grade(CANDIDATE, rows))


FAULTS: Mapping[str, tuple[Callable[[Path], None], str]] = MappingProxyType(
    {
        "no grade": (_absent, "product.json"),
        "no sittings": (_unpaired, "older version of the program"),
        "another recipe": (_of_another_recipe, "measured differently: recipe"),
        "another sitting": (_sat_anew, "not held against the same base"),
        "a score short": (
            _one_short,
            "grades/1: scores.jsonl and items.jsonl do not tell how code/t",
        ),
        "no number": (_no_number, "grades/1/scores.jsonl"),
        "other items": (_of_other_items, "different items"),
        "unmeasured": (_unmeasured, "too few seeds"),
        "the candidate's": (_of_the_candidate, "answers otherwise"),
    }
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_baseline_that_does_not_pair_never_lets_anybody_pass(fault: str, tmp_path: Path) -> None:
    spoil, said = FAULTS[fault]
    frozen(tmp_path, CANDIDATE, scores(0.65, seed=2))
    spoil(tmp_path)
    evidence = measured(tmp_path)
    found = difference(evidence).measured
    assert isinstance(found, Unmeasured)
    assert said in found.reason
    assert found.cause in (Cause.BROKEN, Cause.UNDERPOWERED)
    (value,) = evidence.of("teaching.pgr", Quantity.VALUE)
    assert isinstance(value.measured, Estimate)
    for demand in (BETTER, NOT_WORSE):
        assert verdict(evidence, demand) is Verdict.HOLD


@pytest.mark.parametrize("spoil", [_one_short, _no_number])
def test_a_candidate_whose_sittings_do_not_fit_counts_alone(
    tmp_path: Path, spoil: Callable[[Path, Subject], None]
) -> None:
    frozen(tmp_path, BASELINE, scores(0.5, seed=3))
    spoil(tmp_path, CANDIDATE)
    evidence = measured(tmp_path)
    found = difference(evidence).measured
    assert isinstance(found, Unmeasured)
    assert "grades/2" in found.reason
    (value,) = evidence.of("teaching.pgr", Quantity.VALUE)
    assert isinstance(value.measured, Estimate)
    assert verdict(evidence, BETTER) is Verdict.HOLD


def test_without_a_baseline_there_is_no_difference_and_no_pass(tmp_path: Path) -> None:
    frozen(tmp_path, CANDIDATE, scores(0.65, seed=2))
    evidence = measured(tmp_path, None)
    assert isinstance(difference(evidence).measured, Unmeasured)
    assert verdict(evidence, NOT_WORSE) is Verdict.HOLD


def test_a_candidate_without_a_grade_differs_by_nothing(tmp_path: Path) -> None:
    frozen(tmp_path, BASELINE, scores(0.5, seed=3))
    evidence = measured(tmp_path)
    assert isinstance(difference(evidence).measured, Unmeasured)
    assert verdict(evidence, BETTER) is Verdict.HOLD
