"""`gate demo`: the funnel as a table, the winner, and how to look further."""

from dataclasses import replace

import pytest

from gates.demo.show import Demo
from gates.promotion.answer import Answer
from tests.fakes.shell import said
from tests.fakes.shown_demo import Shown

pytestmark = pytest.mark.pictures


@pytest.fixture(autouse=True)
def _folder_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI refuses a folder as state; this one lasts as long as the tests."""
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")


def showing(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command shows a demo that has run already."""
    monkeypatch.setattr("gates.demo.show.run_demo", lambda *_, **__: demo)


def test_it_ends_with_the_winner_and_how_to_look_further(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    showing(shown.demo, monkeypatch)
    found = said("demo", str(shown.folder))
    assert (found.code, found.err) == (0, "")
    assert "policy demo: 8 candidates" in found.out
    assert "PROMOTED harbor-10-warm (models:/assistant/9) to champion" in found.out
    assert f"mlflow ui --backend-store-uri {shown.demo.tracking_uri}" in found.out
    asked = found.out.splitlines()[-1].split()
    assert asked[0] == "gate"
    assert said(*asked[1:]).code == 0


def test_json_is_the_decision(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    showing(shown.demo, monkeypatch)
    found = said("demo", str(shown.folder), "--json")
    assert (found.code, found.err, found.schema) == (0, "", "gate.decision/1")


def test_without_a_winner_it_is_no(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown.demo.promotion is not None
    refused = replace(shown.demo.promotion, answer=Answer.CANNOT_TELL, reason="the alias moved")
    for promotion, why in ((None, "nobody passed all three stages"), (refused, "the alias moved")):
        showing(replace(shown.demo, promotion=promotion), monkeypatch)
        found = said("demo", str(shown.folder))
        assert found.code == said("demo", str(shown.folder), "--json").code == 1
        assert found.out.endswith(f"{why}; nothing was promoted\n")
