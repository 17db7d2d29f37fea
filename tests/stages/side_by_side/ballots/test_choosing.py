from dataclasses import replace

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.cast import NoTask, Rest
from stages.side_by_side.ballots.choosing import Desk, choose
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.batch import Rules
from tests.fakes.batches import batch
from tests.stages.side_by_side.ballots.test_history import act

MADE = batch(4, overlap=2, gold=2, gold_share=0.0)
USUAL = tuple(pair.id for pair in MADE.pairs)
GOLD = tuple(pair.id for pair in MADE.gold)
ANN = Person(name="ann")
EMPTY = Desk(usual=USUAL, gold=GOLD, acts=(), held=(), others={})


def chosen(desk: Desk, person: Person = ANN) -> str:
    task = choose(MADE, person, desk)
    assert isinstance(task, Task)
    return task.pair


def rest(desk: Desk, person: Person = ANN) -> Rest:
    found = choose(MADE, person, desk)
    assert isinstance(found, NoTask)
    return found.why


def test_the_own_order_decides_among_pairs_with_a_seat() -> None:
    assert chosen(EMPTY) == USUAL[0]
    assert chosen(replace(EMPTY, acts=[act(1, USUAL[0])])) == USUAL[1]
    assert chosen(replace(EMPTY, others={USUAL[0]: 2, USUAL[1]: 0})) == USUAL[2]


def test_what_is_kept_for_a_person_comes_before_their_order_and_what_they_undid_before_that() -> (
    None
):
    held = replace(EMPTY, held=(USUAL[2],))
    undone = [act(1, USUAL[3]), act(2, USUAL[3], undoes=1, turn=1)]

    assert chosen(held) == USUAL[2]
    assert chosen(replace(held, acts=undone)) == USUAL[3]
    assert chosen(replace(held, acts=undone, others={USUAL[3]: 2})) == USUAL[2]


def test_an_undone_gold_pair_comes_back() -> None:
    undone = [act(1, GOLD[1]), act(2, GOLD[1], undoes=1, turn=1)]

    assert chosen(replace(EMPTY, acts=undone)) == GOLD[1]


def test_pairs_that_others_work_on_may_come_back_and_those_with_all_votes_do_not() -> None:
    assert rest(replace(EMPTY, others=dict.fromkeys(USUAL, 2))) is Rest.DONE
    assert rest(replace(EMPTY, others=dict.fromkeys(USUAL, 2) | {USUAL[3]: 1})) is Rest.OTHERS


def test_the_unqualified_see_gold_only() -> None:
    new = replace(ANN, qualified=False)

    assert chosen(EMPTY, new) == GOLD[0]
    assert rest(replace(EMPTY, gold=()), new) is Rest.PAUSED


def test_gold_has_its_turn_and_then_runs_out() -> None:
    made = batch(4, overlap=2, gold=1, rules=Rules(qualification=1))
    order = tuple(pair.id for pair in made.pairs)
    desk = Desk(usual=order, gold=(made.gold[0].id,), acts=(), held=(), others={})

    first = choose(made, ANN, desk)
    second = choose(made, ANN, replace(desk, acts=[act(1, made.gold[0].id)]))

    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert (first.gold, second.gold, second.pair) == (True, False, order[0])
