import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from policies.benchmark_tasks import BenchmarkTask, Scorer
from policies.errors import InputError, PolicyError
from policies.plan import OfflineTask
from policies.safety_tasks import MemorizationTask, ToxicityTask
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.engine.subject import Subject
from stages.evidence.codec import decode, encode
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Measurement, Quantity
from stages.offline.measure import OfflineStage
from tests.stages.offline.checkpoints import Listed, Told, subject

N = 40
POEM = "Once upon a midnight dreary, while I pondered, weak and weary, over many a quaint volume"
QA, RED, LEAK = "qa", "red", "leak"
PLAN: dict[str, OfflineTask] = {
    QA: BenchmarkTask(data="qa.jsonl", scorer=Scorer.NUMERIC),
    RED: ToxicityTask(data="red.jsonl", classifier="listed", classifier_sha256="0" * 64),
    LEAK: MemorizationTask(data="leak.jsonl", corpus=("poem.txt",)),
}


@dataclass
class World:
    """A policy's folder, and state that outlives stages."""

    base: Path
    classifier: Listed

    def stage(
        self,
        plan: dict[str, OfflineTask] | None = None,
        *,
        calls_at_most: int | None = None,
        state: str = "state",
    ) -> OfflineStage:
        plan = PLAN if plan is None else plan
        return OfflineStage(
            plan,
            order=tuple(plan),
            base=self.base,
            state=open_state(str(self.base / state)),
            progress=Silent(),
            calls_at_most=calls_at_most,
            classifier_for=lambda _task: self.classifier,
        )

    def write(self, name: str, *lines: object) -> None:
        (self.base / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(base=tmp_path, classifier=Listed({"rude": 0.9, "gruff": 0.49}))
    world.write(
        "qa.jsonl",
        *(
            {"id": f"q{i}", "prompt": f"{i} + 1?", "target": i + 1, "topic": i % 8}
            for i in range(N)
        ),
    )
    world.write("red.jsonl", *({"id": f"r{i}", "prompt": f"provoke {i}"} for i in range(N)))
    world.write("leak.jsonl", *({"id": f"l{i}", "prompt": f"recite {i}"} for i in range(N)))
    (tmp_path / "poem.txt").write_text(POEM)
    return world


def told(name: str, *, wrong: int = 0, rude: int = 0, reciting: int = 0) -> Told:
    """A checkpoint that answers all, some of it badly."""
    answers = {f"q{i}": f"A: {i + 1 + (i < wrong)}" for i in range(N)}
    answers |= {f"r{i}": "rude" if i < rude else f"fine {i}" for i in range(N)}
    answers |= {f"l{i}": f"Sure: {POEM}" if i < reciting else f"no {i}" for i in range(N)}
    return Told(answers, name=name)


def all_of(stage: OfflineStage, candidate: Subject, baseline: Subject | None) -> Evidence:
    so_far = None
    for _ in range(12):
        evidence = stage.measure_next(candidate, baseline, so_far)
        if evidence == so_far:
            return evidence
        so_far = evidence
    raise AssertionError("the stage never ends")


def one(evidence: Evidence, metric: str, quantity: Quantity) -> Measurement:
    (found,) = evidence.of(metric, quantity)
    return found


def estimate(evidence: Evidence, metric: str, quantity: Quantity = Quantity.VALUE) -> Estimate:
    measured = one(evidence, metric, quantity).measured
    assert isinstance(measured, Estimate), measured
    return measured


def test_each_call_measures_one_task_more_and_says_what_is_left(world: World) -> None:
    stage = world.stage()
    candidate, baseline = subject(2, told("new")), subject(1, told("old"))
    first = stage.measure_next(candidate, baseline, None)
    assert {m.metric for m in first.measurements} == {"qa.accuracy"}
    assert [(w.cause, w.who, w.what, w.have, w.need) for w in first.waits] == [
        (Cause.WAITING, "gate", "task red", 1, 3)
    ]
    second = stage.measure_next(candidate, baseline, first)
    third = stage.measure_next(candidate, baseline, second)
    metrics = [m.name for name, task in PLAN.items() for m in task.metrics(name)]
    assert list(dict.fromkeys(m.metric for m in third.measurements)) == metrics
    assert third.waits == ()
    assert stage.measure_next(candidate, baseline, third) == third
    assert all(m.planned == N for m in third.measurements)
    assert all(m.decidable for m in third.measurements if m.quantity is not Quantity.RATIO)


def test_all_wrong_inputs_are_told_at_once_before_anybody_is_asked(world: World) -> None:
    (world.base / "poem.txt").unlink()
    (world.base / "red.jsonl").unlink()
    client = told("candidate")
    with pytest.raises(InputError) as refused:
        world.stage().measure_next(subject(2, client), None, None)
    assert "2 tasks" in refused.value.message
    assert "red: cannot read red.jsonl" in refused.value.why
    assert "leak: " in refused.value.why
    assert client.asked == []


def test_values_differences_and_ratios_are_those_of_the_answers(world: World) -> None:
    candidate = subject(2, told("new", wrong=10, rude=4, reciting=2))
    baseline = subject(1, told("old", wrong=4, rude=2, reciting=2))
    evidence = all_of(world.stage(), candidate, baseline)
    accuracy = estimate(evidence, "qa.accuracy")
    assert (accuracy.value, accuracy.method, accuracy.level) == (0.75, "Clopper-Pearson", 0.95)
    assert accuracy.standard_error == pytest.approx((0.75 * 0.25 / N) ** 0.5)
    assert estimate(evidence, "qa.accuracy", Quantity.DIFFERENCE).value == pytest.approx(-0.15)
    assert estimate(evidence, "qa.accuracy", Quantity.RATIO).value == pytest.approx(30 / 36)
    worse = one(evidence, "qa.accuracy", Quantity.DIFFERENCE).p_worse
    assert worse is not None
    assert worse < 0.05
    toxic = estimate(evidence, "red.rate")
    assert (toxic.value, toxic.method, toxic.level) == (0.1, "Clopper-Pearson", pytest.approx(0.9))
    assert toxic.one_sided_level == pytest.approx(0.95)
    assert estimate(evidence, "leak.rate").value == 0.05
    assert estimate(evidence, "red.rate", Quantity.DIFFERENCE).value == pytest.approx(0.05)


def test_no_flagged_answer_still_has_an_upper_bound(world: World) -> None:
    evidence = all_of(world.stage(), subject(2, told("new")), None)
    assert estimate(evidence, "red.rate").high == pytest.approx(1 - 0.05 ** (1 / N))


def test_clustered_items_count_as_their_clusters(world: World) -> None:
    plan: dict[str, OfflineTask] = {
        QA: BenchmarkTask(data="qa.jsonl", scorer=Scorer.NUMERIC, cluster="topic"),
        RED: ToxicityTask(data="qa.jsonl", classifier="listed", cluster="topic"),
    }
    client = Told({f"q{i}": "rude" if i in {0, 8, 1} else f"{i + 1}" for i in range(N)})
    evidence = all_of(world.stage(plan), subject(2, client), subject(1, told("old")))
    accuracy, toxic = estimate(evidence, "qa.accuracy"), estimate(evidence, "red.rate")
    assert accuracy.n == toxic.n == 8
    assert accuracy.value == pytest.approx(37 / 40)
    assert toxic.value == 2 / 8
    assert all(m.planned == 8 for m in evidence.measurements)


def test_partial_scores_take_a_t_interval(world: World) -> None:
    plan: dict[str, OfflineTask] = {QA: BenchmarkTask(data="f1.jsonl", scorer=Scorer.TOKEN_F1)}
    world.write("f1.jsonl", *({"id": str(i), "prompt": f"{i}", "target": "x y"} for i in range(9)))
    client = Told({str(i): "x" if i % 2 else "x y" for i in range(9)})
    f1 = estimate(all_of(world.stage(plan), subject(2, client), None), "qa.f1")
    assert (f1.n, f1.low is not None and f1.low < f1.value) == (9, True)
    assert f1.value == pytest.approx((5 + 4 * 2 / 3) / 9)


def test_the_same_journal_gives_the_same_bytes_and_asks_nothing(world: World) -> None:
    first, second = told("new", wrong=3), told("old")
    evidence = all_of(world.stage(), subject(2, first), subject(1, second))
    assert len(first.asked) == len(second.asked) == 3 * N
    assert evidence.cost.calls == 3 * N
    assert evidence.cost.completion_tokens == 6 * N
    silent = [Told({}, name="new", canary="!"), Told({}, name="old", canary="!")]
    again = all_of(world.stage(), subject(2, silent[0]), subject(1, silent[1]))
    assert encode(again) == encode(evidence)
    assert silent[0].asked == silent[1].asked == []
    assert decode(encode(evidence), where="here") == evidence


def test_two_fresh_states_give_the_same_bytes(world: World) -> None:
    found = {
        encode(all_of(world.stage(state=s), subject(2, told("new")), subject(1, told("old"))))
        for s in ("one", "two")
    }
    assert len(found) == 1


def test_provenance_names_every_input(world: World) -> None:
    candidate, baseline = subject(2, told("new")), subject(1, told("old"))
    provenance = all_of(world.stage(), candidate, baseline).provenance
    assert [name for name, _ in provenance.data] == [
        "leak/leak.jsonl",
        "leak/poem.txt",
        "qa/qa.jsonl",
        "red/red.jsonl",
    ]
    assert {name for name, _ in provenance.tools} == {
        "leak/verbatim index",
        "red/backend",
        "red/classifier",
    }
    assert {("red/backend", "list 1"), ("red/classifier", "listed d1")} <= set(provenance.tools)
    assert [name for name, _ in provenance.seeds] == [
        "leak/sampling",
        "qa/sampling",
        "red/sampling",
    ]
    assert (provenance.candidate, provenance.baseline) == (candidate.digest, baseline.digest)


def test_baseline_answers_are_shared_by_the_candidates(world: World) -> None:
    stage, old = world.stage(), told("old")
    for version in (2, 3):
        all_of(stage, subject(version, told(f"new {version}")), subject(1, old))
    assert len(old.asked) == 3 * N


def without(client: Told, *items: str) -> Told:
    for item in items:
        del client.answers[item]
    return client


def test_one_missing_answer_leaves_the_whole_metric_unmeasured(world: World) -> None:
    missing = without(told("new"), "q3", "q4", "q5", "q6", "r1")
    evidence = all_of(world.stage(), subject(2, missing), subject(1, told("old")))
    for quantity in Quantity:
        measured = one(evidence, "qa.accuracy", quantity).measured
        assert isinstance(measured, Unmeasured)
        assert measured.cause is Cause.BROKEN
        assert measured.reason.startswith("4 of 40 items have no answer (q3: ")
        assert "..." in measured.reason
    assert isinstance(one(evidence, "red.rate", Quantity.VALUE).measured, Unmeasured)
    assert estimate(evidence, "leak.rate").n == N
    assert evidence.waits == ()


def test_what_broke_is_measured_again_asking_only_for_what_is_missing(world: World) -> None:
    client = without(told("new"), "q3")
    broken = all_of(world.stage(), subject(2, client), None)
    client.answers["q3"], client.asked = "A: 4", []
    mended = all_of(world.stage(), subject(2, client), None)
    assert client.asked == ["q3"]
    assert estimate(mended, "qa.accuracy").value == 1.0
    client.asked = []
    assert all_of_from(world.stage(), subject(2, client), broken) == mended
    assert client.asked == []


def all_of_from(stage: OfflineStage, candidate: Subject, so_far: Evidence) -> Evidence:
    while (evidence := stage.measure_next(candidate, None, so_far)) != so_far:
        so_far = evidence
    return so_far


def test_a_task_that_stays_broken_is_tried_twice_by_one_process(world: World) -> None:
    client = without(told("new"), "q3", "r3")
    all_of(world.stage(), subject(2, client), None)
    assert client.asked.count("q3") == client.asked.count("r3") == 2


def test_a_missing_answer_of_the_baseline_leaves_the_comparison_unmeasured(world: World) -> None:
    old = without(told("old"), "q3")
    evidence = all_of(world.stage(), subject(2, told("new")), subject(1, old))
    assert estimate(evidence, "qa.accuracy").value == 1.0
    for quantity in (Quantity.DIFFERENCE, Quantity.RATIO):
        measurement = one(evidence, "qa.accuracy", quantity)
        assert isinstance(measurement.measured, Unmeasured)
        assert "q3" in measurement.measured.reason
        assert measurement.p_worse is None
    assert estimate(evidence, "red.rate", Quantity.DIFFERENCE).value == 0.0


def test_without_a_baseline_nothing_is_compared(world: World) -> None:
    evidence = all_of(world.stage(), subject(2, told("new")), None)
    measured = one(evidence, "qa.accuracy", Quantity.DIFFERENCE).measured
    assert isinstance(measured, Unmeasured)
    assert "gate adopt" in measured.reason
    assert estimate(evidence, "qa.accuracy").value == 1.0
    assert evidence.baseline is None


def test_the_same_file_twice_is_never_compared(world: World) -> None:
    client = told("same")
    evidence = all_of(world.stage(), subject(2, client), subject(1, client))
    for metric in ("qa.accuracy", "red.rate", "leak.rate"):
        for quantity in (Quantity.DIFFERENCE, Quantity.RATIO):
            measured = one(evidence, metric, quantity).measured
            assert isinstance(measured, Unmeasured)
            assert "same checkpoint" in measured.reason
        estimate(evidence, metric)


def test_two_versions_at_one_address_that_answers_alike_are_one_checkpoint(world: World) -> None:
    new, old = (replace(subject(v, told("same")), digest=f"{v}" * 64) for v in (2, 1))
    measured = one(all_of(world.stage(), new, old), "qa.accuracy", Quantity.DIFFERENCE).measured
    assert isinstance(measured, Unmeasured)
    assert "same checkpoint" in measured.reason


def test_two_versions_at_one_address_that_answers_otherwise_are_compared(world: World) -> None:
    new, old = (replace(subject(v, told("same")), digest=f"{v}" * 64) for v in (2, 1))
    assert isinstance(new.client, Told)
    new.client.canary = "one two four"
    assert estimate(all_of(world.stage(), new, old), "qa.accuracy", Quantity.DIFFERENCE).value == 0


def test_a_checkpoint_that_cannot_be_asked_is_unmeasured(world: World) -> None:
    evidence = all_of(world.stage(), subject(2, None), subject(1, told("old")))
    metrics = [m for name, task in PLAN.items() for m in task.metrics(name)]
    assert len(evidence.measurements) == 3 * len(metrics)
    for measurement in evidence.measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "nothing to ask" in measurement.measured.reason
    assert evidence.cost.calls == 0


def test_a_spent_budget_is_no_number(world: World) -> None:
    client = told("new")
    evidence = all_of(world.stage(calls_at_most=N + 5), subject(2, client), None)
    assert len(client.asked) == N + 5
    assert estimate(evidence, "qa.accuracy").n == N
    for metric in ("red.rate", "leak.rate"):
        measured = one(evidence, metric, Quantity.VALUE).measured
        assert isinstance(measured, Unmeasured)
        assert measured.cause is Cause.OVER_BUDGET
    again = all_of(world.stage(calls_at_most=N + 5), subject(2, client), None)
    assert encode(again) == encode(evidence)
    assert len(client.asked) == N + 5


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 2.0])
def test_a_score_that_is_no_score_leaves_the_rate_unmeasured(world: World, bad: float) -> None:
    world.classifier.scores["rude"] = bad
    evidence = all_of(world.stage(), subject(2, told("new", rude=1)), None)
    measured = one(evidence, "red.rate", Quantity.VALUE).measured
    assert isinstance(measured, Unmeasured)
    assert "1 of 40 answers" in measured.reason


def test_a_score_at_the_threshold_is_toxic(world: World) -> None:
    world.classifier.scores["rude"] = 0.5
    evidence = all_of(world.stage(), subject(2, told("new", rude=1)), None)
    assert estimate(evidence, "red.rate").value == 1 / N


def test_an_endpoint_that_changes_meanwhile_leaves_nothing_measured(world: World) -> None:
    stage, client = world.stage(), told("new")
    candidate, baseline = subject(2, client), subject(1, told("old"))
    first = stage.measure_next(candidate, baseline, None)
    estimate(first, "qa.accuracy")
    client.canary = "uno dos tres"
    evidence = stage.measure_next(candidate, baseline, first)
    assert {m.metric.split(".")[0] for m in evidence.measurements} == {"qa", "red"}
    for measurement in evidence.measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "changed what it serves" in measurement.measured.reason
        assert measurement.p_worse is None


def test_a_baseline_that_changes_meanwhile_is_compared_with_nothing(world: World) -> None:
    stage, old = world.stage(), told("old")
    candidate, baseline = subject(2, told("new")), subject(1, old)
    first = stage.measure_next(candidate, baseline, None)
    old.canary = "uno dos tres"
    evidence = stage.measure_next(candidate, baseline, first)
    estimate(evidence, "qa.accuracy")
    estimate(evidence, "red.rate")
    for metric in ("qa.accuracy", "red.rate"):
        assert isinstance(one(evidence, metric, Quantity.DIFFERENCE).measured, Unmeasured)


def test_an_endpoint_that_is_down_is_not_asked(world: World) -> None:
    client = told("new")
    client.canary = ""
    evidence = all_of(world.stage(), subject(2, client), None)
    measured = one(evidence, "qa.accuracy", Quantity.VALUE).measured
    assert isinstance(measured, Unmeasured)
    assert measured.cause is Cause.BROKEN
    assert client.asked == []


def test_a_lost_journal_is_asked_for_again(world: World) -> None:
    client = told("new")
    evidence = all_of(world.stage(), subject(2, client), None)
    shutil.rmtree(world.base / "state" / "answers")
    assert encode(all_of(world.stage(), subject(2, client), None)) == encode(evidence)
    assert len(client.asked) == 2 * 3 * N


def test_evidence_of_another_checkpoint_is_a_callers_bug(world: World) -> None:
    evidence = world.stage().measure_next(subject(2, told("new")), None, None)
    with pytest.raises(ValueError, match="other checkpoints"):
        world.stage().measure_next(subject(3, told("newer")), None, evidence)


def test_an_order_that_forgets_a_task_is_a_callers_bug(world: World) -> None:
    stage = world.stage()
    with pytest.raises(ValueError, match="every task"):
        OfflineStage(
            PLAN, order=(QA,), base=world.base, state=stage._asking.state, progress=Silent()
        )


def no_items(world: World) -> dict[str, OfflineTask]:
    (world.base / "qa.jsonl").write_text("")
    return PLAN


def no_target(world: World) -> dict[str, OfflineTask]:
    world.write("qa.jsonl", {"id": "q0", "prompt": "1 + 1?"})
    return PLAN


def other_items(_world: World) -> dict[str, OfflineTask]:
    return {QA: BenchmarkTask(data="qa.jsonl", scorer=Scorer.EXACT, sha256="0" * 64)}


def no_corpus(world: World) -> dict[str, OfflineTask]:
    (world.base / "poem.txt").unlink()
    return {LEAK: PLAN[LEAK]}


def no_text(world: World) -> dict[str, OfflineTask]:
    (world.base / "poem.txt").write_bytes(b"caf\xe9")
    return {LEAK: PLAN[LEAK]}


@pytest.mark.parametrize("spoil", [no_items, no_target, other_items, no_corpus, no_text])
def test_data_that_cannot_be_used_is_the_authors_to_mend(
    world: World, spoil: Callable[[World], dict[str, OfflineTask]]
) -> None:
    stage = world.stage(spoil(world))
    with pytest.raises(InputError) as refused:
        stage.measure_next(subject(2, told("new")), None, None)
    assert refused.value.fix


def test_a_level_that_leaves_no_interval_is_refused_before_anything_is_asked(world: World) -> None:
    client = told("new")
    plan: dict[str, OfflineTask] = {
        RED: ToxicityTask(data="red.jsonl", classifier="listed", level=0.5)
    }
    with pytest.raises(PolicyError, match="one-sided"):
        world.stage(plan).measure_next(subject(2, client), None, None)
    assert client.asked == []


def test_items_can_be_read_back_with_scores_and_answers(world: World) -> None:
    stage = world.stage()
    candidate = subject(2, without(told("new", wrong=1, rude=1, reciting=1), "q7"))
    baseline = subject(1, told("old"))
    all_of(stage, candidate, baseline)
    records = {r.item: r for r in stage.records(candidate, baseline)}
    assert len(records) == 3 * N
    wrong, toxic, recited, none = (records[i] for i in ("q0", "r0", "l0", "q7"))
    assert (wrong.candidate, wrong.baseline["accuracy"].value) == ({}, 1.0)
    assert (wrong.candidate_answers, wrong.baseline_answers) == (None, ("A: 1",))
    assert toxic.candidate["rate"].value == 1.0
    assert toxic.candidate["rate"].detail == "toxicity 0.900000"
    assert toxic.candidate_answers == ("rude",)
    assert f"{len(POEM)} characters of poem.txt" in recited.candidate["rate"].detail
    assert none.candidate == {}
    assert stage.records(subject(3, None), None) == ()


def test_scores_that_are_missing_are_missing_in_the_records_too(world: World) -> None:
    world.classifier.scores["rude"] = math.nan
    stage, candidate = world.stage({RED: PLAN[RED]}), subject(2, told("new", rude=1))
    all_of(stage, candidate, None)
    assert stage.records(candidate, None)[0].candidate == {}


def test_the_default_classifier_is_read_from_the_policys_folder(
    world: World, tiny_checkpoint: Path, tiny_task: ToxicityTask
) -> None:
    task = tiny_task.model_copy(update={"data": str(world.base / "red.jsonl")})
    stage = OfflineStage(
        {RED: task},
        order=(RED,),
        base=tiny_checkpoint.parent,
        state=open_state(str(world.base / "state")),
        progress=Silent(),
    )
    client = told("new")
    client.answers["r7"] = "please " * 600 + "you are a stupid idiot"
    evidence = all_of(stage, subject(2, client), None)
    assert estimate(evidence, "red.rate").value == 1 / N
    assert any("torch" in tool for _, tool in evidence.provenance.tools)


def test_a_measured_task_replaces_its_older_measurement_only(world: World) -> None:
    client = without(told("new"), "q3")
    stage = world.stage()
    broken = all_of(stage, subject(2, client), None)
    client.answers["q3"] = "A: 4"
    mended = all_of_from(world.stage(), subject(2, client), broken)
    assert [m.metric for m in mended.measurements] == [m.metric for m in broken.measurements]
    assert replace(mended, measurements=(), cost=broken.cost) == replace(broken, measurements=())
