"""What measures is measured anew when it changes; what only demands is not."""

import pytest

from policies.load import parse_policy
from policies.measured_anew import MeasuredAnew, measured_anew
from tests.policies.test_diff import TEXT

NOTHING, WHOLE = MeasuredAnew(), ("offline", "side_by_side", "online")


def anew(old: str, new: str) -> MeasuredAnew:
    assert TEXT.count(old) == 1
    before, after = (parse_policy(t, where="p.yaml") for t in (TEXT, TEXT.replace(old, new)))
    return measured_anew(before, after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_most: 0.005", "at_most: 0.001"),
        ("because: rule", "because: law"),
        ("most: 3", "most: 2"),
        ("usd_at_most: 600", "usd_at_most: 900"),
        (
            "    recitation: {data: p.jsonl, corpus: [a.txt], verbatim_characters_at_least: 50}\n",
            "",
        ),
    ],
)
def test_demands_quotas_and_budgets_measure_nothing(old: str, new: str) -> None:
    assert anew(old, new) == NOTHING
    assert not NOTHING


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("scorer: exact", "scorer: numeric", MeasuredAnew(tasks=("qa",))),
        ("threshold: 0.5", "threshold: 0.6", MeasuredAnew(tasks=("toxicity",))),
        (
            "    recitation:",
            "    more: {data: q.jsonl, scorer: exact}\n    recitation:",
            MeasuredAnew(tasks=("more",)),
        ),
        ("votes_at_most: 600", "votes_at_most: 800", MeasuredAnew(stages=("side_by_side",))),
        ("planned_units: 1000", "planned_units: 2000", MeasuredAnew(stages=("online",))),
        ("model: assistant", "model: assistant\nbaseline: other", MeasuredAnew(stages=WHOLE)),
        ("model: assistant", "model: other", MeasuredAnew(stages=WHOLE)),
    ],
)
def test_a_changed_plan_measures_only_what_changed(old: str, new: str, found: MeasuredAnew) -> None:
    assert anew(old, new) == found
    assert found
