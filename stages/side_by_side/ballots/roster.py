"""The people of a batch: added, paused, resumed, removed; every change is kept."""

from collections.abc import Collection
from datetime import datetime

from stages.side_by_side.ballots.person import Person


class Roster:
    """Who votes in a batch.

    A change gives the person as they stand after it, and raises `InputError` when the batch has no
    such person.
    """

    def add(self, batch: str, name: str, *, segment: str = "", now: datetime) -> Person:
        """Lets somebody vote; who was removed comes back, with a new link.

        Raises:
            InputError: When the name is empty, or they are there already with another segment.
        """
        raise NotImplementedError

    def get(self, batch: str, name: str) -> Person:
        """A person."""
        raise NotImplementedError

    def all(self, batch: str) -> tuple[Person, ...]:
        """Everybody, removed people included, by name."""
        raise NotImplementedError

    def pause(self, batch: str, name: str, *, why: str, now: datetime) -> Person:
        """Gives them no more tasks until they are resumed."""
        raise NotImplementedError

    def resume(self, batch: str, name: str, *, now: datetime) -> Person:
        """Lets them vote again; they count as qualified, and their gold counts from now on."""
        raise NotImplementedError

    def remove(self, batch: str, name: str, *, why: str, now: datetime) -> Person:
        """Takes them off; their link opens nothing, and their votes stand."""
        raise NotImplementedError

    def reissue_link(self, batch: str, name: str, *, now: datetime) -> Person:
        """Makes their links of earlier versions open nothing."""
        raise NotImplementedError

    def set_segment(self, batch: str, name: str, segment: str, *, now: datetime) -> Person:
        """Says what kind of user they are."""
        raise NotImplementedError

    def opt_out(self, batch: str, name: str, harms: Collection[str], *, now: datetime) -> Person:
        """Shows them no pair of these categories of harm; replaces what they said before."""
        raise NotImplementedError
