import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from policies.errors import InputError
from stages.models.gathering import Gathering


class Doubling:
    """Doubles numbers together, refuses 13, and is interrupted at its first 99."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.interrupted = False

    def __call__(self, asked: Sequence[int]) -> Sequence[int]:
        self.sizes.append(len(asked))
        if 13 in asked:
            raise InputError("cannot double 13")
        if 99 in asked and not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt
        return [2 * number for number in asked]


def all_at_once(gathering: Gathering[int, int], numbers: Sequence[int]) -> list[object]:
    together = threading.Barrier(len(numbers))

    def ask(number: int) -> object:
        together.wait()
        try:
            return gathering.ask(number)
        except (InputError, KeyboardInterrupt) as error:
            return type(error)

    with ThreadPoolExecutor(len(numbers)) as pool:
        return list(pool.map(ask, numbers))


def test_each_is_told_its_own_answer() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, at_most=4, patience=0.05)
    numbers = [number for number in range(40) if number != 13]
    assert all_at_once(gathering, numbers) == [2 * number for number in numbers]
    assert max(doubling.sizes) == 4
    assert sum(doubling.sizes) == len(numbers)


def test_who_asks_again_and_again_is_gathered_each_time() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, at_most=8, patience=0.05)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(gathering.ask, range(14, 54)))
    assert len(doubling.sizes) <= 7


def test_an_error_is_told_to_all_whom_it_met_and_to_no_other() -> None:
    gathering = Gathering(Doubling(), at_most=4, patience=0.05)
    assert set(all_at_once(gathering, [13, 1, 2, 3])) == {InputError}
    assert gathering.ask(4) == 8


def test_whoever_is_interrupted_goes_alone() -> None:
    gathering = Gathering(Doubling(), at_most=4, patience=0.05)
    found = all_at_once(gathering, [99, 1, 2, 3])
    assert found.count(KeyboardInterrupt) == 1
    answered = [one for one in found if one is not KeyboardInterrupt]
    assert set(answered) < {198, 2, 4, 6}
    assert len(answered) == 3


def test_a_lone_question_waits_for_nobody_long() -> None:
    assert Gathering(Doubling(), at_most=16).ask(1) == 2


@pytest.mark.parametrize("slots", [1, 3])
def test_no_more_are_put_at_once_than_there_are_slots(slots: int) -> None:
    doubling = Doubling()
    all_at_once(Gathering(doubling, at_most=slots, patience=0.05), list(range(14, 24)))
    assert max(doubling.sizes) <= slots
