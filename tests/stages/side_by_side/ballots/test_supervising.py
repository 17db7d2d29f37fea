from itertools import product
from random import Random

import pytest

from stages.side_by_side.ballots.history import Act
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.supervising import read_rightly, supervised
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from tests.fakes.batches import batch

SIDES = [
    {Preference.A_MUCH_BETTER, Preference.A_BETTER},
    {Preference.B_MUCH_BETTER, Preference.B_BETTER},
    {Preference.TIE},
    {Preference.BOTH_BAD},
    {Preference.UNRESOLVED},
]
GOLD = batch(1, gold=200, rules=Rules(pause_below=0.5))
VERDICTS = [said for said in Preference if said is not Preference.UNRESOLVED]


@pytest.mark.parametrize(("said", "known"), list(product(Preference, Preference)))
def test_a_side_is_read_rightly_however_strongly(said: Preference, known: Preference) -> None:
    assert read_rightly(said, known) == any(said in side and known in side for side in SIDES)


def gold_act(number: int, said: Preference) -> Act:
    """A vote on the gold pair of this number, from 1."""
    return Act(
        number=number,
        person="ann",
        pair=GOLD.gold[number - 1].id,
        turn=0,
        place=number,
        gold=True,
        preference=said,
        seconds=9.0,
        comment="",
        guidelines=1,
        token=str(number),
        undoes=None,
        at="",
    )


def paused_after(verdicts: list[Preference]) -> int | None:
    """Number of gold votes after which somebody is paused who is looked at after each."""
    person, acts = Person(name="ann", qualified=True), list[Act]()
    for number, said in enumerate(verdicts, start=1):
        acts.append(gold_act(number, said))
        if supervised(GOLD, person, acts).status is Status.PAUSED:
            return number
    return None


def reader(accuracy: float, random: Random) -> list[Preference]:
    """Verdicts of somebody who reads so many of them rightly."""
    right, wrong = Preference.A_BETTER, Preference.TIE
    return [right if random.random() < accuracy else wrong for _ in GOLD.gold]


def test_who_reads_17_of_20_rightly_is_not_paused_by_chance_in_200_gold_tasks() -> None:
    random = Random(5)
    found = [paused_after(reader(0.85, random)) for _ in range(60)]
    assert found == [None] * 60


def test_who_clicks_at_random_is_paused_within_some_30_gold_tasks() -> None:
    random = Random(6)
    clicked = [[random.choice(VERDICTS) for _ in GOLD.gold] for _ in range(100)]
    found = [after for verdicts in clicked if (after := paused_after(verdicts)) is not None]
    assert len(found) >= 98
    assert sum(after <= 30 for after in found) >= 40


@pytest.mark.parametrize(("right", "qualifies"), [(13, False), (14, True)])
def test_a_share_is_reached_exactly(right: int, qualifies: bool) -> None:  # noqa: FBT001
    """0.56 of 25 is 14, and a little more in binary."""
    round_ = batch(1, gold=200, rules=Rules(qualification=25, qualified_at=0.56))
    said = [Preference.A_BETTER] * right + [Preference.TIE] * (25 - right)
    acts = [gold_act(number, each) for number, each in enumerate(said, start=1)]
    person = Person(name="ann", qualified=False)
    assert supervised(round_, person, acts).qualified == qualifies
