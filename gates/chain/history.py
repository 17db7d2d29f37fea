"""What an alias pointed to and when, as records say it; a gap is told, never guessed; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from gates.chain.bodies import Override, Promotion, Rollback, kind_of
from gates.chain.chain import Chain
from gates.chain.encoding import statement_of
from gates.chain.record import Kept
from policies.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From one recorded move of an alias to the next.

    Attributes:
        move: The record that begins it.
        until: When the next record moved it again; None while this is the last one.
        left_as: URI of the version that it pointed to at the end: as the next record found it, or
            as MLflow says now; None when it pointed to nothing.
        override: The override by which it was moved, without a PASS; None when by none.
    """

    move: Kept
    until: datetime | None
    left_as: str | None
    override: Kept | None = None

    @property
    def unrecorded(self) -> bool:
        """Whether somebody moved it meanwhile without a record: nobody knows when."""
        return self.left_as != self.move.record.subject.name

    @property
    def words(self) -> str:
        """`models:/assistant/12`, whether by an override, or that nobody knows."""
        said = self.move.record.subject.name
        if self.override is not None:
            said = f"{said}, {_override_words(self.override)}"
        if not self.unrecorded:
            return said
        return f"unrecorded change: from {said} to {self.left_as or 'nothing'}, nobody knows when"


def stretches(chain: Chain, alias: str, points_to: str | None) -> tuple[Stretch, ...]:
    """What an alias pointed to, oldest first.

    Args:
        chain: The model's records.
        alias: The alias.
        points_to: URI of the version behind it now, as MLflow says.
    """
    moves = chain.moves(alias)
    return tuple(
        Stretch(
            move=move,
            until=following.record.at if following else None,
            left_as=_before(following) if following else points_to,
            override=_override(move, chain),
        )
        for move, following in zip_longest(moves, moves[1:])
    )


def stretch_at(found: tuple[Stretch, ...], at: datetime) -> Stretch | None:
    """The one that a time falls into; None before the first."""
    return next((one for one in reversed(found) if one.move.record.at <= at), None)


def record_json(kept: Kept) -> Mapping[str, Json]:
    """A record as `gate history` and `gate verify` say it."""
    record = kept.record
    return {
        "sequence": record.sequence,
        "sha256": kept.sha256,
        "at": record.at.isoformat(),
        "kind": kind_of(record.body),
        "candidate": record.subject.name,
        "checkpoint_sha256": record.subject.sha256,
        "by": list(kept.owners),
        "fencing": record.fencing,
        "counts": kept.void is None,
        "why_not": None if kept.void is None else kept.void.reason,
        "says": statement_of(record).predicate["body"],
    }


def _override_words(override: Kept) -> str:
    body = override.record.body
    assert isinstance(body, Override)
    return f"OVERRIDE until {body.expires.isoformat(timespec='minutes')}, without a PASS"


def _override(move: Kept, chain: Chain) -> Kept | None:
    body = move.record.body
    named = body.override if isinstance(body, Promotion) else None
    return None if named is None else chain.by_digest(named)


def _before(move: Kept) -> str | None:
    body = move.record.body
    if isinstance(body, Promotion | Rollback):
        return body.before
    return move.record.subject.name  # adopted while the alias was free, or pointed there already
