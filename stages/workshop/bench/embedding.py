"""Prompts as vectors: from an endpoint, from a model in a folder, or given."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from policies.errors import InputError
from stages.workshop.bench.endpoint_vectors import asked_vectors
from stages.workshop.bench.folder_vectors import pooled_vectors
from stages.workshop.bench.recipe import Embeddings
from stages.workshop.bench.vectors import Embedded, normed
from stages.workshop.workroom import Workroom


def embedded(
    texts: Sequence[str], places: Sequence[int], how: Embeddings, room: Workroom, *, records: int
) -> Embedded:
    """The vector of every text.

    Args:
        texts: At least one.
        places: The number of each one's record in the traffic.
        how: Where vectors come from.
        room: Whom to ask and where it is journaled.
        records: How many the traffic has.

    Raises:
        InputError: When given vectors are not one for each record, or nothing has a vector.
        OutOfBudget: When the recipe's budget does not pay for it.
        Broken: When an endpoint does not work, or a library is not installed.
    """
    if how.vectors is not None:
        return _given(room.base / how.vectors, places, records)
    if how.folder is not None:
        return pooled_vectors(texts, room.base / how.folder, how, room)
    assert how.endpoint is not None
    return asked_vectors(texts, how.endpoint, how, room)


def _given(path: Path, places: Sequence[int], records: int) -> Embedded:
    try:
        whole = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _bad_vectors(path, str(error)) from None
    if whole.ndim != 2 or len(whole) != records or whole.dtype.kind != "f":  # noqa: PLR2004
        shape = "x".join(map(str, whole.shape))
        raise _bad_vectors(
            path, f"it is {shape} of {whole.dtype}; the traffic has {records} records"
        )
    rows = np.asarray(whole[np.asarray(places, np.int64)], np.float32)
    sound = np.isfinite(rows).all(axis=1) & (np.abs(rows).max(axis=1, initial=0) > 0)
    lacking = {int(n): "its vector is zero or not finite" for n in np.flatnonzero(~sound)}
    if not sound.any():
        raise _bad_vectors(path, "no vector is finite and beside zero")
    model = hashlib.sha256(f"given, {whole.shape[1]} dimensions".encode()).hexdigest()
    return Embedded(
        vectors=normed(np.where(sound[:, None], rows, np.float32(0))), lacking=lacking, model=model
    )


def _bad_vectors(path: Path, why: str) -> InputError:
    return InputError(
        f"cannot use the vectors of {path}",
        why=why,
        fix="save a float array with a row for every record of the traffic, in its order (np.save)",
    )
