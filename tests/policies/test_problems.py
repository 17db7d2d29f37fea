"""A problem says file, line, field, what was found, what is expected and what to do."""

import pytest

from policies.errors import PolicyError, WrongUsage
from policies.problems import (
    Path,
    PolicyRefused,
    Problem,
    field_name,
    listed,
    meant,
    nearest,
    nearest_line,
    overlaps,
)


def problem(line: int, fix: str = "") -> Problem:
    return Problem(at=("a",), found="`x`", expected="`y`", fix=fix, line=line)


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ((), "file"),
        (("plan",), "plan"),
        (("criteria", 2, "metric"), "criteria[2].metric"),
        (("plan", "offline", "qa", 0, 1), "plan.offline.qa[0][1]"),
    ],
)
def test_a_path_is_named_as_people_write_it(at: Path, name: str) -> None:
    assert field_name(at) == name


def test_a_sentence_holds_every_part() -> None:
    said = problem(12, "write `y`").sentence("release.yaml")
    assert said == "release.yaml:12: a: found `x`; expected `y`; write `y`"


def test_a_problem_without_a_line_is_placed_at_the_top() -> None:
    assert problem(0).sentence("release.yaml") == "release.yaml:1: a: found `x`; expected `y`"


def test_a_refusal_lists_its_problems_in_the_files_order() -> None:
    refused = PolicyRefused("r.yaml", [problem(9), problem(2)])
    assert [p.line for p in refused.problems] == [2, 9]
    assert refused.why.index("r.yaml:2") < refused.why.index("r.yaml:9")
    assert refused.message == "cannot use policy r.yaml: 2 problems"
    assert refused.where == "r.yaml"


def test_a_refusal_is_wrong_usage_with_exit_code_2() -> None:
    refused = PolicyRefused("r.yaml", [problem(1)])
    assert isinstance(refused, PolicyError)
    assert isinstance(refused, WrongUsage)
    assert refused.exit_code == 2
    assert refused.fix == "mend it, then: gate policy check r.yaml"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("acuracy", "accuracy"),
        ("ACCURACY", "accuracy"),
        ("temp", "temperature"),
        ("qu", None),
        ("zzz", None),
        ("x" * 10_000, None),
    ],
)
def test_the_nearest_known_word_is_the_one_that_looks_alike(word: str, near: str | None) -> None:
    known = ("accuracy", "temperature", "rate")
    assert nearest(word, known) == near
    assert meant(word, known) == (f"write `{near}`" if near else "")


def test_paths_overlap_when_one_lies_above_the_other() -> None:
    assert overlaps(("a",), ("a", "b"))
    assert overlaps(("a", "b"), ("a",))
    assert overlaps((), ("a",))
    assert not overlaps(("a", "b"), ("a", "c"))


def test_a_list_of_nothing_says_so() -> None:
    assert listed(()) == "none"
    assert listed(("a", "b")) == "`a`, `b`"


def test_a_line_is_that_of_the_value_or_of_the_nearest_above_it() -> None:
    lines = {("plan",): 3, ("plan", "looks"): 7}
    assert nearest_line(lines, ("plan", "looks")) == 7
    assert nearest_line(lines, ("plan", "looks", 2, "day")) == 7
    assert nearest_line(lines, ("plan", "days")) == 3
    assert nearest_line(lines, ("keep",)) == 1
    assert nearest_line({(): 5}, ("keep",)) == 5
