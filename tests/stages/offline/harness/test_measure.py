"""Harnesses that are run, or whose results are read, as the stage sees them."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from policies.benchmark_tasks import Api, Harness, HarnessTask
from policies.errors import WrongUsage
from stages.engine.folder_state import FolderState
from stages.engine.progress import Advance, Progress, Silent
from stages.engine.state_url import open_state
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Quantity
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from stages.offline.estimating import measure_task
from stages.offline.harness.environment import Programs
from stages.offline.harness.measure import Harnesses
from stages.offline.harness.results import ResultsRefused
from stages.offline.instrument import Scores
from tests.servers.openai_server import OpenAIServer, text
from tests.stages.offline.harness.installed import install_lm_eval
from tests.stages.offline.harness.made import inspect, lm_eval

KEY = "key-of-the-endpoint"


@dataclass
class Shown:
    """Progress that remembers how far it was told to be."""

    labels: list[str] = field(default_factory=list)
    done: int = 0

    def task(self, label: str, total: int) -> AbstractContextManager[Advance]:
        assert total == 100
        self.labels.append(label)
        return self._bar()

    @contextmanager
    def _bar(self) -> Iterator[Advance]:
        def advance(done: int = 1) -> None:
            self.done += done

        yield advance


@dataclass
class World:
    """A folder with an lm-eval that copies results made beforehand."""

    folder: Path
    url: str = "http://127.0.0.1:9/v1"
    status: int = 0
    clients: list[OpenAICompatible] = field(default_factory=list)

    def install(self) -> None:
        install_lm_eval(self.folder, status=self.status)

    def harnesses(self, progress: Progress | None = None) -> Harnesses:
        return Harnesses(
            base=self.folder,
            state=FolderState(self.folder / "state"),
            progress=progress or Silent(),
            programs=Programs(
                base=self.folder, environment={"HF_HOME": "/hf", "OUR_TOKEN": "ours"}
            ),
        )

    def subject(self, number: int = 2) -> Subject:
        settings = EndpointSettings(base_url=self.url, model="to,y=1", api_key=KEY)
        client = OpenAICompatible(settings)
        self.clients.append(client)
        return Subject(
            uri=f"models:/assistant/{number}", known_as="", digest=f"{number}" * 64, client=client
        )

    def seen(self) -> list[tuple[list[str], dict[str, object], dict[str, str]]]:
        path = self.folder / "seen"
        return [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with OpenAIServer(lambda _: text("I am toy")) as server:
        world = World(tmp_path, url=server.url)
        lm_eval(tmp_path / "made")
        world.install()
        yield world
        for client in world.clients:
            client.close()


TASK = HarnessTask(harness=Harness.LM_EVAL, task="sums")


def reason(scores: Scores) -> str:
    assert isinstance(scores.columns, Unmeasured)
    return scores.columns.reason


def test_a_run_is_told_everything_but_the_key(world: World) -> None:
    scores = world.harnesses().scores("sums", TASK, world.subject())
    assert not isinstance(scores.columns, Unmeasured)
    ((argv, told, environment),) = world.seen()
    assert KEY not in json.dumps([argv, told])
    assert environment["OPENAI_API_KEY"] == KEY
    assert environment["HF_HOME"] == "/hf"
    assert "OUR_TOKEN" not in environment
    assert told["model_args"] == {
        "model": "to,y=1",
        "base_url": f"{world.url}/chat/completions",
        "num_concurrent": 16,
        "max_retries": 4,
        "timeout": 120,
    }


def test_completions_are_asked_with_a_tokenizer(world: World) -> None:
    for tokenizer, backend in ((None, "remote"), ("org/toy", "huggingface")):
        task = TASK.model_copy(update={"api": Api.COMPLETIONS, "tokenizer": tokenizer})
        world.harnesses().scores("sums", task, world.subject())
        told = world.seen()[-1][1]
        assert told["model"] == "local-completions"
        assert isinstance(told["model_args"], dict)
        assert told["model_args"]["tokenizer_backend"] == backend
        assert told["model_args"]["base_url"] == f"{world.url}/completions"
        assert told["model_args"].get("tokenizer") == tokenizer


def test_a_run_is_kept_and_read_again_under_another_metric(world: World) -> None:
    first = world.harnesses().scores("sums", TASK, world.subject())
    named = TASK.model_copy(update={"metric": "exact_match", "cluster": "page"})
    assert world.harnesses().scores("sums", named, world.subject()).columns == first.columns
    assert len(world.seen()) == 1
    world.harnesses().scores("sums", TASK, world.subject(3))
    assert len(world.seen()) == 2


def test_a_task_whose_files_change_is_run_again(world: World) -> None:
    (world.folder / "tasks").mkdir()
    (world.folder / "tasks" / "t.yaml").write_text("a: 1")
    task = TASK.model_copy(update={"task_path": "tasks"})
    world.harnesses().scores("sums", task, world.subject())
    (world.folder / "tasks" / "t.yaml").write_text("a: 2")
    world.harnesses().scores("sums", task, world.subject())
    assert len(world.seen()) == 2
    absent = TASK.model_copy(update={"task_path": "absent"})
    assert "there is nothing at" in reason(
        world.harnesses().scores("sums", absent, world.subject())
    )


def test_what_a_failing_harness_says_is_told_without_the_key(world: World) -> None:
    world.status = 3
    world.install()
    scores = world.harnesses().scores("sums", TASK, world.subject())
    assert "it ended with status 3: ERROR it failed" in reason(scores)
    assert KEY not in reason(scores)
    assert "WARNING the key is [key]" in reason(scores)


def test_a_run_that_failed_or_was_refused_is_made_again_by_the_next_process(world: World) -> None:
    world.status = 1
    world.install()
    harnesses, subject = world.harnesses(), world.subject()
    assert reason(harnesses.scores("sums", TASK, subject))
    assert reason(harnesses.scores("sums", TASK, subject))
    assert len(world.seen()) == 1
    world.status = 0
    world.install()
    assert not isinstance(world.harnesses().scores("sums", TASK, subject).columns, Unmeasured)
    assert len(world.seen()) == 2


def test_a_run_whose_files_were_changed_measures_nothing(world: World) -> None:
    world.harnesses().scores("sums", TASK, world.subject())
    (file,) = (world.folder / "state" / "harness").rglob("results_*.json")
    file.write_text(file.read_text().replace('"limit": null', '"limit": null, "by": "hand"'))
    assert "are not those that the run wrote" in reason(
        world.harnesses().scores("sums", TASK, world.subject())
    )
    assert len(world.seen()) == 1


def test_a_run_of_one_machine_is_read_on_another(world: World, postgres: str) -> None:
    """The state is no folder: nothing of the run is left where it was made."""
    there = open_state(postgres)
    before = replace(world.harnesses(), state=there).scores("sums", TASK, world.subject())
    assert not (world.folder / "state").exists()
    here = replace(world.harnesses(), state=open_state(postgres))
    assert here.is_made(TASK, world.subject())
    assert here.scores("sums", TASK, world.subject()).columns == before.columns
    assert len(world.seen()) == 1


def test_progress_is_what_the_harness_says(world: World) -> None:
    shown = Shown()
    world.harnesses(shown).scores("sums", TASK, world.subject())
    assert shown.labels == ["lm-eval sums"]
    assert shown.done == 100


def test_nothing_is_run_for_the_records(world: World) -> None:
    harnesses = world.harnesses()
    assert harnesses.known("sums", TASK, world.subject()) is None
    assert world.seen() == []
    harnesses.scores("sums", TASK, world.subject())
    noted = harnesses.known("sums", TASK, world.subject())
    assert noted is not None
    assert noted.texts is not None
    assert noted.texts[0] == ("it is 0",)
    assert len(world.seen()) == 1


def test_a_harness_that_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    programs = Programs(base=tmp_path, paths={Harness.INSPECT: "nowhere/inspect"})
    with pytest.raises(WrongUsage) as raised:
        programs.program(Harness.INSPECT)
    assert "make inspect" in raised.value.fix
    assert "nowhere/inspect" in raised.value.why


def test_a_harness_outside_an_environment_of_its_own_is_refused(world: World) -> None:
    (world.folder / ".venv-lm-eval" / "bin" / "python").unlink()
    with pytest.raises(WrongUsage, match="cannot tell the version"):
        world.harnesses().scores("sums", TASK, world.subject())


def test_a_checkpoint_without_an_endpoint_is_waited_for(world: World) -> None:
    subject = Subject(uri="models:/assistant/4", known_as="", digest="4" * 64, client=None)
    assert "name `results`" in reason(world.harnesses().scores("sums", TASK, subject))


def test_an_endpoint_that_is_down_is_not_run(world: World) -> None:
    world.url = "http://127.0.0.1:9/v1"
    assert "what the endpoint serves cannot be told" in reason(
        world.harnesses().scores("sums", TASK, world.subject())
    )
    assert world.seen() == []


READ = TASK.model_copy(update={"results": "results/{version}"})


def compared(world: World) -> dict[Quantity, Estimate | Unmeasured]:
    harnesses = world.harnesses()
    mine, theirs = (harnesses.scores("sums", READ, world.subject(number)) for number in (2, 1))
    found = measure_task(READ.metrics("sums"), mine, theirs, level=0.95)
    return {measurement.quantity: measurement.measured for measurement in found}


def later(run: dict[str, dict[str, object]]) -> None:
    run["results"]["date"] = 2


def prompts(run: dict[str, dict[str, object]]) -> None:
    run["results"]["versions"] = {"sums": 2.0}


def test_results_of_both_versions_are_paired(world: World) -> None:
    lm_eval(world.folder / "results" / "1")
    lm_eval(world.folder / "results" / "2", later)
    assert all(isinstance(measured, Estimate) for measured in compared(world).values())


def test_results_copied_from_the_baseline_measure_nothing(world: World) -> None:
    for number in "12":
        lm_eval(world.folder / "results" / number)
    for measured in compared(world).values():
        assert isinstance(measured, Unmeasured)
        assert "read from the same files" in measured.reason


def test_results_under_other_conditions_are_not_compared(world: World) -> None:
    lm_eval(world.folder / "results" / "1")
    lm_eval(world.folder / "results" / "2", prompts)
    found = compared(world)
    assert isinstance(found[Quantity.VALUE], Estimate)
    for quantity in (Quantity.DIFFERENCE, Quantity.RATIO):
        measured = found[quantity]
        assert isinstance(measured, Unmeasured)
        assert "measured differently: sums version (sums version is 2.0 and 1.0)" in measured.reason


def test_results_that_are_not_there_measure_nothing(world: World) -> None:
    harnesses = world.harnesses()
    assert reason(harnesses.scores("sums", READ, world.subject()))
    assert harnesses.known("sums", READ, world.subject()) is None


def test_reading_others_results_costs_nothing(world: World) -> None:
    inspect(world.folder / "results" / "2")
    task = READ.model_copy(update={"harness": Harness.INSPECT, "model": "toy"})
    scores = world.harnesses().scores("sums", task, world.subject())
    assert scores.cost.calls == scores.cost.prompt_tokens == 0
    assert ("inspect: inspect", "0.3.285") in scores.tools
    assert ("inspect: model of models:/assistant/2", "openai-api/gate/toy") in scores.tools


def test_results_that_name_another_model_than_the_endpoint_measure_nothing(world: World) -> None:
    inspect(world.folder / "results" / "2")
    task = READ.model_copy(update={"harness": Harness.INSPECT})
    said = reason(world.harnesses().scores("sums", task, world.subject()))
    assert "of the model `'openai-api/gate/toy'`, and models:/assistant/2 is `to,y=1`" in said
    assert "`model`" in said


def exchanged(run: dict[str, dict[str, object]]) -> None:
    run["results"]["date"] = 3


def test_results_that_were_measured_are_never_exchanged(world: World) -> None:
    folder = world.folder / "results" / "2"
    lm_eval(folder)
    harnesses = world.harnesses()
    first = harnesses.scores("sums", READ, world.subject())
    harnesses.keep("sums", READ, world.subject())
    lm_eval(folder, exchanged)
    said = reason(world.harnesses().scores("sums", READ, world.subject()))
    assert f"those had sha256 {first.origin[:12]}" in said
    assert "Restore the files, or register a new version" in said
    lm_eval(folder)
    named = READ.model_copy(update={"metric": "exact_match", "cluster": "page"})
    for task in (READ, named):
        assert world.harnesses().scores("sums", task, world.subject()).columns == first.columns


def test_neither_a_new_name_nor_another_folder_measures_anew(world: World) -> None:
    lm_eval(world.folder / "results" / "2")
    harnesses = world.harnesses()
    harnesses.scores("sums", READ, world.subject())
    harnesses.keep("sums", READ, world.subject())
    lm_eval(world.folder / "others" / "2", exchanged)
    moved = READ.model_copy(update={"results": "others/{version}"})
    for name in ("sums", "sums2"):
        assert "never replaced" in reason(world.harnesses().scores(name, moved, world.subject()))


def test_other_shots_under_a_name_of_their_own_are_another_measurement(world: World) -> None:
    lm_eval(world.folder / "results" / "2")
    harnesses = world.harnesses()
    harnesses.scores("sums", READ, world.subject())
    harnesses.keep("sums", READ, world.subject())
    lm_eval(world.folder / "others" / "2", prompts)
    moved = READ.model_copy(update={"results": "others/{version}"})
    assert world.harnesses().scores("sums5", moved, world.subject()).origin
    assert "never replaced" in reason(world.harnesses().scores("sums", moved, world.subject()))


def test_another_checkpoint_has_results_of_its_own(world: World) -> None:
    lm_eval(world.folder / "results" / "2")
    lm_eval(world.folder / "results" / "3", exchanged)
    harnesses = world.harnesses()
    for number in (2, 3):
        assert harnesses.scores("sums", READ, world.subject(number)).origin
        harnesses.keep("sums", READ, world.subject(number))
    assert world.harnesses().scores("sums", READ, world.subject(3)).origin


def test_of_two_processes_that_measure_at_once_the_first_stands(world: World) -> None:
    lm_eval(world.folder / "results" / "2")
    one, other = world.harnesses(), world.harnesses()
    one.scores("sums", READ, world.subject())
    lm_eval(world.folder / "results" / "2", exchanged)
    other.scores("sums", READ, world.subject())
    one.keep("sums", READ, world.subject())
    one.keep("sums", READ, world.subject())
    with pytest.raises(ResultsRefused, match="other files were measured before"):
        other.keep("sums", READ, world.subject())


def test_a_run_of_the_gate_is_kept_by_its_own_journal(world: World) -> None:
    harnesses = world.harnesses()
    harnesses.scores("sums", TASK, world.subject())
    harnesses.keep("sums", TASK, world.subject())
    assert harnesses.state.read("harness/results") == ()


def test_a_run_that_made_more_requests_than_allowed_measures_nothing_until_it_may(
    world: World,
) -> None:
    few = TASK.model_copy(update={"calls_at_most": 3})
    scores = world.harnesses().scores("sums", few, world.subject())
    assert isinstance(scores.columns, Unmeasured)
    assert scores.columns.cause is Cause.OVER_BUDGET
    assert "made 4 requests" in scores.columns.reason
    assert scores.cost.calls == 4
    enough = TASK.model_copy(update={"calls_at_most": 4})
    assert not isinstance(
        world.harnesses().scores("sums", enough, world.subject()).columns, Unmeasured
    )
    assert len(world.seen()) == 1


def test_results_of_others_may_be_of_any_size(world: World) -> None:
    lm_eval(world.folder / "results" / "2")
    few = READ.model_copy(update={"calls_at_most": 1})
    scores = world.harnesses().scores("sums", few, world.subject())
    assert not isinstance(scores.columns, Unmeasured)


def test_a_request_for_each_choice_and_each_repeat_is_counted(world: World) -> None:
    def choices(run: dict[str, list[dict[str, object]]]) -> None:
        for sample in run["samples"]:
            sample["resps"] = [[[-1.5, True]], [[-2.5, False]], [["-3.5", False], [-3.5, False]]]

    lm_eval(world.folder / "made", choices)
    scores = world.harnesses().scores("sums", TASK, world.subject())
    assert scores.cost.calls == 4 * 4


def test_a_run_that_failed_was_begun_and_is_counted(world: World) -> None:
    world.status = 3
    world.install()
    for _ in range(2):
        world.harnesses().scores("sums", TASK, world.subject())
    runs = world.harnesses()._runs
    assert runs.begun(runs.key(TASK, world.subject())) == 2
