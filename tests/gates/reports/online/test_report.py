"""The report of an A/B: every picture is one, says what it shows, and is the same every time."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from gates.reports.online.course import AbCourse
from gates.reports.online.report import AbReport, ab_html, pictures
from gates.reports.online.segments import segments_of, warnings
from gates.reports.online.sequential import sequential_png
from gates.reports.online.split import split_alt, split_courses
from stages.evidence.records import Check, StageName
from stages.online.look_data import PhaseUnits
from tests.fakes.decisions import stage_decision
from tests.gates.reports.online.drawn import TEXT, course, looks, policy_of

TITLE = "assistant/2 against assistant/1"


@pytest.fixture(scope="module")
def ab(tmp_path_factory: pytest.TempPathFactory) -> AbCourse:
    policy = policy_of(tmp_path_factory.mktemp("ab"))
    return course(policy, harm_in="it")


def report(found: AbCourse | None) -> AbReport:
    return AbReport(
        candidate="models:/assistant/2",
        baseline="models:/assistant/1",
        policy="release",
        registered="registered by <b>ann</b>",
        stage=None,
        course=found,
        guards=(),
        checks=(Check(name="freshness", passed=None, sentence="<script>alert(1)</script>"),),
    )


def test_every_picture_is_one_and_the_same_every_time(ab: AbCourse) -> None:
    found = pictures(ab, title=TITLE)
    assert [p.path for p in found] == [
        "sequential_resolved.png",
        "sequential_seconds.png",
        "sequential_spend.png",
        "effects.png",
        "split.png",
        "segments_resolved.png",
        "segments_seconds.png",
        "segments_spend.png",
    ]
    for picture in found:
        assert picture.content.startswith(b"\x89PNG")
        assert len(picture.alt) > 20
    assert pictures(ab, title=TITLE)[0] == found[0]


@pytest.mark.parametrize("over", [False, True])
def test_a_bound_of_looks_to_come_is_named_while_there_are_some(
    ab: AbCourse, monkeypatch: pytest.MonkeyPatch, *, over: bool
) -> None:
    named: list[str] = []

    def seen(drawn: Figure) -> bytes:
        named.extend(drawn.axes[0].get_legend_handles_labels()[1])
        return b""

    monkeypatch.setattr("gates.reports.online.sequential.png", seen)
    metric = next(m for m in ab.metrics if m.must_win)
    assert metric.ahead
    sequential_png(replace(metric, ahead=()) if over else metric, title="")
    assert ("bound of looks to come" in named) is not over
    assert "bound to ship" in named


def test_a_remark_on_the_data_is_noted_and_no_failure_to_say(ab: AbCourse) -> None:
    page = ab_html(report(ab), ())
    assert "<td>freshness</td><td>noted</td>" in page
    assert "cannot say" not in page


class Reader(HTMLParser):
    """The tags of a page, and what its pictures say instead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.alts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")


def test_the_page_escapes_what_is_foreign_and_says_what_pictures_show(ab: AbCourse) -> None:
    shown = pictures(ab, title=TITLE)[-3:]
    page = Reader()
    page.feed(text := ab_html(report(ab), shown))
    assert not page.tags & {"script", "b"}
    assert page.alts == [picture.alt for picture in shown]
    assert "resolved is significantly worse where country: it" in text


def test_a_page_before_the_first_look_says_so() -> None:
    assert "No planned look has come." in ab_html(report(None), ())


def test_the_next_look_is_told_until_the_ab_has_ended(ab: AbCourse) -> None:
    going_on = report(ab)
    assert going_on.next_day == 11
    assert "The next look is that of day 11." in ab_html(going_on, ())
    shipped = stage_decision(StageName.ONLINE)
    assert replace(going_on, stage=shipped).next_day is None
    assert report(None).next_day is None


def test_after_the_last_look_none_comes(tmp_path: Path) -> None:
    assert report(course(policy_of(tmp_path), until=14)).next_day is None


def test_a_harmed_segment_is_warned_of_and_no_other(ab: AbCourse) -> None:
    harmed = [s for s in segments_of(ab) if s.harmed]
    assert [(s.metric, s.value) for s in harmed] == [("resolved", "it")]
    (said,) = warnings(segments_of(ab))
    assert "exploratory" in said


def test_equal_segments_are_not_warned_of(tmp_path: Path) -> None:
    assert warnings(segments_of(course(policy_of(tmp_path)))) == ()


def test_a_refuted_split_is_seen_in_its_phase(tmp_path: Path) -> None:
    ramp = "ramp: [{from_day: 0, champion_share: 0.9}, {from_day: 2, champion_share: 0.5}]"
    ramped = policy_of(
        tmp_path,
        TEXT.replace("window_days: 1", f"window_days: 1\n    {ramp}").replace(
            "champion_share: 0.9", "champion_share: 0.9, analysed: false"
        ),
    )
    plan = ramped.plan.online
    assert plan is not None
    (first, *_) = looks(ramped, until=3)
    whole = (first.champion_units, first.challenger_units)
    early = PhaseUnits(from_day=0, champion_units=900, challenger_units=100)
    late = PhaseUnits(from_day=2, champion_units=whole[0] - 900, challenger_units=whole[1] - 100)
    courses = split_courses(plan, [replace(first, phases=(early, late))])
    assert [bool(c.points[0].refuted) for c in courses] == [False, True]
    assert "refuted" in split_alt(courses)
    assert courses[0].name == "from day 0, not analysed"


def test_a_split_is_refuted_exactly_where_its_check_fails(ab: AbCourse) -> None:
    from stages.online.splits import SPLIT_ALPHA, Split, split_of

    (whole,) = split_courses(ab.plan, ab.looks)
    point, look = whole.points[-1], ab.looks[-1]
    for champion, refuted in (
        (round(point.high * point.units), False),
        (round(point.high * point.units) + 1, True),
        (round(point.low * point.units), False),
        (round(point.low * point.units) - 1, True),
    ):
        moved = replace(look, champion_units=champion, challenger_units=point.units - champion)
        found = split_of(ab.plan, moved)
        assert isinstance(found, Split)
        assert found.alarms(SPLIT_ALPHA) == refuted
