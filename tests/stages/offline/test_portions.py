"""Tasks that stop early: which items, in which order, and what is said of those left."""

import json
from pathlib import Path

import pytest

from policies.benchmark_tasks import BenchmarkTask, Scorer, Stopping
from policies.task import Groups
from stages.engine.data import ItemFile, read_items
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.evidence.codec import encode
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity, Validity
from stages.offline.measure import GoesOn, OfflineStage
from stages.offline.portions import first_units, in_asking_order, next_number, units
from tests.stages.offline.checkpoints import Told, subject

N = 400
TASK = BenchmarkTask(data="qa.jsonl", scorer=Scorer.NUMERIC, stopping=Stopping.ANYTIME)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    lines = (
        json.dumps({"id": f"q{i}", "prompt": f"{i}?", "target": i, "page": i // 4})
        for i in range(N)
    )
    (tmp_path / "qa.jsonl").write_text("\n".join(lines))
    return tmp_path


def items(base: Path, cluster: str | None = None) -> ItemFile:
    return read_items("qa.jsonl", base=base, cluster=cluster, sha256=None)


def told(name: str, *, wrong: int = 0) -> Told:
    return Told({f"q{i}": str(i + (i % 100 < wrong)) for i in range(N)}, name=name)


def stage_of(
    base: Path, task: BenchmarkTask = TASK, goes_on: GoesOn | None = None, state: str = "state"
) -> OfflineStage:
    return OfflineStage(
        {"qa": task},
        order=("qa",),
        base=base,
        state=open_state(str(base / state)),
        progress=Silent(),
        goes_on=goes_on,
    )


def steps(stage: OfflineStage, candidate: Told, baseline: Told) -> list[Evidence]:
    found: list[Evidence] = []
    while True:
        so_far = found[-1] if found else None
        evidence = stage.measure_next(subject(2, candidate), subject(1, baseline), so_far)
        if evidence == so_far:
            return found
        found.append(evidence)


def difference(evidence: Evidence) -> Estimate:
    (found,) = evidence.of("qa.accuracy", Quantity.DIFFERENCE)
    assert found.validity is Validity.ANYTIME
    assert isinstance(found.measured, Estimate)
    return found.measured


def test_the_order_is_random_and_fixed_by_the_items(base: Path) -> None:
    once, again = in_asking_order(items(base)), in_asking_order(items(base))
    assert once == again
    assert sorted(item.id for item in once) == sorted(item.id for item in items(base).items)
    assert once != items(base).items
    answers = [int(item.targets[0]) for item in once]
    assert abs(sum(answers[:100]) / 100 - N / 2) < N / 8, "as many early as late ones"


def test_the_same_questions_come_in_the_same_order_whatever_else_their_file_says(
    base: Path,
) -> None:
    before = [item.id for item in in_asking_order(items(base))]
    records = [json.loads(line) for line in (base / "qa.jsonl").read_text().splitlines()]
    records = [{**record, "note": "seen", "target": 0} for record in reversed(records)]
    records.append({"id": "more", "prompt": "?", "target": 1})
    (base / "qa.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    assert [i.id for i in in_asking_order(items(base)) if i.id != "more"] == before


def test_clusters_stay_together_and_are_what_is_counted(base: Path) -> None:
    ordered = in_asking_order(items(base, "page"))
    assert units(ordered) == N // 4
    some = first_units(ordered, 10)
    assert (len(some), units(some)) == (40, 10)
    assert some == ordered[:40]


def test_a_portion_is_a_twentieth_and_at_least_25_units() -> None:
    assert [next_number(0, n) for n in (10, 400, 1_001)] == [10, 25, 51]
    assert next_number(390, 400) == 400


def test_asking_goes_on_portion_by_portion_and_says_what_is_left(base: Path) -> None:
    candidate, baseline = told("new"), told("old", wrong=20)
    found = steps(stage_of(base), candidate, baseline)
    assert [difference(e).n for e in found] == list(range(25, N + 1, 25))
    assert [(w.have, w.need) for w in found[0].waits] == [(25, N)]
    assert found[-1].waits == ()
    assert difference(found[-1]).value == pytest.approx(0.2)
    assert difference(found[-1]).low is not None


def test_a_settled_task_is_asked_no_more_and_costs_what_was_asked(base: Path) -> None:
    def open_until_shown(_task: str, evidence: Evidence) -> bool:
        low = difference(evidence).low
        return low is None or low <= 0

    candidate, baseline = told("new"), told("old", wrong=60)
    found = steps(stage_of(base, goes_on=open_until_shown), candidate, baseline)
    asked = difference(found[-1]).n
    assert asked < 150
    assert found[-1].cost.calls == asked
    assert found[-1].waits == ()
    asked_of = dict(found[-1].provenance.tools)["qa/asked"]
    assert asked_of.startswith(f"{asked} of {N} units")


def test_a_killed_run_stops_at_the_same_place_with_the_same_bytes(base: Path) -> None:
    stage = stage_of(base)
    candidate, baseline = told("new"), told("old", wrong=20)
    first = stage.measure_next(subject(2, candidate), subject(1, baseline), None)
    second = stage.measure_next(subject(2, candidate), subject(1, baseline), first)
    asked = candidate.asked
    again = stage_of(base)
    assert encode(again.measure_next(subject(2, candidate), subject(1, baseline), None)) == encode(
        first
    )
    assert candidate.asked == asked
    whole = steps(stage_of(base), candidate, baseline)
    assert encode(whole[1]) == encode(second)
    assert encode(whole[-1]) == encode(steps(stage_of(base, state="new"), candidate, baseline)[-1])


def test_a_missing_answer_leaves_the_portion_unmeasured_and_is_asked_again(base: Path) -> None:
    some = in_asking_order(items(base))[3].id
    candidate = told("new")
    answer = candidate.answers.pop(some)
    stage = stage_of(base)
    evidence = stage.measure_next(subject(2, candidate), subject(1, told("old")), None)
    (value,) = evidence.of("qa.accuracy", Quantity.VALUE)
    assert isinstance(value.measured, Unmeasured)
    assert value.measured.cause is Cause.BROKEN
    candidate.answers[some] = answer
    mended = stage.measure_next(subject(2, candidate), subject(1, told("old")), evidence)
    assert difference(mended).n == 25


def test_a_group_that_the_first_portion_does_not_hold_keeps_nothing_from_being_asked(
    base: Path,
) -> None:
    lines = [json.loads(line) for line in (base / "qa.jsonl").read_text().splitlines()]
    kinds = [{**line, "kind": "rare" if line["id"] == "q7" else "usual"} for line in lines]
    (base / "qa.jsonl").write_text("\n".join(map(json.dumps, kinds)))
    assert "q7" not in {item.id for item in first_units(in_asking_order(items(base)), 25)}
    groups = Groups(field="kind", values=("rare",))
    found = steps(
        stage_of(base, TASK.model_copy(update={"groups": groups})),
        told("new"),
        told("old", wrong=20),
    )
    (absent,) = found[0].of("qa.accuracy.rare", Quantity.VALUE)
    assert absent.measured == Unmeasured("no item is of this kind", Cause.UNDERPOWERED)
    assert difference(found[-1]).n == N


def test_clusters_are_the_units_of_a_sequence(base: Path) -> None:
    task = TASK.model_copy(update={"cluster": "page"})
    found = steps(stage_of(base, task), told("new"), told("old", wrong=20))
    assert [difference(e).n for e in found] == [25, 50, 75, 100]
    assert difference(found[-1]).value == pytest.approx(0.2)


def test_a_ratio_has_no_interval_at_any_time(base: Path) -> None:
    evidence = stage_of(base).measure_next(subject(2, told("new")), subject(1, told("old")), None)
    (ratio,) = evidence.of("qa.accuracy", Quantity.RATIO)
    assert isinstance(ratio.measured, Unmeasured)
    assert "holds at any time" in ratio.measured.reason


def test_items_that_were_not_asked_are_in_no_record(base: Path) -> None:
    stage = stage_of(base)
    mine, theirs = subject(2, told("new")), subject(1, told("old", wrong=20))
    assert stage.records(mine, theirs) == ()
    stage.measure_next(mine, theirs, None)
    assert len(stage.records(mine, theirs)) == 25
