"""Two recorded judges and people's votes: thirteen prompts do not admit a judge."""

import pytest

from policies.load import load_policy
from policies.policy import Kind
from tests.infra.examples.running import EXAMPLES, Shown, finding, real_data, run_example


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = real_data("llmfao", "llmfao's comparisons by people and by two judges (CC BY 4.0)")
    return run_example("judge_gate", data, tmp_path_factory.mktemp("judge_gate"))


def test_a_judge_is_not_admitted_on_thirteen_prompts(real: Shown) -> None:
    [candidate] = real.by_name().values()
    assert candidate["verdict"] == "HOLD"
    assert finding(candidate, "people.agreement")["verdict"] == "HOLD"
    assert finding(candidate, "people.readable")["verdict"] == "PASS"
    assert "2139 pairs, 8931 votes" in real.said


def test_the_table_of_its_page_is_what_was_measured(real: Shown) -> None:
    page = (EXAMPLES / "judge_gate" / "README.md").read_text(encoding="utf-8")
    for figures in ("+3.94 points (-2.46 to +12.23", "62.09 % (55.48 to 68.28"):
        assert figures in real.said
        assert figures in page


def test_its_policy_is_a_judges() -> None:
    assert load_policy(EXAMPLES / "judge_gate" / "policy.yaml").kind is Kind.JUDGE
