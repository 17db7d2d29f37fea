"""Every threat names a defence, and tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "infra" / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)::([a-z0-9_]+)`", TEXT)))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in names_in(path)


def test_every_threat_has_a_defence_and_a_test() -> None:
    tables = TEXT.split("| attack | defence | shown by |")[1:]
    rows = [line for table in tables for line in table.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.startswith("| ---")]
    assert len(threats) > 30
    for row in threats:
        _, _, defence, shown, _ = row.split("|")
        assert defence.strip(), row
        assert "::test_" in shown, row
