"""The architecture page has the floors that the import contracts hold."""

import importlib.util
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.page import DOCS, read

ROOT = Path(__file__).parents[2]
PAGE = read("ARCHITECTURE.md")


def contract(name: str) -> list[set[str]]:
    """The layers of a contract that exist today, from the top."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (found,) = [c for c in said["tool"]["importlinter"]["contracts"] if c["id"] == name]
    (container,) = found["containers"]
    layers = [{room.strip(" ()") for room in layer.split("|")} for layer in found["layers"]]
    there = [{r for r in rooms if importlib.util.find_spec(f"{container}.{r}")} for rooms in layers]
    return [rooms for rooms in there if rooms]


@pytest.mark.parametrize("container", ["gates", "stages"])
def test_the_floors_are_those_of_the_import_contracts(container: str) -> None:
    table = PAGE.split(f"| in `{container}` |")[1].split("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert [set(re.findall(r"`(\w+)`", cell)) for cell in first_cells] == contract(
        f"{container}-inside"
    )


@pytest.mark.parametrize(
    "room",
    [
        "stages/offline",
        "stages/side_by_side",
        "stages/online",
        "stages/judges",
        "stages/engine",
        "stages/workshop",
        "stages/workshop/training",
        "gates/trust",
    ],
)
def test_the_table_of_a_room_names_all_that_is_in_it(room: str) -> None:
    table = PAGE.split(f"| in `{room}` |")[1].split("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    said = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(said) == sorted(m.name for m in pkgutil.iter_modules([str(ROOT / room)]))


def test_every_name_in_backticks_is_there() -> None:
    for name in set(re.findall(r"`((?:gates|stages|policies)(?:[./]\w+)+)`", PAGE)):
        parts = re.split(r"[./]", name.removesuffix(".py"))
        path = ROOT.joinpath(*parts)
        module = path.is_dir() or path.with_suffix(".py").is_file()
        assert module or parts[-1] in path.parent.with_suffix(".py").read_text(encoding="utf-8")


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in sorted(DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            found = (page.parent / path) if path else page
            assert found.exists(), f"{page.name} leads to {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {anchor_of(t) for t in titles}, f"{page.name} leads to {target}"


def anchor_of(title: str) -> str:
    """Where a link to a heading leads, as GitHub names it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_no_page_speaks_of_what_a_reader_has_not() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "infra").rglob("README.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8").lower()
        assert not re.search(r"\b(todo|fixme|tbd|lorem)\b", text), page
