"""A criterion makes exactly one demand."""

import pytest
from pydantic import ValidationError

from policies.criteria import AtLeast, AtMost, Better, Criterion, Demand, NonInferior


def criterion(demands: str) -> Criterion:
    return Criterion.model_validate_json(
        f'{{"metric": "qa.accuracy", "severity": "blocking", "because": "x"{demands}}}'
    )


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        (', "at_least": 0', AtLeast(limit=0)),
        (', "at_most": 0.5', AtMost(limit=0.5)),
        (', "non_inferior": {"margin": 0.03}', NonInferior(margin=0.03)),
        (', "non_inferior": {"relative_margin": 0.1}', NonInferior(relative_margin=0.1)),
        (', "better": {}', Better()),
    ],
)
def test_the_demand_is_the_one_that_is_written(text: str, demand: Demand) -> None:
    assert criterion(text).demand == demand


@pytest.mark.parametrize(
    "text",
    [
        "",
        ', "at_least": 0.1, "at_most": 0.5',
        ', "better": {}, "non_inferior": {"margin": 0.1}',
        ', "non_inferior": {}',
        ', "non_inferior": {"margin": 0.1, "relative_margin": 0.1}',
        ', "non_inferior": {"margin": 0}',
        ', "non_inferior": {"relative_margin": 1}',
    ],
)
def test_no_demand_or_several_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        criterion(text)
