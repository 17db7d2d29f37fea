"""Vectors of prompts: what they are, and how they are written down."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.errors import Broken

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Vectors of some texts.

    Attributes:
        vectors: A row per text, of length 1; zeros where there is none. Shape (n, d).
        lacking: Why there is none, by the text's number.
        model: Digest of what made them: only vectors of one model can be compared.
    """

    vectors: Vectors
    lacking: Mapping[int, str]
    model: str


def stacked(
    rows: Mapping[int, Vectors], lacking: Mapping[int, str], texts: int, model: str
) -> Embedded:
    """All rows in one array, zeros where one is lacking.

    Raises:
        Broken: When rows differ in length.
    """
    lengths = {len(row) for row in rows.values()}
    if len(lengths) > 1:
        raise Broken(
            "cannot compare the prompts' vectors",
            why=f"they have {', '.join(map(str, sorted(lengths)))} dimensions",
            fix="another model answered meanwhile: use a new recipe name, or a new state folder",
        )
    whole = np.zeros((texts, lengths.pop()), np.float32)
    for number, row in rows.items():
        whole[number] = row
    return Embedded(vectors=normed(whole), lacking=dict(lacking), model=model)


def normed(rows: Vectors) -> Vectors:
    """Rows of length 1; zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Vectors = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found


def packed(rows: Vectors) -> str:
    """Rows as base64 of little-endian floats of four bytes."""
    return base64.b64encode(np.ascontiguousarray(rows, "<f4").tobytes()).decode()


def unpacked(text: str, rows: int) -> Vectors:
    """So many rows out of what `packed` wrote."""
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(rows, -1)
