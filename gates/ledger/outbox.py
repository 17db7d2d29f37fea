"""Decisions wait here until the ledger has them: journaled first, logged in order, never lost."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from gates.ledger.ledger import Ledger, LedgerDown, Logged, Record
from gates.ledger.records import decode_record, encode_record
from policies.canonical import Json, sha256_of_bytes
from policies.errors import Broken
from stages.engine.state import Entry, State

OUTBOX = "ledger/outbox"
"""Stream of `{"kept": key, "said": what, "policy": name, "about": candidates}` and `{"logged":
key}`; each record has a stream of its own."""


def log_or_keep(
    state: State, ledger: Ledger, record: Record, *, anew: bool = False
) -> tuple[Logged, ...]:
    """Logs a record, after every one that still waits; keeps it when the ledger is down.

    A decision that was made before is logged once more when another was made in between, as after a
    rollback: under its key and a number, so that it is the newest again.

    Args:
        state: Where it is kept, before anything else is done.
        ledger: Where it is logged.
        record: What was decided.
        anew: Whether it is logged once more though it is the newest: the one before is too old.

    Returns:
        Where each candidate's decision is found; empty when the record is kept for the next call,
        since the ledger does not answer or another process is logging.

    Raises:
        Broken: When the ledger answers, and refuses a record; it is still kept.
    """
    key = _standing(state, record)
    settled = key is not None and key in _settled(state)
    if key is not None and settled and not anew:
        return _logged_again(ledger, replace(record, key=key))
    if key is None or settled:
        key = _kept_anew(state, record)
    return _flushed(state, ledger).get(key, ())


def flush(state: State, ledger: Ledger) -> int:
    """Logs what waits, oldest first, as far as the ledger answers.

    Returns:
        How many records still wait.
    """
    if waiting(state):
        _flushed(state, ledger)
    return len(waiting(state))


def waiting(state: State) -> tuple[str, ...]:
    """Keys of the records that wait, oldest first."""
    settled = _settled(state)
    keys = [str(entry["kept"]) for entry in state.read(OUTBOX) if "kept" in entry]
    return tuple(dict.fromkeys(key for key in keys if key not in settled))


def logged(state: State) -> tuple[str, ...]:
    """Keys of the records that the ledger has, in the order they were logged in."""
    keys = (str(entry["logged"]) for entry in state.read(OUTBOX) if "logged" in entry)
    return tuple(dict.fromkeys(keys))


def kept_record(state: State, key: str) -> Record:
    """A record as it was kept before it was logged.

    Raises:
        Broken: When it is gone, or cannot be read.
    """
    stream = _stream(key)
    entries = state.read(stream)
    if not entries:
        raise Broken(
            f"the decision {key[:12]} is gone from the journal",
            why=f"{state.url} names it in {OUTBOX}, and has nothing in {stream}",
            fix="restore the state from a backup, or decide again with gate run",
        )
    return decode_record(entries[0], where=f"{state.url}, {stream}")


def waiting_about(state: State) -> frozenset[str]:
    """MLflow URIs of the versions that waiting records are about."""
    keys = set(waiting(state))
    return frozenset(
        about
        for entry in state.read(OUTBOX)
        if entry.get("kept") in keys
        for about in _texts(entry.get("about"))
    )


def _standing(state: State, record: Record) -> str | None:
    """Key it was kept under, when it is still the newest decision on every candidate of it."""
    newest: dict[str, Entry] = {}
    for entry in state.read(OUTBOX):
        if entry.get("policy") == record.policy.policy:
            newest |= dict.fromkeys(_texts(entry.get("about")), entry)
    found = [newest.get(c.candidate, {}) for c in record.decision.candidates]
    if not found or any(entry.get("said") != record.key for entry in found):
        return None
    return str(found[0]["kept"])


def _kept_anew(state: State, record: Record) -> str:
    before = sum(entry.get("said") == record.key for entry in state.read(OUTBOX))
    key = f"{record.key}.{before + 1}" if before else record.key
    state.append(_stream(key), [encode_record(replace(record, key=key))])
    entry: dict[str, Json] = {
        "kept": key,
        "said": record.key,
        "policy": record.policy.policy,
        "about": [c.candidate for c in record.decision.candidates],
    }
    state.append(OUTBOX, [entry])
    return key


def _texts(value: Json) -> Sequence[str]:
    return [str(text) for text in value] if isinstance(value, list | tuple) else []


def _flushed(state: State, ledger: Ledger) -> dict[str, tuple[Logged, ...]]:
    found: dict[str, tuple[Logged, ...]] = {}
    with ExitStack() as held:
        try:
            held.enter_context(state.lock(OUTBOX))
        except Broken:
            return found  # whoever holds it is logging; what is new waits for the next call
        for record in _kept(state):
            try:
                found[record.key] = ledger.log(record)
            except LedgerDown:
                break
            state.append(OUTBOX, [{"logged": record.key}])
    return found


def _kept(state: State) -> Iterator[Record]:
    for key in waiting(state):
        yield kept_record(state, key)


def _settled(state: State) -> set[str]:
    return {str(entry["logged"]) for entry in state.read(OUTBOX) if "logged" in entry}


def _logged_again(ledger: Ledger, record: Record) -> tuple[Logged, ...]:
    try:
        return ledger.log(record)
    except LedgerDown:
        return ()


def _stream(key: str) -> str:
    return f"ledger/records/{sha256_of_bytes(key.encode())}"
