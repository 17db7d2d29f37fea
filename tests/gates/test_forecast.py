"""What a round would cost, told without calling anything."""

from pathlib import Path

import pytest

from gates.amounts import NOTHING, Range, StageForecast
from gates.forecast import forecast
from gates.membership import assemble
from gates.pipeline import run_round
from policies.errors import InputError, PolicyError
from policies.policy import PolicyFile
from stages.evidence.records import StageName
from stages.models.fingerprint import CANARIES
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    QUESTIONS,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    lines,
    policy_text,
    sums,
)
from tests.servers.openai_server import OpenAIServer, text

WHOLE = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, NO_WORSE, WINS, SHIPS))
NOWHERE = "http://127.0.0.1:9/v1"
PRICED = "[models.assistant]\nusd_per_million_tokens = { input = 1.0, output = 2.0 }\n"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def told(place: Workplace, file: PolicyFile, *references: str) -> dict[StageName, StageForecast]:
    round_ = assemble(file, references, place.services)
    return {stage.stage: stage for stage in forecast(round_, place.services)}


def test_ranges_add_and_scale_at_both_ends() -> None:
    assert Range(low=1, high=2) + Range(low=3, high=5) == Range(low=4, high=7)
    assert Range(low=1, high=2).times(3) == Range(low=3, high=6)


def test_an_endpoint_is_asked_once_per_item_and_not_called(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    offline = told(place, place.policy())[StageName.OFFLINE]
    assert offline.asking.calls == Range(low=QUESTIONS, high=QUESTIONS)
    assert 0 < offline.asking.prompt_tokens.low < offline.asking.prompt_tokens.high
    assert offline.asking.completion_tokens == Range(low=QUESTIONS, high=QUESTIONS * 1024)
    assert offline.candidates == Range(low=1, high=1)


def test_prompt_tokens_are_between_a_fifth_and_a_third_of_the_characters(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    asking = told(place, place.policy())[StageName.OFFLINE].asking
    around = sum(len('[{"content":"","role":"user"}]') + len(q["prompt"]) for q in sums())
    assert asking.prompt_tokens == Range(low=around // 5, high=-(-around // 3))


def test_an_endpoint_without_a_price_is_unpriced_and_never_free(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    assert told(place, place.policy())[StageName.OFFLINE].usd is None
    place.toml("[models.assistant]\nslots = 2\n")
    assert told(place, place.policy())[StageName.OFFLINE].usd is None


def test_a_price_is_a_range_from_the_shortest_to_the_longest_answers(place: Workplace) -> None:
    place.toml(PRICED)
    place.endpoint(NOWHERE)
    offline = told(place, place.policy())[StageName.OFFLINE]
    assert offline.usd is not None
    asked = offline.asking + offline.pinned
    for end in ("low", "high"):
        expected = getattr(asked.prompt_tokens, end) * 1e-6
        expected += getattr(asked.completion_tokens, end) * 2e-6
        assert getattr(offline.usd, end) == pytest.approx(expected)


def test_recorded_and_external_candidates_cost_nothing(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.external()
    offline = told(place, place.policy())[StageName.OFFLINE]
    assert offline.asking.calls == NOTHING
    assert offline.usd == NOTHING


def test_what_is_journaled_costs_nothing_more(place: Workplace) -> None:
    place.toml(PRICED)
    with OpenAIServer(lambda _: text("4")) as server:
        place.endpoint(server.url)
        file = place.policy()
        lines(place.data / "sums.jsonl", sums()[:15])
        run_round(file, [], place.services)
        lines(place.data / "sums.jsonl", sums())
        asked = len(server.calls)
        left = told(place, file)[StageName.OFFLINE]
        assert len(server.calls) == asked
    assert left.asking.calls == Range(low=QUESTIONS - 15, high=QUESTIONS - 15)


def test_only_the_first_task_is_certain_to_be_asked(place: Workplace) -> None:
    task = "{data: ../data/sums.jsonl, scorer: numeric}"
    second = f"{{first: {task}, sums: {task}}}"
    place.endpoint(NOWHERE)
    file = place.policy(policy_text((f"offline: {second}",), (SOUND,)))
    calls = told(place, file)[StageName.OFFLINE].asking.calls
    assert calls == Range(low=QUESTIONS, high=2 * QUESTIONS)


def test_the_baseline_is_asked_too_and_once_even_when_it_is_named(place: Workplace) -> None:
    place.ledger.set_alias(place.endpoint(NOWHERE), "champion")
    place.endpoint(NOWHERE + "/2")
    file = place.policy()
    assert told(place, file)[StageName.OFFLINE].asking.calls.high == 2 * QUESTIONS
    both = told(place, file, "assistant/1", "assistant/2")
    assert both[StageName.OFFLINE].asking.calls.high == 2 * QUESTIONS


def test_votes_and_days_grow_with_those_who_may_reach_them(place: Workplace) -> None:
    place.champion()
    for _ in range(3):
        place.recorded()
    place.moments(shares=(0.6, 0.6))
    found = told(place, place.policy(WHOLE))
    assert found[StageName.SIDE_BY_SIDE].votes == Range(low=0, high=3 * 40)
    assert found[StageName.ONLINE].days == Range(low=0, high=3 * 14)
    assert found[StageName.ONLINE].data_bytes == (place.data / "moments.csv").stat().st_size
    assert found[StageName.ONLINE].usd is None


def test_a_quota_caps_how_many_reach_the_next_stage(place: Workplace) -> None:
    place.champion()
    for _ in range(3):
        place.recorded()
    capped = WHOLE + "keep: {offline: {most: 2, by: sums.accuracy}}\n"
    found = told(place, place.policy(capped))
    assert found[StageName.SIDE_BY_SIDE].candidates == Range(low=0, high=2)
    assert found[StageName.ONLINE].candidates == Range(low=0, high=2)


def test_a_first_stage_of_votes_is_reached_by_all(place: Workplace) -> None:
    place.champion()
    place.recorded()
    file = place.policy(policy_text((VOTED,), (WINS,)))
    assert told(place, file)[StageName.SIDE_BY_SIDE].votes == Range(low=40, high=40)
    place.votes(votes=30)
    found = told(place, file)
    assert found[StageName.SIDE_BY_SIDE].votes == Range(low=10, high=10)
    assert StageName.OFFLINE not in found


def test_an_ab_that_is_first_runs_side_by_side_at_best(place: Workplace) -> None:
    place.champion()
    place.recorded()
    place.recorded()
    found = told(place, place.policy(policy_text((TRAFFIC,), (SHIPS,))))
    assert found[StageName.ONLINE].days == Range(low=14, high=28)


def test_traffic_that_is_not_there_has_no_size(place: Workplace) -> None:
    place.champion()
    place.recorded()
    assert told(place, place.policy(WHOLE))[StageName.ONLINE].data_bytes is None


def test_traffic_that_the_workspace_does_not_name_is_a_wrong_policy(place: Workplace) -> None:
    place.champion()
    place.recorded()
    unnamed = WHOLE.replace("moments: ../data/moments.csv", "source: product")
    with pytest.raises(PolicyError, match="source: product"):
        told(place, place.policy(unnamed))


def test_items_that_cannot_be_read_are_refused(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    (place.data / "sums.jsonl").unlink()
    with pytest.raises(InputError, match=r"sums\.jsonl"):
        told(place, place.policy())


JUDGED = "offline: {sums: {data: ../data/sums.jsonl, rubric: [relevance, creativity], judge: j}}"
RELEVANT = "{metric: sums.relevance, at_least: 0.5, severity: blocking, because: x}"
JUDGE = '[endpoints.j]\nbase_url = "http://j.example/v1"\nmodel = "m"\n'


def test_a_judge_reads_every_answer_once_for_each_rubric_and_is_priced_by_itself(
    place: Workplace,
) -> None:
    place.endpoint(NOWHERE)
    file = place.policy(policy_text((JUDGED,), (RELEVANT,)))
    place.toml(PRICED + JUDGE)
    offline = told(place, file)[StageName.OFFLINE]
    twice_and_a_probe = 2 * 2 * QUESTIONS + 1
    assert offline.judging["j"].calls == Range(low=2 * QUESTIONS, high=twice_and_a_probe)
    assert offline.usd is None
    place.toml(PRICED + JUDGE + "usd_per_million_tokens = { input = 1.0, output = 1.0 }\n")
    priced = told(place, file)[StageName.OFFLINE].usd
    assert priced is not None
    assert priced.high > offline.judging["j"].completion_tokens.high * 1e-6


def test_the_checks_of_what_is_served_are_counted(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    offline = told(place, place.policy())[StageName.OFFLINE]
    assert offline.pinned.calls == Range(low=2 * len(CANARIES), high=2 * len(CANARIES))


def test_gpu_minutes_need_speed_and_number_and_are_never_zero_without(place: Workplace) -> None:
    place.endpoint(NOWHERE)
    place.toml("[models.assistant]\ngpus = 8\n")
    assert told(place, place.policy())[StageName.OFFLINE].gpu_minutes is None
    place.toml("[models.assistant]\ngpus = 8\ntokens_per_second = 1000\n")
    offline = told(place, place.policy())[StageName.OFFLINE]
    asked = offline.asking + offline.pinned
    tokens = asked.prompt_tokens.high + asked.completion_tokens.high
    assert offline.gpu_minutes is not None
    assert offline.gpu_minutes.high == pytest.approx(tokens / 1000 * 8 / 60)
    place.toml("[models.assistant]\ngpus = 0\n")
    assert told(place, place.policy())[StageName.OFFLINE].gpu_minutes == NOTHING


def test_what_the_baseline_is_asked_is_told(place: Workplace) -> None:
    place.ledger.set_alias(place.endpoint(NOWHERE), "champion")
    place.endpoint(NOWHERE + "/2")
    offline = told(place, place.policy(policy_text(criteria=(NO_WORSE,))))[StageName.OFFLINE]
    assert offline.to_baseline.calls.high == QUESTIONS
    assert offline.asking.calls.high == 2 * QUESTIONS
