"""A night fits a screen, says what a person asks, and foreign text stays text."""

from dataclasses import replace

import pytest

from gates.promotion.whereabouts import moved_outside
from gates.triage.outcome import Sort, Waiting
from gates.triage.page import SHOWN, as_html, as_markdown, as_text, page_of
from tests.gates.triage.nights import NIGHT, of, outcome

HOSTILE = "<script>alert(1)</script> [click](http://evil) | ![x](y) **PASS**"
WAITING = Waiting(
    candidate="models:/assistant/5",
    known_as="assistant/5",
    since="2026-03-01T02:10:00+00:00",
    sentence="votes on 3 of 40 prompts",
    command="gate sxs show nightly-1",
)


def test_the_page_answers_the_four_questions() -> None:
    night = of(
        outcome(12, Sort.ADVANCE, command="gate sxs assign nightly assistant/12"),
        outcome(13, Sort.FLAKY, "its answers differ", needs_person=True),
        outcome(14, Sort.WAITING),
        before={"models:/assistant/12": Sort.WAITING, "models:/assistant/14": Sort.WAITING},
        backlog=(WAITING,),
        remarks=("`champion` points to 9, and the last record says 8",),
        waiting=2,
    )
    assert as_text(page_of(night)) == (
        "Night 3 of policy nightly, 2026-03-04 02:42 UTC\n"
        "3 checkpoints taken up: 1 advance, 1 flaky, 1 waiting.\n"
        "Cost tonight: 120 calls, 0 votes, 1.50 USD in 42 minutes; "
        "of all nights: 1,200 calls, 0 votes, 15.00 USD.\n"
        "\n"
        "What changed since last night:\n"
        "  advance assistant/12: was waiting; it says why "
        "(`gate sxs assign nightly assistant/12`)\n"
        "  flaky assistant/13: its answers differ\n"
        "\n"
        "Who goes to people next:\n"
        "  advance assistant/12: it says why (`gate sxs assign nightly assistant/12`)\n"
        "  advance assistant/5: waits since 2026-03-01: votes on 3 of 40 prompts "
        "(`gate sxs show nightly-1`)\n"
        "\n"
        "What needs a person:\n"
        "  `champion` points to 9, and the last record says 8\n"
        "  2 decisions wait for MLflow, which does not answer\n"
        "  flaky assistant/13: its answers differ"
    )


def test_what_mends_an_unrecorded_change_is_not_cut_off() -> None:
    said = moved_outside(
        holder="models:/assistant/12",
        recorded="models:/assistant/11",
        alias="champion",
    )
    assert said is not None
    night = replace(NIGHT, remarks=(said.reason,))
    assert said.reason in as_text(page_of(night))


def test_five_hundred_checkpoints_fit_a_screen() -> None:
    night = of(*(outcome(n, Sort.ADVANCE, "why " * 400, needs_person=True) for n in range(500)))
    text = as_text(page_of(night))
    assert text.count("\n") <= 45
    assert max(map(len, text.splitlines())) < 240
    assert f"and {500 - SHOWN} more; report.json has all" in text


def test_a_night_without_anybody_says_so() -> None:
    text = as_text(page_of(NIGHT))
    assert "No new checkpoints." in text
    assert text.count("Nothing.") == 2
    assert "Nobody." in text


@pytest.mark.parametrize("where", ["sentence", "known_as", "command"])
def test_foreign_text_is_markup_nowhere(where: str) -> None:
    page = page_of(of(outcome(1, Sort.ADVANCE, **{where: HOSTILE})))  # type: ignore[arg-type]
    assert "<script>" not in as_html(page)
    if where != "command":
        markdown = as_markdown(page)
        assert "<script>" not in markdown
        assert "[click](http" not in markdown
        assert "![x]" not in markdown
        assert "**PASS**" not in markdown


def test_html_loads_nothing_and_links_to_the_runs() -> None:
    page = as_html(page_of(of(outcome(1, Sort.ADVANCE, url="https://mlflow.example/#/runs/1"))))
    assert "default-src 'none'" in page
    assert '<a href="https://mlflow.example/#/runs/1">assistant/1</a>' in page
    assert "[assistant/1](https://mlflow.example/#/runs/1)" in as_markdown(
        page_of(of(outcome(1, Sort.ADVANCE, url="https://mlflow.example/#/runs/1")))
    )
