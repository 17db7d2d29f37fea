"""The environment is read in one place, as a value that does not change afterwards."""

import pytest

from gates.cli.environment import environment


def test_the_environment_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_EXAMPLE", "before")
    found = environment()
    monkeypatch.setenv("GATE_EXAMPLE", "after")
    assert found["GATE_EXAMPLE"] == "before"
    found["GATE_EXAMPLE"] = "mine"
    assert environment()["GATE_EXAMPLE"] == "after"
