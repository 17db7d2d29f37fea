"""Everything a round needs is looked at; each thing amiss is told with its mend, and no more."""

import importlib.util
from pathlib import Path

import pytest

from gates.doctor import Examined, examine
from gates.ledger.ledger import LedgerDown
from gates.registration import adopt
from tests.fakes.workplace import NO_WORSE, NOW, VOTED, WINS, Workplace, policy_text
from tests.servers.openai_server import OpenAIServer, status, text
from tests.trusting import trusted

TOXIC = "offline: {toxicity: {data: ../data/sums.jsonl, classifier: detoxify/original}}"
NEVER = "{metric: toxicity.rate, at_most: 0.01, severity: blocking, because: brand}"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def found(place: Workplace) -> dict[str, Examined]:
    examined = tuple(examine(place.services))
    assert all(e.healthy or e.fix or e.name.endswith("answers") for e in examined)
    return {e.name: e for e in examined}


def test_a_sound_workspace_is_healthy_in_the_order_of_a_round(place: Workplace) -> None:
    place.champion()
    place.policy(policy_text(criteria=(NO_WORSE,)))
    examined = found(place)
    assert list(examined) == [
        "state",
        "ledger",
        "policy release",
        "assistant@champion",
        "models:/assistant/1 answers",
    ]
    assert all(e.healthy and not e.fix for e in examined.values())
    assert examined["models:/assistant/1 answers"].sentence.startswith("served identity ")


def test_trust_is_looked_at_where_there_is_some(place: Workplace) -> None:
    place.toml("")
    keyring = trusted(place.folder, place.policy().path)
    examined = found(place)
    assert examined["trust"].sentence.endswith("is believed, and a key signs here")
    keyring.trust_file.write_bytes(b"{}")
    broken = found(place)["trust"]
    assert not broken.healthy
    assert "cannot believe the trust file" in broken.sentence


def test_without_a_policy_it_says_what_writes_one(place: Workplace) -> None:
    examined = found(place)["policies"]
    assert not examined.healthy
    assert examined.fix == "gate init writes a first one"


def test_a_state_that_cannot_be_written_is_told_and_the_rest_is_looked_at(place: Workplace) -> None:
    place.policy()
    (place.folder / "state").write_text("a file, not a folder")
    examined = found(place)
    assert not examined["state"].healthy
    assert examined["policy release"].healthy


def test_a_state_that_is_held_is_told(place: Workplace) -> None:
    with place.state.lock("doctor"):
        assert "holds" in found(place)["state"].sentence


def test_a_ledger_that_is_down_is_told_and_only_what_rests_on_it_left_out(place: Workplace) -> None:
    place.policy()
    place.ledger.is_down = True
    examined = found_with_fixes(place)
    assert not examined["ledger"].healthy
    assert set(examined) == {"state", "ledger", "policy release"}


def found_with_fixes(place: Workplace) -> dict[str, Examined]:
    return {e.name: e for e in examine(place.services)}


def test_a_ledger_that_goes_down_meanwhile_stops_no_examination(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        place.policy(policy_text().replace("release", name), name=name)

    def down(name: str) -> None:
        raise LedgerDown("cannot reach the server", why=name, fix="start it")

    monkeypatch.setattr(place.ledger, "versions", down)
    examined = tuple(examine(place.services))
    assert [e.name for e in examined if not e.healthy] == ["assistant@champion"] * 2


def test_a_broken_policy_is_told_with_its_line_and_the_others_are_looked_at(
    place: Workplace,
) -> None:
    place.policy()
    (place.folder / "policies" / "broken.yaml").write_text("policy: broken\nmodl: x\n")
    examined = found(place)
    assert "broken.yaml:2" in examined["policy broken"].sentence
    assert examined["policy release"].healthy


def test_no_champion_yet_is_told_where_a_policy_compares(place: Workplace) -> None:
    place.policy(policy_text(criteria=(NO_WORSE,)))
    examined = found(place)["assistant@champion"]
    assert not examined.healthy
    assert "has no champion yet" in examined.sentence
    assert "gate register assistant" in examined.fix
    assert "gate adopt assistant/1 --reason" in examined.fix


def test_no_champion_is_no_fault_where_nothing_compares(place: Workplace) -> None:
    place.policy()
    assert "assistant@champion" not in found(place)


def test_a_champion_known_by_votes_only_is_not_asked(place: Workplace) -> None:
    version = place.external()
    adopt(place.ledger, version.uri, alias="champion", reason="since May", at=NOW.isoformat())
    place.policy(policy_text((VOTED,), (WINS,)))
    examined = found(place)["models:/assistant/1 answers"]
    assert (examined.healthy, examined.sentence) == (True, "known by votes and traffic only")


def test_a_champion_that_answers_is_healthy(place: Workplace) -> None:
    with OpenAIServer(lambda _: text("hello")) as server:
        place.ledger.set_alias(place.endpoint(server.url), "champion")
        place.policy()
        assert found(place)["models:/assistant/1 answers"].healthy


def test_a_champion_that_does_not_answer_is_told(place: Workplace) -> None:
    place.toml("[models.assistant]\nretries = 0\n")
    with OpenAIServer(lambda _: status(500)) as server:
        place.ledger.set_alias(place.endpoint(server.url), "champion")
        place.policy()
        examined = found_with_fixes(place)["models:/assistant/1 answers"]
    assert not examined.healthy
    assert "500" in examined.sentence


@pytest.mark.parametrize("installed", [True, False])
def test_a_policy_that_reads_toxicity_needs_the_classifiers_library(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    place.policy(policy_text((TOXIC,), (NEVER,)))
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> object:
        return (object() if installed else None) if name == "detoxify" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    examined = found(place)["policy release: toxicity"]
    assert examined.healthy is installed
    assert (examined.fix == "") is installed


def test_a_policy_without_offline_tasks_needs_no_library(place: Workplace) -> None:
    place.champion()
    place.policy(policy_text((VOTED,), (WINS,)))
    assert "policy release: toxicity" not in found(place)


def test_what_the_sandbox_guards_is_told_where_programs_are_to_be_run(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = "offline: {add: {data: ../data/sums.jsonl, language: python}}"
    passes = "{metric: add.pass_at_1, at_least: 0.5, severity: blocking, because: skill}"
    place.policy(policy_text(plan=(programs,), criteria=(passes,)))
    monkeypatch.setattr("stages.engine.sandbox_walls.shutil.which", lambda _: None)
    sick = found(place)["policy release: sandbox of add"]
    assert not sick.healthy
    assert "reading or writing files" in sick.sentence
    assert "bubblewrap" in sick.fix


def test_a_judge_that_is_not_admitted_is_amiss(place: Workplace) -> None:
    place.toml(
        '[endpoints.judge_a]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
        'admitted = "support_judge@champion"\n'
    )
    judged = "side_by_side: {data: ../data/sums.jsonl, votes_at_most: 40, judges: [judge_a]}"
    place.policy(policy_text((judged,), (WINS,)))
    examined = found_with_fixes(place)["policy release: admission"]
    assert not examined.healthy
    assert "judge judge_a is not admitted as support_judge@champion" in examined.sentence
    assert "take `admitted` of the endpoint out" in examined.fix
