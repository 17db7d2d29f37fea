"""A policy knows the digest and the criteria of each of its stages."""

from pathlib import Path

from policies.policy import Policy, PolicyFile

TEXT = """{"policy": "release", "model": "assistant",
  "plan": {"offline": {"qa": {"data": "a", "scorer": "exact"}},
    "side_by_side": {"votes": ["v"], "votes_at_most": 10}},
  "criteria": [
    {"metric": "qa.accuracy", "at_least": 0.5, "severity": "blocking", "because": "x"},
    {"metric": "side_by_side.win_rate", "at_least": 0.5, "severity": "blocking", "because": "x"},
    {"metric": "qa.accuracy", "better": {}, "severity": "advisory", "because": "x"}]}"""


def policy(text: str = TEXT) -> Policy:
    return Policy.model_validate_json(text)


def test_criteria_of_a_stage_keep_the_policys_order() -> None:
    found = policy().criteria_of("offline")
    assert found == (policy().criteria[0], policy().criteria[2])
    assert policy().criteria_of("online") == ()


def test_a_stages_digest_moves_with_its_plan_and_its_criteria_only() -> None:
    before = policy()
    plan = policy(TEXT.replace('"data": "a"', '"data": "b"'))
    limit = policy(TEXT.replace('"qa.accuracy", "at_least": 0.5', '"qa.accuracy", "at_least": 0.6'))
    for changed in (plan, limit):
        assert changed.stage_sha256("offline") != before.stage_sha256("offline")
        assert changed.stage_sha256("side_by_side") == before.stage_sha256("side_by_side")
        assert changed.sha256 != before.sha256


def test_paths_of_a_policy_start_from_its_folder(tmp_path: Path) -> None:
    file = PolicyFile(policy=policy(), path=tmp_path / "policies" / "release.yaml")
    assert file.folder == tmp_path.resolve() / "policies"


def test_what_a_metric_must_reach_is_said_by_its_own_criteria_alone() -> None:
    assert policy().least("qa.accuracy") == (0.5,)
    assert policy().least("side_by_side.win_rate") == (0.5,)
    assert policy().least("side_by_side.graded") == ()
