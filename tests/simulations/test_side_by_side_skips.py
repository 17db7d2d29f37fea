"""How often votes looked at any time say a wrong yes where people pass over the worst prompts.

A fifth of the prompts are harmful, and the candidate wins 25 points less of them; on the whole it
is at the limit. People skip harmful prompts, or opted out of them, so that their votes come late or
never. The ballot box's own order of turns is looked at; full size: `make simulate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from stages.side_by_side.aggregate import Said, rows_of, tally
from stages.side_by_side.assignment import own_order
from stages.side_by_side.ballots.history import Act
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.ballots.turns import in_turn
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import PassedOver, Vote, seen_from
from stages.stats.betting import first_shown
from stages.stats.clusters import Floats, mean_of_each
from tests.fakes.batches import NOW, batch, pair
from tests.simulations.rates import Generator, noise

ALPHA, LEVEL, LIMIT = 0.025, 0.95, 0.45
PROMPTS, HARMFUL, WORSE = 300, 60, 0.25
CREW = tuple(f"ann {number}" for number in range(12))
EVERY = 60
"""Votes, and prompts passed over, between two looks."""

SMALL, FULL = 40, 400
HARM = "violence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who reads harmful prompts.

    Attributes:
        overlap: Votes on each prompt.
        skip: Chance that somebody who is shown one skips it.
        opted_out: Share of the people who are shown none.
        better: By how much the candidate wins more of the harmful ones than of the others.
        win: Its win rate on the whole.
    """

    overlap: int = 1
    skip: float = 0.0
    opted_out: float = 0.0
    better: float = -WORSE
    win: float = LIMIT

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody."""
        out = round(self.opted_out * len(CREW))
        return tuple(
            Person(name=name, opted_out=(HARM,) if number < out else ())
            for number, name in enumerate(CREW)
        )

    def chance(self, *, harmful: bool) -> float:
        """Of winning a vote."""
        share = HARMFUL / PROMPTS
        return self.win + self.better * ((1 - share) if harmful else -share)


def batch_of(overlap: int) -> Batch:
    """Its pairs, the first of them harmful."""
    harms = [(HARM,) if number < HARMFUL else () for number in range(PROMPTS)]
    return batch(
        PROMPTS,
        overlap=overlap,
        pairs=[pair(number, harms=harm) for number, harm in enumerate(harms)],
    )


BATCHES = {overlap: batch_of(overlap) for overlap in (1, 2)}
ORDERS = {
    overlap: {name: own_order(made, name) for name in CREW} for overlap, made in BATCHES.items()
}


def acts_of(crowd: Crowd, random: Generator) -> list[Act]:
    """What people do, one at a time, each in their own order, until nobody finds a pair."""
    made, orders = BATCHES[crowd.overlap], ORDERS[crowd.overlap]
    people = {person.name: person for person in crowd.people}
    votes, at = dict.fromkeys(made.shown, 0), dict.fromkeys(people, 0)
    found: list[Act] = []
    while people:
        name = list(people)[random.integers(len(people))]
        order = orders[name]
        while at[name] < PROMPTS and (
            votes[order[at[name]]] == crowd.overlap
            or set(made.shown[order[at[name]]].harms) & set(people[name].opted_out)
        ):
            at[name] += 1
        if at[name] == PROMPTS:
            del people[name]
            continue
        shown = order[at[name]]
        at[name] += 1
        harmful = bool(made.shown[shown].harms)
        said = Preference.UNRESOLVED
        if not (harmful and random.random() < crowd.skip):
            votes[shown] += 1
            won = random.random() < crowd.chance(harmful=harmful)
            said = Preference.A_BETTER if won else Preference.B_BETTER
        found.append(act(len(found) + 1, name, shown, said))
    return found


def act(number: int, person: str, shown: str, said: Preference) -> Act:
    return Act(
        number=number,
        person=person,
        pair=shown,
        turn=0,
        place=number,
        gold=False,
        preference=said,
        seconds=None,
        comment="",
        guidelines=1,
        token=str(number),
        undoes=None,
        at=NOW.isoformat(),
    )


def said_by(crowd: Crowd, random: Generator) -> list[Said]:
    found: list[Said] = []
    for each in in_turn(BATCHES[crowd.overlap], acts_of(crowd, random), crowd.people):
        seen = seen_from(each, "new", "old") if isinstance(each, Vote) else each
        assert seen is not None
        found.append(seen)
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a look showed that the limit is kept, and that it is missed."""

    kept: bool
    missed: bool


def shown(crowd: Crowd, said: Sequence[Said]) -> Shown:
    """What the sequence shows at the last of its prompts."""
    counted = tally(said, prompts=PROMPTS, overlap=crowd.overlap)
    if not counted.prompts:
        return Shown(kept=False, missed=False)
    rows = rows_of(counted.turns, lambda vote: vote.win)
    prompts = [row.prompt for row in rows]
    low = np.array(mean_of_each([row.low for row in rows], prompts))
    high = np.array(mean_of_each([row.high for row in rows], prompts))

    def is_shown(values: Floats, limit: float) -> bool:
        found = first_shown(values, limit, level=LEVEL, planned=PROMPTS, seen=len(values))
        return bool(np.isfinite(found))

    return Shown(kept=is_shown(low, LIMIT), missed=is_shown(1 - high, 1 - LIMIT))


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of batches of which any look shows something."""

    kept: float
    missed: float


def ever(crowd: Crowd, repetitions: int, *, in_their_turn: bool = True) -> Shares:
    """With prompts that were passed over in their turn, or waited for."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(repetitions):
        said = said_by(crowd, random)
        if not in_their_turn:
            said = [each for each in said if not isinstance(each, PassedOver)]
        looks = [shown(crowd, said[:end]) for end in (*range(EVERY, len(said), EVERY), None)]
        found.append([any(look.kept for look in looks), any(look.missed for look in looks)])
    kept, missed = np.mean(found, axis=0)
    return Shares(float(kept), float(missed))


CROWDS = {
    "3 in 10 skip": Crowd(skip=0.3),
    "7 in 10 skip": Crowd(skip=0.7),
    "9 in 10 skip": Crowd(skip=0.9),
    "half opted out": Crowd(opted_out=0.5),
    "all but one opted out": Crowd(opted_out=11 / 12),
    "7 in 10 skip, two votes": Crowd(skip=0.7, overlap=2),
    "half opted out, two votes": Crowd(opted_out=0.5, overlap=2),
    "better on them, 9 in 10 skip": Crowd(skip=0.9, better=WORSE),
    "better on them, half opted out, two votes": Crowd(opted_out=0.5, overlap=2, better=WORSE),
}


@pytest.mark.parametrize("name", ["7 in 10 skip, two votes", "better on them, 9 in 10 skip"])
def test_what_people_pass_over_seldom_makes_a_wrong_answer(name: str) -> None:
    found = ever(CROWDS[name], SMALL)
    assert max(found.kept, found.missed) <= ALPHA + 3 * noise(ALPHA, SMALL)


def test_without_its_turn_what_people_pass_over_would_make_wrong_answers() -> None:
    worse, better = CROWDS["9 in 10 skip"], CROWDS["better on them, 9 in 10 skip"]
    assert ever(worse, SMALL, in_their_turn=False).kept > 2 * ALPHA
    assert ever(better, SMALL, in_their_turn=False).missed > 2 * ALPHA


@pytest.mark.slow
@pytest.mark.parametrize("name", CROWDS)
def test_what_people_pass_over_seldom_makes_a_wrong_answer_in_full(name: str) -> None:
    found = ever(CROWDS[name], FULL)
    waited = ever(CROWDS[name], FULL // 2, in_their_turn=False)
    print(f"{name}: {found}; by complete prompts alone {waited}")
    assert max(found.kept, found.missed) <= ALPHA + 3 * noise(ALPHA, FULL)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["3 in 10 skip", "7 in 10 skip", "half opted out, two votes"])
def test_a_much_better_candidate_passes_though_people_pass_prompts_over(name: str) -> None:
    crowd = replace(CROWDS[name], win=LIMIT + 0.15)
    found = ever(crowd, FULL // 4)
    waited = ever(crowd, FULL // 4, in_their_turn=False)
    print(f"{name}, 15 points better: {found}; by complete prompts alone {waited}")
    assert found.kept > 0.8
    assert found.missed <= 2 * ALPHA
