"""Every way in which a judge might judge without having passed its gate is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gates.admission import DRIFTED_TAG, admissions
from gates.benches import Asked, measure
from gates.decide.verdict import Verdict
from gates.measuring import judges_standing, judging_endpoints
from gates.pipeline import run_round
from gates.promotion.adopting import record_adoption
from gates.promotion.answer import Answer
from gates.promotion.revoking import revoke
from gates.registration import adopt
from gates.standing import standings
from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from gates.workspace import load_workspace
from policies.errors import Broken, GateError, WrongUsage
from stages.engine.folder_state import FolderState
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import StageName
from stages.workshop.recipe import Recipe
from tests.fakes.comparing import answering
from tests.fakes.workplace import NOW, lines, policy_text
from tests.gates.judges import Court, court, right
from tests.servers import judge
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.integration


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Court]:
    with court(tmp_path, signs=True) as found:
        found.run()
        assert found.promote().answer is Answer.PROMOTED
        yield found


@pytest.fixture
def unsigned(tmp_path: Path) -> Iterator[Court]:
    """Nobody signs: the ledger's PASS is all that there is."""
    with court(tmp_path, signs=False) as found:
        found.run()
        found.place.ledger.set_alias(found.place.ledger.version("support_judge/1"), "champion")
        yield found


def refused(found: Court) -> str:
    with pytest.raises(Broken, match=r"judge judge_a is not admitted as support_judge@") as why:
        found.admitted()
    assert "gate run" in why.value.why
    assert "gate promote" in why.value.why
    return why.value.why


def test_a_judge_that_passed_its_gate_is_admitted(signed: Court) -> None:
    found = signed.admitted()
    assert found.version.uri == "models:/support_judge/1"
    assert found.policy == "judge_gate"
    assert found.command == "gate run judge_gate support_judge/1"


def test_so_it_is_where_nobody_signs(unsigned: Court) -> None:
    assert unsigned.admitted().version.uri == "models:/support_judge/1"


def test_without_the_setting_nobody_is_asked(signed: Court) -> None:
    place = signed.place
    place.toml('[endpoints.judge_a]\nbase_url = "http://127.0.0.1:9"\nmodel = "none"\n')
    assert admissions(["judge_a", "judge_b"], {}, place.services) == {}


def test_an_alias_that_points_nowhere_admits_nobody(tmp_path: Path) -> None:
    with court(tmp_path, signs=True) as found:
        found.run()
        assert "points to no version" in refused(found)


def test_a_judge_of_another_alias_is_not_admitted(signed: Court) -> None:
    signed.settings(url=signed.server.url, alias="staging")
    assert "`staging` of support_judge points to no version" in refused(signed)
    version = signed.place.ledger.version("support_judge/1")
    signed.place.ledger.set_alias(version, "staging")
    assert "no record says that `staging` is" in refused(signed)


def test_an_alias_that_somebody_moved_by_hand_admits_nobody(signed: Court) -> None:
    other = signed.register(signed.server.url)
    signed.place.ledger.set_alias(other, "champion")
    assert "no record says" in refused(signed)


def test_an_adopted_judge_was_never_measured(tmp_path: Path) -> None:
    with court(tmp_path, signs=True) as found:
        adopted = adopt(
            found.place.ledger, "support_judge/1", alias="champion", reason="old", at=str(NOW)
        )
        record_adoption(adopted, found.place.services, alias="champion", reason="old")
        assert "without a PASS" in refused(found)


def test_a_policy_of_another_kind_admits_nobody(tmp_path: Path) -> None:
    with court(tmp_path, signs=True, kind="release") as found:
        found.run()
        assert found.promote().answer is Answer.PROMOTED
        assert "passed no policy of kind `judge`" in refused(found)


def test_nor_does_it_where_nobody_signs(tmp_path: Path) -> None:
    with court(tmp_path, signs=False, kind="release") as found:
        found.run()
        found.place.ledger.set_alias(found.place.ledger.version("support_judge/1"), "champion")
        assert "passed no policy of kind `judge`" in refused(found)


def test_a_judge_that_did_not_pass_is_not_admitted(tmp_path: Path) -> None:
    with court(tmp_path, signs=False) as found:
        found.mind.choose = judge.prefers_first
        found.run()
        found.place.ledger.set_alias(found.place.ledger.version("support_judge/1"), "champion")
        assert "is FAIL" in refused(found)


def test_a_revoked_judge_is_not_admitted(signed: Court) -> None:
    revoke("support_judge/1", signed.place.services, reason="it was bribed")
    said = refused(signed)
    assert "is revoked; register another judge as a new VERSION" in said
    assert "support_judge/VERSION, then gate promote support_judge/VERSION --to champion" in said
    assert "gate run judge_gate support_judge/1" not in said, "it cannot pass again"


@pytest.mark.parametrize("signs", [True, False])
def test_an_endpoint_that_was_exchanged_is_not_admitted(tmp_path: Path, *, signs: bool) -> None:
    with court(tmp_path, signs=signs) as found:
        found.run()
        if signs:
            found.promote()
        else:
            version = found.place.ledger.version("support_judge/1")
            found.place.ledger.set_alias(version, "champion")
        with OpenAIServer(found.mind) as other:
            found.settings(url=other.url)
            assert "is not what was measured" in refused(found)
        found.settings(url=found.server.url, model="judge-b")
        assert "is not what was measured" in refused(found)


def test_tags_that_were_changed_with_the_endpoint_admit_nobody(signed: Court) -> None:
    version = signed.place.ledger.version("support_judge/1")
    with OpenAIServer(signed.mind) as other:
        signed.place.ledger.tag(version, {"gate_base_url": other.url})
        signed.settings(url=other.url)
        assert "is not what was measured" in refused(signed)


def test_an_endpoint_that_serves_something_else_now_is_out_for_good(signed: Court) -> None:
    signed.mind.canary = "I am new here"
    assert "changed what it serves" in refused(signed)
    signed.mind.canary = "as ever"
    assert "changed what it serves" in refused(signed)


def test_an_endpoint_that_names_another_model_now_is_out(signed: Court) -> None:
    signed.mind.model = "judge-served-v2"
    assert "changed what it serves" in refused(signed)


def test_an_endpoint_that_does_not_answer_is_not_admitted(signed: Court) -> None:
    signed.mind.down = True
    assert "cannot be told" in refused(signed)
    signed.mind.down = False
    assert signed.admitted().judge == "judge_a"


def test_who_only_reads_asks_no_judge(signed: Court) -> None:
    calls, services = len(signed.server.calls), signed.place.services
    signed.mind.down = True
    endpoints = judging_endpoints(services)
    assert set(admissions(["judge_a"], endpoints, services, asks=False)) == {"judge_a"}
    assert len(signed.server.calls) == calls
    signed.mind.down, signed.mind.canary = False, "I am new here"
    assert "changed what it serves" in refused(signed)
    with pytest.raises(Broken, match="not admitted"):
        admissions(["judge_a"], endpoints, services, asks=False)


RATED = "offline: {tone: {data: ../data/sums.jsonl, rubric: [relevance], judge: judge_a}}"
FINE = "{metric: tone.relevance, at_least: 0.5, severity: blocking, because: it must fit}"


def test_a_judge_that_is_not_admitted_grades_no_answers_either(tmp_path: Path) -> None:
    with court(tmp_path, signs=False) as found:
        place = found.place
        place.recorded()
        file = place.policy(policy_text((RATED,), (FINE,)))
        result = run_round(file, ["assistant/1"], place.services)
        [candidate] = result.decision.candidates
        assert candidate.verdict is Verdict.HOLD
        evidence = result.evidence["models:/assistant/1"][StageName.OFFLINE]
        reasons = {
            m.measured.reason for m in evidence.measurements if isinstance(m.measured, Unmeasured)
        }
        assert any("judge judge_a is not admitted" in reason for reason in reasons)
        assert found.server.calls == []


def test_where_nothing_is_known_of_the_measuring_nobody_is_admitted(signed: Court) -> None:
    empty = FolderState(signed.place.folder / "elsewhere")
    services = replace(signed.place.services, state=empty)
    with pytest.raises(Broken, match="not admitted") as why:
        admissions(["judge_a"], judging_endpoints(services), services)
    assert "nothing is known here" in why.value.why


def test_a_later_decision_that_is_no_pass_ends_the_admission(signed: Court) -> None:
    admitted = signed.admitted()
    assert "gate run judge_gate support_judge/1" in admitted.suspend(
        "it drifted", signed.place.services
    )
    assert "it drifted" in refused(signed)
    signed.run()
    assert "the newest decision on models:/support_judge/1 is HOLD" in refused(signed)


def test_a_hold_that_was_signed_counts_although_the_ledger_has_lost_it(signed: Court) -> None:
    signed.admitted().suspend("it drifted", signed.place.services)
    signed.run()
    records = signed.place.ledger.records
    del records[list(records)[-1]]
    why = refused(signed)
    assert "the newest decision on models:/support_judge/1 is HOLD: " in why


def test_a_pass_whose_page_is_gone_admits_nobody(signed: Court) -> None:
    signed.place.ledger.records.clear()
    assert "passed no policy of kind `judge`" in refused(signed)


def test_a_suspended_judge_is_told_of_and_a_new_version_may_pass(signed: Court) -> None:
    signed.admitted().suspend("it drifted", signed.place.services)
    [standing] = standings("support_judge", signed.place.ledger)
    assert standing.drifted is not None
    assert "gate run judge_gate support_judge/1" in standing.drifted
    assert standing.drifted in standing.apart(NOW)
    assert standing.as_json()["drifted"] is not None
    assert DRIFTED_TAG in signed.place.ledger.version("support_judge/1").tags
    signed.register(signed.server.url)
    signed.place.later(minutes=1)
    calls = len(signed.server.calls)
    signed.run("support_judge/2")
    assert len(signed.server.calls) > calls, "what another version said does not count"
    assert signed.promote("support_judge/2").answer is Answer.PROMOTED
    assert signed.admitted().version.uri == "models:/support_judge/2"


@pytest.mark.parametrize(
    "wrong", ["support_judge", "support_judge@", "@champion", "a/1@b", "a b@c"]
)
def test_an_admission_is_a_model_and_its_alias(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "gate.toml").write_text(
        f'[endpoints.judge_a]\nbase_url = "http://x/v1"\nmodel = "m"\nadmitted = "{wrong}"\n'
    )
    with pytest.raises(WrongUsage) as refused_:
        load_workspace(tmp_path, {}, state_url=str(tmp_path / "state"), allow_local_state=True)
    assert "gate.toml:4" in refused_.value.why


SITTING = (
    "side_by_side: {{data: ../data/chats.jsonl, votes_at_most: 12, count: judges, "
    "judges: [judge_a]{0}}}"
)


def told(found: Court, more: str = "") -> list[str]:
    """What is told of the judges of a comparison, whom nobody asks."""
    calls = len(found.server.calls)
    plan = found.place.policy(policy_text((SITTING.format(more),), (WINS,))).policy.plan
    assert plan.side_by_side is not None
    standing = list(judges_standing(plan, found.place.services))
    assert len(found.server.calls) == calls
    return [
        one.in_short
        if isinstance(one, GateError)
        else one.unlike(plan.side_by_side.judging) or f"{one.version.uri} passed"
        for one in standing
    ]


def test_who_only_looks_is_told_of_an_admission_that_lapsed(signed: Court) -> None:
    assert told(signed) == ["models:/support_judge/1 passed"]
    signed.admitted().suspend("it drifted", signed.place.services)
    [lapsed] = told(signed)
    assert lapsed.startswith("judge judge_a is not admitted as support_judge@champion: it drifted")


def test_who_only_looks_is_told_of_a_ledger_that_is_down(signed: Court) -> None:
    signed.place.ledger.is_down = True
    assert "is not admitted" not in told(signed)[0]


@pytest.mark.parametrize(
    ("more", "how"),
    [
        (", judging: {own_answer_first: true}", "with its own answer first"),
        (", judging: {rubric: code}", "by the rubric code"),
        (", topic: topic, judging: {rubrics: {sums: maths}}", "by the rubric maths"),
    ],
)
def test_a_judge_that_is_asked_otherwise_than_by_its_gate_is_told(
    unsigned: Court, more: str, how: str
) -> None:
    [unlike] = told(unsigned, more)
    assert f"judge judge_a is asked {how}, and policy judge_gate, by which" in unlike


def test_the_workshop_asks_only_judges_that_are_admitted(signed: Court, tmp_path: Path) -> None:
    services = signed.place.services
    file = RecipeFile(recipe=Recipe(recipe="bench"), path=tmp_path / "recipe.yaml")
    with open_workroom(file, services, names=["judge_a"], folder=tmp_path / "made") as room:
        assert set(room.hands) == {"judge_a"}
    signed.mind.canary = "another model answers"
    with (
        pytest.raises(Broken, match="judge judge_a is not admitted"),
        open_workroom(file, services, names=["judge_a"], folder=tmp_path / "made"),
    ):
        raise AssertionError("nobody may be asked")


def test_one_benchmark_outside_of_a_round_asks_only_judges_that_are_admitted(
    tmp_path: Path,
) -> None:
    with court(tmp_path, signs=False) as found:
        version = answering(found.place, "It is so.")
        items = found.place.data / "asked.jsonl"
        lines(items, [{"id": "a", "prompt": "Say it", "type": "contrast"}])
        asked = Asked(
            benchmark="xstest", version=version.uri, items=items, more=("refusal=judge_a",)
        )
        with pytest.raises(Broken, match="judge judge_a is not admitted"):
            measure(asked, found.place.services)


SXS = (
    "side_by_side: {{data: ../data/chats.jsonl, votes_at_most: 12, count: judges, "
    "judges: [judge_a]{more}}}"
)
WINS = "{metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: judges mind}"
CALIBRATED = ", judging: {calibration: ../data/gold.jsonl}"


def compared(found: Court, more: str = "") -> Unmeasured | None:
    """Why the win rate of two checkpoints, compared by the judge, is unmeasured; None if it is."""
    place = found.place
    lines(place.data / "chats.jsonl", ({"id": f"p{n}", "prompt": f"Say {n}"} for n in range(12)))
    lines(
        place.data / "gold.jsonl",
        (
            {
                "id": f"g{n}",
                "prompt": f"gold {n}",
                "answer_a": f"the right answer {n}",
                "answer_b": f"a wrong answer {n}",
                "preference": "A>>B",
            }
            for n in range(40)
        ),
    )
    if "assistant" not in place.ledger.models:
        first = answering(place, "It is so.")
        adopt(place.ledger, first.uri, alias="champion", reason="live", at=NOW.isoformat())
        answering(place, "It is so, and here is why it must be so.")
    file = place.policy(policy_text((SXS.format(more=more),), (WINS,)))
    result = run_round(file, ["assistant/2"], place.services)
    evidence = result.evidence["models:/assistant/2"][StageName.SIDE_BY_SIDE]
    [rate] = [m.measured for m in evidence.measurements if m.metric == "side_by_side.win_rate"][:1]
    [candidate] = result.decision.candidates
    assert isinstance(rate, Unmeasured) == (candidate.verdict is Verdict.HOLD)
    return rate if isinstance(rate, Unmeasured) else None


def test_an_admitted_judge_compares(unsigned: Court) -> None:
    assert compared(unsigned) is None


def test_one_that_is_not_admitted_holds_the_comparison(tmp_path: Path) -> None:
    with court(tmp_path, signs=False) as found:
        lacking = compared(found)
    assert lacking is not None
    assert lacking.cause is Cause.BROKEN
    assert "judge judge_a is not admitted as support_judge@champion" in lacking.reason
    assert lacking.reason.endswith("it then judges unmeasured"), "the mend is told, too"


def test_an_admitted_judge_that_drifts_is_out_until_its_gate_is_run_again(unsigned: Court) -> None:
    assert compared(unsigned, CALIBRATED) is None
    unsigned.place.later(days=1)
    unsigned.mind.choose = lambda a, b: "A=B" if "answer" in a else right(a, b)
    lacking = compared(unsigned, CALIBRATED)
    assert lacking is not None
    assert "judge judge_a is out as support_judge@champion" in lacking.reason
    assert "gate run judge_gate support_judge/1" in lacking.reason
    unsigned.place.later(days=1)
    unsigned.mind.choose = right
    again = compared(unsigned, CALIBRATED)
    assert again is not None, "what drifted once is not trusted for having drifted back"
    unsigned.run()
    assert "is HOLD" in refused(unsigned)
