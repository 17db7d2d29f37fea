"""What the workshop makes: files that are frozen together, by digest, or not there at all."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json, canonical_json, sha256_of
from policies.errors import InputError
from stages.engine.digests import sha256_of_file
from stages.engine.local_path import local_path, places
from stages.engine.program import code_version

MANIFEST = "product.json"
"""The file that names the others; it is written last."""

_SCHEMA = "gate.product/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that was made and frozen.

    Attributes:
        folder: Where it stands.
        kind: What it is: `bench`, `judge`, `generated`.
        recipe: Digest of the recipe.
        made_from: Digests of what was read, by name.
        files: Digest of every file, by its path in the folder.
        facts: What else is to be known of it, as JSON.
        code: Version of the program.
    """

    folder: Path
    kind: str
    recipe: str
    made_from: Mapping[str, str]
    files: Mapping[str, str]
    facts: Mapping[str, Json]
    code: str

    @property
    def sha256(self) -> str:
        """Digest of all of it but its place and what is told of it beside."""
        return sha256_of(
            {
                "kind": self.kind,
                "recipe": self.recipe,
                "made_from": dict(self.made_from),
                "files": dict(self.files),
            }
        )

    def file(self, path: str) -> Path:
        """A file of it, which must be one."""
        if path not in self.files:
            raise KeyError(path)
        return self.folder / path


def freeze(
    making: Path,
    folder: Path,
    *,
    kind: str,
    recipe: str,
    made_from: Mapping[str, str],
    facts: Mapping[str, Json],
) -> Product:
    """Freezes a folder of files: afterwards it stands whole in its place, before not at all.

    Args:
        making: Folder on the same file system in which the files were made; gone afterwards.
        folder: Where they are to stand; a whole product of the same digest may stand there.
        kind: What it is.
        recipe: Digest of the recipe.
        made_from: Digests of what was read, by name.
        facts: What else is to be known of it.

    Raises:
        InputError: When another product, or anything else, stands in the folder.
    """
    files = _digests(making)
    product = Product(
        folder=folder,
        kind=kind,
        recipe=recipe,
        made_from=made_from,
        files=files,
        facts=facts,
        code=code_version(),
    )
    if folder.exists():
        if open_product(folder, kind=kind).sha256 != product.sha256:
            raise InputError(
                f"cannot freeze a {kind} in {folder}",
                why="another one stands there, and what is frozen never changes",
                fix="name another folder, or move the old one away",
            )
        shutil.rmtree(making)
        return open_product(folder, kind=kind)
    said: dict[str, Json] = {
        "schema": _SCHEMA,
        "kind": kind,
        "recipe": recipe,
        "made_from": dict(made_from),
        "files": dict(files),
        "facts": dict(facts),
        "facts_sha256": sha256_of(dict(facts)),
        "code": product.code,
        "sha256": product.sha256,
    }
    _write_durably(making / MANIFEST, canonical_json(said) + "\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making.rename(folder)
    return product


def open_product(folder: Path, *, kind: str) -> Product:
    """A product, every file of which is what was frozen.

    Raises:
        InputError: When there is none, it is of another kind, or a file was changed, added or lost.
    """
    return _whole(folder, kind)


def check_frozen(url: str, base: Path) -> None:
    """Returns when a file is what was frozen with its product, or belongs to none.

    Raises:
        InputError: When a product stands in its folder of which a file was changed, added or lost.
    """
    product_around(url, base)


def product_around(url: str, base: Path) -> Product | None:
    """The product that a file belongs to; None where none stands in its folder.

    Args:
        url: A path, relative to `base`, or an fsspec URL; links are followed, and so is every URL
            that leads to a file of this machine.
        base: The folder of the file that names it.

    Raises:
        InputError: When a file of the product was changed, added or lost.
    """
    file = local_path(url, base)
    for place in () if file is None else places(file):
        if (place.parent / MANIFEST).exists():
            return _whole(place.parent, None)
    return None


def _whole(folder: Path, kind: str | None) -> Product:
    """The product in a folder, of a kind or of any."""
    product = _parsed(folder, kind)
    found = _digests(folder)
    wrong = sorted(
        path for path in {*found, *product.files} if found.get(path) != product.files.get(path)
    )
    if wrong:
        raise _refused(folder, kind, f"{', '.join(wrong[:3])} is not what was frozen")
    return product


def _parsed(folder: Path, kind: str | None) -> Product:
    try:
        said = json.loads((folder / MANIFEST).read_text())
    except OSError:
        raise _refused(folder, kind, f"it holds no {MANIFEST}") from None
    except (ValueError, RecursionError):
        raise _refused(folder, kind, f"{MANIFEST} was changed: it is no JSON") from None
    match said:
        case {
            "schema": str(schema),
            "kind": str(found),
            "recipe": str(recipe),
            "made_from": dict(made_from),
            "files": dict(files),
            "facts": dict(facts),
            "code": str(code),
            "sha256": str(sha256),
        } if schema == _SCHEMA:
            product = Product(
                folder=folder,
                kind=found,
                recipe=recipe,
                made_from={str(k): str(v) for k, v in made_from.items()},
                files={str(k): str(v) for k, v in files.items()},
                facts=facts,
                code=code,
            )
        case _:
            raise _refused(folder, kind, f"{MANIFEST} is not of this program")
    if kind not in (None, product.kind):
        raise _refused(folder, kind, f"it holds a {product.kind}")
    told = sha256_of(facts)
    if product.sha256 != sha256 or said.get("facts_sha256", told) != told:
        raise _refused(folder, kind, f"{MANIFEST} was changed")
    return product


def _digests(folder: Path) -> Mapping[str, str]:
    """Digest of every file but the manifest, by path."""
    return {
        path.relative_to(folder).as_posix(): sha256_of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _refused(folder: Path, kind: str | None, why: str) -> InputError:
    wanted = kind or "product"
    article = "an" if re.match("[aeiou]", wanted) else "a"
    return InputError(
        f"cannot use {folder} as {article} {wanted}",
        why=why,
        fix="restore it from a backup, or make it anew into another folder",
    )
