"""Whether every task of a plan can be measured from what it is given, before anything is asked.

Files are read; nothing is fetched, loaded, run or asked. What this machine itself lacks (a library,
a sandbox, a program) is told when it is needed, and by `gate doctor`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Never

from policies.benchmark_tasks import CodeTask, HarnessTask, RewardTask
from policies.errors import GateError, InputError, PolicyError, WrongUsage
from policies.graded_task import GradedTask
from policies.plan import Asked, OfflineTask
from policies.safety_tasks import ToxicityTask
from stages.engine.assessed import demand_assessed
from stages.engine.bench_mark import refuse_copied
from stages.engine.data import ItemFile
from stages.offline.code.instrument import Code
from stages.offline.instruments import instrument_for
from stages.offline.reward.instrument import Reward
from stages.offline.tools import ClassifierFor, Tools
from stages.offline.toxicity.detoxify_files import find_what_is_here

ItemsOf = Callable[[str], ItemFile]
"""The items of a task, by its name."""

_LEAST_SAFETY_LEVEL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A task that cannot be measured as it stands.

    Attributes:
        task: Its name.
        error: Why, and how to mend it: `WrongUsage` where the policy or a file is wrong; another
            where it cannot be told on this machine.
    """

    task: str
    error: GateError


def unusable(plan: Mapping[str, OfflineTask], tools: Tools, items: ItemsOf) -> tuple[Unusable, ...]:
    """The tasks that cannot be measured from what they are given, in the plan's order.

    Args:
        plan: Tasks by name.
        tools: The folder that paths start from, the endpoints that there are, and `seen_in` as
            what finds a classifier.
        items: Reads the items of a task.
    """
    found = []
    for name, task in plan.items():
        try:
            check_level(name, task)
            if isinstance(task, HarnessTask):
                said = [("results", task.results), ("task_path", task.task_path)]
                _check_there(said, task.harness.replace("_", "-"), tools.base)
            elif isinstance(task, GradedTask):
                _check_there([("graded", task.graded)], "the workshop", tools.base)
            else:
                _check_asked(task, tools, items(name))
        except GateError as error:
            found.append(Unusable(task=name, error=error))
    return tuple(found)


def seen_in(base: Path, *, downloads: Path | None = None) -> ClassifierFor:
    """Finds classifiers without loading them: their checkpoints are there, and the pinned ones.

    Args:
        base: The policy's folder.
        downloads: Where PyTorch keeps checkpoints; None: published ones are not looked for.
    """
    return partial(_Seen, base=base, downloads=downloads)


def refuse_wrong(found: Sequence[Unusable]) -> None:
    """Returns when no policy and no file is wrong.

    Raises:
        WrongUsage: Naming all that is.
    """
    wrong = [each for each in found if isinstance(each.error, WrongUsage)]
    if len(wrong) == 1:
        raise wrong[0].error
    if wrong:
        raise InputError(
            f"cannot measure {len(wrong)} tasks; nothing was asked",
            why="\n       ".join(
                f"{each.task}: {each.error.in_short}; {each.error.fix}" for each in wrong
            ),
            fix="mend all of them; gate policy check POLICY tells what is left",
        )


def check_level(name: str, task: OfflineTask) -> None:
    """Returns when a task's level makes an interval.

    Raises:
        PolicyError: When it does not.
    """
    if task.level <= _LEAST_SAFETY_LEVEL and any(m.safety for m in task.metrics(name)):
        raise PolicyError(
            f"cannot measure the safety rate `{name}`",
            why=f"`level: {task.level:g}` is one-sided per end and leaves no interval",
            fix="set `level` above 0.5; 0.95 is the usual one",
        )


def _check_asked(task: Asked, tools: Tools, file: ItemFile) -> None:
    demand_assessed(task.data, task.assessment, base=tools.base)
    refuse_copied(file, task.assessment)
    match task:
        case CodeTask():
            Code(task=task, tools=tools).check_items(file)
        case RewardTask() if task.reward in tools.endpoints:
            tools.served(task.reward, what="a reward model")
        case RewardTask():
            Reward(task=task, tools=tools).files()
        case _:
            instrument_for(task, tools).check(file)


class _Seen:
    """A classifier whose checkpoint is here and is the pinned one; nothing of it was loaded."""

    backend = ""

    def __init__(self, task: ToxicityTask, base: Path, downloads: Path | None) -> None:
        checkpoint = find_what_is_here(task, base=base, downloads=downloads)
        self.name, self.digest = checkpoint.name, checkpoint.sha256

    def score(self, texts: Sequence[str]) -> Never:
        raise ValueError(f"{self.name} was only looked at; {len(texts)} texts cannot be scored")


def _check_there(said: Sequence[tuple[str, str | None]], whose: str, base: Path) -> None:
    """Files of a version that is still to come may lack, the folder of all of them may not."""
    for key, named in said:
        if named is None:
            continue
        fixed = named.partition("{version}")[0]
        path = base / (fixed if fixed == named or fixed.endswith("/") else Path(fixed).parent)
        if not path.exists():
            raise InputError(
                f"cannot read the {key.replace('_', ' ')} of {whose}",
                why=f"there is no {path.resolve()}",
                fix=f"correct `{key}` (it is relative to the policy), or put them there",
            )
