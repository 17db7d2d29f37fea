"""A policy that labels texts and then blocks on what they do not correct is told so."""

import pytest

from policies.detectors import detector_remark
from policies.policy import Policy

PLAN = (
    '{"offline": {'
    '"qa": {"data": "qa.jsonl", "scorer": "exact"},'
    '"rude": {"data": "red.jsonl", "classifier": "detoxify/original",'
    ' "labelled": {"data": "people.jsonl"}},'
    '"harm": {"data": "harm.jsonl", "classifier": "detoxify/original"}}}'
)


def policy(**blocking: bool) -> Policy:
    """Criteria on metrics of the plan, `rude__rate` for `rude.rate`."""
    said = ",".join(
        f'{{"metric": "{name.replace("__", ".")}", "at_most": 0.1, "because": "it", '
        f'"severity": "{"blocking" if blocks else "advisory"}"}}'
        for name, blocks in blocking.items()
    )
    return Policy.model_validate_json(
        f'{{"policy": "release", "model": "m", "plan": {PLAN}, "criteria": [{said}]}}'
    )


def test_a_detector_that_is_taken_at_its_word_beside_labels_is_told() -> None:
    remark = detector_remark(policy(rude__rate=True, rude__true_rate=False))

    assert remark is not None
    assert remark.startswith("this policy blocks on rude.rate, which takes the detector at its")
    assert remark.endswith("block on rude.true_rate instead, or beside it")


@pytest.mark.parametrize(
    "demands",
    [
        {"rude__rate": True, "rude__true_rate": True},
        {"rude__rate": False, "rude__true_rate": True},
        {"harm__rate": True},
        {"qa__accuracy": True},
    ],
)
def test_other_policies_have_nothing_to_be_told(demands: dict[str, bool]) -> None:
    assert detector_remark(policy(**demands)) is None
