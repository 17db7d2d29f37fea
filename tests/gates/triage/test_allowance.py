"""Shares never add up to more than there is, and a share bounds what is asked for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.amounts import Calls, Range, StageForecast
from gates.triage.allowance import Allowance, TooDear, calls_within, spent_since
from stages.evidence.records import Cost, StageName
from stages.models.prices import Price

PRICE = Price(usd_input=10.0, usd_output=30.0)
amounts = st.floats(min_value=0, max_value=1e6)


def due(*, calls: int = 100, pinned: int = 8, usd: float | None = 10.0, **more: object) -> object:
    asking = Calls(
        calls=Range(low=calls, high=calls),
        prompt_tokens=Range(high=calls * 1000),
        completion_tokens=Range(high=calls * 1000),
    )
    checks = Calls(calls=Range(high=pinned))
    known = {"candidates": Range(), "asking": asking, "pinned": checks} | more
    price = None if usd is None else Range(high=usd)
    return StageForecast(stage=StageName.OFFLINE, usd=price, gpu_minutes=None, **known)  # type: ignore[arg-type]


DEAREST = Calls(
    calls=Range(low=1, high=1), prompt_tokens=Range(high=1000), completion_tokens=Range(high=1000)
)


def within(share: Allowance, forecast: object) -> object:
    return calls_within(share, forecast, price=PRICE, dearest=DEAREST)  # type: ignore[arg-type]


@given(calls=amounts, usd=amounts, among=st.integers(min_value=1, max_value=600))
def test_shares_never_exceed_the_whole(calls: float, usd: float, among: int) -> None:
    share = Allowance(calls=calls, usd=usd).share(among)
    assert share.calls is not None
    assert share.usd is not None
    assert share.calls * among <= calls
    assert share.usd * among <= usd * (1 + 1e-9)
    assert share.seconds is None


@given(share=st.integers(min_value=0, max_value=300))
def test_a_share_of_calls_pays_for_pinned_texts_first(share: int) -> None:
    found = within(Allowance(calls=float(share)), due())
    if share >= 108:
        assert found is None
    elif share >= 9:
        assert found == share - 8
    else:
        assert isinstance(found, TooDear)


@given(usd=st.floats(min_value=0, max_value=20))
def test_a_share_of_money_is_never_exceeded_at_the_dearest(usd: float) -> None:
    each = DEAREST.usd(PRICE)
    asked = Calls(prompt_tokens=Range(high=100_000), completion_tokens=Range(high=100_000))
    assert each is not None
    assert asked is not None
    found = within(Allowance(usd=usd), due(usd=4.2))  # 4 for asking, 0.2 for pinned texts
    if isinstance(found, int):
        assert found * each.high + 0.2 <= usd + 1e-9
        assert found < 100
    elif found is None:
        assert usd >= 4.2


def test_what_nobody_can_tell_is_too_dear() -> None:
    assert isinstance(within(Allowance(usd=1e9), due(usd=None)), TooDear)
    assert isinstance(within(Allowance(calls=1e9), due(harnesses=None)), TooDear)
    assert isinstance(within(Allowance(gpu_minutes=1e9), due()), TooDear)
    assert isinstance(within(Allowance(seconds=0.0), due()), TooDear)
    assert within(Allowance(), due(usd=None, harnesses=None)) is None


def test_judges_cannot_be_cut_short() -> None:
    judged = due(judging={"judge": Calls(calls=Range(high=50))})
    assert within(Allowance(calls=100.0), judged) == 42
    assert isinstance(within(Allowance(calls=58.0), judged), TooDear)
    assert isinstance(within(Allowance(calls=10.0), due(calls=0, pinned=20)), TooDear)


def test_a_cost_without_a_price_leaves_nothing() -> None:
    left = Allowance(calls=10.0, usd=5.0).less(Cost(calls=3), seconds=1.0)
    assert left == Allowance(calls=7.0, usd=0.0)
    assert Allowance(usd=5.0).less(Cost()) == Allowance(usd=5.0)


def test_the_smaller_of_two_limits_holds() -> None:
    one, other = Allowance(calls=5.0, usd=9.0), Allowance(usd=3.0, seconds=60.0)
    assert one.least(other) == Allowance(calls=5.0, usd=3.0, seconds=60.0)


@pytest.mark.parametrize(
    ("before", "now", "usd"),
    [(Cost(), Cost(calls=3, usd=2.0), 2.0), (Cost(calls=1), Cost(calls=3, usd=2.0), None)],
)
def test_what_was_spent_since(before: Cost, now: Cost, usd: float | None) -> None:
    found = spent_since(before, now)
    assert found.calls == now.calls - before.calls
    assert found.usd == usd
