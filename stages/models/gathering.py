"""Questions of several threads, worked off together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from policies.errors import GateError

AskedT = TypeVar("AskedT")
ToldT = TypeVar("ToldT")


@dataclass(slots=True)
class _Row(Generic[AskedT, ToldT]):
    asked: AskedT
    told: ToldT | None = None
    error: GateError | None = None
    done: bool = False


class Gathering(Generic[AskedT, ToldT]):
    """Puts the questions that several threads have at a time to something that takes many at once.

    Whoever comes first works for all who come within a moment; there is no thread to end.

    Args:
        together: Takes questions, returns their answers in the same order.
        at_most: Questions at once.
        patience: Seconds without a newcomer after which those that are there are worked off.
    """

    def __init__(
        self,
        together: Callable[[Sequence[AskedT]], Sequence[ToldT]],
        *,
        at_most: int,
        patience: float = 0.005,
    ) -> None:
        self._together = together
        self._at_most = at_most
        self._patience = patience
        self._waiting: list[_Row[AskedT, ToldT]] = []
        self._changed = threading.Condition()
        self._busy = False

    def ask(self, question: AskedT) -> ToldT:
        """The answer to a question.

        Raises:
            GateError: What came of it, and of those that were put together with it.
        """
        row: _Row[AskedT, ToldT] = _Row(question)
        with self._changed:
            self._waiting.append(row)
            self._changed.notify_all()
        while self._is_to_work_for(row):
            self._work()
        if row.error is not None:
            raise row.error
        assert row.told is not None, "every row is told, or has an error"
        return row.told

    def _is_to_work_for(self, row: _Row[AskedT, ToldT]) -> bool:
        """Whether nobody else does: waits while somebody works, false when the row is done."""
        with self._changed:
            while self._busy and not row.done:
                self._changed.wait()
            self._busy = self._busy or not row.done
            return not row.done

    def _work(self) -> None:
        rows: list[_Row[AskedT, ToldT]] = []
        try:
            rows = self._gathered()
            self._answer(rows)
        finally:  # whoever is interrupted goes alone: the others find another to work for them
            with self._changed:
                self._waiting[:0] = [row for row in rows if not row.done]
                self._busy = False
                self._changed.notify_all()

    def _gathered(self) -> list[_Row[AskedT, ToldT]]:
        """Those who wait, the first come first, when no more come or no more fit."""
        with self._changed:
            before = 0
            while before < len(self._waiting) < self._at_most:
                before = len(self._waiting)
                self._changed.wait(self._patience)
            rows = self._waiting[: self._at_most]
            del self._waiting[: self._at_most]
        return rows

    def _answer(self, rows: list[_Row[AskedT, ToldT]]) -> None:
        try:
            answers = self._together([row.asked for row in rows])
            for row, told in zip(rows, answers, strict=True):
                row.told, row.done = told, True
        except GateError as error:
            for row in rows:
                row.error, row.done = error, True
