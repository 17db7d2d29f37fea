"""Draws from a stream's wealth: published numbers, a naive twin, and the sum that bounds errors."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.online_fdr import Drawn, Ended, Entry, discount, lord, next_alpha

LEVEL, MOST = 0.05, 0.025


def drawn(history: Sequence[Entry], test: str, *, level: float = LEVEL) -> Drawn:
    found = next_alpha(history, test=test, level=level, most=MOST)
    assert isinstance(found, Drawn)
    return found


def long_stream(distance: int) -> float:
    """Javanmard & Montanari (2018), equation 31: the default of R's onlineFDR."""
    return (
        0.07720838
        * math.log(max(distance, 2))
        / (distance * math.exp(math.sqrt(math.log(distance))))
    )


def published(pvalues: Sequence[float], known_at: Sequence[int]) -> list[bool]:
    """Rejections of LORD, asynchronous, at onlineFDR's defaults (level 0.05, initial 0.005)."""
    rejected: list[bool] = []
    for number, p in enumerate(pvalues, start=1):
        wins = sorted(
            known for known, won in zip(known_at, rejected, strict=False) if won and known < number
        )
        alpha = lord(number, wins, level=0.05, initial=0.005, spread=long_stream)
        rejected.append(p <= alpha)
    return rejected


def test_the_published_rejections_are_found() -> None:
    """onlineFDR's own cases: known at once, and known only after the last."""
    pvalues = (1e-07, 3e-04, 0.1, 5e-04)
    assert published(pvalues, (1, 2, 3, 4)) == [True, True, False, True]
    assert published(pvalues, (4, 4, 4, 4)) == [True, False, False, False]


def test_the_levels_of_the_rule_are_those_of_its_formula_by_hand() -> None:
    first = 0.005 * long_stream(1)
    assert first == pytest.approx(0.00026758, rel=1e-4)
    third = lord(3, (1, 2), level=0.05, initial=0.005, spread=long_stream)
    by_hand = 0.005 * long_stream(3) + 0.045 * long_stream(2) + 0.05 * long_stream(1)
    assert third == pytest.approx(by_hand, rel=1e-14)
    assert lord(1, (), level=0.05, initial=0.025) == pytest.approx(0.025 / 2.2857656656801293)


def test_the_discounts_are_a_share_each_and_sum_to_one() -> None:
    shares = [discount(k) for k in range(1, 200_001)]
    tail = 200_000.5**-0.6 / 0.6 / 2.2857656656801293
    assert sum(shares) + tail == pytest.approx(1, abs=1e-9)
    assert shares == sorted(shares, reverse=True)


def naive(history: Sequence[Entry], *, level: float) -> float:
    """The rule written the slow way: every win looked for at every draw."""
    draws = [e for e in history if isinstance(e, Drawn)]
    t = len(draws) + 1
    known = []
    for i in range(1, t):
        before_next = 0
        for entry in history:
            if isinstance(entry, Drawn):
                before_next += 1
            if before_next > i:
                break
            if isinstance(entry, Ended) and entry.rejected and before_next == i:
                known.append(i)
    total = level / 2 * discount(t)
    for place, i in enumerate(known):
        total += (level / 2 if place == 0 else level) * discount(t - i)
    return total


@st.composite
def streams(draw: st.DrawFn) -> list[Entry]:
    """Any stream that the rule itself could have drawn, its tests overlapping."""
    history: list[Entry] = []
    pending: list[str] = []
    for number in range(draw(st.integers(0, 25))):
        found = next_alpha(history, test=f"t{number}", level=LEVEL, most=MOST)
        assert isinstance(found, Drawn)
        history.append(found)
        pending.append(found.test)
        for test in draw(st.lists(st.sampled_from(pending), unique=True)):
            history.append(Ended(test=test, rejected=draw(st.booleans())))
            pending.remove(test)
    return history


@given(streams())
def test_the_draw_is_that_of_the_naive_twin(history: list[Entry]) -> None:
    assert drawn(history, "next").alpha == pytest.approx(
        min(MOST, naive(history, level=LEVEL)), rel=1e-12
    )


@given(streams())
def test_the_sum_drawn_never_exceeds_what_the_known_wins_have_earned(
    history: list[Entry],
) -> None:
    total, wins = 0.0, 0
    for entry in (*history, drawn(history, "next")):
        if isinstance(entry, Drawn):
            total += entry.alpha
        else:
            wins += entry.rejected
        assert total <= LEVEL * max(1, wins) + 1e-15


@given(streams(), st.integers(0, 24))
def test_to_ask_again_spends_nothing(history: list[Entry], number: int) -> None:
    before = {e.test: e for e in history if isinstance(e, Drawn)}
    if (test := f"t{number}") in before:
        assert drawn(history, test) is before[test]


def test_a_pending_test_counts_as_one_that_did_not_win() -> None:
    first = drawn([], "a")
    lost = [first, Ended(test="a", rejected=False)]
    won = [first, Ended(test="a", rejected=True)]
    assert drawn([first], "b") == drawn(lost, "b")
    assert drawn(won, "b").alpha > drawn([first], "b").alpha


def test_no_test_draws_more_than_its_plan_allows() -> None:
    won: list[Entry] = []
    for test in ("a", "b", "c"):
        won += [drawn(won, test), Ended(test=test, rejected=True)]
    assert drawn(won, "d").alpha == MOST
    unbound = next_alpha(won, test="d", level=LEVEL, most=0.9)
    assert isinstance(unbound, Drawn)
    assert unbound.alpha > MOST


def test_earlier_draws_at_a_larger_level_leave_only_what_is_left() -> None:
    first = drawn([], "a", level=0.2)
    assert first.alpha == MOST
    history: list[Entry] = [first]
    assert drawn(history, "b", level=0.026).alpha == pytest.approx(0.026 - MOST)
    won: list[Entry] = [*history, Ended(test="a", rejected=True)]
    assert drawn(won, "b", level=0.026).alpha == pytest.approx(0.026 - MOST)
    nothing = next_alpha(history, test="b", level=0.01, most=MOST)
    assert isinstance(nothing, Unmeasured)
    assert nothing.cause is Cause.OVER_BUDGET


@pytest.mark.parametrize(
    ("history", "why"),
    [
        ([Drawn(test="a", alpha=0.01), Drawn(test="a", alpha=0.01)], "draws twice"),
        ([Ended(test="a", rejected=True)], "without having drawn"),
        (
            [Drawn(test="a", alpha=0.01), *[Ended(test="a", rejected=True)] * 2],
            "ends twice",
        ),
    ],
)
def test_a_record_that_cannot_be_is_refused(history: list[Entry], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        next_alpha(history, test="b", level=LEVEL, most=MOST)


@pytest.mark.parametrize("bad", [0.0, 1.0, math.nan, -0.1])
def test_levels_lie_between_zero_and_one(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        next_alpha([], test="a", level=bad, most=MOST)
    with pytest.raises(ValueError, match="between 0 and 1"):
        next_alpha([], test="a", level=LEVEL, most=bad)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Drawn(test="a", alpha=bad)
