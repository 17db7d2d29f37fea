"""Where in a tree of models a location of pydantic points."""

import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from policies.problems import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location of pydantic, in the keys of the file.

    Attributes:
        at: The location without pydantic's own marks, as keys of the file.
        known: Keys that the enclosing model has; empty when it is no model.
        elsewhere: Keys that only other kinds of the enclosing value have.
    """

    at: Path
    known: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()


def place_of(model: type[BaseModel], location: Path) -> Place:
    """The place a location points to, seen from the model of the whole file."""
    place = Place(at=())
    inside: object = model
    kinds: frozenset[str] = frozenset()
    for step in location:
        arms = _tagged_arms(inside)
        if isinstance(step, str) and step in arms:
            kinds = frozenset().union(*(_keys(arm) for arm in arms.values()))
            inside = arms[step]
        elif step != "[key]":
            known = _keys(inside)
            place = Place(at=(*place.at, step), known=known, elsewhere=kinds - known)
            inside, kinds = _within(inside, step), frozenset()
    return place


def _tagged_arms(annotation: object) -> dict[str, object]:
    """The arms of a tagged union, by tag; empty for anything else."""
    arms = {}
    for arm in get_args(_bare(annotation)):
        for mark in getattr(arm, "__metadata__", ()):
            if isinstance(mark, Tag):
                arms[mark.tag] = _bare(arm)
    return arms


def _keys(annotation: object) -> frozenset[str]:
    model = _model(annotation)
    return frozenset(model.model_fields) if model else frozenset()


def _within(annotation: object, step: str | int) -> object:
    """The annotation one step further in; `None` where there is none."""
    model = _model(annotation)
    if model is not None:
        entry = model.model_fields.get(str(step))
        return entry.annotation if entry else None
    for arm in _arms(annotation):
        if get_origin(arm) in (dict, tuple):
            arguments = get_args(arm)
            return arguments[1] if get_origin(arm) is dict else arguments[0]
    return None


def _model(annotation: object) -> type[BaseModel] | None:
    found = (a for a in _arms(annotation) if isinstance(a, type) and issubclass(a, BaseModel))
    return next(found, None)


def _arms(annotation: object) -> Iterable[object]:
    bare = _bare(annotation)
    return get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
