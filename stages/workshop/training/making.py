"""Where a training that is not done has its things: kept when killed, gone when done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies.errors import InputError
from stages.engine.folder_state import FolderState
from stages.engine.product import Product, open_product

KIND = "model"
"""Of the product that a trained model is."""


@contextmanager
def making(to: Path, key: str) -> Iterator[Path]:
    """A folder beside the place of a model, held by this process until the model stands there.

    What a killed process left in it is found again by the same training; another training to the
    same place throws it away.

    Args:
        to: Where the model is to stand.
        key: Digest of all that it is made from.

    Raises:
        LockHeld: When another process trains to this place.
        Broken: When the folder cannot be written.
    """
    folder = to.parent / f".{to.name}.making"
    with FolderState(folder).lock("training"):
        named = folder / "key"
        if not named.is_file() or named.read_text() != key:
            for left in folder.iterdir():
                if left.is_dir():
                    shutil.rmtree(left)
            named.write_text(key)
        yield folder
        shutil.rmtree(folder)


def made_before(to: Path, key: str) -> Product | None:
    """The model that stands in a place already, made from the same; None when nothing stands there.

    Raises:
        InputError: When something else does, or it was changed.
    """
    if not to.exists():
        return None
    product = open_product(to, kind=KIND)
    if product.recipe != key:
        raise InputError(
            f"cannot train into {to}",
            why="a model stands there that was made from other rows, another base or settings",
            fix="name another folder, or move the old one away",
        )
    return product
