"""What GitHub reads is escaped as it demands."""

import pytest

from gates.reports.github import Annotation, annotation, step_summary
from tests.gates.reports.shown import POLICY, a_round, golden, hostile_round


@pytest.mark.parametrize(
    ("remark", "command"),
    [
        (Annotation(level="error", message="it broke"), "::error::it broke"),
        (
            Annotation(level="warning", message="a: b, c", file="p.yaml", line=3, title="t"),
            "::warning file=p.yaml,line=3,title=t::a: b, c",
        ),
        (Annotation(level="notice", message="100 %\r\n2"), "::notice::100 %25%0D%0A2"),
        (
            Annotation(level="error", message="x", file="a,b:c%.yaml", title="1\n::error::2"),
            "::error file=a%2Cb%3Ac%25.yaml,title=1%0A%3A%3Aerror%3A%3A2::x",
        ),
    ],
)
def test_an_annotation_is_one_command(remark: Annotation, command: str) -> None:
    assert annotation(remark) == command
    assert "\n" not in command


def test_the_summary_is_as_it_was() -> None:
    text = step_summary(a_round(), POLICY)
    assert golden("step_summary.md", text) == text


def test_the_summary_of_hostile_names_is_no_markup() -> None:
    assert "<script" not in step_summary(hostile_round()[0], POLICY)
