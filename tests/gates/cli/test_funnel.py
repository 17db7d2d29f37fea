"""`gate funnel` and `gate trend`, as people and programs read them."""

from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.gates.cli.golden import golden
from tests.gates.hindsight.scene import TEXT, Scene, thirty


@pytest.fixture(autouse=True)
def _decided(place: Workplace) -> None:
    """Thirty checkpoints that went through three stages."""
    (place.folder / "policies" / "release.yaml").write_text(TEXT)
    thirty(Scene(place.ledger))


def test_the_funnel_is_told_in_words() -> None:
    found = said("funnel", "release")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden("funnel.txt", found.out)
    assert said("funnel", "assistant").out == found.out


def test_the_trend_is_told_in_words() -> None:
    found = said("trend", "release")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden("trend.txt", found.out)


def test_json_is_one_document_and_the_page_stands_beside_it() -> None:
    for command in ("funnel", "trend"):
        found = said(command, "release", "--json", "--report", f"{command}.html")
        assert (found.code, found.schema) == (0, f"gate.{command}/1")
        assert Path(f"{command}.html").read_text().startswith("<!DOCTYPE html>")


def test_one_metric_may_be_named() -> None:
    found = said("trend", "release", "--metric", "sums.accuracy")
    assert "1 metric looked at" in found.out
    assert "toxicity" not in found.out
    assert said("trend", "release", "--metric", "x.y").code == 2


def test_what_is_neither_policy_nor_model_is_wrong_usage(place: Workplace) -> None:
    assert said("funnel", "nothing").code == 2
    assert said("funnel", "policies/nothing.yaml").code == 2
    (place.folder / "policies" / "broken.yaml").write_text("policy: [")
    assert said("funnel", "broken").code == 2


def test_a_page_that_cannot_be_written_is_told_before_anything_is_read(place: Workplace) -> None:
    place.ledger.is_down = True
    found = said("funnel", "release", "--report", "no/such/folder.html")
    assert (found.code, "there is no folder" in found.err) == (4, True)


def test_only_decisions_since_a_span_are_told(place: Workplace) -> None:
    place.later(days=3)
    assert said("funnel", "release", "--since", "1w").code == 0
    assert "nothing was decided" in said("funnel", "release", "--since", "2d").err
