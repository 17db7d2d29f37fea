"""`gate triage`: its report in three forms, its exit codes, and what it tells whom."""

import json
import re
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.servers.webhook import webhook

POLICY = policy_text(criteria=(SOUND, NO_WORSE))


def ready(place: Workplace) -> None:
    place.policy(POLICY)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=1)


def test_a_processed_night_is_0_whatever_it_found(place: Workplace, tmp_path: Path) -> None:
    ready(place)
    found = said("triage", "release", "--report", "out", "--metrics", "gate.prom")
    assert found.code == 0
    assert "2 checkpoints taken up: 1 advance, 1 regressed." in found.out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert (
        'gate_triage_checkpoints{model="assistant",policy="release",sort="advance"} 1.0'
        in (tmp_path / "gate.prom").read_text()
    )
    (night,) = place.ledger.nights.values()
    assert (night.metrics["advance"], night.metrics["regressed"]) == (1.0, 1.0)
    assert night.description.startswith("# Night 1 of policy release")
    again = said("triage", "release")
    assert (again.code, "No new checkpoints." in again.out) == (0, True)


def test_json_is_one_document_with_the_decisions(place: Workplace) -> None:
    ready(place)
    found = said("triage", "release", "--json")
    document = json.loads(found.out)
    assert document["schema"] == "gate.triage/1"
    assert document["for_people"] == ["models:/assistant/2"]
    assert [c["sort"] for c in document["checkpoints"]] == ["advance", "regressed"]
    (decision,) = document["decisions"]
    assert decision["schema"] == "gate.decision/1"
    assert [c["verdict"] for c in decision["candidates"]] == ["PASS", "FAIL"]
    assert document["url"].startswith("memory:/nights/")


def test_limits_are_taken_beside_the_policys(place: Workplace) -> None:
    ready(place)
    how = ("--calls-at-most", "7", "--usd-at-most", "2.5", "--minutes-at-most", "30")
    document = json.loads(said("triage", "release", "--json", *how).out)
    assert document["budget"] == {"calls": 7, "usd": 2.5, "gpu_minutes": None, "minutes": 30.0}


def test_a_state_that_cannot_be_locked_is_no_other_triage_and_is_in_the_metrics(
    place: Workplace, tmp_path: Path
) -> None:
    ready(place)
    (place.folder / "state").mkdir(exist_ok=True)
    (place.folder / "state" / "triage").write_text("a file where the folder of locks would be")
    found = said("triage", "release", "--metrics", "gate.prom")
    assert found.code == 4
    assert "cannot lock" in found.err
    assert "another triage" not in found.err
    assert "gate_triage_processed" in (tmp_path / "gate.prom").read_text()


def test_a_second_one_at_the_same_time_is_4_and_leaves_the_metrics_alone(
    place: Workplace, tmp_path: Path
) -> None:
    ready(place)
    with place.state.lock("triage/release"):
        found = said("triage", "release", "--metrics", "gate.prom")
    assert found.code == 4
    assert "another triage of policy release is running; this one did nothing" in found.err
    assert not (tmp_path / "gate.prom").exists()
    assert not place.ledger.records


def test_a_ledger_that_is_down_is_4_and_the_metrics_say_so(
    place: Workplace, tmp_path: Path
) -> None:
    ready(place)
    place.ledger.is_down = True
    assert said("triage", "release", "--metrics", "gate.prom").code == 4
    text = (tmp_path / "gate.prom").read_text()
    assert re.search(r"^gate_triage_processed\{.*\} 0.0$", text, re.MULTILINE)


def test_wrong_usage_is_2(place: Workplace) -> None:
    place.policy(POLICY)
    assert said("triage", "release").code == 2  # no baseline
    assert said("triage", "release", "--since", "yesterday").code == 2
    assert said("triage", "nothing").code == 2


def test_since_leaves_out_what_is_older(place: Workplace) -> None:
    ready(place)
    assert "No new checkpoints." in said("triage", "release", "--since", "24h").out
    assert "2 checkpoints" in said("triage", "release", "--since", "52w").out


def test_people_are_notified_once(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(place)
    place.ledger.files["models:/assistant/3"] = b"?\n"
    gate = Path("gate.toml")
    with webhook() as hook:
        gate.write_text(f'{gate.read_text()}[notify]\nurl_env = "HOOK"\nformat = "json"\n')
        monkeypatch.setenv("HOOK", hook.url)
        assert said("triage", "release", "--retry-after-seconds", "0").code == 0
        assert [post["kind"] for post in hook.posts] == ["triage_done"]
        assert "1 advance, 1 infrastructure" in hook.posts[0]["sentence"]


def test_a_receiver_that_is_down_fails_nothing(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(place)
    gate = Path("gate.toml")
    gate.write_text(f'{gate.read_text()}[notify]\nurl_env = "HOOK"\n')
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hunter2")
    found = said("triage", "release")
    assert found.code == 0
    assert "1 notification(s) wait: the receiver does not answer (ConnectError)" in found.err
    assert "hunter2" not in found.err + found.out
