"""Errors say what, why and how to mend, and carry the exit code."""

import pytest

from policies.errors import Broken, GateError, InputError, PolicyError, WrongUsage


def test_an_error_prints_what_why_and_fix() -> None:
    error = WrongUsage("cannot read x", why="x:3: field `y`", fix="write `z`")
    assert str(error) == "cannot read x\n  why: x:3: field `y`\n  fix: write `z`"


def test_an_error_without_why_or_fix_prints_what_it_has() -> None:
    assert str(GateError("broken")) == "broken"
    assert str(GateError("broken", fix="mend it")) == "broken\n  fix: mend it"


def test_an_error_in_short_leaves_the_fix_out() -> None:
    assert GateError("broken", why="it fell", fix="mend it").in_short == "broken: it fell"
    assert GateError("broken", fix="mend it").in_short == "broken"


@pytest.mark.parametrize(
    ("kind", "code"), [(WrongUsage, 2), (PolicyError, 2), (InputError, 2), (Broken, 4)]
)
def test_the_exit_code_says_whose_fault_it_is(kind: type[GateError], code: int) -> None:
    assert kind("x").exit_code == code
