"""Every candidate's pages in MLflow: report, decision, and a plot of every stage with findings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gates.ledger.ledger import Pages
from gates.pages import Seen, pages_of
from gates.pipeline import run_round
from stages.evidence.records import StageName
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Pages]:
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes()
    file = place.policy(policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS)))
    result = run_round(file, [], place.services)
    (record,) = place.ledger.records.values()
    bare = pages_of(file.policy, result.decision, result.evidence, Seen())
    assert {k: v.candidate for k, v in record.pages.items()} == {
        k: v.candidate for k, v in bare.items()
    }
    return dict(record.pages)


def test_each_candidate_has_a_report_and_its_decision(pages: dict[str, Pages]) -> None:
    assert set(pages) == {"models:/assistant/2", "models:/assistant/3"}
    page = pages["models:/assistant/3"].candidate
    assert page.description.startswith("**FAIL** models:/assistant/3")
    assert [document.path for document in page.documents] == ["report.html", "decision.json"]
    assert json.loads(page.documents[1].content)["schema"] == "gate.decision/1"
    assert b"<script" not in page.documents[0].content


def test_each_stage_that_was_reached_has_its_plot(pages: dict[str, Pages]) -> None:
    assert set(pages["models:/assistant/2"].stages) == {StageName.OFFLINE, StageName.SIDE_BY_SIDE}
    assert set(pages["models:/assistant/3"].stages) == {StageName.OFFLINE}
    for page in pages["models:/assistant/2"].stages.values():
        assert page.documents[0].path == "findings.png"
        assert page.documents[0].content.startswith(b"\x89PNG")


def test_the_offline_stage_shows_its_items_and_how_it_stands_against_the_baseline(
    pages: dict[str, Pages],
) -> None:
    documents = {
        d.path: d.content for d in pages["models:/assistant/3"].stages[StageName.OFFLINE].documents
    }
    assert set(documents) == {
        "findings.png",
        "against_baseline.png",
        "items/sums.html",
        "items/sums.json",
    }
    table = json.loads(documents["items/sums.json"])
    outcomes = [row[table["columns"].index("outcome")] for row in table["data"]]
    assert outcomes[0] == "regression"
    assert b"Regressions" in documents["items/sums.html"]
    voted = pages["models:/assistant/2"].stages[StageName.SIDE_BY_SIDE].documents
    assert "items/sums.html" not in {d.path for d in voted}


def test_a_stage_without_findings_has_no_plot(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.recorded()
    file = place.policy()
    decision = run_round(file, [], place.services).decision
    (candidate,) = decision.candidates
    silent = replace(candidate, stages=tuple(replace(s, findings=()) for s in candidate.stages))
    pages = pages_of(file.policy, replace(decision, candidates=(silent,)), {}, Seen())
    assert pages["models:/assistant/1"].stages[StageName.OFFLINE].documents == ()
