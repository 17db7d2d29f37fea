"""Inspect itself, run against checkpoints on a real server, its logs read and paired."""

from collections.abc import Iterator

import pytest

from policies.benchmark_tasks import Harness, HarnessTask
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Quantity
from tests.integration import harnessed
from tests.integration.harnessed import QUESTIONS, Story, quantity

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

TASK = HarnessTask(harness=Harness.INSPECT, task="sums", task_path="sums.py", cluster="page")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    harnessed.needed(Harness.INSPECT)
    folder = tmp_path_factory.mktemp("inspect")
    harnessed.write_inspect_task(folder)
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


def test_tokens_are_counted(story: Story) -> None:
    cost = story.evidence["worse"].cost
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens) == (20, 140, 60)


def test_null_answers_that_inspect_scores_as_wrong_measure_nothing(story: Story) -> None:
    for measurement in story.evidence["silent"].measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "2 of 20 samples have no answer" in measurement.measured.reason


def test_a_run_that_inspect_calls_an_error_measures_nothing_although_it_exits_0(
    story: Story,
) -> None:
    for measurement in story.evidence["failing"].measurements:
        assert isinstance(measurement.measured, Unmeasured)
        assert "the run's status is `error`" in measurement.measured.reason


def test_a_complete_run_is_never_repeated(story: Story) -> None:
    assert story.again == story.evidence["good"]
    assert story.asked_again == 0


def test_answers_are_in_the_records(story: Story) -> None:
    records = story.stage.records(story.subjects["worse"], story.subjects["base"])
    assert len(records) == QUESTIONS
    assert all(record.candidate_answers and record.baseline_answers for record in records)


def test_the_key_is_nowhere_on_disk(story: Story) -> None:
    assert harnessed.files_with(story.folder, harnessed.KEY) == []
