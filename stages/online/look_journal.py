"""Looks that were taken: what they saw is kept, and never read from the traffic again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from policies.canonical import sha256_of
from stages.engine.state import Entry, State, foreign_entry
from stages.evidence.records import Check
from stages.online.look_data import LookData


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenLook:
    """A look as it was when it was taken.

    Attributes:
        plan: Digest of the plan that it was taken under.
        data: (what, digest) of every input it rests on, sorted.
        start: First exposure of the A/B; None when the traffic has no dates.
        look: Both arms.
        checks: What was found of the traffic.
        files: The data contract's report, as (name, content).
    """

    plan: str
    data: tuple[tuple[str, str], ...]
    start: datetime | None
    look: LookData
    checks: tuple[Check, ...]
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookJournal:
    """The looks of one A/B, append-only.

    Attributes:
        state: Where they are kept.
        stream: In which stream; `stream_of` names it.
    """

    state: State
    stream: str

    def taken(
        self, plan: str, data: tuple[tuple[str, str], ...] | None
    ) -> Mapping[float, TakenLook]:
        """The looks that were taken under a plan, by their day, in order.

        Of a look that was taken twice (by two machines that shared no lock) the first counts.

        Args:
            plan: Digest of the plan.
            data: Digests of the inputs they must rest on; None: whatever they were.

        Raises:
            Broken: An entry is not of this program's shape.
        """
        found: dict[float, TakenLook] = {}
        for entry in self.state.read(self.stream):
            look = self._read(entry)
            if look.plan == plan and data in (None, look.data):
                found.setdefault(look.look.day, look)
        return dict(sorted(found.items()))

    def keep(self, look: TakenLook) -> None:
        """Writes a look down; it is on disk when this returns."""
        self.state.append(self.stream, [_CODEC.dump_python(look, mode="json")])

    def _read(self, entry: Entry) -> TakenLook:
        try:
            return _CODEC.validate_json(json.dumps(entry), strict=True)
        except (ValidationError, ValueError):
            what = "a look that was taken"
            raise foreign_entry(what, stream=self.stream, state=self.state) from None


def stream_of(policy: str, candidate: str) -> str:
    """Name of the stream of one A/B's looks.

    Args:
        policy: Name of the policy.
        candidate: URI of the candidate.
    """
    return f"online/{policy}/looks/{sha256_of(candidate)[:16]}"


_CODEC = TypeAdapter(TakenLook)
