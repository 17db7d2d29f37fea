"""Units and their moments against a slow twin, in every feature of a plan."""

from pathlib import Path

import pytest

from policies.online import OnlinePlan
from stages.online.backends import engine
from stages.online.look_data import LookData
from stages.online.reduction import reduce_look
from stages.online.sources import Tables
from stages.online.tables import MissingColumns, open_traffic
from stages.online.unit_folder import UnitFolder
from stages.online.unit_pieces import KEPT_BACK
from tests.stages.online.rich_traffic import (
    NAME,
    PLAN,
    assert_as_expected,
    assert_looks_agree,
    rich,
)
from tests.stages.online.traffic_of import START, Traffic, until, write


def look(
    traffic: Traffic, at: Path, plan: OnlinePlan, day: float, folder: UnitFolder | None = None
) -> LookData:
    write(traffic, at)
    tables = Tables(exposures=at / "exposures.parquet", events=at / "events.parquet")
    with engine() as connection:
        opened = open_traffic(connection, tables, plan)
        assert not isinstance(opened, MissingColumns)
        return reduce_look(
            opened, tables, known_as=NAME, plan=plan, start=START, day=day, folder=folder
        )


def without(*names: str) -> OnlinePlan:
    """The plan that has everything, but for some of it."""
    empty = OnlinePlan.model_fields
    changes = {name: empty[name].get_default(call_default_factory=True) for name in names}
    return PLAN.model_copy(update=changes)


SHORT = {
    name: PLAN.metrics[name].model_copy(update={"window_days": 0.75}) for name in ("spent", "pace")
}
SUMMED = ("resolved", "seconds", "pace", "latency")
"""Metrics without a cap that depends on all units of a look."""

PLANS = {
    "everything": PLAN,
    "no trigger": without("trigger"),
    "no ramp": without("ramp"),
    "nothing": without("trigger", "ramp", "exclude", "segments"),
    "windows that close": PLAN.model_copy(update={"metrics": {**PLAN.metrics, **SHORT}}),
    "nothing of all units": PLAN.model_copy(
        update={"metrics": {name: SHORT.get(name, PLAN.metrics[name]) for name in SUMMED}}
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_every_word_of_a_plan_does_what_a_slow_twin_does(tmp_path: Path, name: str) -> None:
    traffic = rich(3)
    found = look(traffic, tmp_path, PLANS[name], 4.5)
    assert_as_expected(found, traffic, PLANS[name], 4.5)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("everything", 1),
        ("windows that close", 2),
        ("nothing", 3),
        ("nothing of all units", 2),
    ],
)
def test_a_state_that_grows_by_day_is_the_one_from_scratch(
    tmp_path: Path, name: str, seed: int
) -> None:
    plan, traffic = PLANS[name], rich(seed + 10)
    folder = UnitFolder(path=tmp_path / "units")
    days = (0.5, 2.0, 3.0, 6.5)
    grown = [look(until(traffic, day), tmp_path, plan, day, folder) for day in days]
    for day, found in zip(days[2:], grown[2:], strict=True):
        assert_looks_agree(found, look(traffic, tmp_path, plan, day), rel=1e-12)
    if plan.metrics["pace"].window_days:
        assert len(list(folder.path.glob("*/reopened.*"))) == KEPT_BACK, "some must have crossed"
