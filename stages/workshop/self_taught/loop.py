"""The Self-Taught Evaluator: a judge learns from its own judgements, and again from better ones.

Every reply is journaled and every product frozen: a run that was killed goes on where it was, asks
nothing again and trains nothing again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from stages.engine.product import Product
from stages.evidence.records import Cost
from stages.judges.comparing import Contest
from stages.workshop.self_taught.choosing import Lessons, choose, demand_lessons
from stages.workshop.self_taught.freezing import frozen_data, frozen_judge
from stages.workshop.self_taught.judging import Judge, Judgement, judge_pairs
from stages.workshop.self_taught.making import Made, make_pairs
from stages.workshop.self_taught.recipe import Judging, Method, SelfTaught
from stages.workshop.self_taught.school import School
from stages.workshop.self_taught.testing import Sat, drawn, sit
from stages.workshop.training.trainer import Trained
from stages.workshop.workroom import Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """How a judge came about.

    Attributes:
        lessons: What it learned from.
        replies: How many judgements those were chosen from.
        unread: How many of them could not be read.
        trained: How training went.
        product: The judge, frozen.
    """

    lessons: Lessons
    replies: int
    unread: int
    trained: Trained
    product: Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Graduate:
    """A judge of the loop.

    Attributes:
        iteration: 0 for the one that nobody taught.
        sat: Its tests, by name.
        cost: Of all models that the budget pays, until it was tested.
        schooling: How it came about; None for the one that nobody taught.
    """

    iteration: int
    sat: Mapping[str, Sat]
    cost: Cost
    schooling: Schooling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What became of a recipe.

    Attributes:
        made: The pairs.
        judges: The one that nobody taught, then one of each iteration.
    """

    made: Made
    judges: tuple[Graduate, ...]

    @property
    def cost(self) -> Cost:
        """Of all models that the budget pays."""
        return self.judges[-1].cost

    def until(self, iteration: int) -> "Course":
        """The same, as it stood when an iteration had ended."""
        return replace(self, judges=self.judges[: iteration + 1])


def teach(
    recipe: SelfTaught,
    workroom: Workroom,
    school: School,
    *,
    after_each: Callable[[Course], None] = lambda _: None,
) -> Course:
    """Works a recipe through.

    Args:
        recipe: What says how.
        workroom: Where it is worked through.
        school: Where judges are taught.
        after_each: Is told when an iteration has ended, its judge being frozen.

    Raises:
        InputError: When its files cannot be used, or there is too little to learn from.
        OutOfBudget: When its budget does not pay for it.
        EndpointError: When a model cannot be reached.
        GateError: When training fails.
    """
    made = make_pairs(recipe, workroom)
    judge = school.untaught()
    sat = sit(judge, made.exams, recipe.judging, workroom)
    course = Course(
        made=made, judges=(Graduate(iteration=0, sat=sat, cost=workroom.purse.spent()),)
    )
    trained: Trained | None = None
    for iteration in range(1, recipe.pupil.iterations + 1):
        judgements = _judgements(judge, made.contests, recipe.judging, workroom)
        lessons = choose(judgements, seed=recipe.judging.seed)
        _demand(lessons, judgements, recipe, judge, iteration)
        data = frozen_data(lessons, judgements, iteration, recipe, workroom, pairs=made.product)
        trained = school.teach(lessons, iteration, trained)
        judge = school.judge(trained, iteration)
        sat = sit(judge, made.exams, recipe.judging, workroom)
        product = frozen_judge(judge, trained, sat, iteration, recipe, workroom, data=data)
        schooling = Schooling(
            lessons=lessons,
            replies=len(judgements),
            unread=sum(bool(each.unread) for each in judgements),
            trained=trained,
            product=product,
        )
        graduate = Graduate(
            iteration=iteration, sat=sat, cost=workroom.purse.spent(), schooling=schooling
        )
        course = replace(course, judges=(*course.judges, graduate))
        after_each(course)
    return course


def _judgements(
    judge: Judge, contests: Sequence[Contest], judging: Judging, workroom: Workroom
) -> tuple[Judgement, ...]:
    samplings = drawn(judging, judging.samples)
    return judge_pairs(judge, contests, samplings, workroom, step="judgements").judgements


def _demand(
    lessons: Lessons,
    judgements: Sequence[Judgement],
    recipe: SelfTaught,
    judge: Judge,
    iteration: int,
) -> None:
    """There is enough of what the method begins with."""
    by_preferences = recipe.pupil.method is Method.DPO
    demand_lessons(
        len(lessons.preferences) if by_preferences else len(lessons.right),
        judgements,
        at_least=recipe.pupil.rows_at_least,
        who=judge.hand.name,
        iteration=iteration,
    )
