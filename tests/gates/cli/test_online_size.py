"""`gate online size`: what a plan can find is said before anybody is exposed."""

from pathlib import Path

import pytest

from stages.stats.online_design import Course
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.gates.cli.test_online import TEXT
from tests.stages.online.traffic_of import Recipe, generate, write

pytestmark = pytest.mark.pictures

NUMBERS = ("--units-per-day", "200", "--past", "resolved=0.5", "--past", "seconds=3:0.9")


@pytest.fixture(autouse=True)
def _policy(place: Workplace) -> None:
    place.policy(TEXT)


def test_power_days_and_detectable_effects_come_from_numbers() -> None:
    found = said("online", "size", "release", *NUMBERS, "--effect", "0.08", "--json")
    size = found.json
    assert found.code == 0
    assert size["each"] == pytest.approx(0.9)
    primary, guardrail = size["goals"]
    assert (primary["metric"], primary["role"]) == ("resolved", "primary")
    assert (guardrail["demand"], guardrail["relative"]) == (0.2, True)
    assert size["needed_units"] == max(primary["units"], guardrail["units"])
    assert size["needed_days"] == pytest.approx(size["needed_units"] / 200 + 1)
    assert 0 < size["course"]["power"] < 1
    powers = [at["everything"] for at in size["curve"]]
    assert powers[-1] > powers[0]


def test_the_units_that_are_needed_have_the_power_that_was_wanted(place: Workplace) -> None:
    first = said("online", "size", "release", *NUMBERS, "--effect", "0.08", "--json").json
    needed = first["needed_units"]
    place.policy(TEXT.replace("planned_units: 2000", f"planned_units: {needed}"))
    daily = ("--units-per-day", str(needed / 13), *NUMBERS[2:])
    again = said("online", "size", "release", *daily, "--effect", "0.08", "--json").json
    assert again["goals"][0]["power"] == pytest.approx(again["each"], abs=0.002)
    assert again["goals"][0]["detectable"] == pytest.approx(0.08, rel=0.01)
    assert again["course"]["power"] >= 0.8


def test_an_earlier_ab_is_history(place: Workplace) -> None:
    place.champion()
    write(generate(Recipe(units=1_500, name="assistant/0")), place.data)
    found = said(
        "online", "size", "release", "--history", "assistant/0", "--effect", "0.1", "--json"
    )
    size = found.json
    assert found.code == 0
    assert size["comes_units"] == pytest.approx(1_300, rel=0.05)
    assert size["goals"][0]["power"] > 0.8
    nobody = said("online", "size", "release", "--history", "nobody", "--effect", "0.1")
    assert nobody.code == 2
    assert "says nothing" in nobody.err


def test_no_day_ships_more_often_than_its_primary_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shipping is simulated, the primary exact: by luck alone the one exceeds the other."""
    lucky = Course(power=1.0, by_look=(), mean_information=1.0, mean_days=1.0)
    monkeypatch.setattr("gates.online.sizing.course_of_all", lambda *_, **__: lucky)
    size = said("online", "size", "release", *NUMBERS, "--effect", "0.08", "--json").json
    assert all(at["everything"] <= at["primary"] for at in size["curve"])


def test_the_plot_is_a_picture() -> None:
    assert (
        said("online", "size", "release", *NUMBERS, "--effect", "0.08", "--plot", "p.png").code == 0
    )
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (NUMBERS, "which effect is worth finding"),
        (("--effect", "0.1"), "how many units come"),
        (("--effect", "0.1", *NUMBERS[:4]), "nothing is known of seconds"),
        (("--effect", "0.1", *NUMBERS[:2], "--past", "clicks=1:2"), "cannot use --past clicks=1:2"),
        (("--effect", "0.1", *NUMBERS[:2], "--past", "seconds=1"), "cannot use --past seconds=1"),
        (("--effect", "0.1", *NUMBERS[:2], "--past", "resolved=1.4"), "between 0 and 1"),
    ],
)
def test_what_is_missing_is_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    found = said("online", "size", "release", *arguments)
    assert found.code == 2
    assert words in found.err


def test_a_goal_that_cannot_be_shown_is_said(place: Workplace) -> None:
    place.policy(TEXT.replace("planned_units: 2000", "planned_units: 2000, minimum_effect: 0.001"))
    found = said("online", "size", "release", *NUMBERS)
    assert "so many do not come" in found.out
