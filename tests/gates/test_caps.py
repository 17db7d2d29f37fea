"""Every cap holds every kind of cost, alone, before anybody is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates.membership import assemble
from gates.offline_due import OfflineBooks
from gates.pipeline import RoundResult, run_round
from gates.subjects import subject_of
from policies.policy import PolicyFile
from stages.evidence.estimate import Cause
from stages.evidence.records import Cost
from tests.fakes.workplace import NO_WORSE, QUESTIONS, Workplace, policy_text
from tests.servers import judge
from tests.servers.moderation_server import moderation_server
from tests.servers.openai_server import Behaviour, Call, OpenAIServer, Reaction, status, text
from tests.stages.offline.harness.installed import install_lm_eval
from tests.stages.offline.harness.made import lm_eval

pytestmark = pytest.mark.integration

TOLD = """\
usd_per_million_tokens = { input = 1.0, output = 1.0 }
gpus = 1
tokens_per_second = 1000
retries = 0
"""
PINNED_ONLY = {"calls_at_most": 8, "usd_at_most": 0.001, "gpu_minutes_at_most": 0.01}
"""Caps that the pinned texts of one task fit, so that these alone hold nobody."""

CAPS = tuple(PINNED_ONLY)
RUBRIC = "offline: {sums: {data: ../data/sums.jsonl, rubric: [relevance], judge: j}}"
HARM = "offline: {sums: {data: ../data/sums.jsonl, harm: openai_moderation, endpoint: j}}"
RUN = "offline: {sums: {harness: lm_eval, task: sums, calls_at_most: 4}}"
RELEVANT = "{metric: sums.relevance, at_least: 0.5, severity: blocking, because: x}"
HARMLESS = "{metric: sums.rate, at_most: 0.5, severity: blocking, because: x}"
SCORED = "{metric: sums.score, at_least: 0.1, severity: blocking, because: x}"


@dataclass
class Case:
    """A round in which one kind of cost is the only one."""

    place: Workplace
    plan: str
    criterion: str
    server: OpenAIServer

    def policy(self, cap: str, amount: float) -> PolicyFile:
        budget = f"budget: {{{cap}: {amount}}}"
        plan = (self.plan,) if self.plan else policy_plan()
        return self.place.policy(policy_text(plan, (self.criterion,), budget))

    def run(self, cap: str, amount: float) -> RoundResult:
        return run_round(self.policy(cap, amount), [], self.place.services)

    def spent(self, uri: str = "models:/assistant/1") -> Cost:
        round_ = assemble(self.policy("calls_at_most", 1), [], self.place.services)
        subject = subject_of(self.place.ledger.version(uri), self.place.services)
        return OfflineBooks(round=round_, services=self.place.services).spent(subject, no_more=True)


def policy_plan() -> tuple[str, ...]:
    return ("offline: {sums: {data: ../data/sums.jsonl, scorer: numeric}}",)


@contextmanager
def world(folder: Path, kind: str, told: str = TOLD) -> Iterator[Case]:
    place = Workplace(folder)
    behaviour: Behaviour = judge.judging(_some) if kind == "judge" else _hello
    server = moderation_server({}) if kind == "service" else OpenAIServer(behaviour)
    with server as served:
        reader = f'[endpoints.j]\nbase_url = "{served.url}"\nmodel = "m"\n{told}'
        place.toml(f"[models.assistant]\n{told}{reader}")
        plan, criterion = {
            "candidate": (
                "",
                "{metric: sums.accuracy, at_least: 0.01, severity: blocking, because: x}",
            ),
            "baseline": ("", NO_WORSE),
            "judge": (RUBRIC, RELEVANT),
            "service": (HARM, HARMLESS),
            "harness": (RUN, SCORED),
        }[kind]
        if kind == "baseline":
            place.ledger.set_alias(place.endpoint(served.url), "champion")
        if kind in ("candidate", "harness"):
            place.endpoint(served.url)
        else:
            place.recorded()
        if kind == "harness":
            lm_eval(folder / "made")
            install_lm_eval(folder)
        yield Case(place=place, plan=plan, criterion=criterion, server=served)


def _hello(_: Call) -> Reaction:
    return text("hello 1")


def _some(call: Call) -> object:
    return 3 if '"score"' in call.prompt else "yes"


def over_budget(result: RoundResult) -> bool:
    (candidate,) = result.decision.candidates
    wait = candidate.stages[0].waits_for
    return wait is not None and wait.cause is Cause.OVER_BUDGET


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("kind", ["candidate", "baseline", "judge", "service", "harness"])
def test_a_cap_holds_each_kind_of_cost_before_anybody_is_asked(
    tmp_path: Path, kind: str, cap: str
) -> None:
    with world(tmp_path, kind) as case:
        assert over_budget(case.run(cap, PINNED_ONLY[cap]))
        assert case.server.calls == []
        assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("kind", ["candidate", "baseline", "judge", "service"])
def test_a_cap_that_suffices_holds_nobody_today_and_tomorrow(
    tmp_path: Path, kind: str, cap: str
) -> None:
    with world(tmp_path, kind) as case:
        first = case.run(cap, 100_000)
        asked = len(case.server.calls)
        assert not over_budget(first)
        assert asked > 0
        assert case.run(cap, 100_000) == first
        assert len(case.server.calls) == asked


@pytest.mark.parametrize("cap", CAPS[1:])
@pytest.mark.parametrize("kind", ["candidate", "baseline", "judge", "service", "harness"])
def test_what_has_no_price_or_speed_is_under_no_cap(tmp_path: Path, kind: str, cap: str) -> None:
    with world(tmp_path, kind, told="retries = 0\n") as case:
        assert over_budget(case.run(cap, 1_000_000_000))
        assert case.server.calls == []


def test_a_harness_is_run_under_a_cap_on_calls_that_it_fits(tmp_path: Path) -> None:
    with world(tmp_path, "harness") as case:
        assert over_budget(case.run("calls_at_most", 11))  # 8 pinned texts and 4 requests
        assert not (tmp_path / "seen").exists()
        assert not over_budget(case.run("calls_at_most", 12))
        assert not over_budget(case.run("calls_at_most", 12))
        assert len((tmp_path / "seen").read_text().splitlines()) == 1
        assert case.spent().calls == 12
        assert case.spent().usd is None


@pytest.mark.parametrize("cap", CAPS[1:])
def test_a_harness_has_no_tokens_before_it_is_run_and_is_never_free(
    tmp_path: Path, cap: str
) -> None:
    with world(tmp_path, "harness") as case:
        result = case.run(cap, 1_000_000_000)
        assert over_budget(result)
        sentence = result.decision.candidates[0].stages[0].findings[0].sentence
        assert "run it yourself and name its `results`" in sentence
        assert not (tmp_path / "seen").exists()


def test_a_harness_of_a_model_that_costs_nothing_is_run_under_any_cap(tmp_path: Path) -> None:
    free = "usd_per_million_tokens = { input = 0.0, output = 0.0 }\ngpus = 0\n"
    with world(tmp_path, "harness", told=free) as case:
        for cap in CAPS[1:]:
            assert not over_budget(case.run(cap, 1))
        spent = case.spent()
        assert (spent.calls, spent.usd, spent.gpu_minutes) == (12, 0.0, 0.0)


@pytest.mark.parametrize("cap", CAPS)
def test_a_harness_without_a_size_is_run_under_no_cap(tmp_path: Path, cap: str) -> None:
    with world(tmp_path, "harness") as case:
        case.plan = RUN.replace(", calls_at_most: 4", "")
        assert over_budget(case.run(cap, 1_000_000_000))
        assert not (tmp_path / "seen").exists()
        file = case.place.policy(policy_text((case.plan,), (SCORED,)))
        assert not over_budget(run_round(file, [], case.place.services))


def test_a_run_of_a_harness_that_failed_was_paid(tmp_path: Path) -> None:
    with world(tmp_path, "harness") as case:
        install_lm_eval(tmp_path, status=3)
        case.run("calls_at_most", 15)
        assert case.spent().calls >= 4
        install_lm_eval(tmp_path)
        assert over_budget(case.run("calls_at_most", 15))
        assert len((tmp_path / "seen").read_text().splitlines()) == 1


def test_answers_that_nobody_has_judged_yet_are_still_to_be_paid(tmp_path: Path) -> None:
    """A round that ended between answering and judging; what was asked of the judge is unknown."""
    with world(tmp_path, "judge") as case:
        case.server.behaviour = lambda _: status(500)
        case.run("calls_at_most", 1000)
        assert case.spent().calls == 2 * QUESTIONS + 1
        case.server.behaviour = judge.judging(_some)
        asked = len(case.server.calls)
        assert over_budget(case.run("calls_at_most", 2 * QUESTIONS))
        assert len(case.server.calls) == asked
        assert not over_budget(case.run("calls_at_most", 2 * QUESTIONS + 1))
        assert case.spent().calls == QUESTIONS


def test_a_service_that_tells_no_tokens_costs_what_it_may_at_most(tmp_path: Path) -> None:
    with world(tmp_path, "service") as case:
        case.run("usd_at_most", 100)
        spent = case.spent()
    assert spent.calls == 2
    assert spent.usd is not None
    assert spent.usd > 0


def test_labelled_texts_are_paid_too(tmp_path: Path) -> None:
    with world(tmp_path, "service") as case:
        rows = (
            f'{{"id": "{n}", "text": "text {n}", "label": {str(n < 3).lower()}}}' for n in range(40)
        )
        (case.place.data / "labelled.jsonl").write_text("\n".join(rows) + "\n")
        case.plan = HARM.replace(
            "endpoint: j", "endpoint: j, labelled: {data: ../data/labelled.jsonl}"
        )
        assert over_budget(case.run("calls_at_most", QUESTIONS * 3 + 40 - 1))
        assert not over_budget(case.run("calls_at_most", QUESTIONS * 3 + 40))
        assert case.spent().calls == len(case.server.calls) == 4
