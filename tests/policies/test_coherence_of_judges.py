"""A judge's policy measures pairs, and nothing else; what is wrong is said with its line."""

import pytest

from policies.errors import PolicyError
from policies.load import parse_policy
from policies.pairs_task import PairLabels, PairsTask
from policies.policy import Kind, Policy

TEXT = """\
policy: judge_gate
kind: judge
model: support_judge
plan:
  offline:
    bench: {{data: pairs.jsonl, pairs: labelled{more}}}
{stage}
criteria:
  - {{metric: {metric}, at_least: 0.8, severity: blocking, because: it must know}}
"""


def parse(more: str = "", stage: str = "", metric: str = "bench.accuracy") -> Policy:
    return parse_policy(TEXT.format(more=more, stage=stage, metric=metric), where="judge.yaml")


def test_a_judge_is_measured_by_pairs() -> None:
    policy = parse()
    assert policy.kind is Kind.JUDGE
    assert set(policy.plan.metrics()) == {
        "bench.accuracy",
        "bench.position_consistency",
        "bench.first_bias",
        "bench.readable",
    }


def test_another_task_has_no_place_in_its_policy() -> None:
    with pytest.raises(PolicyError) as refused:
        parse(stage="    sums: {data: sums.jsonl, scorer: numeric}")
    assert "judge.yaml:7" in refused.value.why
    assert "`sums`, which is not judging" in refused.value.why


def test_another_stage_has_no_place_in_its_policy() -> None:
    stage = "  side_by_side: {votes: [v.jsonl], votes_at_most: 4}"
    with pytest.raises(PolicyError) as refused:
        parse(stage=stage)
    assert "judge.yaml:7" in refused.value.why
    assert "the stage `side_by_side` in a policy of kind `judge`" in refused.value.why


def test_a_misspelt_kind_of_pairs_names_those_that_there_are() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(
            TEXT.format(more="", stage="", metric="bench.accuracy").replace("labelled", "rb.jsonl"),
            where="judge.yaml",
        )
    assert "judge.yaml:6" in refused.value.why
    assert "'rewardbench'" in refused.value.why


def test_groups_belong_to_labelled_pairs() -> None:
    policy = parse(more=", groups: {field: kind, values: [code]}", metric="bench.accuracy.code")
    assert "bench.accuracy.code" in policy.plan.metrics()
    with pytest.raises(ValueError, match="`groups` belong"):
        PairsTask.model_validate(
            {
                "data": "p.jsonl",
                "pairs": PairLabels.PEOPLE,
                "groups": {"field": "kind", "values": ("code",)},
            }
        )


def test_what_is_not_compared_takes_no_difference() -> None:
    bias = TEXT.format(more="", stage="", metric="bench.first_bias")
    with pytest.raises(PolicyError, match="cannot use"):
        parse_policy(bias.replace("at_least: 0.8", "better: {}"), where="judge.yaml")


def test_tasks_of_each_kind_of_label_measure_their_own() -> None:
    named = {
        labels: [m.name for m in PairsTask(data="p", pairs=labels).metrics("t")][:-3]
        for labels in PairLabels
    }
    assert named[PairLabels.REWARDBENCH][:3] == ["t.score", "t.accuracy", "t.accuracy.chat"]
    assert named[PairLabels.REWARDBENCH][-1] == "t.score.reasoning"
    assert named[PairLabels.PEOPLE] == [
        "t.agreement",
        "t.majority",
        "t.agreement_decided",
        "t.people_agreement",
        "t.people_agreement_decided",
    ]
