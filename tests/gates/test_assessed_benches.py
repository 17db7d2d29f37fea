"""A stage that measures by a bench of the workshop demands that somebody judged it."""

from pathlib import Path

import pytest

from gates.inputs import check_inputs
from gates.pipeline import run_round
from gates.reports.html import html
from gates.reports.markdown import markdown
from policies.errors import WrongUsage
from policies.problems import PolicyRefused
from stages.engine.bench_mark import FIELD, mark_of
from stages.engine.product import freeze
from stages.evidence.records import StageName
from tests.fakes.workplace import SOUND, WINS, Workplace, lines, policy_text, sums

WAIVED = "assessment: {waived: a first month}"
OFFLINE = "offline: {{sums: {{data: ../bench/items.jsonl, scorer: numeric{0}}}}}"
COMPARED = "side_by_side: {{data: ../bench/items.jsonl, votes_at_most: 40{0}}}"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    making = tmp_path / ".bench.making"
    making.mkdir()
    lines(making / "items.jsonl", sums())
    freeze(making, tmp_path / "bench", kind="bench", recipe="r", made_from={}, facts={})
    return found


@pytest.mark.parametrize("plan", [OFFLINE, COMPARED])
def test_a_policy_on_a_bench_that_nobody_judged_is_refused(place: Workplace, plan: str) -> None:
    demand = SOUND if plan == OFFLINE else WINS
    file = place.policy(policy_text((plan.format(""),), (demand,)))
    with pytest.raises(PolicyRefused, match="names no assessment of it") as refused:
        check_inputs(file, place.services.workspace, place.state)
    assert "gate workshop assess-bench RECIPE" in str(refused.value)
    place.champion()
    version = place.recorded(wrong_every=10)
    with pytest.raises(WrongUsage, match="names no assessment of it"):
        run_round(file, [version.uri], place.services)

    waived = place.policy(policy_text((plan.format(f", {WAIVED}"),), (demand,)))
    assert check_inputs(waived, place.services.workspace, place.state) == ()


@pytest.mark.parametrize("plan", [OFFLINE, COMPARED])
def test_a_policy_on_a_copy_of_a_bench_is_refused(place: Workplace, plan: str) -> None:
    demand = SOUND if plan == OFFLINE else WINS
    own = [{**item, FIELD: mark_of("month-1")} for item in sums()]
    lines(place.data / "copy.jsonl", own)
    copied = plan.replace("../bench/items.jsonl", "../data/copy.jsonl")
    file = place.policy(policy_text((copied.format(""),), (demand,)))
    with pytest.raises(PolicyRefused, match="is of the bench `month-1`"):
        check_inputs(file, place.services.workspace, place.state)
    place.champion()
    version = place.recorded(wrong_every=10)
    with pytest.raises(WrongUsage, match="is of the bench `month-1`"):
        run_round(file, [version.uri], place.services)

    waived = place.policy(policy_text((copied.format(f", {WAIVED}"),), (demand,)))
    assert check_inputs(waived, place.services.workspace, place.state) == ()


def test_a_bench_that_nobody_judged_is_used_for_a_reason_that_every_report_tells(
    place: Workplace,
) -> None:
    file = place.policy(policy_text((OFFLINE.format(f", {WAIVED}"),)))
    version = place.recorded(wrong_every=10)
    result = run_round(file, [version.uri], place.services)

    evidence = result.evidence[version.uri]
    assert ("sums/assessment", "waived: a first month") in (
        evidence[StageName.OFFLINE].provenance.tools
    )
    (candidate,) = result.decision.candidates
    for page in (
        html(result.decision, candidate, evidence=evidence),
        markdown(result.decision, candidate, evidence),
    ):
        assert "waived: a first month" in page


def test_evidence_of_a_comparison_says_how_its_bench_was_judged(place: Workplace) -> None:
    more = f", votes: [../data/votes.jsonl], {WAIVED}"
    file = place.policy(policy_text((COMPARED.format(more),), (WINS,)))
    place.champion()
    version = place.recorded(wrong_every=4)
    votes = [
        {
            "prompt": item["id"],
            "model_a": "assistant/2",
            "model_b": "assistant/1",
            "annotator": "ann",
            "shown_first": "ab"[number % 2],
            "verdict": "A>B" if number % 3 else "B>A",
        }
        for number, item in enumerate(sums())
    ]
    lines(place.data / "votes.jsonl", votes)
    result = run_round(file, [version.uri], place.services)

    evidence = result.evidence[version.uri][StageName.SIDE_BY_SIDE]
    assert ("assessment", "waived: a first month") in evidence.provenance.tools
