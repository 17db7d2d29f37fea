"""Benchmarks over checkpoints, in the order of their versions."""

import re
from pathlib import Path

import pytest

from gates.hindsight.checkpoints import Question, read_past
from gates.hindsight.funnel import funnel_of
from gates.hindsight.pages import funnel_page, trend_page
from gates.hindsight.trend import ALPHA, MetricTrend, Trend, trend_of
from gates.hindsight.trend_words import change_sentences, looked_at, trend_lines
from gates.ledger.ledger import NewVersion
from policies.errors import WrongUsage
from stages.evidence.estimate import Unmeasured
from stages.stats.change_points import Course
from tests.fakes.workplace import Workplace
from tests.gates.hindsight.scene import SUMS, TOXIC, Made, Scene, thirty
from tests.gates.hindsight.test_funnel import FAIL


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def scene(place: Workplace) -> Scene:
    return Scene(place.ledger)


def trend(place: Workplace, *wanted: str) -> Trend:
    return trend_of(read_past(Question(model="assistant"), place.services), wanted)


def of(found: Trend, metric: str) -> MetricTrend:
    (one,) = (one for one in found.metrics if one.metric == metric)
    return one


def labels(one: MetricTrend) -> list[str]:
    return [point.checkpoint.version.version for point in one.points]


def test_a_benchmark_that_rose_is_told_and_one_that_did_not_is_not(
    place: Workplace, scene: Scene
) -> None:
    thirty(scene)
    found = trend(place)
    sums, toxic = of(found, SUMS), of(found, TOXIC)
    assert labels(sums) == [str(n) for n in range(2, 32)]
    assert isinstance(sums.course, Course)
    (change,) = sums.course.changes
    assert abs(change.at - 10) <= 1
    assert change.after - change.before > 0.1
    assert isinstance(toxic.course, Course)
    assert toxic.course.changes == ()
    (line,) = change_sentences(sums)
    assert line.startswith("rises at assistant/1")


def test_the_error_is_shared_by_all_metrics_looked_at(place: Workplace, scene: Scene) -> None:
    thirty(scene)
    assert trend(place).alpha == ALPHA / 2
    alone = trend(place, SUMS)
    assert (alone.alpha, len(alone.metrics)) == (ALPHA, 1)
    assert looked_at(alone).startswith("1 metric looked at; where nothing changes")


def test_few_checkpoints_are_shown_and_their_changes_unmeasured(
    place: Workplace, scene: Scene
) -> None:
    for value in (0.5, 0.5, 0.9, 0.9):
        scene.one(verdicts=(FAIL,), values={SUMS: value})
    (found,) = trend(place).metrics
    assert isinstance(found.course, Unmeasured)
    lines = list(trend_lines(found))
    assert lines[0] == "sums accuracy: 0.5 at assistant/1, 0.9 at assistant/4, 4 checkpoints"
    assert lines[1].startswith("  4 readings can show no change")
    assert b"4 readings can show no change" in trend_page(trend(place))


def test_other_data_than_the_newest_is_left_out_and_said(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.1}, data="e")
    scene.one(verdicts=(FAIL,), values={SUMS: 0.5}, at="2026-04-01T10:00:00+00:00")
    (found,) = trend(place).metrics
    assert (labels(found), found.otherwise) == (["2"], 1)
    assert "  1 left out: measured by another plan or on other data" in trend_lines(found)


def test_a_metric_without_values_is_refused_by_name(place: Workplace, scene: Scene) -> None:
    scene.one(verdicts=(FAIL,), values={SUMS: 0.5})
    with pytest.raises(WrongUsage, match=TOXIC):
        trend(place, TOXIC)
    scene.ledger.models.clear()  # type: ignore[attr-defined] # in memory
    scene.one(verdicts=(FAIL,), values={})
    with pytest.raises(WrongUsage, match="any benchmark"):
        trend(place)


def test_a_page_loads_nothing_and_foreign_text_is_text(place: Workplace, scene: Scene) -> None:
    thirty(scene)
    tags = {"gate_source": "external", "gate_known_as": "<script>alert(1)</script> $x$"}
    uri = scene.ledger.register(NewVersion(name="assistant", tags=tags)).uri
    scene.decide([(uri, Made(verdicts=(FAIL,), values={SUMS: 0.7}))])
    for page in (trend_page(trend(place)), funnel_page(funnel_of(trend(place).past))):
        text = page.decode()
        assert "<script" not in text
        assert re.findall(r'src="(?!data:image/png;base64,)', text) == []
        assert "http" not in text.replace("http-equiv", "")
    assert "&lt;script&gt;" in trend_page(trend(place)).decode()


def test_the_same_past_gives_the_same_page(place: Workplace, scene: Scene) -> None:
    thirty(scene)
    assert trend_page(trend(place)) == trend_page(trend(place))
