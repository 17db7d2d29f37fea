"""Pairs whose votes contradict each other, and what a lead says of them."""

from datetime import datetime

from stages.side_by_side.ballots.standing import Adjudication, Dispute
from stages.side_by_side.preference import Preference


class Disputes:
    """The queue of disputed pairs."""

    def all(self, batch: str) -> tuple[Dispute, ...]:
        """Disputed pairs, those first of which no lead has spoken yet."""
        raise NotImplementedError

    def adjudicate(
        self,
        batch: str,
        pair: str,
        *,
        lead: str,
        preference: Preference,
        comment: str,
        now: datetime,
    ) -> Adjudication:
        """Keeps what a lead says, A being the pair's answer a; the last word stands.

        Raises:
            InputError: When the pair is not disputed.
        """
        raise NotImplementedError
