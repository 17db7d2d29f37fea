"""The page on errors knows every kind, and shows what the program prints."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import gates
import policies
import stages
from gates.cli.frame import Exit
from policies.errors import GateError
from tests.docs.page import DOCS, read, rows, section, write_files
from tests.docs.transcript import replay, steps, write_anew


def kinds() -> set[type[GateError]]:
    """Every kind of error in the code."""
    for package in (policies, stages, gates):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[GateError]] = [GateError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return {kind for kind in found if kind.__module__.startswith(("policies", "stages", "gates"))}


def test_every_kind_is_listed_with_its_exit_code() -> None:
    said = {
        name: int(cells[0]) for name, cells in rows(section(read("errors.md"), "Kinds")).items()
    }
    assert said == {kind.__name__: kind.exit_code for kind in kinds()}


def test_every_exit_code_is_listed() -> None:
    for code in Exit:
        assert f"| {code.value} | {code.name.lower().replace('_', ' ')}" in read("errors.md")


def test_the_errors_shown_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "GATE_STATE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.chdir(tmp_path)
    real = {"/home/you/work": str(tmp_path)}
    assert replay("gate init --model assistant", real=real).output[-1] == "next: gate doctor"
    page = DOCS / "errors.md"
    write_files(page.read_text(encoding="utf-8"), tmp_path)
    shown = list(steps(page.read_text(encoding="utf-8")))
    replayed = [replay(step.command, real=real) for step in shown]
    write_anew(page, replayed)
    assert replayed == list(steps(page.read_text(encoding="utf-8")))
    assert {step.output[-1] for step in replayed} == {"[exit code 2]", "[exit code 4]"}
