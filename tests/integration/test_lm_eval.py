"""lm-eval itself, run against checkpoints on a real server, its results read and paired."""

from collections.abc import Iterator

import pytest

from policies.benchmark_tasks import Harness, HarnessTask
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Quantity
from tests.integration import harnessed
from tests.integration.harnessed import QUESTIONS, Story, quantity

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

TASK = HarnessTask(harness=Harness.LM_EVAL, task="sums", task_path="tasks", cluster="page")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    harnessed.needed(Harness.LM_EVAL)
    folder = tmp_path_factory.mktemp("lm_eval")
    harnessed.write_lm_eval_task(folder)
    yield from harnessed.told(TASK, folder)


def test_equal_checkpoints_are_equal(story: Story) -> None:
    value = quantity(story.evidence["good"], Quantity.VALUE).measured
    difference = quantity(story.evidence["good"], Quantity.DIFFERENCE).measured
    assert isinstance(value, Estimate)
    assert isinstance(difference, Estimate)
    assert value.value == pytest.approx(0.9)
    assert value.n == QUESTIONS / 2  # pages
    assert difference.value == 0


def test_a_worse_checkpoint_is_worse(story: Story) -> None:
    difference = quantity(story.evidence["worse"], Quantity.DIFFERENCE).measured
    assert isinstance(difference, Estimate)
    assert difference.value == pytest.approx(2 / QUESTIONS - 7 / QUESTIONS)
    assert story.evidence["worse"].cost.calls == QUESTIONS


def test_null_answers_that_lm_eval_scores_as_wrong_measure_nothing(story: Story) -> None:
    for measurement in story.evidence["silent"].measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert measurement.measured.cause is Cause.BROKEN
        assert "2 of 20 samples have no answer" in measurement.measured.reason


def test_a_failing_endpoint_measures_nothing_and_says_why(story: Story) -> None:
    for measurement in story.evidence["failing"].measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "ended with status 1" in measurement.measured.reason
        assert "500" in measurement.measured.reason


def test_a_complete_run_is_never_repeated(story: Story) -> None:
    assert story.again == story.evidence["good"]
    assert story.asked_again == 0


def test_answers_are_in_the_records(story: Story) -> None:
    records = story.stage.records(story.subjects["worse"], story.subjects["base"])
    assert len(records) == QUESTIONS
    assert all(record.candidate_answers and record.baseline_answers for record in records)


def test_the_key_is_nowhere_on_disk(story: Story) -> None:
    assert harnessed.files_with(story.folder, harnessed.KEY) == []


def test_a_task_that_needs_log_probabilities_says_so(story: Story) -> None:
    tasks = story.folder / "choices"
    tasks.mkdir()
    text = (story.folder / "tasks" / "sums.yaml").read_text()
    changed = text.replace("generate_until", "multiple_choice").replace("exact_match", "acc")
    choice = '\ndoc_to_choice: ["0", "2", "4"]\n'
    kept = [line for line in changed.splitlines() if not line.startswith("generation_kwargs")]
    lines = ['doc_to_target: "0"' if x.startswith("doc_to_target") else x for x in kept]
    (tasks / "choices.yaml").write_text(
        "\n".join(lines).replace("task: sums", "task: choices") + choice
    )
    task = HarnessTask(harness=Harness.LM_EVAL, task="choices", task_path="choices")
    stage = harnessed.stage(task, story.folder)
    evidence = stage.measure_next(story.subjects["good"], None, None)
    value = quantity(evidence, Quantity.VALUE).measured
    assert isinstance(value, Unmeasured)
    assert "compares log-probabilities" in value.reason
