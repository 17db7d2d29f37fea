"""Sums that a harness puts to checkpoints on a real server, and the stage that has it done."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from policies.benchmark_tasks import Harness, HarnessTask
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.engine.subject import Subject
from stages.evidence.records import Evidence, Measurement, Quantity
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from stages.offline.harness.environment import DEFAULT_PROGRAMS, Programs
from stages.offline.measure import OfflineStage
from tests.servers.openai_server import (
    Call,
    OpenAIServer,
    Reaction,
    null_content,
    status,
    text,
)

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-endpoint"
QUESTIONS = 20
WRONG_EVERY = {"base": 10, "good": 10, "worse": 3}
NUMBER = {"base": 1, "good": 2, "worse": 3, "silent": 4, "failing": 5}

LM_EVAL_TASK = """
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 64}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""

INSPECT_TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate

@task
def sums():
    samples = [
        Sample(id=n, input=f"what is {n} + {n}?", target=str(2 * n), metadata={"page": n // 2})
        for n in range(20)
    ]
    return Task(dataset=samples, solver=generate(), scorer=match(numeric=True))
"""


@dataclass(frozen=True)
class Story:
    """Evidence of every candidate, held against `base`, and how often the server was asked.

    Attributes:
        again: Of `good` by a second process.
        asked_again: Requests that the second process made.
    """

    evidence: dict[str, Evidence]
    again: Evidence
    asked_again: int
    folder: Path
    stage: OfflineStage
    subjects: dict[str, Subject]


def told(task: HarnessTask, folder: Path) -> Iterator[Story]:
    """The story of a task whose files lie in a folder; the checkpoints are closed at its end."""
    with OpenAIServer(behaviour) as server:
        subjects = {model: subject(server.url, model) for model in NUMBER}
        base, measuring = subjects["base"], stage(task, folder)
        evidence = {
            model: measuring.measure_next(candidate, base, None)
            for model, candidate in subjects.items()
            if model != "base"
        }
        asked = len(server.calls)
        again = stage(task, folder).measure_next(subjects["good"], base, None)
        yield Story(evidence, again, len(server.calls) - asked, folder, measuring, subjects)
        for each in subjects.values():
            assert each.client is not None
            each.client.close()


def needed(harness: Harness) -> None:
    """Skips where the harness is not installed, unless nothing may be skipped."""
    program = ROOT / DEFAULT_PROGRAMS[harness]
    if not program.is_file() and not os.environ.get("GATE_REQUIRE_ALL"):
        pytest.skip(f"there is no {program}: make {harness.replace('_', '-')}")


def behaviour(call: Call) -> Reaction:
    """Pinned texts tell the models apart; `silent` and `failing` spoil a tenth of the answers."""
    model = str(call.body["model"])
    if not call.prompt.startswith("what is"):
        return text(f"I am {model}", model=model)
    number = int(call.prompt.split()[2])
    if number % 10 == 5:
        if model == "silent":
            return null_content()
        if model == "failing":
            return status(500)
    return text(str(2 * number + (number % WRONG_EVERY.get(model, 10) == 0)), model=model)


def subject(url: str, model: str) -> Subject:
    client = OpenAICompatible(
        EndpointSettings(base_url=url, model=model, api_key=KEY, retries=0, slots=4)
    )
    uri = f"models:/assistant/{NUMBER[model]}"
    return Subject(uri=uri, known_as=model, digest=f"{NUMBER[model]}" * 64, client=client)


def stage(task: HarnessTask, folder: Path) -> OfflineStage:
    handed_on = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
        "SECRET_OF_OURS": "not theirs",
    }
    return OfflineStage(
        {"sums": task},
        order=("sums",),
        base=folder,
        state=FolderState(folder / "state"),
        progress=Silent(),
        programs=Programs(base=ROOT, environment=handed_on),
    )


def write_lm_eval_task(folder: Path) -> None:
    tasks = folder / "tasks"
    tasks.mkdir()
    data = folder / "sums.jsonl"
    sums = [
        {"question": f"what is {n} + {n}?", "answer": str(2 * n), "page": n // 2}
        for n in range(QUESTIONS)
    ]
    data.write_text("".join(json.dumps(line) + "\n" for line in sums))
    (tasks / "sums.yaml").write_text(LM_EVAL_TASK.format(data=data))


def write_inspect_task(folder: Path) -> None:
    (folder / "sums.py").write_text(INSPECT_TASK)


def quantity(evidence: Evidence, which: Quantity) -> Measurement:
    return next(m for m in evidence.measurements if m.quantity is which)


def files_with(folder: Path, secret: str) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if secret.encode() in path.read_bytes()]
