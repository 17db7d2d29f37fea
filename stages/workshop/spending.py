"""A recipe's budget that does not pay for a step of it."""

from collections.abc import Iterable
from typing import ClassVar

from policies.errors import GateError
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause


class OutOfBudget(GateError):  # noqa: N818 - what a recipe is
    """A recipe's budget does not pay for a step (exit code 3); what was paid for is journaled."""

    exit_code: ClassVar[int] = 3


def demand_within_budget(outcomes: Iterable[object], step: str) -> None:
    """Returns when nothing of a step was left out for money.

    Args:
        outcomes: Of its questions; those that are `Failed` say why.
        step: What was done, such as `sorting the instructions`.

    Raises:
        OutOfBudget: When a question was not put since it did not fit the budget.
    """
    found = list(outcomes)
    unpaid = [
        each for each in found if isinstance(each, Failed) and each.cause is Cause.OVER_BUDGET
    ]
    if unpaid:
        raise OutOfBudget(
            f"the budget ends while {step}",
            why=f"{len(unpaid):,} of {len(found):,} questions were not put; {unpaid[0].reason}",
            fix="raise `budget` in the recipe, and run the same command again: what was answered "
            "is journaled and is not paid for again",
        )
