"""`gate status` says how to go on with what was cut off after the alias moved."""

import pytest

from gates.chain.alias_standing import promotion_intent
from tests.fakes.shell import said
from tests.gates.promotion.scene import Scene


@pytest.fixture
def moved(passed: Scene) -> Scene:
    """The alias moved to version 2, and no record says so."""
    ledger = passed.place.ledger
    ledger.set_alias(ledger.version("assistant/2"), "champion")
    return passed


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        (
            "promote models:/assistant/2 to champion",
            "gate promote assistant/2 goes on if it was cut off",
        ),
        (
            promotion_intent("models:/assistant/2", "beta"),
            "called again, the same command goes on if it was cut off",
        ),
        (
            "roll assistant@champion back",
            "called again, the same command goes on if it was cut off",
        ),
    ],
)
def test_what_was_begun_is_told_with_the_command_that_goes_on(
    moved: Scene, intent: str, words: str
) -> None:
    """The lease is not given back, as of one who was killed."""
    with moved.custody.lease("assistant", intent=intent):
        told = said("status", "assistant").out
    assert "unrecorded change: champion points to models:/assistant/2" in told
    assert f"; begun, and not ended: {intent} (ann on " in told
    assert words in told


def test_the_command_that_is_named_goes_on(moved: Scene) -> None:
    assert said("promote", "assistant/2").code == 0
    assert moved.chain.serving("champion") is not None
    assert "unrecorded" not in said("status", "assistant").out


def test_what_nobody_began_is_no_more_than_an_unrecorded_change(moved: Scene) -> None:
    del moved
    told = said("status", "assistant").out
    assert "unrecorded change: champion points to models:/assistant/2" in told
    assert "begun" not in told
    mended = '; gate rollback assistant --alias champion --to 1 --reason "..." puts it back'
    assert mended in told
