"""Whether the answers of a comparison may still be asked for, under the policy's caps."""

from contextlib import ExitStack

from gates.amounts import Range
from gates.budget import Account
from gates.measuring import subject_of
from gates.membership import Round
from gates.offline_due import OfflineBooks
from gates.services import Services
from gates.side_by_side_due import SideBySideBooks
from policies.policy import Budget
from stages.evidence.costs import total

ONE = Range(low=1, high=1)
"""One candidate, which is asked for sure."""


def too_dear(round_: Round, services: Services) -> str | None:
    """Why nobody may be asked for the answers of a comparison; None while they may.

    Judges are not among it: to make a batch asks none. Without a cap nothing is read.

    Raises:
        InputError: When prompts or recorded outputs cannot be read.
    """
    if round_.file.policy.budget == Budget():
        return None
    books = SideBySideBooks(round=round_, services=services)
    offline = OfflineBooks(round=round_, services=services)
    due = {}
    with ExitStack() as clients:
        for version in (*round_.members, *filter(None, (round_.baseline,))):
            subject = subject_of(version, services)
            if subject.client is not None:
                clients.callback(subject.client.close)
            spent = total((offline.spent(subject, no_more=True), books.spent(subject)))
            due[version.uri] = (books.answers_due((subject,), reach=ONE), spent)
    return Account(budget=round_.file.policy.budget, due=due).too_dear({})
