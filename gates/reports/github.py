"""What GitHub Actions shows: annotations on a policy's lines, and the step summary."""

from dataclasses import dataclass
from typing import Literal

from gates.decide.verdict import RoundDecision
from gates.reports.escaping import annotation_property, annotation_text
from gates.reports.markdown import candidate_lines, round_markdown
from policies.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark on a line of a file.

    Attributes:
        level: How it is shown.
        message: What is wrong and how to mend it; may have several lines.
        file: Path as the repository knows it; None for a remark on no file.
        line: From 1; None when no line is meant.
        title: Short heading; empty for none.
    """

    level: Literal["error", "warning", "notice"]
    message: str
    file: str | None = None
    line: int | None = None
    title: str = ""


def annotation(remark: Annotation) -> str:
    """The workflow command that GitHub reads from standard output."""
    properties = {
        "file": remark.file or "",
        "line": "" if remark.line is None else str(remark.line),
        "title": remark.title,
    }
    said = ",".join(f"{k}={annotation_property(v)}" for k, v in properties.items() if v)
    head = f"{remark.level} {said}" if said else remark.level
    return f"::{head}::{annotation_text(remark.message)}"


def step_summary(decision: RoundDecision, policy: Policy) -> str:
    """Markdown for the step's summary: funnel, standing, and every candidate's worst findings."""
    candidates = (line for c in decision.candidates for line in ("", *candidate_lines(c)))
    return round_markdown(decision, policy) + "\n".join(candidates) + "\n"
