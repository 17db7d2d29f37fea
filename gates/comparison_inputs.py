"""Whether a policy's comparisons can be measured from what they are given; nothing is asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

from gates.subjects import reached
from gates.workspace import Workspace
from policies.errors import GateError, InputError, WrongUsage
from policies.problems import Path as Place
from policies.problems import Problem
from policies.side_by_side import SideBySidePlan
from stages.engine.data import read_bytes
from stages.evidence.json_lines import utf8_text
from stages.models.chat import check_chat
from stages.models.settings import EndpointSettings
from stages.side_by_side.answering import read_prompts
from stages.side_by_side.gold import read_gold

_AT: Place = ("plan", "side_by_side")


def comparison_input_problems(
    plan: SideBySidePlan, *, base: Path, workspace: Workspace
) -> Iterator[Problem]:
    """What of a plan's files and judges cannot be used; votes are waited for.

    Args:
        plan: The side-by-side plan.
        base: The policy's folder.
        workspace: Says which endpoints there are; where there is no `gate.toml`, none is known, and
            those that the plan names are only named.
    """
    for name in plan.judges:
        if workspace.file is not None and name not in workspace.endpoints:
            yield Problem(
                at=(*_AT, "judges"),
                found=f"the judge `{name}`, which gate.toml does not know",
                expected=f"an `[endpoints.{name}]`",
                fix=f"add [endpoints.{name}] with `base_url` and `model` to gate.toml",
            )
    yield from _folder_problems(plan, workspace)
    for place, read in _files(plan, base):
        try:
            read()
        except WrongUsage as error:
            yield Problem(at=place, found=error.in_short, expected="", fix=error.fix)
        except GateError:
            continue  # it cannot be reached from here, which says nothing of it


def _folder_problems(plan: SideBySidePlan, workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with judges that are run here."""
    sections = workspace.endpoints
    for name in plan.judges:
        section = sections.get(name)
        if section is None or section.folder is None:
            continue
        try:
            check_chat(reached(section, EndpointSettings(), workspace.root))
        except WrongUsage as error:
            yield Problem(at=(*_AT, "judges"), found=error.in_short, expected="", fix=error.fix)
        if plan.judging.batch:
            yield Problem(
                at=(*_AT, "judging", "batch"),
                found=f"the judge `{name}` in a folder, which no provider's Batch API asks",
                expected="judges behind endpoints",
                fix="take `batch` out of `judging`, or name the judge's endpoint in gate.toml",
            )


def _files(plan: SideBySidePlan, base: Path) -> Iterator[tuple[Place, Callable[[], object]]]:
    if plan.data is not None:
        yield (*_AT, "data"), lambda: read_prompts(plan, base=base)
    if plan.gold is not None:
        gold = plan.gold
        yield (*_AT, "gold"), lambda: _read_gold(gold, plan, base)
    if plan.guidelines is not None:
        text = plan.guidelines
        yield (*_AT, "guidelines"), lambda: utf8_text(read_bytes(text, base=base), where=text)
    calibration, judging = plan.judging.calibration, plan.judging
    if calibration is not None:
        topic = plan.topic if judging.rubrics else None
        yield (
            (*_AT, "judging", "calibration"),
            lambda: read_gold(
                calibration, base=base, topic=topic, sha256=judging.calibration_sha256
            ),
        )


def _read_gold(gold: str, plan: SideBySidePlan, base: Path) -> None:
    pairs, needed = read_gold(gold, base=base, topic=plan.topic), plan.annotating.qualification
    if len(pairs) < needed:
        raise InputError(
            f"{gold} holds {len(pairs)} gold pairs",
            why=f"`annotating.qualification` takes {needed}",
            fix=f"add {needed - len(pairs)} gold pairs, or make the round smaller",
        )
