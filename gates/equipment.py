"""What the tasks of a policy need beside the program, whether it is there, and what fetches it."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

from gates.gate_toml import EndpointSection
from gates.measuring import harness_programs
from gates.services import Services
from gates.subjects import reached
from policies.benchmark_tasks import (
    BenchmarkTask,
    GroundingTask,
    HarnessTask,
    RewardTask,
    RubricTask,
)
from policies.errors import GateError
from policies.plan import OfflineTask
from policies.safety_tasks import (
    ExtractionTask,
    HarmTask,
    MemorizationTask,
    Precision,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import SideBySidePlan
from stages.models.chat import check_chat
from stages.models.settings import EndpointSettings
from stages.offline.refusal.instrument import RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """One thing that a task needs.

    Attributes:
        there: Whether it is there, or can be done without.
        sentence: What was found.
        fix: How to get it; empty when it is there.
    """

    there: bool
    sentence: str
    fix: str = ""


_ONNX = (Precision.ONNX, Precision.ONNX_INT8)
_CLASSIFIER = ("torch", "transformers", "detoxify")


def equipment_of(task: OfflineTask, services: Services) -> Iterator[Equipment]:
    """What a task needs, in the order in which a round would miss it; asks nobody."""
    yield from _libraries(task, services)
    name = _endpoint(task, services)
    if name is not None:
        yield _asked(name, services)
    if isinstance(task, HarnessTask) and task.results is None:
        yield _program(task, services)
    if _spreads(task) and services.workspace.actors is not None:
        yield _installed(("ray",), extra="ray")


def equipment_of_judges(plan: SideBySidePlan, services: Services) -> Iterator[Equipment]:
    """The endpoints and keys of a panel; asks nobody."""
    for name in plan.judges:
        yield _asked(name, services)


def _libraries(task: OfflineTask, services: Services) -> Iterator[Equipment]:
    match task:
        case ToxicityTask():
            yield _installed(_CLASSIFIER, extra="toxicity")
            if task.precision in _ONNX:
                yield _installed(("onnx", "onnxruntime", "onnxscript"), extra="fast-toxicity")
        case RewardTask(reward=reward) if reward not in services.workspace.endpoints:
            yield _installed(("torch", "transformers"), extra="toxicity")
        case ExtractionTask():
            yield _installed(("rapidfuzz", "sacrebleu"), extra="scan")
            if task.tokenizer is not None:
                yield _installed(("tokenizers",), extra="toxicity")
        case MemorizationTask(corpus=corpus):
            yield from _searching(corpus)
        case BenchmarkTask(contamination=contamination) if contamination is not None:
            yield from _searching(contamination.corpus)
        case _:
            pass


def _searching(corpus: tuple[str, ...]) -> Iterator[Equipment]:
    """What a search of a corpus needs, and what makes it fast."""
    if any(".zst" in path for path in corpus):
        yield _installed(("zstandard",), extra="scan")
    if importlib.util.find_spec("numba") is None:
        yield Equipment(
            there=True,
            sentence='numba is not installed: searching is some ten times slower (pip install "'
            'checkpoint-gate[scan]")',
        )
    else:
        yield _installed(("numba",), extra="scan")


def _installed(libraries: tuple[str, ...], *, extra: str) -> Equipment:
    absent = [name for name in libraries if importlib.util.find_spec(name) is None]
    if absent:
        return Equipment(
            there=False,
            sentence=f"{_and(absent)} not installed",
            fix=f'pip install "checkpoint-gate[{extra}]"',
        )
    return Equipment(there=True, sentence=f"{_and(libraries)} installed")


def _and(names: tuple[str, ...] | list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _endpoint(task: OfflineTask, services: Services) -> str | None:
    """The endpoint that a task names; None when it names none."""
    match task:
        case RubricTask(judge=name) | GroundingTask(grounding=name) | HarmTask(endpoint=name):
            return name
        case RefusalTask(refusal=name) if name != RULES:
            return name
        case RewardTask(reward=name) if _is_no_folder(name, services):
            return name
        case _:
            return None


def _is_no_folder(name: str, services: Services) -> bool:
    known = name in services.workspace.endpoints
    return known or not (services.workspace.root / "policies" / name).is_dir()


def _asked(name: str, services: Services) -> Equipment:
    section = services.workspace.endpoints.get(name)
    if section is None:
        return Equipment(
            there=False,
            sentence=f"gate.toml knows no endpoint `{name}`",
            fix=f"add [endpoints.{name}] with base_url and model to gate.toml",
        )
    if section.folder is not None:
        return _in_folder(name, section, services)
    variable = section.api_key_env
    if variable is not None and services.workspace.secret(variable) is None:
        return Equipment(
            there=False,
            sentence=f"the key of endpoint `{name}` is not set",
            fix=f"export {variable}=...",
        )
    return Equipment(there=True, sentence=f"endpoint `{name}` is {section.model}")


def _in_folder(name: str, section: EndpointSection, services: Services) -> Equipment:
    """A model that is run here: its files, and the libraries that run it."""
    try:
        check_chat(reached(section, EndpointSettings(), services.workspace.root))
    except GateError as error:
        return Equipment(there=False, sentence=error.in_short, fix=error.fix)
    libraries = _installed(("torch", "transformers"), extra="workshop")
    if not libraries.there:
        return libraries
    return Equipment(there=True, sentence=f"endpoint `{name}` is the model in {section.folder}")


def _program(task: HarnessTask, services: Services) -> Equipment:
    try:
        version = harness_programs(services).version(task.harness)
    except GateError as error:
        return Equipment(there=False, sentence=error.in_short, fix=error.fix)
    return Equipment(there=True, sentence=f"{task.harness} {version} is installed")


def _spreads(task: OfflineTask) -> bool:
    """Whether Ray would work on it."""
    searched = isinstance(task, BenchmarkTask) and task.contamination is not None
    return searched or isinstance(task, ToxicityTask | MemorizationTask)
