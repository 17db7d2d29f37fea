"""A recipe's budget that does not pay for a step of it."""

from collections.abc import Iterable
from typing import ClassVar

from policies.errors import GateError
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause, Unmeasured


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
        why = f"{len(unpaid):,} of {len(found):,} questions were not put; {unpaid[0].reason}"
        raise _ended(step, why)


def demand_paid(found: object, step: str) -> None:
    """Returns when what was to be measured does not lack money.

    Args:
        found: What came of it; an `Unmeasured` says why there is nothing.
        step: What was done.

    Raises:
        OutOfBudget: When somebody was not asked since it did not fit the budget.
    """
    if isinstance(found, Unmeasured) and found.cause is Cause.OVER_BUDGET:
        raise _ended(step, found.reason)


def _ended(step: str, why: str) -> OutOfBudget:
    return OutOfBudget(
        f"the budget ends while {step}",
        why=why,
        fix="raise `budget` in the recipe, and run the same command again: what was answered "
        "is journaled and is not paid for again",
    )
