"""Whether a policy can be measured from what it is given; nothing is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gates.comparison_inputs import comparison_input_problems
from gates.subjects import reached
from gates.workspace import Workspace
from policies.benchmark_tasks import GroundingTask, RubricTask
from policies.errors import WrongUsage
from policies.plan import OfflineTask
from policies.policy import PolicyFile
from policies.problems import PolicyRefused, Problem
from policies.safety_tasks import HarmTask, RefusalTask
from policies.yaml_source import read_yaml
from stages.engine.data import ItemFile, read_items
from stages.engine.progress import Silent
from stages.engine.state import State
from stages.models.settings import EndpointSettings
from stages.offline.inputs import Unusable, seen_in, unusable
from stages.offline.refusal.instrument import RULES
from stages.offline.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """What cannot be told of a task on this machine.

    Attributes:
        task: Its name.
        sentence: What, and why.
    """

    task: str
    sentence: str


def check_inputs(file: PolicyFile, workspace: Workspace, state: State) -> tuple[Untold, ...]:
    """Returns what cannot be told here, when nothing is wrong with what is.

    Args:
        file: The policy.
        workspace: Says which endpoints there are; where there is no `gate.toml`, none is known, and
            those that tasks name are only named.
        state: Handed to instruments; nothing is written to it.

    Raises:
        PolicyRefused: With every task whose items, corpus, classifier, endpoint or results cannot
            be used, and every judge and file of a comparison that cannot.
    """
    plan = file.policy.plan.offline or {}
    unknown = {} if workspace.file else {n: e for n, t in plan.items() if (e := endpoint_of(t))}
    known = dict.fromkeys(unknown.values(), _NOWHERE) | {
        name: reached(section, EndpointSettings(), workspace.root)
        for name, section in workspace.endpoints.items()
    }
    tools = Tools(
        base=file.folder,
        state=state,
        progress=Silent(),
        classifier_for=seen_in(file.folder, downloads=_downloads(workspace.environment)),
        endpoints=known,
    )
    found = unusable(plan, tools, partial(_items, file))
    wrong = [_problem(each) for each in found if isinstance(each.error, WrongUsage)]
    compared = file.policy.plan.side_by_side
    if compared is not None:
        wrong += comparison_input_problems(compared, base=file.folder, workspace=workspace)
    if wrong:
        lines = read_yaml(file.path.read_text(encoding="utf-8"))
        raise PolicyRefused(str(file.path), [replace(p, line=lines.line(p.at)) for p in wrong])
    return (
        *(Untold(task=n, sentence=f"no gate.toml says where `{e}` is") for n, e in unknown.items()),
        *(Untold(task=each.task, sentence=each.error.in_short) for each in found),
    )


def endpoint_of(task: OfflineTask) -> str | None:
    """The endpoint that a task can only be measured with; None when it names none."""
    match task:
        case RubricTask(judge=name) | GroundingTask(grounding=name) | HarmTask(endpoint=name):
            return name
        case RefusalTask(refusal=name) if name != RULES:
            return name
        case _:
            return None


_NOWHERE = EndpointSettings(base_url="http://nowhere.invalid/v1", model="unknown")


def _downloads(environment: Mapping[str, str]) -> Path:
    """Where PyTorch keeps checkpoints, by the variables it reads: to import it takes seconds."""
    cache = Path(environment.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(environment.get("TORCH_HOME", cache / "torch"))
    return home.expanduser() / "hub" / "checkpoints"


def _items(file: PolicyFile, name: str) -> ItemFile:
    task = file.policy.plan.asked()[name]
    return read_items(task.data, base=file.folder, cluster=task.cluster, sha256=task.sha256)


def _problem(found: Unusable) -> Problem:
    at = ("plan", "offline", found.task)
    return Problem(at=at, found=found.error.in_short, expected="", fix=found.error.fix)
