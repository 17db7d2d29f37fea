"""The page on the online A/B shows commands, options and a plan that there are."""

import re
import shlex

import pytest

from gates.cli.main import gate
from gates.cli.online import COMMANDS
from gates.cli.online import command as group
from policies.load import parse_policy
from policies.online import OnlineMetric, OnlinePlan
from tests.docs.page import read, rows, section

PAGE = read("online.md")
SHOWN = re.findall(r"^gate online .*$", PAGE, re.MULTILINE)
WRITTEN = re.findall(r"`([a-z_]+)(?::[^`]*)?`", section(PAGE, "What is measured, and of whom"))


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_that_is_shown_takes_the_options_that_are_shown(line: str) -> None:
    _, _, name, *arguments = shlex.split(line, comments=True)
    whole = gate.make_context("gate", ["online", name])  # a command keeps the first -h it is told
    command = group.get_command(whole, name)
    assert command is not None
    command.make_context(name, arguments, parent=whole)


def test_every_command_is_in_the_table_and_no_other() -> None:
    named = {line.split()[2] for line in rows(section(PAGE, "From a plan to a verdict"))}
    assert named == set(COMMANDS)
    assert len(SHOWN) > 5


def test_the_plan_that_is_shown_is_one() -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    policy = parse_policy(f"policy: release\nmodel: assistant\n{shown}", where="online.md")
    assert policy.plan.online is not None
    assert policy.plan.online.primary == "resolved"


def test_every_field_that_is_told_of_is_one() -> None:
    fields = {*OnlinePlan.model_fields, *OnlineMetric.model_fields, "analysed"}
    values = {"mean", "proportion", "ratio", "quantile", "any", "all"}
    assert set(WRITTEN) <= fields | values
    assert {"trigger", "winsorize", "also_primary", "segments"} <= set(WRITTEN)
