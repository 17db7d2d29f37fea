"""How much may still be asked for now, whatever the plan allows."""

from collections.abc import Callable
from dataclasses import dataclass


def never() -> bool:
    """Nothing ends."""
    return False


@dataclass(kw_only=True)
class Ration:
    """What may be asked of a checkpoint and its baseline now; spent as questions are put.

    Who has no more of it is not broken: what is missing is `OVER_BUDGET`, and is asked when there
    is another ration.

    Attributes:
        calls: Questions that may still be put; None for no limit.
        is_over: Whether nothing more is to be begun, such as at a deadline.
    """

    calls: int | None = None
    is_over: Callable[[], bool] = never

    @property
    def is_spent(self) -> bool:
        """Whether nothing may be asked any more."""
        return self.calls == 0 or self.is_over()

    def most(self, wanted: int) -> int:
        """How many of so many questions may be put."""
        if self.is_over():
            return 0
        return wanted if self.calls is None else min(wanted, self.calls)

    def take(self, calls: int) -> None:
        """Notes that questions were put."""
        if self.calls is not None:
            self.calls = max(0, self.calls - calls)


SPENT = "not asked: the share of what may be asked now is spent"
"""Said of an item."""
