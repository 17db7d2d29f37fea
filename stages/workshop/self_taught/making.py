"""Pairs for a judge to learn from, and the tests that it will sit."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import InputError
from stages.engine.product import Product
from stages.judges.comparing import Contest
from stages.workshop.self_taught.contrasting import contrast, set_aside
from stages.workshop.self_taught.freezing import frozen_pairs
from stages.workshop.self_taught.instructions import read_instructions, sort_out
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.self_taught.testing import Exam, held_out_exam, read_exams
from stages.workshop.workroom import Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Pairs that judges learn from, and those that they are tested on.

    Attributes:
        contests: To learn from.
        exams: What every judge is tested on; the first one is of pairs that were set aside.
        dropped: Why other instructions are not learned from, by id.
        product: The pairs, frozen.
    """

    contests: tuple[Contest, ...]
    exams: tuple[Exam, ...]
    dropped: Mapping[str, str]
    product: Product


def make_pairs(recipe: SelfTaught, workroom: Workroom) -> Made:
    """The pairs of a recipe, made by its writer, and the tests.

    Raises:
        InputError: When its files cannot be used, or too few pairs could be made of them.
        OutOfBudget: When its budget does not pay for it.
        EndpointError: When the writer cannot be reached.
    """
    exams = read_exams(recipe, workroom.base)
    tested = {pair.item.digest for exam in exams for pair in exam.pairs}
    instructions = read_instructions(recipe, workroom, tested=tested)
    if recipe.categories is not None:
        instructions = sort_out(instructions, recipe.categories, workroom)
    rubric = recipe.judging.rubric
    pairs = contrast(instructions.items, recipe.writer, rubric, workroom)
    dropped = {**instructions.dropped, **pairs.dropped}
    aside = set_aside(pairs.contests, recipe.held_out)
    learned = tuple(c for c in pairs.contests if c.id not in aside)
    _demand_pairs(len(learned), recipe.pupil.rows_at_least, dropped)
    held = [contest for contest in pairs.contests if contest.id in aside]
    return Made(
        contests=learned,
        exams=(held_out_exam(held, rubric, level=recipe.level), *exams),
        dropped=dropped,
        product=frozen_pairs(pairs, aside, recipe, workroom, instructions=instructions.sha256),
    )


def _demand_pairs(made: int, at_least: int, dropped: Mapping[str, str]) -> None:
    if made >= at_least:
        return
    why = "the file holds no more instructions"
    if dropped:
        name, reason = next(iter(dropped.items()))
        why = f"{len(dropped):,} instructions were left out, `{name}` since {reason}"
    raise InputError(
        f"cannot teach a judge with {made:,} pairs to learn from: at least {at_least:,} are needed",
        why=why,
        fix="give more instructions, or instructions of another kind; nothing was trained",
    )
