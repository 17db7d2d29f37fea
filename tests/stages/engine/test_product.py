"""A product stands whole in its place or not at all, and is what was frozen."""

import json
from functools import partial
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.engine.data import read_items
from stages.engine.product import MANIFEST, Product, freeze, open_product

MADE_FROM = {"prompts": "a" * 64}


def made(folder: Path, name: str = "making", **files: str) -> Path:
    making = folder / name
    for path, text in (files or {"items": "one\n"}).items():
        target = making / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return making


def frozen(folder: Path, making: Path | None = None, *, recipe: str = "b" * 64) -> Product:
    return freeze(
        making or made(folder),
        folder / "bench",
        kind="bench",
        recipe=recipe,
        made_from=MADE_FROM,
        facts={"prompts": 1},
    )


def test_what_was_frozen_is_opened_as_it_was(tmp_path: Path) -> None:
    product = frozen(tmp_path, made(tmp_path, items="one\n", plots__map="png"))
    assert not (tmp_path / "making").exists()
    assert open_product(tmp_path / "bench", kind="bench") == product
    assert sorted(product.files) == ["items", "plots/map"]
    assert product.file("items").read_text() == "one\n"
    with pytest.raises(KeyError):
        product.file(MANIFEST)


def test_the_digest_is_of_recipe_inputs_and_files_and_not_of_the_place(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert frozen(here).sha256 == frozen(there).sha256
    other = frozen(tmp_path / "other", made(tmp_path / "other", items="two\n"))
    assert other.sha256 != frozen(here, made(here)).sha256
    assert frozen(tmp_path / "anew", recipe="c" * 64).sha256 != other.sha256


def test_what_is_made_again_alike_is_there_once(tmp_path: Path) -> None:
    first = frozen(tmp_path)
    written = (tmp_path / "bench" / MANIFEST).stat().st_mtime_ns
    assert frozen(tmp_path) == first
    assert (tmp_path / "bench" / MANIFEST).stat().st_mtime_ns == written
    assert not (tmp_path / "making").exists()


def test_what_is_frozen_is_never_replaced(tmp_path: Path) -> None:
    frozen(tmp_path)
    with pytest.raises(InputError, match="cannot freeze a bench") as caught:
        frozen(tmp_path, made(tmp_path, items="two\n"))
    assert "another one stands there" in str(caught.value.why)
    assert (tmp_path / "bench" / "items").read_text() == "one\n"
    assert (tmp_path / "making" / "items").read_text() == "two\n"


def test_a_folder_that_holds_something_else_is_not_frozen_over(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="cannot use"):
        frozen(tmp_path)
    assert (tmp_path / "bench" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("how", ["altered", "added", "lost"])
def test_a_file_that_was_altered_added_or_lost_is_found(tmp_path: Path, how: str) -> None:
    frozen(tmp_path, made(tmp_path, items="one\n", sheet="two\n"))
    file = tmp_path / "bench" / "sheet"
    if how == "lost":
        file.unlink()
    else:
        (file if how == "altered" else file.with_name("extra")).write_text("three\n")
    with pytest.raises(InputError) as caught:
        open_product(tmp_path / "bench", kind="bench")
    assert "is not what was frozen" in str(caught.value.why)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "it holds no product.json"),
        ("{", "product.json was changed: it is no JSON"),
        ("[" * 100_000, "product.json was changed: it is no JSON"),
        ("[]", "product.json is not of this program"),
        ('{"schema": "gate.product/2"}', "product.json is not of this program"),
    ],
)
def test_a_manifest_that_says_nothing_is_refused(
    tmp_path: Path, said: str | None, why: str
) -> None:
    frozen(tmp_path)
    manifest = tmp_path / "bench" / MANIFEST
    manifest.unlink() if said is None else manifest.write_text(said)
    with pytest.raises(InputError) as caught:
        open_product(tmp_path / "bench", kind="bench")
    assert caught.value.why == why


def test_a_manifest_that_was_changed_with_its_file_is_found(tmp_path: Path) -> None:
    product = frozen(tmp_path)
    manifest = product.folder / MANIFEST
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "recipe": "d" * 64}))
    with pytest.raises(InputError) as caught:
        open_product(product.folder, kind="bench")
    assert caught.value.why == "product.json was changed"


def test_what_is_told_beside_is_what_was_frozen(tmp_path: Path) -> None:
    product = frozen(tmp_path)
    manifest = product.folder / MANIFEST
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "facts": {"asked": 1}}))
    with pytest.raises(InputError) as caught:
        open_product(product.folder, kind="bench")
    assert caught.value.why == "product.json was changed"
    assert "restore it from a backup, or make it anew" in caught.value.fix


def test_what_was_frozen_before_facts_had_a_digest_is_still_opened(tmp_path: Path) -> None:
    product = frozen(tmp_path)
    manifest = product.folder / MANIFEST
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({k: v for k, v in said.items() if k != "facts_sha256"}))
    assert open_product(product.folder, kind="bench").sha256 == product.sha256


def test_a_product_of_another_kind_is_refused(tmp_path: Path) -> None:
    frozen(tmp_path)
    with pytest.raises(InputError, match="as a judge") as caught:
        open_product(tmp_path / "bench", kind="judge")
    assert caught.value.why == "it holds a bench"


def test_items_of_a_product_are_read_only_while_it_is_whole(tmp_path: Path) -> None:
    line = '{"id": "1", "prompt": "one?"}\n'
    frozen(tmp_path, made(tmp_path, items=line, sheet="two\n"))
    read = partial(read_items, base=tmp_path, cluster=None, sha256=None)
    assert len(read("bench/items").items) == 1
    (tmp_path / "bench" / "items").write_text(line.replace("one", "two"))
    with pytest.raises(InputError, match="as a product") as caught:
        read("bench/items")
    assert caught.value.why == "items is not what was frozen"
    (tmp_path / "link").symlink_to("bench/items")
    for data in ("link", f"file://{tmp_path}/bench/items", f"local://{tmp_path}/bench/items"):
        with pytest.raises(InputError, match="items is not what was frozen"):
            read(data)
    (tmp_path / "bench" / MANIFEST).write_text("{}")
    with pytest.raises(InputError, match="as a product"):
        read("bench/items")


def test_items_beside_no_product_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "items").write_text('{"id": "1", "prompt": "one?"}\n')
    assert len(read_items("items", base=tmp_path, cluster=None, sha256=None).items) == 1
