"""Annotations and summaries, inside GitHub Actions only."""

from pathlib import Path

import pytest

from gates.cli.github import annotate, annotating, write_step_summary
from gates.reports.github import Annotation
from policies.load import parse_policy
from policies.problems import PolicyRefused

INSIDE = {"GITHUB_ACTIONS": "true"}


def test_a_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    environment = {**INSIDE, "GITHUB_STEP_SUMMARY": str(page)}
    for text in ("first", "second"):
        write_step_summary(environment, text)
    assert page.read_text() == "first\nsecond\n"


@pytest.mark.parametrize("environment", [{}, INSIDE, {"GITHUB_STEP_SUMMARY": "never"}])
def test_outside_or_without_a_page_nothing_is_written(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_step_summary(environment, "text")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    write_step_summary({**INSIDE, "GITHUB_STEP_SUMMARY": "/nowhere/x"}, "text")
    assert "warning: cannot write the step summary /nowhere/x" in capsys.readouterr().err


def test_a_remark_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    annotate(INSIDE, Annotation(level="warning", message="small", file="p.yaml"))
    annotate({}, Annotation(level="warning", message="small", file="p.yaml"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("::warning") == 1


def test_every_problem_of_a_policy_is_annotated_on_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(PolicyRefused) as refused, annotating(INSIDE):
        parse_policy("policy: X\nmodel: m\nplan: {}\ncriteria: []\n", where="p.yaml")
    err = capsys.readouterr().err.splitlines()
    assert len(err) == len(refused.value.problems) >= 3
    assert all(line.startswith("::error ") and "file=p.yaml,line=" in line for line in err)
