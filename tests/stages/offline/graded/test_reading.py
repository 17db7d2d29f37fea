"""A grade counts for its own checkpoint, whole and unaltered; everything else holds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import Verdict
from policies.canonical import canonical_json
from policies.errors import InputError
from policies.graded_task import Domain, GradedTask
from policies.load import parse_policy
from stages.engine.product import Product, freeze
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.evidence.codec import decode, encode
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity, StageName
from stages.offline.graded.grade import FILE, KIND, Grade, grade_in, grade_json
from stages.offline.measure import OfflineStage
from tests.stages.offline.checkpoints import Told, subject

CANDIDATE, BASELINE = subject(2, Told({}, name="new")), subject(1, Told({}, name="old"))
RECIPE = "b" * 64
GRADED = "grades/{version}"
PGR = Estimate(
    value=55.8,
    standard_error=3.0,
    low=50.0,
    high=62.0,
    level=0.95,
    n=200,
    unit="number",
    method="Fieller",
)
GRADE = Grade(
    checkpoint=CANDIDATE.uri,
    digest=CANDIDATE.digest,
    recipe="agora",
    level=0.95,
    measured={"pgr": PGR, "pgr.math": PGR, "pgr.code": Unmeasured("the gap is not positive")},
)
POLICY = """
policy: release
model: assistant
plan:
  offline:
    teaching: {graded: "grades/{version}"%s}
criteria:
  - {metric: teaching.pgr, at_least: 40.0, severity: blocking, because: it must teach}
"""


def frozen(base: Path, grade: Grade = GRADE, *, folder: str = "grades/2") -> Product:
    making = base / "making"
    making.mkdir()
    (making / FILE).write_text(canonical_json(grade_json(grade)))
    return freeze(making, base / folder, kind=KIND, recipe=RECIPE, made_from={}, facts={})


def measured(base: Path, task: GradedTask | None = None, *, state: str = "state") -> Evidence:
    stage = OfflineStage(
        {"teaching": task or GradedTask(graded=GRADED)},
        order=("teaching",),
        base=base,
        state=open_state(str(base / state)),
        progress=Silent(),
    )
    evidence = stage.measure_next(CANDIDATE, BASELINE, None)
    return decode(encode(evidence), where="evidence")


def of(evidence: Evidence, metric: str = "teaching.pgr") -> Estimate | Unmeasured:
    (found,) = evidence.of(metric, Quantity.VALUE)
    return found.measured


def verdict(evidence: Evidence, more: str = "") -> Verdict:
    policy = parse_policy(POLICY % more, where="policy")
    return decide_stage(policy, StageName.OFFLINE, evidence).verdict


def test_a_grade_is_measured_as_it_was_frozen_and_decides(tmp_path: Path) -> None:
    product = frozen(tmp_path)
    evidence = measured(tmp_path)
    assert of(evidence) == PGR
    assert of(evidence, "teaching.pgr.math") == PGR
    assert ("teaching/" + str(product.folder).lstrip("/"), product.sha256) in (
        evidence.provenance.data
    )
    assert verdict(evidence) is Verdict.PASS
    assert not evidence.waits


def test_what_the_grade_lacks_or_did_not_measure_is_unmeasured(tmp_path: Path) -> None:
    frozen(tmp_path)
    evidence = measured(tmp_path)
    code = of(evidence, "teaching.pgr.code")
    assert isinstance(code, Unmeasured)
    assert "not positive" in code.reason
    absent = of(evidence, "teaching.difficulty")
    assert isinstance(absent, Unmeasured)
    assert "`difficulty`" in absent.reason


def _alter(base: Path) -> None:
    frozen(base)
    path = base / "grades" / "2" / FILE
    path.write_text(path.read_text().replace("55.8", "95.8"))


def _nan(base: Path) -> None:
    making = base / "making"
    making.mkdir()
    said = json.dumps(grade_json(GRADE)).replace("55.8", "NaN")
    (making / FILE).write_text(said)
    freeze(making, base / "grades/2", kind=KIND, recipe=RECIPE, made_from={}, facts={})


def _other_file(base: Path) -> None:
    making = base / "making"
    making.mkdir()
    (making / "notes").write_text("none")
    freeze(making, base / "grades/2", kind=KIND, recipe=RECIPE, made_from={}, facts={})


def _other_kind(base: Path) -> None:
    frozen(base, folder="there")
    making = base / "making"
    making.mkdir()
    (making / FILE).write_text((base / "there" / FILE).read_text())
    freeze(making, base / "grades/2", kind="bench", recipe=RECIPE, made_from={}, facts={})


def _with(**changed: object) -> Callable[[Path], None]:
    def write(base: Path) -> None:
        frozen(base, replace(GRADE, **changed))  # type: ignore[arg-type]  # of the test's own

    return write


def _nothing(base: Path) -> None:
    (base / "grades").mkdir()


FAULTS: Mapping[str, tuple[Callable[[Path], None], str]] = MappingProxyType(
    {
        "missing": (_nothing, "product.json"),
        "altered": (_alter, "not what was frozen"),
        "NaN": (_nan, "JSON"),
        "of another checkpoint": (_with(digest="c" * 64), "answers otherwise"),
        "without a grade": (_other_file, FILE),
        "another kind": (_other_kind, "holds a bench"),
        "another level": (_with(level=0.8), "at level 0.8"),
        "empty": (_with(measured={}), "says nothing"),
        "unmeasured": (_with(measured={"pgr": Unmeasured("too few")}), "too few"),
        "too wide": (_with(measured={"pgr": replace(PGR, low=10.0)}), ""),
    }
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_grade_that_cannot_be_relied_on_never_passes(fault: str, tmp_path: Path) -> None:
    spoil, said = FAULTS[fault]
    spoil(tmp_path)
    evidence = measured(tmp_path)
    found = of(evidence)
    assert verdict(evidence) is Verdict.HOLD
    if said:
        assert isinstance(found, Unmeasured)
        assert said in found.reason
        assert found.cause in (Cause.BROKEN, Cause.UNDERPOWERED)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (GradedTask(graded=GRADED, recipe="harder"), "the plan says harder"),
        (GradedTask(graded=GRADED, recipe_sha256="d" * 64), "the plan says ddd"),
    ],
)
def test_a_grade_of_an_easier_recipe_never_passes(
    task: GradedTask, said: str, tmp_path: Path
) -> None:
    frozen(tmp_path)
    evidence = measured(tmp_path, task)
    found = of(evidence)
    assert isinstance(found, Unmeasured)
    assert said in found.reason
    assert verdict(evidence, ", recipe: harder") is Verdict.HOLD


def test_a_grade_that_was_read_is_never_replaced_by_a_better_one(tmp_path: Path) -> None:
    frozen(tmp_path, replace(GRADE, measured={"pgr": replace(PGR, value=45.0, low=30.0)}))
    assert verdict(measured(tmp_path)) is Verdict.HOLD
    assert verdict(measured(tmp_path)) is Verdict.HOLD
    (tmp_path / "grades" / "2").rename(tmp_path / "old")
    frozen(tmp_path)
    evidence = measured(tmp_path)
    found = of(evidence)
    assert isinstance(found, Unmeasured)
    assert "never replaced" in found.reason
    again = tmp_path / "grades" / "2"
    again.rename(tmp_path / "better")
    (tmp_path / "old").rename(again)
    assert isinstance(of(measured(tmp_path)), Estimate)


def test_a_path_for_all_versions_is_refused() -> None:
    with pytest.raises(Exception, match="every version has results of its own"):
        parse_policy((POLICY % "").replace("/{version}", ""), where="policy")


def test_a_folder_that_is_nowhere_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the graded of the workshop"):
        measured(tmp_path)


def test_a_task_names_pgr_first_and_every_domain() -> None:
    names = [metric.name for metric in GradedTask(graded=GRADED).metrics("t")]
    assert names[0] == "t.pgr"
    assert {f"t.pgr.{domain}" for domain in Domain} <= set(names)
    assert len(set(names)) == len(names)


def test_a_grade_that_names_a_metric_twice_or_of_another_schema_is_refused(tmp_path: Path) -> None:
    said = grade_json(GRADE)
    entries = said["measurements"]
    assert isinstance(entries, list)
    for number, wrong in enumerate(
        ({**said, "measurements": [*entries, entries[0]]}, {**said, "schema": "other/1"})
    ):
        making = tmp_path / "making"
        making.mkdir()
        (making / FILE).write_text(canonical_json(wrong))
        product = freeze(
            making, tmp_path / str(number), kind=KIND, recipe=RECIPE, made_from={}, facts={}
        )
        with pytest.raises(InputError, match=f"cannot read .*{FILE}"):
            grade_in(product)
