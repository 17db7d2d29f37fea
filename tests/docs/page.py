"""Parts of a Markdown page: its sections, its tables, and the files it shows."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "infra" / "docs"
SHOWN_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def files(markdown: str) -> dict[str, str]:
    """Text by path, for every block whose fence names a path after the language."""
    return dict(SHOWN_FILE.findall(markdown))


def write_files(markdown: str, folder: Path) -> None:
    for path, text in files(markdown).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def section(markdown: str, title: str) -> str:
    """The text under a heading of the second level."""
    found = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL
    )
    assert found, f"there is no section {title}"
    return found[1]


def rows(text: str) -> dict[str, tuple[str, ...]]:
    """Cells of every table row by what its first cell says in backticks."""
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: tuple(cell.strip() for cell in rest.split("|")) for name, rest in found}
