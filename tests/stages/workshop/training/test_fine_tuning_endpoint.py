from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policies.errors import Broken, InputError
from stages.engine.folder_state import FolderState
from stages.models.client import EndpointError
from stages.models.settings import EndpointSettings
from stages.models.tuning_endpoint import TuningEndpoint
from stages.workshop.training.data import Taught
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint
from stages.workshop.training.settings import Base, Lora, Training
from tests.servers.openai_server import OpenAIServer
from tests.servers.tuning_desk import TuningDesk
from tests.stages.workshop.training.lessons import followers, question, tastes

pytestmark = pytest.mark.integration

BASE = Base(where="small-model")
SETTINGS = Training(epochs=2, batch=4, seed=7)
NOWHERE = Path("nowhere")

OpenTrainer = Callable[..., FineTuningEndpoint]


@pytest.fixture
def desk() -> TuningDesk:
    return TuningDesk()


@pytest.fixture
def server(desk: TuningDesk) -> Iterator[OpenAIServer]:
    with OpenAIServer(routes=desk.routes) as server:
        yield server


@pytest.fixture
def open_trainer(server: OpenAIServer, tmp_path: Path) -> Iterator[OpenTrainer]:
    """A trainer with a state of its own name, which sleeps as it is told."""
    opened: list[TuningEndpoint] = []

    def trainer(state: str = "state", sleep: Callable[[float], None] = awake) -> FineTuningEndpoint:
        settings = EndpointSettings(base_url=server.url, model="any", retries=1)
        opened.append(TuningEndpoint(settings))
        return FineTuningEndpoint(opened[-1], FolderState(tmp_path / state), sleep=sleep)

    yield trainer
    for endpoint in opened:
        endpoint.close()


def awake(_: float) -> None:
    """No time passes."""


def killed(_: float) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def trainer(open_trainer: OpenTrainer) -> FineTuningEndpoint:
    return open_trainer()


def test_answers_are_uploaded_trained_on_and_waited_for(
    trainer: FineTuningEndpoint, desk: TuningDesk
) -> None:
    trained = trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    assert trained.model.startswith("ft:small-model:gate-")
    assert (trained.folder, trained.loss, trained.gpu_minutes) == (None, None, None)
    assert (trained.steps, trained.seconds) == (6, 90.0)
    (job,) = desk.jobs.values()
    assert job["method"] == {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}},
    }
    assert job["seed"] == 7
    assert desk.rows(job["id"])[0] == {
        "messages": [*question(0), {"role": "assistant", "content": "w1 w2"}]
    }
    assert not NOWHERE.exists()


def test_preferences_are_sent_as_such(trainer: FineTuningEndpoint, desk: TuningDesk) -> None:
    trainer.dpo(tastes(3), BASE, SETTINGS, NOWHERE)
    (job,) = desk.jobs.values()
    assert job["method"]["dpo"]["hyperparameters"]["beta"] == 0.1
    assert desk.rows(job["id"])[0] == {
        "input": {"messages": [*question(0)]},
        "preferred_output": [{"role": "assistant", "content": "w1 w2"}],
        "non_preferred_output": [{"role": "assistant", "content": "w3 w4"}],
    }


def test_what_the_model_said_before_is_not_learnt(
    trainer: FineTuningEndpoint, desk: TuningDesk
) -> None:
    talk = ({"role": "assistant", "content": "w8"}, *question(1))
    trainer.sft([Taught(id="1", messages=talk, answer="w2")], BASE, SETTINGS, NOWHERE)
    assert desk.rows("ftjob-0")[0]["messages"][0] == {**talk[0], "weight": 0}


def test_the_same_call_again_makes_no_second_job(
    trainer: FineTuningEndpoint, desk: TuningDesk
) -> None:
    first = trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    assert trainer.sft(followers(10), BASE, SETTINGS, NOWHERE) == first
    assert len(desk.jobs) == 1
    other = trainer.sft(followers(9), BASE, SETTINGS, NOWHERE)
    assert (other.model != first.model, other.sha256 != first.sha256) == (True, True)


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_run_killed_while_it_waits_goes_on_with_its_job(
    open_trainer: OpenTrainer, desk: TuningDesk, *, forgetful: bool
) -> None:
    desk.forgetful = forgetful
    with pytest.raises(KeyboardInterrupt):
        open_trainer(sleep=killed).sft(followers(10), BASE, SETTINGS, NOWHERE)
    again = open_trainer().sft(followers(10), BASE, SETTINGS, NOWHERE)
    assert again.model.endswith("ftjob-0")
    assert desk.asked.count("POST jobs") == desk.asked.count("POST files") == 1


def test_a_job_whose_making_was_not_heard_of_is_found_and_not_made_again(
    trainer: FineTuningEndpoint, desk: TuningDesk
) -> None:
    desk.deaf.add("POST jobs")
    with pytest.raises(EndpointError):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    for rows in (7, 8, 9):  # newer ones, on pages before it
        trainer.sft(followers(rows), BASE, SETTINGS, NOWHERE)
    assert trainer.sft(followers(10), BASE, SETTINGS, NOWHERE).model.endswith("ftjob-0")
    assert len(desk.jobs) == 4


def test_a_journal_that_was_lost_makes_no_second_job(
    open_trainer: OpenTrainer, desk: TuningDesk
) -> None:
    first = open_trainer().sft(followers(10), BASE, SETTINGS, NOWHERE)
    assert open_trainer("elsewhere").sft(followers(10), BASE, SETTINGS, NOWHERE) == first
    assert len(desk.jobs) == 1


@pytest.mark.parametrize(
    ("status", "words"), [("failed", "too few rows"), ("cancelled", "does not say why")]
)
def test_a_job_in_vain_is_told_with_its_reason_and_made_anew_by_the_next_call(
    trainer: FineTuningEndpoint, desk: TuningDesk, status: str, words: str
) -> None:
    desk.way = ("queued", status)
    with pytest.raises(Broken, match=rf"ftjob-0 {status}\n.*{words}"):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    desk.way = ("queued", "succeeded")
    assert trainer.sft(followers(10), BASE, SETTINGS, NOWHERE).model.endswith("ftjob-1")


def test_an_endpoint_that_fails_meanwhile_loses_no_job(
    trainer: FineTuningEndpoint, desk: TuningDesk
) -> None:
    desk.refuse["GET job"] = 401
    with pytest.raises(EndpointError, match="401"):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    assert trainer.sft(followers(10), BASE, SETTINGS, NOWHERE).model.endswith("ftjob-0")
    assert len(desk.jobs) == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"status": "dreaming"}, "has status 'dreaming'"),
        ({"id": None}, "has no id"),
        ({"status": "succeeded", "fine_tuned_model": None}, "names no model"),
    ],
)
def test_a_provider_of_another_tongue_is_refused(
    trainer: FineTuningEndpoint, desk: TuningDesk, told: dict[str, object], words: str
) -> None:
    desk.told = told
    with pytest.raises(EndpointError, match=words):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)


def test_a_file_without_an_id_is_refused(trainer: FineTuningEndpoint, desk: TuningDesk) -> None:
    desk.nameless = True
    with pytest.raises(EndpointError, match="no id"):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)


def test_a_foreign_journal_is_refused(trainer: FineTuningEndpoint, tmp_path: Path) -> None:
    trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)
    (journal,) = (tmp_path / "state" / "workshop" / "tuning").glob("*.jsonl")
    stream = f"workshop/tuning/{journal.stem}"
    FolderState(tmp_path / "state").append(stream, [{"kind": "something else"}])
    with pytest.raises(Broken, match="a fine-tuning job"):
        trainer.sft(followers(10), BASE, SETTINGS, NOWHERE)


@pytest.mark.parametrize(
    ("base", "settings", "words"),
    [
        (BASE, Training(lora=Lora()), "cannot be told `lora`"),
        (BASE, Training(epochs=1.5), "whole `epochs`"),
        (Base(where="small-model", revision="a" * 40), Training(), "`revision` is of a model in a"),
    ],
)
def test_what_an_endpoint_cannot_be_told_is_refused(
    trainer: FineTuningEndpoint, desk: TuningDesk, base: Base, settings: Training, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        trainer.sft(followers(10), base, settings, NOWHERE)
    with pytest.raises(InputError, match="no row to learn from"):
        trainer.sft([], BASE, SETTINGS, NOWHERE)
    assert not desk.asked
