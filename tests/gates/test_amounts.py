from gates.amounts import Calls, Range, StageForecast, priced
from stages.evidence.records import StageName
from stages.models.prices import Price, Prices

ONE = Range(low=1, high=1)
JUDGING = Calls(calls=ONE, prompt_tokens=ONE, completion_tokens=Range(low=10, high=20))
DOLLARS = Price(usd_input=0.0, usd_output=1_000_000.0)
"""A dollar for every token of a reply."""


def usd(*, in_batches: bool, judge: Price = DOLLARS) -> Range | None:
    due = StageForecast(
        stage=StageName.SIDE_BY_SIDE,
        candidates=ONE,
        judging={"j": JUDGING},
        in_batches=in_batches,
    )
    return priced(due, Prices(checkpoint=DOLLARS, endpoints={"j": judge})).usd


def test_batches_halve_the_least_money_and_not_the_most() -> None:
    assert usd(in_batches=False) == Range(low=10, high=20)
    assert usd(in_batches=True) == Range(low=5, high=20)


def test_a_judge_without_a_price_makes_the_whole_unknown() -> None:
    assert usd(in_batches=True, judge=Price()) is None
