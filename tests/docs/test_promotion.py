"""The page on promotion: its commands are run, and it names every refusal there is."""

import re
import shlex
import shutil

import click
import pytest

from gates.cli.main import gate
from gates.pipeline import run_round
from gates.promotion.refusal import Refusal, Refused
from gates.trust.trust_document import Role, Stage
from tests.docs.page import read, rows, section
from tests.fakes.shell import Said, said
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.gates.cli import conftest
from tests.trusting import Keyring, trusted

PAGE = read("promotion.md")
NAMED = sorted(set(re.findall(r"`(gate [^`]+)`", PAGE)))
place = conftest.place


@pytest.fixture
def keyring(place: Workplace) -> Keyring:
    """10 was adopted, 11 was promoted and serves, 12 has passed; promoting takes an approval."""
    file = place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
    offline = (Stage.OFFLINE,)
    found = trusted(place.folder, file.path, stages=offline, approvals=1, people=["bob"])
    (place.folder / "keys").mkdir()
    shutil.copy(found.files["bob"], place.folder / "keys" / "bob.pem")
    for _ in range(9):
        place.recorded()
    place.champion()
    for version in ("assistant/11", "assistant/12"):
        place.later(hours=1)
        place.recorded()
        run_round(file, [version], place.services)
        if version == "assistant/11":
            assert agreed(found, version, pytest.MonkeyPatch()).code == 0
            assert said("promote", version).code == 0
    return found


def agreed(keyring: Keyring, version: str, patch: pytest.MonkeyPatch) -> Said:
    """Bob approves."""
    with patch.context() as his:
        his.setenv("GATE_KEY", keyring.files["bob"].read_text())
        return said("approve", version, "--reason", "reads well")


def shown(start: str) -> list[str]:
    """The words of the command of the page that begins so."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    found = [line for line in (*NAMED, *"".join(blocks).splitlines()) if line.startswith(start)]
    return shlex.split(max(found, key=len))[1:]


def test_the_story_of_a_promotion_and_the_ways_back_are_run(
    keyring: Keyring, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry, approve = shown("gate promote assistant/12 --dry-run"), shown("gate approve assistant/12")
    refused = said(*dry, "--json")
    assert (refused.code, refused.json["refused_by"]) == (3, "not_approved")
    with monkeypatch.context() as his:
        his.setenv("GATE_KEY", keyring.files["bob"].read_text())
        assert said(*approve).code == 0
    assert said(*dry).code == 0
    assert said("promote", "assistant/12", "--expect", "11").code == 0
    assert place.ledger.version("assistant@champion").version == "12"

    assert said(*shown("gate rollback assistant --reason")).code == 0
    assert place.ledger.version("assistant@champion").version == "11"
    assert said("promote", "assistant/12").code == 1  # revoked with the rollback
    assert said(*shown("gate override assistant/12")).code == 0
    assert place.ledger.version("assistant@champion").version == "12"
    assert "OVERRIDE" in said("status", "assistant").out
    assert said("promote", "assistant/12").code == 1
    assert said("rollback", "assistant", "--to", "11", "--reason", "11 is up").code == 0
    assert said(*shown("gate revoke assistant/12")).code == 0
    assert said("verify", "assistant").code == 0


@pytest.mark.parametrize("command", NAMED)
def test_every_command_that_is_named_is_there(command: str) -> None:
    here: click.Command = gate
    for word in shlex.split(command)[1:]:
        if word.startswith("--"):
            assert any(word in parameter.opts for parameter in here.params), word
        elif isinstance(here, click.Group):
            found = here.get_command(click.Context(here), word)
            assert found is not None, word
            here = found


def test_every_refusal_is_listed_with_whether_it_is_a_no() -> None:
    listed = rows(section(PAGE, "Every refusal"))
    del listed["refused_by"]  # the head of the table
    assert set(listed) == set(Refused)
    for refused, (meaning, mended) in listed.items():
        assert meaning.startswith("no: ") == Refusal(Refused(refused), "").is_no, refused
        assert mended


def test_every_role_is_listed() -> None:
    assert set(rows(section(PAGE, "Who may"))) == set(Role)
