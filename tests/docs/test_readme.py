"""The README shows what the program prints."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from gates.demo.show import Demo
from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    GroundingTask,
    Harness,
    HarnessTask,
    RewardTask,
    Rubric,
    RubricTask,
    Scorer,
)
from policies.graded_task import GradedTask
from policies.pairs_task import PairLabels, PairsTask
from policies.plan import KINDS
from policies.safety_tasks import (
    ExtractionTask,
    HarmDetector,
    HarmTask,
    MemorizationTask,
    RefusalTask,
    ToxicityTask,
)
from policies.task import Labelled, Task
from tests.docs.page import rows, section
from tests.docs.transcript import Step, replay, steps, write_anew
from tests.fakes.shown_demo import Shown
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SAMPLE = ROOT / "gates" / "starter" / "sample.jsonl"
WRONG = {
    "assistant-may": {"sample-04", "sample-13", "sample-20"},
    "assistant-june": {"sample-09", "sample-13"},
}
"""Which questions each checkpoint answers wrongly: about equal, as checkpoints often are."""
DEMO = "make demo"
LABELLED = Labelled(data="labelled.jsonl")
EACH_KIND: Mapping[str, tuple[Task, ...]] = {
    "scorer": tuple(BenchmarkTask(data="a", scorer=scorer) for scorer in Scorer),
    "pairs": tuple(PairsTask(data="a", pairs=labels) for labels in PairLabels),
    "language": (CodeTask(data="a", language="python"),),
    "reward": (RewardTask(data="a", reward="b"),),
    "rubric": (RubricTask(data="a", rubric=tuple(Rubric), judge="b"),),
    "grounding": (GroundingTask(data="a", grounding="b"),),
    "classifier": (ToxicityTask(data="a", classifier="b", labelled=LABELLED),),
    "harm": (HarmTask(data="a", harm=HarmDetector.LLAMA_GUARD, endpoint="b", labelled=LABELLED),),
    "refusal": (RefusalTask(data="a", refusal="rules"),),
    "corpus": (MemorizationTask(data="a", corpus=("b",), restricted_licences=("GPL-*",)),),
    "extraction_tokens": (ExtractionTask(data="a", extraction_tokens=50),),
    "graded": (GradedTask(graded="grades/{version}"),),
    "harness": tuple(HarnessTask(harness=harness, task="a") for harness in Harness),
}
"""A task of every kind, with all that it can measure."""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal of 120 columns in an empty folder, and no settings of this machine."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "GATE_STATE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def endpoint() -> Iterator[str]:
    with OpenAIServer(answer) as server:
        yield server.url


def answer(call: Call) -> Reaction:
    items = {
        item["prompt"]: item for item in map(json.loads, SAMPLE.read_text("utf-8").splitlines())
    }
    model, item = call.body["model"], items.get(call.prompt)
    if item is None:
        return text(f"I am {model}.", model=model)
    right = item["id"] not in WRONG[model]
    return text(f"It is {item['target'] if right else 1}.", model=model)


def on_the_page() -> list[Step]:
    return list(steps(README.read_text(encoding="utf-8")))


def test_the_first_fifteen_minutes_are_as_shown(
    mlflow_server: str, endpoint: str, tmp_path: Path
) -> None:
    real: Mapping[str, str] = {
        "/home/you/checkpoint-gate": str(ROOT),
        "http://127.0.0.1:5000": mlflow_server,
        "http://127.0.0.1:8000/v1": endpoint,
        "/home/you": str(tmp_path),
    }
    expected = [step for step in on_the_page() if step.command != DEMO]
    replayed = [replay(step.command, real=real) for step in expected]
    write_anew(README, replayed)
    assert replayed == [step for step in on_the_page() if step.command != DEMO]


def test_the_demo_prints_what_is_shown(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    def demo_again(*_: object, say: Callable[[str], None], **__: object) -> Demo:
        for line in shown.lines:
            say(line)
        return shown.demo

    monkeypatch.setattr("gates.demo.show.run_demo", demo_again)
    printed = replay("gate demo", real={"/home/you/checkpoint-gate": str(shown.folder.parent)})
    write_anew(README, [Step(command=DEMO, output=printed.output)])
    (step,) = [step for step in on_the_page() if step.command == DEMO]
    assert step.output == printed.output


def test_make_demo_is_gate_demo() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:.*\n(\t.*\n)*?\t.* gate demo$", makefile, re.MULTILINE)


def test_every_exit_code_the_transcript_shows_is_explained() -> None:
    readme = README.read_text(encoding="utf-8")
    codes = set(re.findall(r"^\[exit code (\d)\]$", readme, re.MULTILINE))
    assert codes == {"3", "4"}
    for code in codes:
        assert f"\n| {code} | " in readme


def test_every_kind_of_task_is_named_with_metrics_that_it_has() -> None:
    said = rows(section(README.read_text(encoding="utf-8"), "What stage 1 measures"))
    assert said.keys() == KINDS.keys()
    for key, (_, metrics) in said.items():
        own = {m.name.partition(".")[2] for task in EACH_KIND[key] for m in task.metrics("task")}
        assert set(re.findall(r"`(\w+)`", metrics)) <= own, key


def test_links_and_pictures_are_there_and_small() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        found = ROOT / target
        assert found.exists(), f"{target} is not there"
        assert found.suffix != ".png" or found.stat().st_size < 300_000
