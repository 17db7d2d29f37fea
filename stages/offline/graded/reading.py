"""A checkpoint's grade, held against what the plan and the checkpoint say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policies.errors import InputError
from policies.graded_task import GradedTask
from stages.engine.product import Product, open_product
from stages.engine.state import Entry, State
from stages.engine.subject import Subject
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost
from stages.offline.graded.grade import KIND, Grade, grade_in
from stages.offline.graded.sittings import sittings_in
from stages.offline.instrument import Scores
from stages.stats.gap_difference import Parts

_STREAM = "graded/read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Reads grades; asks nobody, trains nothing.

    Attributes:
        base: The policy's folder, which paths are relative to.
        state: Where it is kept which grade a checkpoint was measured by: it is never replaced.
    """

    base: Path
    state: State
    _read: dict[tuple[str, str], Scores] = field(default_factory=dict)

    def scores(self, name: str, task: GradedTask, subject: Subject) -> Scores:
        """The estimates of a checkpoint's grade, or why there are none.

        Unmeasured is all of it where the folder is missing, was altered, holds another
        checkpoint's grade, one of another recipe or level, or another one than was read before;
        and each metric that the grade does not have or did not measure.

        Raises:
            Broken: When the journal cannot be read or written.
        """
        own = (subject.digest, name)
        if own not in self._read:
            self._read[own] = self._scores(name, task, subject)
        return self._read[own]

    def _scores(self, name: str, task: GradedTask, subject: Subject) -> Scores:
        version = subject.uri.rpartition("/")[2]
        folder = self.base / task.graded.replace("{version}", version)
        try:
            product = open_product(folder, kind=KIND)
            grade = grade_in(product)
        except InputError as error:
            return _without(task, name, Unmeasured(error.in_short))
        why = _refused(product, grade, task, subject) or self._replaced(name, product, subject)
        if why is not None:
            return _without(task, name, Unmeasured(why))
        return Scores(
            columns={},
            estimates={own: _measured(own, grade) for own in _names(task, name)},
            gaps=_gaps(product, grade, task, name),
            conditions={"recipe": product.recipe},
            data=((str(folder), product.sha256),),
            tools=(
                (f"recipe {grade.recipe}", product.recipe),
                (f"grade of {subject.uri}", grade.checkpoint),
            ),
            cost=Cost(),
            origin=product.sha256,
        )

    def _replaced(self, name: str, product: Product, subject: Subject) -> str | None:
        """Why this grade is not the first one of the checkpoint; journaled where it is."""
        entry = _entry(name, product, subject)
        earlier = [
            one
            for one in self.state.read(_STREAM)
            if one.get("checkpoint") == subject.digest
            and (one.get("task") == name or one.get("recipe") == product.recipe)
        ]
        other = next((one for one in earlier if one.get("sha256") != product.sha256), None)
        if other is not None:
            return (
                f"another grade of {subject.uri} was read before, with sha256 "
                f"{str(other.get('sha256'))[:12]}; this one has {product.sha256[:12]}, and a "
                "measurement is never replaced. Restore it, or register a new version"
            )
        if entry not in earlier:
            self.state.append(_STREAM, [entry])
        return None


def _entry(name: str, product: Product, subject: Subject) -> Entry:
    return {
        "checkpoint": subject.digest,
        "task": name,
        "recipe": product.recipe,
        "sha256": product.sha256,
    }


def _refused(product: Product, grade: Grade, task: GradedTask, subject: Subject) -> str | None:
    """Why a grade, whole as it is, does not count for this task."""
    if grade.digest != subject.digest:
        return (
            f"{product.folder} is the grade of {grade.checkpoint}, which answers otherwise than "
            f"{subject.uri} (digest {grade.digest[:12]}, not {subject.digest[:12]})"
        )
    if task.recipe not in (None, grade.recipe):
        return f"it was made by the recipe {grade.recipe}, and the plan says {task.recipe}"
    if task.recipe_sha256 not in (None, product.recipe):
        return (
            f"the recipe that made it has sha256 {product.recipe[:12]}, and the plan says "
            f"{str(task.recipe_sha256)[:12]}"
        )
    if grade.level != task.level:
        return f"its intervals are at level {grade.level:g}, and the plan says {task.level:g}"
    return None


def _measured(own: str, grade: Grade) -> Estimate | Unmeasured:
    return grade.measured.get(own) or Unmeasured(f"the grade says nothing of `{own}`")


def _gaps(
    product: Product, grade: Grade, task: GradedTask, name: str
) -> Mapping[str, Parts | Unmeasured]:
    """What the gaps recovered rest on; a grade that cannot be compared counts alone."""
    own = _names(task, name, compared=True)
    try:
        sittings = sittings_in(product)
    except InputError as error:
        return dict.fromkeys(own, Unmeasured(error.in_short))
    return {
        metric: found
        if isinstance(found := _measured(metric, grade), Unmeasured)
        else sittings.parts(metric)
        for metric in own
    }


def _names(task: GradedTask, name: str, *, compared: bool = False) -> tuple[str, ...]:
    """Metrics by their own names: all, or those that are held against the baseline's."""
    return tuple(
        metric.name.removeprefix(f"{name}.")
        for metric in task.metrics(name)
        if metric.paired or not compared
    )


def _without(task: GradedTask, name: str, why: Unmeasured) -> Scores:
    return Scores(
        columns=why,
        estimates=dict.fromkeys(_names(task, name), why),
        gaps=dict.fromkeys(_names(task, name, compared=True), why),
    )
