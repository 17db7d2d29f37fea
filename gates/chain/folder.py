"""Records in a folder, without MLflow: every chain that is there, whole."""

from collections.abc import Mapping
from datetime import datetime

from gates.chain.anchor import Anchor
from gates.chain.chain import Chain
from gates.chain.encoding import payload_in, record_of
from gates.chain.mirror import Mirror
from gates.chain.verifying import verify
from gates.trust.trust import Trust


def chains_in(
    mirror: Mirror, *, trust: Trust, anchor: Anchor, now: datetime
) -> Mapping[str, Chain]:
    """Every chain of a mirror, by model, each record's signature verified.

    Raises:
        Untrusted: When a record is missing, altered, doubled, out of order, or a stranger's.
        Broken: When a file cannot be read, or is not what its name says.
    """
    found: dict[str, list[tuple[int, bytes]]] = {}
    for envelope in mirror.everything():
        what = f"a record in {mirror.url}"
        record = record_of(payload_in(envelope, what=what), what=what)
        found.setdefault(record.model, []).append((record.sequence, envelope))
    return {
        model: verify(
            [envelope for _, envelope in sorted(envelopes)],
            model=model,
            trust=trust,
            now=now,
            anchor=anchor.head(model),
        )
        for model, envelopes in sorted(found.items())
    }
