"""A/Bs are ended whose baseline was replaced under them; pure."""

from collections.abc import Sequence

from gates.chain.bodies import AbEnded
from gates.chain.custody import Entry
from gates.decide.verdict import Verdict
from gates.promotion.stranding import Stranded


def ended_abs(left_behind: Sequence[Stranded], *, why: str) -> tuple[Entry, ...]:
    """A record of the end of every A/B that still runs.

    Args:
        left_behind: Versions that were held against the old baseline.
        why: In words.
    """
    return tuple(
        Entry(subject=one.subject, body=AbEnded(reason=why))
        for one in left_behind
        if one.in_ab and one.verdict is Verdict.HOLD
    )
