"""Where judges are taught, as the loop knows it."""

from typing import Protocol

from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.judging import Judge
from stages.workshop.training.trainer import Trained


class School(Protocol):
    """Teaches models to judge, and opens them to be asked."""

    def untaught(self) -> Judge:
        """The judge that nobody taught yet."""
        ...

    def teach(self, lessons: Lessons, iteration: int, before: Trained | None) -> Trained:
        """A model that learned; the same call again returns it without training.

        Args:
            lessons: What it learns from.
            iteration: From 1.
            before: The model of the iteration before; None in the first.
        """
        ...

    def judge(self, trained: Trained, iteration: int) -> Judge:
        """A model that was taught, to be asked."""
        ...
