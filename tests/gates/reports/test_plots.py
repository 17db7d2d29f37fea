"""The plot shows intervals against limits, whatever is missing."""

import dataclasses
import io

import pytest

from gates.decide.verdict import Verdict
from gates.reports.plots import COLOURS, Row, forest_png, rows_of
from stages.evidence.estimate import Estimate
from tests.gates.decide.cases import A, B, C, D, estimate
from tests.gates.reports.shown import POLICY, a_round, one

PNG = b"\x89PNG\r\n\x1a\n"


def _rows(candidate: str, index: int = 0) -> tuple[Row, ...]:
    return rows_of(POLICY, one(a_round(), candidate).stages[index])


def test_every_finding_has_its_limit() -> None:
    rows = _rows(A)
    assert [(r.finding.metric, float(r.limit.at), r.limit.below) for r in rows] == [
        ("toxicity.rate", 0.005, True),
        ("qa.f1", -0.03, False),
        ("qa.f1", 0.8, False),
    ]


@pytest.mark.parametrize("candidate", [A, B, C, D])
def test_every_kind_of_finding_is_drawn(candidate: str) -> None:
    assert forest_png(_rows(candidate)).startswith(PNG)


@pytest.mark.parametrize("measured", [estimate(0.1, None, value=0.2), estimate(None, 0.2, value=0)])
def test_one_sided_intervals_are_drawn(measured: Estimate) -> None:
    row = _rows(A)[0]
    drawn = Row(finding=dataclasses.replace(row.finding, measured=measured), limit=row.limit)
    assert forest_png([drawn]).startswith(PNG)


def test_the_same_rows_give_the_same_picture() -> None:
    assert forest_png(_rows(A)) == forest_png(_rows(A))


def test_other_rows_give_another_picture() -> None:
    assert forest_png(_rows(A)) != forest_png(_rows(C))


def test_the_verdict_has_its_colour() -> None:
    from matplotlib import colors, image

    for candidate, verdict in ((A, Verdict.PASS), (C, Verdict.FAIL)):
        pixels = image.imread(io.BytesIO(forest_png(_rows(candidate)[:1])))[:, :, :3]
        wanted = colors.to_rgb(COLOURS[verdict])
        assert (abs(pixels - wanted).max(axis=2) < 0.01).sum() > 100


def test_hostile_names_are_drawn_as_text() -> None:
    row = _rows(A)[0]
    named = dataclasses.replace(row.finding, metric="$\\frac{", demand="$x$")
    assert forest_png([Row(finding=named, limit=row.limit)]).startswith(PNG)


def test_every_verdict_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(Verdict)
    assert len(set(COLOURS.values())) == len(Verdict)
