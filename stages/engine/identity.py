"""Whether a checkpoint is still the one that a stage began to measure."""

from dataclasses import dataclass

from policies.canonical import sha256_of
from stages.engine.state import State
from stages.models.client import ModelClient, ModelError
from stages.models.fingerprint import known_by_files, served_identity


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

    To be called at the start and at the end of a stage; the first call journals what is served. A
    change is journaled too, and final: nobody can tell which answers of the journal were given
    meanwhile, so that changing back does not make them evidence.

    Args:
        client: The checkpoint.
        state: Where the first check and the first change are kept.
        stream: The stream's name; several checkpoints may share it.

    Raises:
        Broken: When the journal cannot be read or written.
    """
    by = sha256_of(dict(client.identity))
    known = _known(client, state, stream)
    if "changed" in known:
        return _changed(known["identity"], known["changed"])
    if not known_by_files(client):
        state.append(pinned_stream(stream), [{"kind": "pinned", "by": by}])
    try:
        served = served_identity(client)
    except ModelError as error:
        return IdentityUnknown(f"what the endpoint serves cannot be told: {error.in_short}")
    first = known.get("identity")
    if first == served:
        return None
    kind = "identity" if first is None else "changed"
    state.append(stream, [{"kind": kind, "by": by, "served": served}])
    return None if first is None else _changed(first, served)


def pinned_stream(stream: str) -> str:
    """Where it is journaled that the pinned texts were put: they are paid, answered or not."""
    return f"{stream}.pinned"


def first_served(client: ModelClient, *, state: State, stream: str) -> str | None:
    """What the checkpoint served at the first check in this stream; None before it.

    Equal values mean equal address, model name and answers to the pinned texts: one checkpoint.
    """
    return _known(client, state, stream).get("identity")


def changed_since(client: ModelClient, *, state: State, stream: str) -> IdentityChanged | None:
    """What is journaled of a change of what the checkpoint serves; it is not asked again."""
    known = _known(client, state, stream)
    return _changed(known["identity"], known["changed"]) if "changed" in known else None


def note_drift(reason: str, *, state: State, stream: str) -> None:
    """Journals, for ever, that a checkpoint is not what it was, which its pinned texts do not show.

    Args:
        reason: What shows it, for people.
        state: Where its first check is kept.
        stream: Its stream.

    Raises:
        Broken: When the journal cannot be read or written.
    """
    if drifted(state, stream) is None:
        state.append(stream, [{"kind": "drifted", "reason": reason}])


def drifted(state: State, stream: str) -> IdentityChanged | None:
    """What is journaled of a drift: nothing that it says counts any more; None without one."""
    found = (entry for entry in state.read(stream) if entry.get("kind") == "drifted")
    first = next(found, None)
    return None if first is None else IdentityChanged(str(first["reason"]))


def _known(client: ModelClient, state: State, stream: str) -> dict[str, str]:
    by = sha256_of(dict(client.identity))
    return {
        str(entry["kind"]): str(entry["served"])
        for entry in reversed(state.read(stream))
        if entry.get("by") == by and entry.get("kind") in ("identity", "changed")
    }


def _changed(first: str, served: str) -> IdentityChanged:
    return IdentityChanged(
        "the endpoint changed what it serves: it answered the pinned texts otherwise than when "
        f"the stage began (fingerprint {served[:12]}, was {first[:12]}); register what "
        "it serves now as a new version"
    )
