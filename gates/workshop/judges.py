"""Judges taught without labels: a recipe worked through, every judge frozen and logged."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from gates.decide.spoken import amount_words, level_words
from gates.ledger.ledger import LedgerDown
from gates.reports.judge_plot import Points, judges_png
from gates.reports.wording import cost_words, interval_words, measured_words
from gates.services import Services
from gates.workshop.keeping import Made, keep
from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from gates.workshop.schools import open_school
from stages.evidence.estimate import Estimate
from stages.evidence.records import Measurement
from stages.workshop.self_taught.judging import Heard
from stages.workshop.self_taught.loop import Course, Graduate, teach
from stages.workshop.self_taught.recipe import HELD_OUT, SelfTaught
from stages.workshop.self_taught.standing import Came, Standing, came, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Judges that were taught.

    Attributes:
        course: All that is told of them.
        came: What became of them, on the pairs that were set aside.
        pages: Addresses of their pages in MLflow, in the order of the iterations.
    """

    course: Course
    came: Came
    pages: tuple[str, ...]


def train_judges(file: RecipeFile[SelfTaught], services: Services, *, to: Path) -> Judges:
    """Teaches judges, freezes and logs each as it is done; what was done before is not done again.

    Args:
        file: The recipe.
        services: Workspace, journals and ledger.
        to: Folder in which pairs, data, models and judges are to stand.

    Raises:
        InputError: When a file cannot be used, or there is too little to learn from.
        OutOfBudget: When the recipe's budget does not pay for a step.
        Broken: When somebody who is asked does not work, or another process works on the recipe.
        LedgerDown: When MLflow does not answer at the end either: nobody waits for it between
            iterations, and what was frozen stays for the next run to log.
    """
    recipe = file.recipe
    pages = _Pages(recipe=recipe, services=services)
    with (
        services.state.lock(f"workshop/{recipe.recipe}.teaching"),
        open_workroom(file, services, names=_names(recipe), folder=to) as room,
        open_school(recipe, room, services) as school,
    ):
        course = teach(recipe, room, school, after_each=pages.try_to_add)
    pages.add(course)
    return Judges(
        course=course,
        came=came(course, not_worse_by=recipe.not_worse_by),
        pages=tuple(pages.found),
    )


def sentence(judges: Judges) -> str:
    """What became of a recipe, in one sentence."""
    course = judges.course
    words = {
        Came.FURTHER: "better than the untaught one, and no judge worse than the one before",
        Came.BACK: "a judge is worse than the one before, or than the untaught one",
        Came.UNCLEAR: "not shown to be better than the untaught one without falling on the way",
    }
    return (
        f"{len(course.judges) - 1:,} judges taught by {len(course.made.contests):,} pairs: "
        f"{words[judges.came]}"
    )


def title(course: Course) -> str:
    """Of the table."""
    return f"judges, with two-sided {level_words(course.made.exams[0].task.level)} intervals"


def headings(course: Course) -> tuple[str, ...]:
    """Of the table."""
    once = ("over its one verdict",) if _by_majority(course) else ()
    return ("judge", "metric", "measured", "over the judge before", "over the untaught", *once)


def table(course: Course) -> Iterable[tuple[str, ...]]:
    """A row per judge and metric: its value, and how it differs; methods stand in `--json`."""
    for judge in course.judges:
        for each in standings(course, judge.iteration):
            once = (_gain_words(each.over_once, None),) if _by_majority(course) else ()
            yield (
                _named(judge),
                each.value.metric,
                interval_words(each.value),
                _gain_words(each.over_previous, each.p_previous),
                _gain_words(each.over_untaught, each.p_untaught),
                *once,
            )


def costs(course: Course) -> Iterable[tuple[str, ...]]:
    """A row per judge and test: what it took to sit it."""
    for judge in course.judges:
        for name, sat in judge.sat.items():
            yield (_named(judge), name, _took(sat.heard))


def left_out(course: Course) -> Iterable[str]:
    """A sentence for every test that lacks some of its pairs."""
    for exam in course.made.exams:
        if exam.left_out:
            name, why = next(iter(exam.left_out.items()))
            yield (
                f"{exam.name}: {len(exam.left_out):,} of its pairs cannot be judged, such as "
                f"{name}: {why}"
            )


def _took(heard: Heard) -> str:
    cost = heard.cost
    price = "no price" if cost.usd is None else f"{amount_words(cost.usd)} USD"
    return (
        f"{len(heard.judgements):,} judgements, {cost.completion_tokens:,} tokens written, {price}"
    )


def _named(judge: Graduate) -> str:
    return f"iteration {judge.iteration}" if judge.iteration else "untaught"


def _by_majority(course: Course) -> bool:
    return any(sat.majority_of > 1 for sat in course.judges[0].sat.values())


def _gain_words(gain: Measurement | None, exact_p: float | None) -> str:
    if gain is None:
        return ""
    exact = "" if exact_p is None else f"; exact p = {exact_p:.2g}"
    return f"{interval_words(gain)}{exact}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    """A page of every judge, in the order of the iterations; each says what was known then."""

    recipe: SelfTaught
    services: Services
    found: list[str] = field(default_factory=list)

    def try_to_add(self, course: Course) -> None:
        """Logs what is not yet logged; while MLflow is down, that waits for the next iteration."""
        with suppress(LedgerDown):
            self.add(course)

    def add(self, course: Course) -> None:
        """Logs what is not yet logged."""
        for iteration in range(len(self.found) + 1, len(course.judges)):
            made = _made(course.until(iteration), self.recipe)
            self.found.append(keep(made, self.services))


def _made(course: Course, recipe: SelfTaught) -> Made:
    """The last judge of a course."""
    iteration = course.judges[-1].iteration
    schooling = course.judges[-1].schooling
    assert schooling is not None  # it was taught
    rows = len(schooling.lessons.right), len(schooling.lessons.preferences)
    held_out = next(
        each.value
        for each in standings(course, iteration)
        if each.value.metric == f"{HELD_OUT}.accuracy"
    )
    told = (
        f"Judge of iteration {iteration}: accuracy {measured_words(held_out)} on pairs that were "
        "set aside"
    )
    learned = (
        f"Learned from {rows[0]:,} right judgements and {rows[1]:,} preferences, chosen from "
        f"{schooling.replies:,} replies, of which {schooling.unread:,} could not be read. "
        f"Training: {schooling.trained.steps:,} steps, {schooling.trained.seconds:,.0f} s. "
        f"Cost: {cost_words(course.cost)}."
    )
    lines = [
        f"{told}.",
        "",
        learned,
        "",
        f"{title(course)}:",
        "",
        *_markdown(headings(course), table(course)),
    ]
    lines += ["", *_markdown(("judge", "test", "took"), costs(course))]
    lines += [f"\n{said}." for said in left_out(course)]
    return Made(
        product=schooling.product,
        recipe=recipe.recipe,
        sentence=told,
        named=f"iteration {iteration}",
        description="\n".join(lines),
        measurements=tuple(_measurements(standings(course, iteration))),
        files={"judges.png": judges_png(_points(course))},
        cost=course.cost,
    )


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _measurements(found: Iterable[Standing]) -> Iterable[Measurement]:
    """Values, differences from the judge before, and from the untaught one under a name of its own.

    The names are those that a policy of stage 1 knows, so that columns of judges compare.
    """
    for each in found:
        yield each.value
        if each.over_previous is not None:
            yield each.over_previous
        if each.over_untaught is not None:
            name = f"{each.value.metric}.since_untaught"
            yield replace(each.over_untaught, metric=name)
        if each.over_once is not None:
            yield replace(each.over_once, metric=f"{each.value.metric}.over_once")


def _points(course: Course) -> Points:
    found: dict[str, list[Estimate | None]] = {}
    for judge in course.judges:
        for each in standings(course, judge.iteration):
            measured = each.value.measured
            shown = measured if isinstance(measured, Estimate) else None
            found.setdefault(each.value.metric, []).append(shown)
    return {name: tuple(course) for name, course in found.items()}


def _names(recipe: SelfTaught) -> Iterable[str]:
    """The endpoints that a recipe names."""
    sorting, endpoint = recipe.categories, recipe.pupil.endpoint
    return [
        recipe.writer.by,
        *([] if sorting is None else [sorting.by]),
        *([] if endpoint is None else [endpoint]),
    ]
