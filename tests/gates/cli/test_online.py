"""`gate online`: an A/B from its registration to its end, through the command line."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import PLAN, SOUND, Workplace, policy_text
from tests.stages.online.traffic_of import START, Recipe, Traffic, Truth, generate, until, write

pytestmark = pytest.mark.pictures

ONLINE = (
    "online: {exposures: ../data/exposures.parquet, events: ../data/events.parquet, "
    "metrics: {resolved: {kind: proportion}, seconds: {higher_is_better: false}}, "
    "primary: resolved, looks: [3, 7, 10, 14], window_days: 1, planned_units: 2000}"
)
WINS = "{metric: online.resolved, better: {}, severity: blocking, because: it is the product}"
QUICK = (
    "{metric: online.seconds, non_inferior: {relative_margin: 0.2}, severity: blocking, "
    "because: users wait}"
)
TEXT = policy_text((ONLINE,), (WINS, QUICK))
BETTER = Recipe(units=3_000, challenger=Truth(resolved=0.58))
SAME = Recipe(units=3_000, seed=7)


@pytest.fixture
def drawn(place: Workplace) -> Workplace:
    """A champion, a candidate, a policy with an A/B alone, a day before the first exposure."""
    place.champion()
    place.recorded()
    place.policy(TEXT)
    place.now = START - timedelta(days=1)
    return place


@pytest.fixture
def ab(drawn: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """The same, where no look is drawn: pictures take longer than all the rest."""
    monkeypatch.setattr("gates.pages.ab_pictures", lambda *_, **__: ())
    return drawn


made = cache(generate)


def traffic(place: Workplace, recipe: Recipe, *, day: float) -> None:
    """What had been written by a day; the clock moves there."""
    write(until(made(recipe), day), place.data)
    place.now = START + timedelta(days=day)


def test_a_start_is_registered_once_and_seen_in_the_ledger(ab: Workplace) -> None:
    first = said("online", "start", "release", "--by", "ann", "--json").json
    (one,) = first["starts"]
    assert (one["answer"], one["by"]) == ("registered", "ann")
    ab.later(hours=2)
    again = said("online", "start", "release", "assistant/2", "--by", "bob", "--json")
    (two,) = again.json["starts"]
    assert again.code == 0
    assert (two["answer"], two["by"], two["registered_at"]) == (
        "stands",
        "ann",
        one["registered_at"],
    )
    (logged,) = ab.ledger.starts.values()
    assert (logged.plan_sha256, logged.by, logged.alpha) == (one["sha256"], "ann", 0.025)
    body = json.loads(logged.documents[0].content)
    assert body["content"]["plan"]["planned_units"] == 2000
    assert len(body["content"]["criteria"]) == 2


def test_a_changed_policy_is_refused_and_nothing_overwritten(ab: Workplace) -> None:
    first = said("online", "start", "release", "--json").json["starts"][0]
    ab.policy(TEXT.replace("planned_units: 2000", "planned_units: 1000"))
    found = said("online", "start", "release", "--json")
    (one,) = found.json["starts"]
    assert (found.code, one["answer"], one["sha256"]) == (1, "refused", first["sha256"])
    assert "(planned_units)" in one["reason"]
    assert len(ab.state.read("online/release")) == 1
    assert len(ab.ledger.starts) == 1


def test_a_second_candidate_on_the_same_arm_is_refused(ab: Workplace) -> None:
    ab.recorded()
    ab.policy(TEXT.replace("planned_units", "flag: new-model, planned_units"))
    found = said("online", "start", "release", "--json")
    first, second = found.json["starts"]
    assert (found.code, first["answer"], second["answer"]) == (1, "registered", "refused")
    assert "`flag`" in second["reason"]
    assert len(ab.state.read("online/release")) == 1


def test_an_ab_that_has_exposures_already_is_refused_and_not_registered(ab: Workplace) -> None:
    traffic(ab, SAME, day=2)
    found = said("online", "start", "release", "--json")
    (one,) = found.json["starts"]
    assert (found.code, one["answer"], one["sha256"]) == (1, "refused", None)
    assert one["first_exposure"] == START.isoformat()
    assert "the A/B would be INVALID" in one["reason"]
    assert ab.state.read("online/release") == ()


def test_only_who_passed_the_stages_before_may_start(ab: Workplace) -> None:
    ab.recorded(wrong_every=1)
    ab.policy(policy_text((PLAN, ONLINE), (SOUND, WINS)))
    undecided = said("online", "start", "release", "--json").json["starts"]
    assert {one["answer"] for one in undecided} == {"refused"}
    assert "gate run" in undecided[0]["reason"]
    write(until(made(SAME), 0), ab.data)
    said("run", "release")
    found = said("online", "start", "release", "--json").json["starts"]
    assert [one["answer"] for one in found] == ["stands", "refused"]
    assert found[0]["by"] == "gate run"
    assert "the stage offline says FAIL" in found[1]["reason"]


def test_a_source_that_moved_is_refused(ab: Workplace) -> None:
    toml = (ab.folder / "gate.toml").read_text()
    source = '[data.web]\nexposures = "{0}/exposures.parquet"\nevents = "{0}/events.parquet"\n'
    ab.toml(toml + source.format("data"))
    named = ONLINE.replace(
        "exposures: ../data/exposures.parquet, events: ../data/events.parquet", "source: web"
    )
    ab.policy(policy_text((named,), (WINS,)))
    assert said("online", "start", "release").code == 0
    ab.toml(toml + source.format("elsewhere"))
    found = said("online", "start", "release", "--json")
    assert found.code == 1
    assert "described differently" in found.json["starts"][0]["reason"]


def started(place: Workplace, recipe: Recipe, *, day: float) -> None:
    assert said("online", "start", "release").code == 0
    traffic(place, recipe, day=day)


def test_a_look_is_taken_once(ab: Workplace) -> None:
    started(ab, SAME, day=7.5)
    first = said("online", "look", "release", "--json")
    (one,) = first.json["looks"]
    assert (first.code, one["verdict"], one["taken"]) == (3, "CONTINUE", [3.0, 7.0])
    assert one["next_look"] == (START + timedelta(days=10)).isoformat()
    (again,) = said("online", "look", "release", "--json").json["looks"]
    assert (again["taken"], again["taken_before"], again["changed"]) == ([], [3.0, 7.0], [])
    assert again["alpha_spent"] == one["alpha_spent"] > 0
    assert len(ab.state.read(stream(ab))) == 2


def stream(place: Workplace) -> str:
    from stages.online.look_journal import stream_of

    return stream_of("release", place.ledger.version("assistant/2").uri)


def test_looks_that_were_missed_are_decided_one_by_one(ab: Workplace) -> None:
    started(ab, SAME, day=14.5)
    (one,) = said("online", "look", "release", "--json").json["looks"]
    assert one["taken"] == [3.0, 7.0, 10.0, 14.0]
    assert one["alpha_spent"] == 0.025
    verdicts = [
        c.stages[-1].online for r in ab.ledger.records.values() for c in r.decision.candidates
    ]
    assert [str(v) for v in verdicts] == ["CONTINUE", "CONTINUE", "CONTINUE", "INCONCLUSIVE"]
    assert said("online", "look", "release").code == 1


def test_an_ab_that_ships_early_is_not_looked_at_again(ab: Workplace) -> None:
    started(ab, BETTER, day=14.5)
    found = said("online", "look", "release", "--json")
    (one,) = found.json["looks"]
    assert (found.code, one["verdict"]) == (0, "SHIP")
    assert one["taken"][-1] < 14
    (again,) = said("online", "look", "release", "--json").json["looks"]
    assert (again["verdict"], again["taken"]) == ("SHIP", [])


def test_of_an_ab_that_has_ended_a_later_policy_is_told(ab: Workplace) -> None:
    started(ab, SAME, day=14.5)
    said("online", "look", "release")
    ab.policy(TEXT.replace("planned_units: 2000", "planned_units: 1000"))
    (one,) = said("online", "look", "release", "--json").json["looks"]
    assert one["verdict"] == "INCONCLUSIVE"
    assert "now (planned_units)" in one["reason"]


def test_an_invalid_look_spends_no_alpha(ab: Workplace) -> None:
    assert said("online", "start", "release").code == 0
    found = until(made(SAME), 7.5)
    kept = [
        n for n, arm in enumerate(found.exposures["variation_id"]) if arm == "champion" or n % 3
    ]
    for name, column in found.exposures.items():
        found.exposures[name] = [column[n] for n in kept]
    write(found, ab.data)
    ab.now = START + timedelta(days=7.5)
    (one,) = said("online", "look", "release", "--json").json["looks"]
    assert (one["verdict"], one["taken"], one["alpha_spent"]) == ("INVALID", [], None)


def test_looks_taken_in_time_spend_alpha_once(ab: Workplace) -> None:
    assert said("online", "start", "release").code == 0
    in_time = []
    for day in (3.1, 7.1, 10.1, 14.1):
        traffic(ab, SAME, day=day)
        in_time += said("online", "look", "release", "--json").json["looks"]
    spent = [one["alpha_spent"] for one in in_time]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(0.025)
    assert [[*one["taken"]] for one in in_time] == [[3.0], [7.0], [10.0], [14.0]]
    assert len(ab.ledger.records) == 4


def flipped() -> Traffic:
    """The same rows; in the challenger's favour."""
    found = until(made(SAME), 7.5)
    found.events["resolved"] = [1.0 for _ in found.events["resolved"]]
    return found


@pytest.mark.parametrize(
    ("changed", "told"),
    [(lambda: until(made(BETTER), 7.5), "more"), (flipped, "resolved")],
    ids=["rows came", "rows were altered"],
)
def test_a_repeat_whose_data_changed_is_told_and_not_decided_again(
    ab: Workplace, changed: Callable[[], Traffic], told: str
) -> None:
    started(ab, SAME, day=7.5)
    (one,) = said("online", "look", "release", "--json").json["looks"]
    write(changed(), ab.data)
    found = said("online", "look", "release")
    assert told in found.err.partition("have changed since it was taken (")[2]
    (again,) = said("online", "look", "release", "--json").json["looks"]
    assert any(told in words for words in again["changed"])
    assert (again["reason"], again["alpha_spent"]) == (one["reason"], one["alpha_spent"])
    assert len(ab.ledger.records) == 2


def test_a_look_that_was_broken_is_not_skipped_when_the_next_one_comes(ab: Workplace) -> None:
    assert said("online", "start", "release").code == 0
    found = until(made(SAME), 14.5)
    arms = dict(zip(found.exposures["unit_id"], found.exposures["variation_id"], strict=True))
    rows = zip(found.events["unit_id"], found.events["timestamp"], strict=True)
    gap = [START + timedelta(days=day) for day in (5.5, 7.0)]
    kept = [
        n
        for n, (unit, at) in enumerate(rows)
        if arms[unit] == "champion" or not (isinstance(at, datetime) and gap[0] < at < gap[1])
    ]
    for name, column in found.events.items():
        found.events[name] = [column[n] for n in kept]
    write(found, ab.data)
    ab.now = START + timedelta(days=14.5)
    (one,) = said("online", "look", "release", "--json").json["looks"]
    assert (one["verdict"], one["taken"]) == ("INVALID", [3.0])
    assert "silent_arms" in one["reason"]


def test_against_a_champion_that_has_changed_nothing_ships(ab: Workplace) -> None:
    ab.recorded()
    started(ab, BETTER, day=7.5)
    assert said("online", "look", "release", "assistant/2").code == 3
    ab.ledger.set_alias(ab.ledger.version("assistant/3"), "champion")
    traffic(ab, BETTER, day=14.5)
    found = said("online", "look", "release", "assistant/2", "--json")
    (one,) = found.json["looks"]
    assert (found.code, one["verdict"]) == (4, "INVALID")
    assert "registered against models:/assistant/1" in one["reason"]
    (again,) = said("online", "start", "release", "assistant/2", "--json").json["starts"]
    assert again["answer"] == "refused"
    assert "the baseline is models:/assistant/3 now" in again["reason"]


def test_as_of_takes_what_was_due_by_then(ab: Workplace) -> None:
    started(ab, SAME, day=14.5)
    at = (START + timedelta(days=8)).isoformat()
    (one,) = said("online", "look", "release", "--as-of", at, "--json").json["looks"]
    assert (one["taken"], one["verdict"]) == ([3.0, 7.0], "CONTINUE")
    (again,) = said("online", "look", "release", "--as-of", at, "--json").json["looks"]
    assert (again["taken"], again["alpha_spent"]) == ([], one["alpha_spent"])


def test_a_time_that_has_not_come_is_wrong_usage(ab: Workplace) -> None:
    started(ab, SAME, day=7.5)
    later = (ab.now + timedelta(days=1)).isoformat()
    assert said("online", "look", "release", "--as-of", later).code == 2
    assert said("online", "look", "release", "--as-of", "tomorrow").code == 2


@pytest.mark.usefixtures("ab")
def test_an_ab_that_was_never_started_cannot_be_looked_at() -> None:
    found = said("online", "look", "release")
    assert found.code == 2
    assert "gate online start" in found.err
    assert said("online", "report", "release", "assistant/2").code == 2


def test_a_report_tells_every_look_and_writes_its_pictures(ab: Workplace) -> None:
    started(ab, SAME, day=10.5)
    assert said("online", "look", "release").code == 3
    found = said("online", "report", "release", "assistant/2", "-o", "out", "--json")
    document = found.json
    assert found.code == 0
    assert [look["day"] for look in document["looks"]] == [3.0, 7.0, 10.0]
    spent = [look["alpha_spent"] for look in document["looks"]]
    assert spent[0] == 0
    assert spent == sorted(spent)
    assert [g["role"] for g in document["criteria"]] == ["primary", "guardrail"]
    names = {path.name for path in Path("out").iterdir()}
    assert names == {
        "ab.html",
        "sequential_resolved.png",
        "sequential_seconds.png",
        "effects.png",
        "split.png",
        "contract.json",
        "contract.md",
    }
    assert json.loads(Path("out/contract.json").read_text())["kept"] is True
    page = Path("out/ab.html").read_text()
    for picture in document["pictures"]:
        assert picture["alt"]
        assert f'alt="{escape(picture["alt"]).replace("&#x27;", "&#39;")}"' in page
    assert len(ab.ledger.records) == 3


def test_the_contract_of_an_ab_that_has_ended_is_told_as_of_its_last_look(ab: Workplace) -> None:
    started(ab, SAME, day=14.5)
    assert said("online", "look", "release").code == 1
    ab.later(days=30)
    assert said("online", "report", "release", "assistant/2", "-o", "out").code == 0
    assert json.loads(Path("out/contract.json").read_text())["kept"] is True


def test_the_pictures_stand_with_the_newest_look(drawn: Workplace) -> None:
    started(drawn, SAME, day=3.5)
    said("online", "look", "release")
    (record,) = drawn.ledger.records.values()
    look = record.pages["models:/assistant/2"].look
    paths = [document.path for document in look.documents]
    assert paths == [
        "ab.html",
        "sequential_resolved.png",
        "sequential_seconds.png",
        "effects.png",
        "split.png",
    ]


def test_nights_share_a_false_discovery_rate(ab: Workplace) -> None:
    ab.recorded()
    ab.policy(TEXT.replace("window_days: 1,", "window_days: 1, false_discovery: 0.1,"))
    found = said("online", "start", "release", "--json").json
    drawn = [one["alpha"] for one in found["starts"]]
    assert drawn[1] < drawn[0] <= 0.025
    assert [s["won"] for s in found["stakes"]] == [None, None]
    traffic(ab, BETTER, day=14.5)
    (one,) = said("online", "look", "release", "assistant/2", "--json").json["looks"]
    assert one["verdict"] == "SHIP"
    told = said("online", "report", "release", "assistant/2", "--json").json
    assert [s["won"] for s in told["stakes"]] == [True, None]
    assert "false discovery" in said("online", "start", "release").out


def test_people_read_tables(ab: Workplace) -> None:
    started(ab, SAME, day=10.5)
    look = said("online", "look", "release")
    assert "day 3, day 7, day 10" in look.out
    report = said("online", "report", "release", "assistant/2", "-o", "out")
    for words in ("looks, by the primary", "primary and guardrails", "the data", "out/ab.html"):
        assert words in report.out


@pytest.mark.usefixtures("ab")
def test_before_the_first_look_a_report_says_so() -> None:
    assert said("online", "start", "release").code == 0
    found = said("online", "report", "release", "assistant/2")
    assert found.code == 0
    assert "no planned look has come" in found.out


def test_an_ab_that_nobody_started_is_seen_in_the_ledger_too(ab: Workplace) -> None:
    write(until(made(SAME), 0), ab.data)
    said("run", "release")
    said("run", "release")
    (logged,) = ab.ledger.starts.values()
    assert logged.by == "gate run"
    assert said("online", "start", "release", "--json").json["starts"][0]["answer"] == "stands"
    assert len(ab.ledger.starts) == 1


def test_status_explain_and_forecast_tell_of_the_next_look(ab: Workplace) -> None:
    started(ab, SAME, day=7.5)
    before = said("forecast", "release").out
    assert "looked at 3, 7, 10, 14 days after its first exposure" in before
    said("online", "look", "release")
    due = (START + timedelta(days=10)).isoformat()
    status = said("status", "assistant/2").out
    assert "look 2 of 4 (day 7" in status
    assert f"next look in 3 days, expected {due}" in status
    explained = said("explain", "assistant/2").out
    assert "crosses by the last look with probability" in explained
    assert f"expected {due}" in explained
    (stage,) = said("forecast", "release", "--json").json["stages"]
    assert stage["days"]["high"] == 7
