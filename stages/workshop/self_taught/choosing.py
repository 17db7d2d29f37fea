"""Which judgements are learned from: right ones, one of a pair, as many for A as for B."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import sha256_of
from policies.errors import InputError
from stages.workshop.self_taught.judging import Judgement

_EXAMPLE_LENGTH = 200
"""Characters of a reply that an error shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Two judgements of one showing, one right and one not."""

    chosen: Judgement
    rejected: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What a judge learns from.

    Attributes:
        right: A right judgement of a pair each; half of them have the better answer first.
        preferences: Right against wrong or unreadable, one of a pair, balanced alike.
    """

    right: tuple[Judgement, ...]
    preferences: tuple[Preference, ...]


def choose(judgements: Sequence[Judgement], *, seed: int) -> Lessons:
    """Right judgements, and right against wrong ones: one of a pair, balanced over the orders.

    The better answer is shown first exactly where the right verdict is A, so that what is balanced
    over orders is balanced over A and B. All choices follow from digests: they are the same in
    every process, and no other pair changes which judgement of a pair is taken.

    Args:
        judgements: Of pairs in both orders.
        seed: Of the choices.
    """
    showings = _by_showing(judgements)
    right = {at: [j for j in js if j.right] for at, js in showings.items()}
    wrong = {at: [j for j in js if not j.right and j.reply] for at, js in showings.items()}
    taught = _balanced([at for at in showings if right[at]], seed=seed)
    preferred = _balanced([at for at in showings if right[at] and wrong[at]], seed=seed)
    pick = _picker(seed)
    return Lessons(
        right=tuple(pick(at, right[at]) for at in taught),
        preferences=tuple(
            Preference(chosen=pick(at, right[at]), rejected=pick(at, wrong[at])) for at in preferred
        ),
    )


def demand_lessons(
    rows: int, judgements: Sequence[Judgement], *, at_least: int, who: str, iteration: int
) -> None:
    """Returns when there is enough to learn from.

    Args:
        rows: How many there are.
        judgements: What they were chosen from.
        at_least: How many there must be.
        who: The judge.
        iteration: The one that it was to begin, from 1.

    Raises:
        InputError: When there are fewer, saying of the replies how many could not be read.
    """
    if rows >= at_least:
        return
    unread = [each for each in judgements if each.unread]
    right = sum(each.right for each in judgements)
    shown = next((each for each in unread if each.reply), None)
    such = f", such as {shown.reply[:_EXAMPLE_LENGTH]!r} ({shown.unread})" if shown else ""
    if unread and not shown:
        such = f" ({unread[0].unread})"
    raise InputError(
        f"`{who}` teaches nothing: {rows:,} rows to learn from, and at least {at_least:,} are "
        "needed",
        why=f"{len(unread):,} of its {len(judgements):,} replies could not be read{such}; "
        f"{right:,} were right",
        fix="begin with a model that follows instructions, draw more `samples`, give more "
        "instructions, or let a small model have `brief: short`; nothing was trained"
        if iteration == 1
        else "it forgot the form of a verdict while it learned: lower `learning_rate` or `epochs` "
        "of `pupil`, or stop at fewer `iterations`; the judges until here stand, and are logged",
    )


_Showing = tuple[str, bool]
"""A pair's id, and whether its better answer was shown first."""


def _by_showing(judgements: Sequence[Judgement]) -> Mapping[_Showing, list[Judgement]]:
    found: dict[_Showing, list[Judgement]] = {}
    for each in judgements:
        found.setdefault((each.shown.contest, each.shown.a_first), []).append(each)
    return found


def _balanced(showings: Sequence[_Showing], *, seed: int) -> tuple[_Showing, ...]:
    """One showing of a pair, half of them in each order, as many as that allows.

    Pairs that can be shown in one order only take that; the others fill up the rarer one. What is
    too many then of one order is left out.
    """
    orders: dict[str, set[bool]] = {}
    for contest, a_first in showings:
        orders.setdefault(contest, set()).add(a_first)
    drawn = sorted(orders, key=lambda contest: sha256_of([seed, contest]))
    taken: dict[bool, list[str]] = {True: [], False: []}
    for contest in sorted(drawn, key=lambda contest: len(orders[contest])):  # stable
        rarer = len(taken[True]) <= len(taken[False])
        order = rarer if len(orders[contest]) > 1 else next(iter(orders[contest]))
        taken[order].append(contest)
    most = min(map(len, taken.values()))
    chosen = {(contest, order) for order, them in taken.items() for contest in them[:most]}
    return tuple(showing for showing in dict.fromkeys(showings) if showing in chosen)


def _picker(seed: int) -> Callable[[_Showing, Sequence[Judgement]], Judgement]:
    def pick(at: _Showing, among: Sequence[Judgement]) -> Judgement:
        return among[int(sha256_of([seed, *at]), 16) % len(among)]

    return pick
