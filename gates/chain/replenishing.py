"""What a store lost of a chain, told from a whole copy of it; pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.chain.verifying import extended
from gates.trust.trust import Trust
from gates.trust.untrusted import Untrusted

Run = tuple[Kept, ...]
"""Records of which each follows the one before it."""


def lost_runs(
    whole: Chain, there: Sequence[bytes], *, trust: Trust, now: datetime
) -> tuple[Run, ...]:
    """The records of a verified chain that a store does not have, oldest first.

    Args:
        whole: The chain, verified, from its other home.
        there: Envelopes that the store has, by their sequence.
        trust: Whose signatures count.
        now: With a zone.

    Raises:
        Untrusted: When the store has anything else than records of this chain and what follows it:
            another record at the place of one of them, a stranger's, or one whose envelope is gone.
    """
    mine, have = {kept.envelope for kept in whole.records}, set(there)
    if b"" in have:
        raise Untrusted(
            f"a record of {whole.model} in MLflow has lost its envelope",
            why="its MLflow run is there, and its artifact is not",
            fix="restore MLflow's artifacts from the backup; or, if they are gone for good, delete "
            "the MLflow runs of records without envelope.json; then run it again",
        )
    extended(whole, [each for each in there if each not in mine], trust=trust, now=now)
    return tuple(_runs(kept for kept in whole.records if kept.envelope not in have))


def _runs(records: Iterator[Kept]) -> Iterator[Run]:
    run: list[Kept] = []
    for kept in records:
        if run and kept.record.sequence != run[-1].record.sequence + 1:
            yield tuple(run)
            run = []
        run.append(kept)
    if run:
        yield tuple(run)
