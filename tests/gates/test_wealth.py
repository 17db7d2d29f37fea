"""What A/Bs drew is never drawn twice, and what became of them is never rewritten."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.decide.verdict import OnlineVerdict, RoundDecision
from gates.wealth import Stake, draw, record, refuse_other_draw, settle
from policies.errors import Broken, PolicyError
from policies.policy import Policy
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from tests.fakes import decisions
from tests.fakes.workplace import NOW, PLAN, SHIPS, SOUND, TRAFFIC, Workplace, policy_text

HELD = TRAFFIC.replace("primary:", "false_discovery: 0.1, alpha: 0.05, primary:")
SECOND, THIRD = "models:/assistant/2", "models:/assistant/3"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def policy(place: Workplace) -> Policy:
    return place.policy(policy_text((PLAN, HELD), (SOUND, SHIPS))).policy


def ended(verdict: OnlineVerdict | None, candidate: str = SECOND) -> RoundDecision:
    """A round in which the A/B of one candidate came to a verdict."""
    made = decisions.record().decision
    stage = decisions.stage_decision(StageName.ONLINE)
    stage = replace(
        stage,
        online=verdict,
        verdict=verdict.verdict if verdict else stage.verdict,
        waits_for=decisions.a_wait() if verdict and verdict.verdict == "HOLD" else None,
    )
    one = replace(made.candidates[0], candidate=candidate, stages=(stage,))
    return replace(made, policy="release", candidates=(one,))


def test_a_plan_without_a_false_discovery_rate_draws_nothing(place: Workplace) -> None:
    plain = place.policy(policy_text((PLAN, TRAFFIC), (SOUND, SHIPS))).policy
    assert draw(plain, SECOND, place.state, at=NOW) is None
    assert record("release", place.state) == ()


def test_an_ab_draws_once(place: Workplace, policy: Policy) -> None:
    first = draw(policy, SECOND, place.state, at=NOW)
    assert draw(policy, SECOND, place.state, at=NOW) == first
    assert record("release", place.state) == (
        Stake(candidate=SECOND, alpha=first or 0.0, drawn_at=NOW.isoformat(), won=None),
    )


def test_a_registration_says_what_the_record_of_draws_says(
    place: Workplace, policy: Policy
) -> None:
    drawn = draw(policy, SECOND, place.state, at=NOW)
    refuse_other_draw(policy, SECOND, place.state, alpha=drawn)
    for candidate, alpha in ((SECOND, 0.05), (SECOND, None), (THIRD, drawn)):
        with pytest.raises(Broken, match="the record of what was drawn says"):
            refuse_other_draw(policy, candidate, place.state, alpha=alpha)


def test_a_pending_ab_counts_as_one_that_did_not_win(place: Workplace, policy: Policy) -> None:
    first = draw(policy, SECOND, place.state, at=NOW)
    second = draw(policy, THIRD, place.state, at=NOW)
    assert first is not None
    assert second is not None
    assert second < first


def test_a_win_frees_error_for_the_next(place: Workplace, policy: Policy) -> None:
    draw(policy, SECOND, place.state, at=NOW)
    settle(ended(OnlineVerdict.SHIP), place.state, at=NOW)
    after_a_win = draw(policy, THIRD, place.state, at=NOW)
    other = Workplace(place.folder / "other")
    draw(policy, SECOND, other.state, at=NOW)
    after_none = draw(policy, THIRD, other.state, at=NOW)
    assert after_a_win is not None
    assert after_none is not None
    assert after_a_win > after_none


@pytest.mark.parametrize(
    ("verdict", "won"),
    [
        (OnlineVerdict.SHIP, True),
        (OnlineVerdict.STOP, False),
        (OnlineVerdict.INCONCLUSIVE, False),
        (OnlineVerdict.CONTINUE, None),
        (OnlineVerdict.INVALID, None),
    ],
)
def test_only_an_end_is_an_outcome(
    place: Workplace, policy: Policy, verdict: OnlineVerdict, *, won: bool | None
) -> None:
    draw(policy, SECOND, place.state, at=NOW)
    settle(ended(verdict), place.state, at=NOW)
    assert [stake.won for stake in record("release", place.state)] == [won]


def test_the_first_outcome_stays(place: Workplace, policy: Policy) -> None:
    draw(policy, SECOND, place.state, at=NOW)
    settle(ended(OnlineVerdict.STOP), place.state, at=NOW)
    settle(ended(OnlineVerdict.SHIP), place.state, at=NOW)
    settle(ended(OnlineVerdict.STOP), place.state, at=NOW)
    assert [stake.won for stake in record("release", place.state)] == [False]
    assert len(place.state.read("online/wealth/release")) == 2


def test_an_ab_that_drew_nothing_has_no_outcome(place: Workplace) -> None:
    settle(ended(OnlineVerdict.SHIP), place.state, at=NOW)
    assert place.state.read("online/wealth/release") == ()


@pytest.mark.parametrize(
    "entry",
    [{}, {"drawn": SECOND}, {"drawn": SECOND, "alpha": 2.0}, {"ended": SECOND, "won": "yes"}],
)
def test_a_foreign_entry_is_never_read_as_none(
    place: Workplace, policy: Policy, entry: dict[str, str | float]
) -> None:
    place.state.append("online/wealth/release", [entry])
    with pytest.raises(Broken, match="what an A/B drew"):
        draw(policy, THIRD, place.state, at=NOW)
    with pytest.raises(Broken, match="what an A/B drew"):
        record("release", place.state)


def test_nothing_left_to_draw_starts_no_ab(
    place: Workplace, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.wealth.next_alpha", lambda *_, **__: Unmeasured("no error left"))
    with pytest.raises(PolicyError, match="no A/B of models:/assistant/2 can start"):
        draw(policy, SECOND, place.state, at=NOW)
    assert record("release", place.state) == ()
