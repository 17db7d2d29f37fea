"""How numbers are said: in percent and points, never rounded across a limit."""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import assert_never

from policies.metric import Metric, Unit
from stages.evidence.estimate import LEFT_OUT, NOTHING_WON, SETTLED, UNSEARCHED, Estimate
from stages.evidence.records import Quantity

_MOST_DECIMALS = 340
"""No two floats need more decimals to be told apart."""

_HUNDREDTH = 0.01
"""Below a hundredth of a dollar two decimals would say nothing."""


def metric_words(name: str) -> str:
    """`toxicity.rate` as people say it: "toxicity rate"."""
    return name.replace(".", " ").replace("_", " ")


def one_line(text: str, *, most: int = 400) -> str:
    """Foreign text on one line, cut after `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def count_words(number: float, noun: str) -> str:
    """A count with its noun: "1 response", "1,200 responses"."""
    said = plain_words(number)
    return f"{said} {noun.removesuffix('s')}" if said == "1" else f"{said} {noun}"


def plain_words(number: float) -> str:
    """A number that need not be compared: thousands separated, at most two decimals."""
    text = f"{number:,.2f}"
    return text.rstrip("0").rstrip(".")


def level_words(level: float) -> str:
    """A confidence level: "95 %", "97.5 %"."""
    return f"{100 * level:.5g} %"


def amount_words(amount: float) -> str:
    """Money or minutes: "12.50"; below a hundredth two significant digits, "0.0034"."""
    return f"{amount:.2g}" if 0 < amount < _HUNDREDTH else f"{amount:,.2f}"


def rough_count(number: float) -> int:
    """A rough count that is enough: up to two significant digits."""
    step: int = 10 ** max(0, len(str(int(number))) - 2)
    return math.ceil(number / step) * step


def p_words(p: float) -> str:
    """A p-value: "0.0031", "< 0.0001"."""
    return "< 0.0001" if p < 1e-4 else f"= {p:.2g}"  # noqa: PLR2004 - the usual last digit


def units_of(metric: Metric, estimate: Estimate) -> str:
    """The units an estimate rests on, and what is to be known of some: "1,200 responses"."""
    return f"{count_of(metric, estimate)}{aside_of(estimate)}"


def count_of(metric: Metric, estimate: Estimate) -> str:
    """The units an estimate rests on, and no more: "1,200 responses"."""
    return count_words(estimate.n, noun_of(metric, estimate))


def aside_of(estimate: Estimate) -> str:
    """Which units are left out, settled, lost or not searched; empty where there are none."""
    method = estimate.method
    marks = (LEFT_OUT, SETTLED, NOTHING_WON, UNSEARCHED)
    places = [method.find(mark) for mark in marks if mark in method]
    return method[min(places) :] if places else ""


def noun_of(metric: Metric, estimate: Estimate) -> str:
    """What the independent units are, in the plural."""
    match metric.stage:
        case "offline":
            return "response clusters" if in_clusters(estimate) else "responses"
        case "side_by_side":
            return "prompts"
        case "online":
            return "units"
        case _:
            assert_never(metric.stage)


def in_clusters(estimate: Estimate) -> bool:
    """Whether its independent units are clusters of items."""
    return "cluster" in estimate.method


def exact(value: float) -> Decimal:
    """The decimal number that Python writes for a float, which is the one people see."""
    return Decimal(repr(float(value)))


def in_words(values: Sequence[Decimal], unit: str, *, whole: Decimal) -> tuple[str, ...]:
    """Numbers said together, with as many decimals as keep them apart and in order.

    Args:
        values: In the unit in which they are said (percent, points).
        unit: What stands behind each: "%", "points" or nothing.
        whole: The limit among them, of which no decimal is dropped.

    Returns:
        One text a value. All have equally many decimals: the fewest that are sensible for their
        size and that leave every two different values different.
    """
    decimals = _fewest_decimals((*values, whole), at_least=_decimals_of(whole))
    return tuple(f"{value:,.{decimals}f}{f' {unit}' if unit else ''}" for value in values)


def unit_words(quantity: Quantity, unit: Unit) -> str:
    """What stands behind a number of a quantity."""
    match quantity:
        case Quantity.VALUE:
            return "%" if unit is Unit.SHARE else ""
        case Quantity.DIFFERENCE:
            return "points" if unit is Unit.SHARE else ""
        case Quantity.RATIO:
            return "%"
        case _:
            assert_never(quantity)


def as_said(value: Decimal, quantity: Quantity, unit: Unit) -> Decimal:
    """A value in the unit in which it is said.

    Shares become percent or points; a ratio becomes the percent by which it differs from 1.
    """
    match quantity:
        case Quantity.VALUE | Quantity.DIFFERENCE:
            return value * 100 if unit is Unit.SHARE else value
        case Quantity.RATIO:
            return (value - 1) * 100
        case _:
            assert_never(quantity)


def _decimals_of(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _fewest_decimals(values: Sequence[Decimal], *, at_least: int) -> int:
    distinct = sorted(set(values))
    for decimals in range(max(at_least, _sensible_decimals(values)), _MOST_DECIMALS):
        rounded = [Decimal(f"{value:.{decimals}f}") for value in distinct]
        if all(a < b for a, b in pairwise(rounded)):
            return decimals
    return _MOST_DECIMALS


def _sensible_decimals(values: Sequence[Decimal]) -> int:
    largest = max(abs(value) for value in values)
    if largest >= 1000:  # noqa: PLR2004 - four digits say enough
        return 0
    if largest >= 10:  # noqa: PLR2004 - three digits say enough
        return 1
    if largest >= Decimal("0.1") or largest == 0:
        return 2
    return 1 - largest.adjusted()
