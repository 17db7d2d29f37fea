"""Whose decisions a look back is about, as JSON."""

from gates.hindsight.checkpoints import Past
from policies.canonical import Json
from stages.evidence.estimate import Unmeasured


def past_json(past: Past) -> dict[str, Json]:
    """The first keys of a funnel and of a trend."""
    return {
        "policy": {"name": past.policy.policy, "sha256": past.policy.sha256},
        "model": past.model,
        "since": None if past.since is None else past.since.isoformat(),
        "checkpoints": len(past.checkpoints),
        "again": past.again,
        "unread": [
            {"candidate": one.version.uri, "reason": one.evidence.reason}
            for one in past.unread
            if isinstance(one.evidence, Unmeasured)
        ],
    }
