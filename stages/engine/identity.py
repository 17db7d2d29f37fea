"""Whether a checkpoint is still the one that a stage began to measure."""

from dataclasses import dataclass

from policies.canonical import sha256_of
from stages.engine.state import State
from stages.engine.threads import said
from stages.models.client import ModelClient, ModelError
from stages.models.fingerprint import served_identity


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """The checkpoint answers the pinned texts otherwise than when the stage began.

    Attributes:
        reason: For people; a stage that sees this is `Unmeasured(reason)`.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class IdentityUnknown:
    """The checkpoint did not answer the pinned texts.

    Attributes:
        reason: For people; a stage that sees this is `Unmeasured(reason)`.
    """

    reason: str


def check_identity(
    client: ModelClient, *, state: State, stream: str
) -> IdentityChanged | IdentityUnknown | None:
    """None when the checkpoint serves what it served at the first check in this stream.

    To be called at the start and at the end of a stage; the first call journals what is served.

    Args:
        client: The checkpoint.
        state: Where the first check is kept.
        stream: The stream's name; several checkpoints may share it.

    Raises:
        Broken: When the journal cannot be read or written.
    """
    try:
        served = served_identity(client)
    except ModelError as error:
        return IdentityUnknown(f"what the endpoint serves cannot be told: {said(error)}")
    by = sha256_of(dict(client.identity))
    first = next(
        (
            entry["served"]
            for entry in state.read(stream)
            if entry.get("kind") == "identity" and entry.get("by") == by
        ),
        None,
    )
    if first is None:
        state.append(stream, [{"kind": "identity", "by": by, "served": served}])
    elif first != served:
        return IdentityChanged(
            "the endpoint changed what it serves: it answers the pinned texts otherwise than when "
            f"the stage began (fingerprint {served[:12]}, was {str(first)[:12]}); register what "
            "it serves now as a new version"
        )
    return None
