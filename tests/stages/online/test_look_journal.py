"""A look that was taken stands; one that could not be analysed is taken again."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from policies.errors import Broken, InputError
from stages.engine.folder_state import FolderState
from stages.evidence.codec import encode
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Check
from stages.online.look_data import LookData, MetricArms, PhaseUnits, SegmentArms, alike
from stages.online.look_journal import LookJournal, TakenLook, stream_of
from stages.online.unit_folder import UnitFolder
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm
from tests.stages.online.alike import assert_alike
from tests.stages.online.traffic_of import (
    START,
    Recipe,
    Traffic,
    Truth,
    generate,
    measured,
    until,
    write,
)

BETTER = generate(Recipe(challenger=Truth(resolved=0.62)))
ARMS = MetricArms(
    metric="resolved",
    champion=Moments(n=2, names=("a", "b"), mean=(0.1, 1e8), covariance=((1 / 3, 0.0), (0.0, 2.0))),
    challenger=QuantileArm(value=0.3, standard_error=0.1, n=7),
    skewness=(0.1, -2.0),
)
LOOK = TakenLook(
    plan="a" * 64,
    data=(("events", "b" * 64),),
    start=START,
    look=LookData(
        day=7.0,
        champion_units=3,
        challenger_units=4,
        metrics=(
            ARMS,
            MetricArms(
                metric="b",
                champion=Unmeasured("no unit", Cause.WAITING),
                challenger=Moments(n=0, names=("b",), mean=(), covariance=()),
            ),
        ),
        phases=(PhaseUnits(from_day=0.0, champion_units=1, challenger_units=2),),
        triggered=(1, 2),
        excluded_units=5,
        segments=(SegmentArms(column="country", value="at", metrics=(ARMS,)),),
        rows_read=(10, 20),
    ),
    checks=(Check(name="freshness", passed=None, sentence="no date"),),
)


@pytest.fixture
def journal(tmp_path: Path) -> LookJournal:
    state = FolderState(tmp_path / "state")
    return LookJournal(state=state, stream=stream_of("release", "models:/assistant/7"))


def test_a_look_is_read_as_it_was_written_to_the_last_bit(journal: LookJournal) -> None:
    journal.keep(LOOK)
    journal.keep(replace(LOOK, start=None, look=replace(LOOK.look, day=3.0, triggered=None)))

    found = journal.taken(LOOK.plan, None)

    assert list(found) == [3.0, 7.0]
    assert found[7.0] == LOOK
    assert (found[3.0].start, found[3.0].look.triggered) == (None, None)


def test_looks_under_another_plan_or_of_other_data_are_not_read(journal: LookJournal) -> None:
    journal.keep(LOOK)
    assert journal.taken("c" * 64, None) == {}
    assert journal.taken(LOOK.plan, (("events", "c" * 64),)) == {}
    assert journal.taken(LOOK.plan, LOOK.data) == {7.0: LOOK}


def test_of_a_look_that_was_taken_twice_the_first_counts(journal: LookJournal) -> None:
    journal.keep(LOOK)
    journal.keep(replace(LOOK, look=replace(LOOK.look, champion_units=99)))
    assert journal.taken(LOOK.plan, None) == {7.0: LOOK}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"plan": 5},
        {"look": None},
        {"look": {"day": 7}},
        {"checks": [{"name": "freshness", "passed": "yes", "sentence": ""}]},
        {"data": [["events"]]},
    ],
)
def test_an_entry_of_another_shape_is_refused(
    journal: LookJournal, broken: dict[str, object]
) -> None:
    journal.keep(LOOK)
    (entry,) = journal.state.read(journal.stream)
    journal.state.append(
        journal.stream, [json.loads(json.dumps({**entry, **broken}))] * bool(broken) or [{}]
    )
    with pytest.raises(Broken, match="a look that was taken"):
        journal.taken(LOOK.plan, None)


def test_what_arrives_later_does_not_change_a_look_that_was_taken(
    journal: LookJournal, tmp_path: Path
) -> None:
    write(until(BETTER, 7.5), tmp_path)
    first = measured(tmp_path, day=7.5, journal=journal)
    write(generate(Recipe(challenger=Truth(resolved=0.1))), tmp_path)

    assert encode(measured(tmp_path, day=9.9, journal=journal)) == encode(first)


def test_a_later_look_rests_on_the_earlier_ones_as_they_were(
    journal: LookJournal, tmp_path: Path
) -> None:
    write(until(BETTER, 7.5), tmp_path)
    measured(tmp_path, day=7.5, journal=journal)
    kept = journal.state.read(journal.stream)
    write(until(BETTER, 10), tmp_path)
    later = measured(tmp_path, day=10, journal=journal)

    assert journal.state.read(journal.stream)[: len(kept)] == kept
    assert len(journal.state.read(journal.stream)) == len(kept) + 1
    assert_alike(later, measured(tmp_path, day=10))
    assert later.look is not None
    assert later.look.number == 3


def test_looks_that_were_missed_are_taken_in_order_and_spend_once(
    journal: LookJournal, tmp_path: Path
) -> None:
    other = LookJournal(state=journal.state, stream="online/other")
    for day in (3, 7, 10, 10):
        write(until(BETTER, day), tmp_path)
        one_by_one = measured(tmp_path, day=day, journal=other)
    at_once = measured(tmp_path, day=10, journal=journal)
    assert len(journal.state.read(journal.stream)) == len(journal.state.read(other.stream)) == 3
    assert_alike(one_by_one, at_once)


def test_a_look_that_may_not_be_analysed_is_taken_again_from_repaired_data(
    journal: LookJournal, tmp_path: Path
) -> None:
    broken = until(BETTER, 7.5)
    broken.exposures["variation_id"][:] = [
        "typo" if i % 9 == 0 else arm for i, arm in enumerate(broken.exposures["variation_id"])
    ]
    write(broken, tmp_path)
    refused = measured(tmp_path, day=7.5, journal=journal)
    assert any(check.passed is False for check in refused.checks)
    assert journal.state.read(journal.stream) == ()

    write(until(BETTER, 7.5), tmp_path)
    repaired = measured(tmp_path, day=7.5, journal=journal)
    assert all(check.passed is not False for check in repaired.checks)
    assert len(journal.state.read(journal.stream)) == 2


def test_rows_that_come_after_a_look_are_told_at_the_next_one(
    journal: LookJournal, tmp_path: Path
) -> None:
    late = until(BETTER, 10)
    early = [i for i, at in enumerate(late.events["timestamp"]) if at <= START + timedelta(days=2)]
    kept = [i for i in range(len(late.events["timestamp"])) if i not in set(early[:40])]
    first = Traffic(
        exposures=late.exposures,
        events={name: [values[i] for i in kept] for name, values in late.events.items()},
    )
    write(until(first, 7.5), tmp_path)
    measured(tmp_path, day=7.5, journal=journal)
    write(late, tmp_path)

    found = {check.name: check for check in measured(tmp_path, day=10, journal=journal).checks}

    assert found["late_rows"].passed is None
    assert "of the look of day 7: 40 events more" in found["late_rows"].sentence


def test_repaired_rows_are_not_read_from_what_was_kept_of_broken_ones(
    journal: LookJournal, tmp_path: Path
) -> None:
    units = UnitFolder(path=tmp_path / "units")
    broken = until(BETTER, 7.5)
    broken.exposures["variation_id"] = [
        "typo" if i % 9 == 0 else arm for i, arm in enumerate(broken.exposures["variation_id"])
    ]
    write(broken, tmp_path)
    measured(tmp_path, day=7.5, journal=journal, units=units)
    write(until(BETTER, 7.5), tmp_path)

    repaired = measured(tmp_path, day=7.5, journal=journal, units=units)

    assert all(check.passed is not False for check in repaired.checks)
    other = LookJournal(state=journal.state, stream="online/other")
    measured(tmp_path, day=7.5, journal=other)
    for day, taken in other.taken(repaired.provenance.plan, None).items():
        again = journal.taken(repaired.provenance.plan, None)[day].look
        assert all(alike(arms, again.of(arms.metric)) for arms in taken.look.metrics)


def test_days_are_counted_from_the_first_exposure_that_a_look_wrote_down(
    journal: LookJournal, tmp_path: Path
) -> None:
    write(until(BETTER, 7.5), tmp_path)
    first = measured(tmp_path, day=7.5, journal=journal)
    moved = until(BETTER, 9.5)
    moved.exposures["timestamp"][0] = START - timedelta(days=3)
    write(moved, tmp_path)

    assert encode(measured(tmp_path, day=9.5, journal=journal)) == encode(first)


def test_recorded_traffic_that_changed_is_other_traffic(
    journal: LookJournal, tmp_path: Path
) -> None:
    recorded = {"retrospective": True, "as_of": "2024-03-09", "journal": journal}
    write(BETTER, tmp_path)
    first = measured(tmp_path, **recorded)
    write(generate(Recipe(challenger=Truth(resolved=0.3))), tmp_path)

    assert measured(tmp_path, **recorded).measurements != first.measurements


def test_looks_that_were_taken_need_no_traffic(journal: LookJournal, tmp_path: Path) -> None:
    write(until(BETTER, 7.5), tmp_path)
    first = measured(tmp_path, day=7.5, journal=journal)
    for path in tmp_path.glob("*.parquet"):
        path.write_bytes(b"broken")

    assert encode(measured(tmp_path, day=9.9, journal=journal)) == encode(first)
    with pytest.raises(InputError):
        measured(tmp_path, day=10, journal=journal)


def test_an_ab_that_ended_needs_no_traffic(journal: LookJournal, tmp_path: Path) -> None:
    write(until(BETTER, 14), tmp_path)
    last = measured(tmp_path, day=14, journal=journal)
    for path in tmp_path.glob("*.parquet"):
        path.write_bytes(b"broken")

    assert encode(measured(tmp_path, day=400, journal=journal)) == encode(last)
