"""In Markdown the verdict comes first, and foreign text is no markup."""

import re
from dataclasses import replace

import pytest

from gates.reports.escaping import inert
from gates.reports.markdown import markdown, round_markdown, stage_markdown
from tests.gates.decide.cases import A, B, C, D
from tests.gates.reports.shown import EVIDENCE, POLICY, a_round, golden, hostile_round, one


@pytest.mark.parametrize("candidate", [A, B, C, D])
def test_a_report_is_as_it_was(candidate: str) -> None:
    decision = a_round()
    text = markdown(decision, one(decision, candidate), EVIDENCE[candidate])
    assert golden(f"candidate-{candidate.rsplit('/', 1)[1]}.md", text) == text


def test_the_round_is_as_it_was() -> None:
    text = round_markdown(a_round(), POLICY)
    assert golden("round.md", text) == text


def test_a_stage_is_as_it_was() -> None:
    text = stage_markdown(one(a_round(), B).stages[1])
    assert golden("stage.md", text) == text


def test_the_first_lines_say_verdict_and_worst_finding() -> None:
    decision = a_round()
    first = markdown(decision, one(decision, C)).splitlines()[:3]
    assert first[0].startswith("**FAIL** models:/assistant/10: offline: toxicity rate is at least")
    assert first[2].startswith("- **FAIL** (blocking) toxicity rate is at least 1.00 %")


def test_only_the_worst_are_told_before_the_table() -> None:
    decision = a_round()
    d = one(decision, D)
    stage = d.stages[0]
    many = replace(d, stages=(replace(stage, findings=stage.findings * 3),))
    text = markdown(decision, many)
    assert text.split("###")[0].count("- **") == 3
    assert "- and 6 more" in text


def test_evidence_that_is_not_at_hand_leaves_its_digest() -> None:
    decision = a_round()
    text = markdown(decision, one(decision, A))
    assert f"- offline evidence: {one(decision, A).stages[0].evidence_sha256}" in text
    assert "plan aaaa" not in text


def test_a_wait_without_a_command_names_none() -> None:
    stage = one(a_round(), B).stages[1]
    assert stage.waits_for is not None
    silent = replace(stage, waits_for=replace(stage.waits_for, command=None))
    assert "Next: gate run release" in stage_markdown(stage)
    assert "Next" not in stage_markdown(silent)


def test_foreign_text_is_no_markup() -> None:
    decision, held = hostile_round()
    text = markdown(decision, decision.candidates[0], next(iter(held.values())))
    text += round_markdown(decision, POLICY) + stage_markdown(decision.candidates[0].stages[0])
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "://evil" not in text
    assert not re.search(r"^# ", text, re.MULTILINE)
    for row in (line for line in text.splitlines() if line.startswith("|")):
        assert len(re.findall(r"(?<!\\)\|", row)) in {6, 7, 8}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("side_by_side.win_rate", "side_by_side.win_rate"),
        ("_x_", r"\_x\_"),
        ("*x*", r"\*x\*"),
        ("a|b", r"a\|b"),
        ("`rm`", r"\`rm\`"),
        ("a\n\n# b", r"a \# b"),
        ("- x", r"\- x"),
        ("+ x", r"\+ x"),
        ("1. x", r"\1. x"),
        ("-5.00", "-5.00"),
        ("a - b", "a - b"),
        ("<b>", r"&lt;b\>"),
        ("&lt;", "&amp;lt;"),
        ("https://x", "https:&#47;&#47;x"),
        ("www.x.y", "www&#46;x.y"),
        ("a@b.c", "a&#64;b.c"),
        ("models:/assistant/12", "models:/assistant/12"),
        ("~~x~~", r"\~\~x\~\~"),
        ("[a](b)", r"\[a\](b)"),
        ("!x", r"\!x"),
        ("\\", r"\\"),
    ],
)
def test_each_mark_is_made_harmless(text: str, safe: str) -> None:
    assert inert(text) == safe
