"""What changes between two policies, and in which direction."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from policies.canonical import Json
from policies.criteria import DEMANDS, Criterion
from policies.policy import Policy


class Effect(StrEnum):
    """What a change does to what is demanded."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    CHANGES = "changes"

    @property
    def undone(self) -> "Effect":
        """The effect of the change the other way round."""
        match self:
            case Effect.TIGHTENS:
                return Effect.LOOSENS
            case Effect.LOOSENS:
                return Effect.TIGHTENS
            case Effect.CHANGES:
                return Effect.CHANGES
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs.

    Attributes:
        path: Where, as people write it; criteria go by what they demand, not by position:
            `criteria[toxicity.rate at_most].at_most`.
        old: Value in the old policy; `None` when it was not there.
        new: Value in the new policy; `None` when it is gone.
        effect: Whether the new policy demands more, less, or something else. A larger sample
            counts as more: it is harder to pass for want of evidence of harm.
    """

    path: str
    old: Json
    new: Json
    effect: Effect


_HIGHER_TIGHTENS = (
    r"at_least",
    r"plan\..*\.level",
    r"plan\.side_by_side\.(votes_at_most|level)",
    r"plan\.online\.(planned_units|days|minimum_days|burn_in_units|harm_alpha)",
    r"plan\..*\.assessment\.at_least\..*",
)
_HIGHER_LOOSENS = (
    r"at_most",
    r"non_inferior\.(margin|relative_margin)",
    r"plan\.offline\.[^.]*\.(threshold|verbatim_characters_at_least)",
    r"plan\.online\.alpha",
    r"plan\..*\.assessment\.at_most\..*",
    r"keep\.[^.]*\.most",
)
_APPEARING_TIGHTENS = (
    r"plan\.(offline|side_by_side|online)",
    r"plan\.offline\.[^.]*\.(sha256|classifier_sha256)",
    r"plan\..*\.assessment\.(folder|sha256|at_least\..*|at_most\..*)",
    r"keep\.[^.]*",
)


def diff(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every field that differs, plan first, then criteria, quotas and the rest."""
    before, after = _comparable(old), _comparable(new)
    return tuple(_changes("", before, after))


def _comparable(policy: Policy) -> dict[str, Json]:
    """The policy as JSON, with criteria keyed by what they demand."""
    whole = policy.model_dump(mode="json")
    criteria: dict[str, Json] = {_key(c): _plain(c) for c in policy.criteria}
    first = {"plan": whole.pop("plan"), "criteria": criteria, "keep": whole.pop("keep")}
    del whole["criteria"]
    return {**first, **whole}


def _key(criterion: Criterion) -> str:
    return f"[{criterion.metric} {_demand_name(criterion)}]"


def _demand_name(criterion: Criterion) -> str:
    return next(name for name in DEMANDS if getattr(criterion, name) is not None)


def _plain(criterion: Criterion) -> dict[str, Json]:
    """A criterion without its metric and the demands that it does not make."""
    return criterion.model_dump(mode="json", exclude_none=True, exclude={"metric"})


def _changes(path: str, old: Json, new: Json) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(_joined(path, key), old.get(key), new.get(key))
    elif old != new:
        yield Change(path=path, old=old, new=new, effect=_effect(path, old, new))


def _joined(path: str, key: str) -> str:
    return f"{path}{key}" if key.startswith("[") or not path else f"{path}.{key}"


def _effect(path: str, old: Json, new: Json) -> Effect:
    inside = re.sub(r"^criteria\[[^]]*\]\.?", "", path)
    if path.startswith("criteria[") and not inside:
        return _effect_of_criterion(old, new)
    if inside == "severity":
        return Effect.TIGHTENS if new == "blocking" else Effect.LOOSENS
    if old is None or new is None:
        appears = Effect.TIGHTENS if _matches(inside, _APPEARING_TIGHTENS) else Effect.CHANGES
        return appears if old is None else appears.undone
    if isinstance(old, int | float) and isinstance(new, int | float):
        return _effect_of_number(inside, higher=new > old)
    return Effect.CHANGES


def _effect_of_criterion(old: Json, new: Json) -> Effect:
    """A blocking criterion that appears tightens; an advisory one demands nothing."""
    criterion = old if new is None else new
    assert isinstance(criterion, Mapping)
    if criterion["severity"] != "blocking":
        return Effect.CHANGES
    return Effect.TIGHTENS if old is None else Effect.LOOSENS


def _effect_of_number(field: str, *, higher: bool) -> Effect:
    if _matches(field, _HIGHER_TIGHTENS):
        return Effect.TIGHTENS if higher else Effect.LOOSENS
    if _matches(field, _HIGHER_LOOSENS):
        return Effect.LOOSENS if higher else Effect.TIGHTENS
    return Effect.CHANGES


def _matches(field: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(pattern, field) for pattern in patterns)
