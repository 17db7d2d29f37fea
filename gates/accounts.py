"""What a round has cost and may still cost, stage by stage, held against the policy's caps."""

from collections.abc import Collection, Mapping
from functools import cached_property

from gates.amounts import Range
from gates.budget import Account
from gates.judges_books import NOBODY, Hearings
from gates.membership import Round
from gates.offline_due import OfflineBooks
from gates.services import Services
from gates.side_by_side_due import SideBySideBooks
from policies.policy import Budget
from stages.engine.subject import Subject
from stages.evidence.costs import total
from stages.evidence.records import Cost

ONE = Range(low=1, high=1)
"""One candidate, which is asked for sure."""

JUDGES = "judges"
"""Whose account is not a checkpoint's: what a judge said once serves every candidate."""


class Accounts:
    """The accounts of a round.

    Before a stage asks, everything is counted at its high end: what was spent in any stage, and all
    that this stage may still ask.

    Args:
        round_: Whose caps they are.
        services: Where the journals and the prices are.
    """

    def __init__(self, round_: Round, services: Services) -> None:
        self._round, self._services = round_, services
        self._offline: Account | None = None
        self._measured: dict[str, Cost] = {}

    @property
    def limited(self) -> bool:
        """Whether there is any cap; without one nothing is read."""
        return self._round.file.policy.budget != Budget()

    def too_dear_to_ask(
        self, subjects: Mapping[str, Subject], *, measured: Collection[str]
    ) -> str | None:
        """Why nobody may be asked anything more offline; None while they may.

        Args:
            subjects: Every checkpoint of the round, by URI.
            measured: URIs of those that are asked no more.
        """
        if not self.limited:
            return None
        if self._offline is None:
            self._measured[JUDGES] = self._heard(subjects).spent
            due = {u: (self._books.due((s,)), self._spent(s)) for u, s in subjects.items()}
            self._offline = Account(budget=self._round.file.policy.budget, due=due)
        for uri in measured:
            if uri in subjects and uri not in self._measured:
                self._measured[uri] = self._spent(subjects[uri], no_more=True)
        return self._offline.too_dear(self._measured)

    def too_dear_to_compare(
        self, subjects: Mapping[str, Subject], *, reached: Collection[str], judged: bool = True
    ) -> str | None:
        """Why nobody's answers may be asked for and compared; None while they may.

        Args:
            subjects: Every checkpoint of the round, by URI.
            reached: URIs of the candidates that have come so far.
            judged: Whether judges are going to be asked.
        """
        compared = self._compared
        if not self.limited or compared is None:
            return None
        baseline = self._round.baseline.uri if self._round.baseline else None
        due, others = {}, {}
        for uri, subject in subjects.items():
            spent = self._spent(subject, no_more=True)
            if uri in (*reached, baseline):
                due[uri] = (compared.answers_due((subject,), reach=ONE), spent)
            else:
                others[uri] = spent
        heard = self._heard(subjects)
        if judged:
            reach = Range(low=len(reached), high=len(reached))
            due[JUDGES] = (compared.judges_due(heard, reach=reach, among=reached), heard.spent)
        else:
            others[JUDGES] = heard.spent
        return Account(budget=self._round.file.policy.budget, due=due).too_dear(others)

    def _heard(self, subjects: Mapping[str, Subject]) -> Hearings:
        """What judges have said of every checkpoint."""
        if self._compared is None:
            return NOBODY
        return self._compared.hearings(tuple(subjects.values()))

    def _spent(self, subject: Subject, *, no_more: bool = False) -> Cost:
        spent = self._books.spent(subject, no_more=no_more)
        return spent if self._compared is None else total((spent, self._compared.spent(subject)))

    @cached_property
    def _books(self) -> OfflineBooks:
        return OfflineBooks(round=self._round, services=self._services)

    @cached_property
    def _compared(self) -> SideBySideBooks | None:
        if self._round.file.policy.plan.side_by_side is None:
            return None
        return SideBySideBooks(round=self._round, services=self._services)
