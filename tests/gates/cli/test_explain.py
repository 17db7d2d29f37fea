"""`gate explain`: the sentences behind a verdict, worst first, and what comes next."""

import json

import jsonschema
import pytest

from gates.pipeline import run_round
from gates.reports.decision_json import decision_schema
from policies.errors import Broken
from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text
from tests.gates.cli.golden import golden

VOTING = policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))


@pytest.fixture(autouse=True)
def _decided(place: Workplace) -> None:
    """A champion, one that waits for votes, one that failed, one that nobody decided on."""
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes(votes=10, wins=6)
    run_round(place.policy(VOTING), [], place.services)
    place.recorded()


@pytest.mark.parametrize(("version", "name"), [("2", "hold"), ("3", "fail")])
def test_a_verdict_is_told_as_a_release_manager_would_say_it(version: str, name: str) -> None:
    found = said("explain", f"assistant/{version}")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden(f"explain_{name}.txt", found.out)


def test_the_worst_finding_comes_first_and_no_sentence_twice() -> None:
    lines = said("explain", "assistant/3").out.splitlines()
    sentences = [line.strip() for line in lines if "sums accuracy" in line]
    assert sentences[0].startswith("FAIL")
    assert len(sentences) == len(set(sentences)) == 2


def test_a_pass_leads_to_promotion_and_then_to_its_alias(place: Workplace) -> None:
    place.votes()
    run_round(place.policy(VOTING), ["assistant/2"], place.services)
    assert said("explain", "assistant/2").out.endswith("next: gate promote assistant/2\n")
    place.ledger.set_alias(place.ledger.version("assistant/2"), "canary")
    assert said("explain", "assistant/2").out.endswith("it is assistant@canary now\n")


def test_an_adopted_version_is_adopted_and_never_passed() -> None:
    found = said("explain", "assistant@champion")
    assert found.out.startswith("models:/assistant/1: ADOPTED, since May\n")
    assert "PASS" not in found.out


def test_an_undecided_version_says_what_to_run() -> None:
    assert "next: gate run POLICY assistant/4" in said("explain", "assistant/4").out
    other = said("explain", "assistant/2", "--policy", "other").out
    assert "undecided under policy other" in other
    assert "next: gate run other assistant/2" in other


def test_the_policy_chooses_among_decisions(place: Workplace) -> None:
    place.later(days=1)
    later = place.policy(policy_text().replace("release", "later"))
    run_round(later, ["assistant/2"], place.services)
    assert "PASS models:/assistant/2 under policy later" in said("explain", "assistant/2").out
    older = said("explain", "assistant/2", "--policy", "release").out
    assert "HOLD models:/assistant/2 under policy release" in older


def test_json_is_the_decision_or_the_standing() -> None:
    decided = json.loads(said("explain", "assistant/3", "--json").out)
    assert decided["schema"] == "gate.decision/1"
    (candidate,) = decided["candidates"]
    assert candidate["verdict"] == "FAIL"
    assert candidate["stages"][0]["run_id"].endswith("models:/assistant/3/offline")
    jsonschema.validate(decided, decision_schema())
    assert [(one["metric"], one["verdict"], one["final"]) for one in decided["outlook"]] == [
        ("sums.accuracy", "HOLD", True),
        ("sums.accuracy", "FAIL", True),
    ]
    undecided = json.loads(said("explain", "assistant/4", "--json").out)
    assert (undecided["schema"], undecided["versions"][0]["verdict"]) == (
        "gate.status/1",
        "undecided",
    )


def test_what_is_not_there_is_wrong_usage() -> None:
    for reference in ("assistant", "assistant/99", "assistant@nobody", "models:/x"):
        assert said("explain", reference).code == 2


def test_other_decisions_on_the_version_are_never_hidden(place: Workplace) -> None:
    assert "other decisions" not in said("explain", "assistant/2").out
    place.votes()
    place.later(days=1)
    run_round(place.policy(VOTING), ["assistant/2"], place.services)
    lines = said("explain", "assistant/2").out.splitlines()
    at = lines.index("other decisions on this version")
    assert lines[at + 1].startswith("  HOLD on 2026-03-01 under policy release: side by side:")


VOTING_FREELY = VOTING.replace("votes_at_most: 40", "votes_at_most: 40, stopping: anytime")


def test_a_comparison_that_may_be_looked_at_says_how_many_prompts_it_likely_takes(
    place: Workplace,
) -> None:
    place.later(days=1)
    run_round(place.policy(VOTING_FREELY), ["assistant/2"], place.services)
    (found,) = json.loads(said("explain", "assistant/2", "--json").out)["outlook"]
    assert (found["needed"]["unit"], found["needed"]["have"]) == ("prompts", 10)
    place.policy(VOTING_FREELY.replace("0.6,", "0.7,"))
    (changed,) = json.loads(said("explain", "assistant/2", "--json").out)["outlook"]
    assert changed["needed"] is None
    (place.folder / "policies" / "release.yaml").unlink()
    (gone,) = json.loads(said("explain", "assistant/2", "--json").out)["outlook"]
    assert gone["needed"] is None


def test_evidence_that_is_gone_hides_no_reason(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise Broken("the offline evidence is gone", why="its run was deleted")

    monkeypatch.setattr(place.ledger, "stored", gone)
    found = said("explain", "assistant/3")
    assert (found.code, "FAIL" in found.out) == (0, True)
    assert "what it would take cannot be told: the offline evidence is gone" in found.err
