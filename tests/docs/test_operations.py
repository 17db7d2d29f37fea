"""The page on operations: its commands do what it says; its drill is run by another test."""

import re
import shlex

import pytest

from gates.pipeline import run_round
from gates.trust.trust_document import Stage
from tests.docs.page import files, read, section
from tests.fakes.shell import Said, said
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.gates.cli import conftest
from tests.infra.deployed import INFRA
from tests.trusting import trusted

PAGE = read("operations.md")
place = conftest.place
COPIES = {"s3://gate-records": ".gate/records"}


@pytest.fixture
def running(place: Workplace) -> Workplace:
    """10 was adopted, 11 was promoted and serves, 12 has passed."""
    file = place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
    trusted(place.folder, file.path, stages=(Stage.OFFLINE,))
    for _ in range(9):
        place.recorded()
    place.champion()
    for version in ("assistant/11", "assistant/12"):
        place.later(hours=1)
        place.recorded()
        run_round(file, [version], place.services)
        if version == "assistant/11":
            assert said("promote", version).code == 0
    return place


def told(title: str) -> list[tuple[str, Said]]:
    """Every `gate` command of a section, run in order."""
    found = []
    blocks = re.findall(r"^```sh\n(.*?)^```$", section(PAGE, title), re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).splitlines():
        words = shlex.split(line.removeprefix("docker compose run --rm "), comments=True)
        if words[:1] == ["gate"] and words != ["gate", "doctor"]:
            ran = said(*(COPIES.get(word, word) for word in words[1:]))
            found.append((" ".join(words[1:3]), ran))
    return found


def ended(title: str) -> dict[str, int]:
    return {command: ran.code for command, ran in told(title)}


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("title", ["Install", "Restore", "Upgrade"])
def test_the_commands_of_a_quiet_day_end_with_0(title: str) -> None:
    found = ended(title)
    assert found
    assert set(found.values()) == {0}, found


@pytest.mark.usefixtures("running")
def test_the_commands_of_a_bad_night_look_first_and_then_go_back() -> None:
    found = dict(told("When the gate says no at night"))
    assert found.keys() == {
        *("status assistant", "explain assistant/12", "promote assistant/12", "rollback assistant")
    }
    assert {name: ran.code for name, ran in found.items()} == dict.fromkeys(found, 0)
    assert "would promote" in found["promote assistant/12"].out.lower()
    assert "models:/assistant/10" in found["rollback assistant"].out


def test_with_mlflow_down_the_copies_are_verified_and_a_rollback_names_what_to_deploy(
    running: Workplace,
) -> None:
    running.ledger.is_down = True
    assert ended("When MLflow is down") == {"verify --records": 0}
    refused = said("rollback", "assistant", "--reason", "it is down")
    assert refused.code == 4
    assert "models:/assistant/11" in refused.err
    assert "models:/assistant/10" in refused.err


def test_an_alias_that_was_moved_outside_is_found_and_put_back(running: Workplace) -> None:
    version = running.ledger.version("assistant/3")
    running.ledger.set_alias(version, "champion")
    assert said("promote", "assistant/12").code == 3
    assert ended("When the alias moved outside") == {
        "history assistant": 3,
        "rollback assistant": 0,
    }
    assert running.ledger.version("assistant@champion").version == "11"


def test_after_an_older_backup_was_restored_the_records_are_put_back_and_it_promotes(
    running: Workplace,
) -> None:
    whole = list(running.ledger.envelopes["assistant"])
    del running.ledger.envelopes["assistant"][2:]
    running.ledger.set_alias(running.ledger.version("assistant/10"), "champion")
    assert [(command, ran.code) for command, ran in told("Restore")] == [
        ("verify assistant", 4),
        ("verify --records", 0),
        ("history assistant", 3),
        ("status assistant", 0),
        ("verify --records", 0),
        ("verify assistant", 3),
    ]
    assert running.ledger.envelopes["assistant"] == whole
    assert said("rollback", "assistant", "--to", "11", "--reason", "it was restored").code == 0
    assert said("promote", "assistant/12").code == 0
    assert said("verify", "assistant").code == 0


def test_the_scripts_of_the_drill_name_every_database_of_compose() -> None:
    scripts = files(PAGE)
    made = re.search(r"for name in (.*); do", (INFRA / "compose" / "databases.sh").read_text())
    assert made
    for script in ("backup.sh", "restore.sh"):
        assert set(re.findall(r"(\w+)_DATABASE", scripts[script])) == {
            name.upper() for name in made[1].split()
        }
