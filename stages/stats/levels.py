"""What a confidence level means at each end of an interval."""

import sys

from scipy.special import ndtri, stdtrit

SMALLEST = sys.float_info.min
"""The least p-value that is told, 2.2e-308: no data make anything certain."""


def tail_of(level: float) -> float:
    """Error left at each end of an equal-tailed interval: (1 - level) / 2.

    Raises:
        ValueError: When the level does not lie strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    return (1 - level) / 2


def normal_quantile(tail: float) -> float:
    """The z that a standard normal exceeds with probability `tail`."""
    return -float(ndtri(tail))


def t_quantile(tail: float, degrees: float) -> float:
    """The t that Student's distribution exceeds with probability `tail`."""
    return -float(stdtrit(degrees, tail))
