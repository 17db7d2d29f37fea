"""How much error each A/B of an endless stream may make, so that few of its winners are false."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from stages.evidence.estimate import Cause, Unmeasured

INITIAL_SHARE = 0.5
"""Share of the level that is spent on tests before any has won; the first winner frees the rest."""

_EXPONENT = 1.6
_ZETA = 2.2857656656801293
"""Riemann's zeta of 1.6, so that the discounts sum to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A test was registered, and drew its error.

    Attributes:
        test: Name of the test, once in a stream.
        alpha: The type I error that it may make, in (0, 1).
    """

    test: str
    alpha: float

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The outcome of a test that drew before became known; until then it is pending.

    Attributes:
        test: Name of the test.
        rejected: Whether it won: "no effect" was rejected at its alpha.
    """

    test: str
    rejected: bool


Entry = Drawn | Ended
"""One entry of a wealth record, which is only ever appended to."""


def next_alpha(
    history: Sequence[Entry], *, test: str, level: float, most: float
) -> Drawn | Unmeasured:
    """What a test draws when it is registered, while others are still running.

    The rule is LORD for asynchronous tests. With t the number of this draw and r_j the number of
    draws before the j-th win became known, alpha_t = w g(t) + (level - w) g(t - r_1) + level
    sum_{j > 1} g(t - r_j), for discounts g that sum to 1 and w = level / 2. A pending test counts
    as one that did not win. At every time the alphas drawn sum to at most level x max(1, wins
    known), from which follows E[false wins] / E[max(1, wins)] <= level at every time, provided that
    each test errs with probability at most its alpha given what was known when it was drawn. For
    independent tests E[false wins / max(1, wins)] <= level, too.

    A test that drew before keeps what it has: to ask again spends nothing. The sum is also held
    where earlier draws were made at another level.

    Args:
        history: The stream's record, in the order of its writing.
        test: Name of the test.
        level: False discovery rate to hold, in (0, 1).
        most: What a test may draw at most, in (0, 1); what is cut off is lost.

    Returns:
        The draw, to be appended to the record before the test begins, or `Unmeasured` (over budget)
        where nothing is left to draw.

    Raises:
        ValueError: A level out of range, or a record in which a test draws or ends twice, or ends
            without having drawn.

    References:
        Zrnic, Ramdas & Jordan (2021), Asynchronous online testing of multiple hypotheses, JMLR 22,
        algorithm 3 (LORD, asynchronous) and its theorem on mFDR; Ramdas et al. (2017), LORD++.
    """
    _check_level(level)
    _check_level(most)
    record = _read(history)
    if (before := record.drawn.get(test)) is not None:
        return before
    asked = lord(len(record.drawn) + 1, record.wins, level=level, initial=INITIAL_SHARE * level)
    left = level * max(1, len(record.wins)) - sum(d.alpha for d in record.drawn.values())
    alpha = min(asked, most, left)
    if alpha <= 0:
        return Unmeasured("the stream of tests has no error left to draw", Cause.OVER_BUDGET)
    return Drawn(test=test, alpha=alpha)


def discount(distance: int) -> float:
    """Share of a reward that is spent so many draws after it: distance^-1.6 / zeta(1.6).

    Streams of A/Bs are short. This spends 44 % of a reward on the next draw and 82 % on ten; the
    discount that Javanmard & Montanari (2018) derive for long streams spends 5 and 11 %.

    Args:
        distance: Number of draws since, at least 1.

    References:
        Tian & Ramdas (2019), section 4, for the exponent.
    """
    return float(distance**-_EXPONENT / _ZETA)


def lord(
    number: int,
    wins: Sequence[int],
    *,
    level: float,
    initial: float,
    spread: Callable[[int], float] = discount,
) -> float:
    """The rule by itself.

    Args:
        number: The how-manieth draw it is, from 1.
        wins: For each win that is known, in order, how many draws had been made when it became
            known: at least 1, below `number`.
        level: False discovery rate to hold.
        initial: Error to spend before any win, at most `level`.
        spread: Shares of a reward by distance, summing to at most 1.

    Returns:
        The error to draw.
    """
    rewards = [level - initial, *[level] * (len(wins) - 1)] if wins else []
    earned = sum(reward * spread(number - win) for reward, win in zip(rewards, wins, strict=True))
    return initial * spread(number) + earned


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A record, read: every draw by its test, and after how many draws each win became known."""

    drawn: dict[str, Drawn]
    wins: tuple[int, ...]


def _read(history: Sequence[Entry]) -> _Record:
    drawn: dict[str, Drawn] = {}
    ended: set[str] = set()
    wins: list[int] = []
    for entry in history:
        match entry:
            case Drawn(test=test):
                if test in drawn:
                    raise ValueError(f"{test} draws twice")
                drawn[test] = entry
            case Ended(test=test, rejected=rejected):
                if test not in drawn or test in ended:
                    raise ValueError(f"{test} ends twice, or without having drawn")
                ended.add(test)
                wins += [len(drawn)] if rejected else []
            case _:
                assert_never(entry)
    return _Record(drawn=drawn, wins=tuple(wins))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not {level}")
