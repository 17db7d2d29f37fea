"""The A/B of a shop's assistant: the whole of stage 3, offline, from a seed."""

from pathlib import Path

import pytest

from tests.infra.examples.running import EXAMPLES, Shown, run_example


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return run_example("online_ab", Path(), tmp_path_factory.mktemp("online_ab"))


def words(shown: Shown) -> str:
    """What was said, whatever the width of its tables."""
    return " ".join(shown.said.split())


def test_the_better_assistant_ships_at_a_planned_look(shown: Shown) -> None:
    candidate = shown.by_name()["june"]
    (stage,) = candidate["stages"]
    assert (candidate["verdict"], stage["online"]) == ("PASS", "SHIP")
    assert {f["verdict"] for f in stage["findings"]} == {"PASS"}
    assert "gate run ended with exit code 0" in shown.said
    assert "look 1 of 4 (day 5," in words(shown), "it is before the minimum run time"


def test_users_of_the_ramp_and_of_the_house_are_seen_and_not_analysed(shown: Shown) -> None:
    assert "8 challenger units from day 0 on, planned at 99.0% champion" in words(shown)
    assert "349 units are left out, as the plan says by `cohort`" in words(shown)


def test_tablets_are_warned_of(shown: Shown) -> None:
    assert "resolved is significantly worse where device: tablet" in shown.said


def test_what_users_did_before_takes_noise_out(shown: Shown) -> None:
    (stage,) = shown.by_name()["june"]["stages"]
    methods = {f["metric"]: f["measured"]["method"] for f in stage["findings"]}
    assert "CUPED on visits_before/before" in methods["online.resolved"]


def test_the_report_has_its_page_and_its_pictures(shown: Shown) -> None:
    found = {path.name for path in (shown.folder / "report").iterdir()}
    assert {"ab.html", "effects.png", "split.png", "contract.md"} <= found
    for metric in ("resolved", "spent", "messages_per_visit", "wait_p90"):
        assert f"sequential_{metric}.png" in found
    assert (shown.folder / "power.png").read_bytes().startswith(b"\x89PNG")


def test_the_readme_says_what_is_decided(shown: Shown) -> None:
    readme = (EXAMPLES / "online_ab" / "README.md").read_text(encoding="utf-8")
    (stage,) = shown.by_name()["june"]["stages"]
    for found in stage["findings"]:
        name = found["metric"].partition(".")[2]
        assert f"| `{name}` | {found['demand']} | {found['verdict']} |" in readme
