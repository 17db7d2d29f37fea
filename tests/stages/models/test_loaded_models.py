"""Models in memory: each once, gone with the last who asked, and no more than fit."""

from collections.abc import Callable
from typing import cast

import pytest

from policies.errors import InputError
from stages.models.loaded_models import LoadedModels, _half_of_memory
from stages.models.local_transformers import LocalTransformers


class Shelf:
    """Ten bytes of memory, and what was loaded into it."""

    def __init__(self, most: int = 10) -> None:
        self.models = LoadedModels(lambda: most)
        self.loads: list[str] = []

    def load(self, name: str) -> Callable[[], LocalTransformers]:
        def loaded() -> LocalTransformers:
            self.loads.append(name)
            return cast("LocalTransformers", name)

        return loaded

    def ask(self, name: str, size: int = 4) -> str:
        with self.models.lent(name, self.load(name), size=size) as model:
            return str(model)

    @property
    def kept(self) -> list[str]:
        return list(self.models._models)


def test_a_model_is_loaded_once_for_all_and_goes_with_the_last() -> None:
    shelf = Shelf()
    for _ in range(2):
        shelf.models.own("a")
        assert shelf.ask("a") == "a"
    assert shelf.loads == ["a"]
    shelf.models.left("a")
    assert shelf.kept == ["a"]
    shelf.models.left("a")
    assert shelf.kept == []


def test_the_longest_unasked_goes_where_not_all_fit_and_comes_again() -> None:
    shelf = Shelf()
    for name in "abacb":
        shelf.models.own(name)
        shelf.ask(name)
    assert shelf.loads == ["a", "b", "c", "b"]
    assert shelf.kept == ["c", "b"]


def test_a_model_that_is_asked_stays_whatever_is_loaded() -> None:
    shelf = Shelf()
    for name in "abc":
        shelf.models.own(name)
    with shelf.models.lent("a", shelf.load("a"), size=9):
        shelf.ask("b", size=9)
        assert shelf.kept == ["a", "b"]
    shelf.ask("c", size=9)
    assert shelf.kept == ["c"]


def test_a_model_whose_last_client_is_closed_while_it_is_asked_goes_with_the_answer() -> None:
    shelf = Shelf()
    shelf.models.own("a")
    with shelf.models.lent("a", shelf.load("a"), size=1):
        shelf.models.left("a")
        assert shelf.kept == ["a"]
    assert shelf.kept == []


def test_what_cannot_be_loaded_leaves_nothing_behind() -> None:
    shelf = Shelf()

    def fails() -> LocalTransformers:
        raise InputError("no model", why="it is broken", fix="mend it")

    for _ in range(2):
        with pytest.raises(InputError), shelf.models.lent("a", fails, size=1):
            raise AssertionError("it was lent")
    assert shelf.kept == []
    shelf.models.own("a")
    shelf.models.left("a")


def test_half_of_the_memory_is_for_models() -> None:
    assert 100_000_000 < _half_of_memory() < 10**15
