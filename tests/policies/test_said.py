"""Digests outlive the fields that later versions add."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from policies.base import Strict
from policies.benchmark_tasks import BenchmarkTask, Scorer
from policies.canonical import Json, sha256_of
from policies.errors import PolicyError
from policies.load import parse_policy
from policies.plan import KINDS
from policies.policy import Policy
from policies.task import Sampling, Task

RELEASED = Path(__file__).parents[1] / "compat" / "defaults-1.json"
"""Every default of the policy language. Lines may be added, for new fields; none may be changed."""

TEXT = """
policy: small
model: assistant
plan:
  offline:
    qa: {{data: qa.jsonl, scorer: numeric{more}}}
criteria:
  - {{metric: qa.accuracy, at_least: 0.5, severity: blocking, because: half is the least}}
"""


def test_a_default_that_is_written_out_is_the_same_policy() -> None:
    plain = parse_policy(TEXT.format(more=""), where="a")
    written = parse_policy(TEXT.format(more=", level: 0.95, generations: 1"), where="b")
    assert plain.sha256 == written.sha256
    assert plain.stage_sha256("offline") == written.stage_sha256("offline")


def test_a_format_is_the_same_in_either_spelling() -> None:
    text = """
policy: small
model: assistant
plan: {{side_by_side: {{votes: [v.json], votes_at_most: 5, format: {format}}}}}
criteria:
  - {{metric: side_by_side.win_rate, at_least: 0.5, severity: blocking, because: half is the least}}
"""
    spelt = {parse_policy(text.format(format=f"alpaca{c}eval"), where="a").sha256 for c in "_-"}
    assert len(spelt) == 1
    for wrong in ("alpaca", "3"):
        with pytest.raises(PolicyError, match="cannot use policy"):
            parse_policy(text.format(format=wrong), where="a")


def test_what_differs_from_the_defaults_is_in_the_digest() -> None:
    plain = parse_policy(TEXT.format(more=""), where="a")
    other = parse_policy(TEXT.format(more=", level: 0.99"), where="b")
    assert plain.sha256 != other.sha256
    assert plain.stage_sha256("offline") != other.stage_sha256("offline")


def test_a_task_says_what_it_demands_and_no_more() -> None:
    task = BenchmarkTask(data="a.jsonl", scorer=Scorer.EXACT, sampling=Sampling(seed=1))
    assert task.said() == {"data": "a.jsonl", "scorer": "exact", "sampling": {"seed": 1}}
    assert sha256_of(task.said()) == sha256_of(
        {"sampling": {"seed": 1}, "scorer": "exact", "data": "a.jsonl"}
    )


def test_a_policy_keeps_its_digest() -> None:
    policy = parse_policy(TEXT.format(more=""), where="a")
    assert policy.sha256 == "ead04e0a9d592a6441efe119485d917996c66f864b5647ee6ba5d369ad04fb13"


def models(kind: object) -> Iterator[type[Strict]]:
    """The models that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, Strict):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(kind):
        yield from models(part)


def defaults() -> dict[str, Json]:
    """What every field of a policy stands for when it is left out, as the digest would say it."""
    return {
        f"{kind.__name__}.{name}": _json(field.get_default(call_default_factory=True))
        for kind in set(models(Policy))
        for name, field in kind.model_fields.items()
        if not field.is_required()
    }


def _json(value: object) -> Json:
    said: Json = json.loads(json.dumps(value.said() if isinstance(value, Strict) else value))
    return said


def test_no_default_that_was_released_has_changed() -> None:
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    now = defaults()
    changed = {name: now.get(name, "gone") for name in released if now.get(name) != released[name]}
    assert not changed, "digests of policies that leave these out would mean something else"
    assert released.keys() <= now.keys()


def test_every_default_is_pinned() -> None:
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    new = {name: value for name, value in defaults().items() if name not in released}
    assert not new, f"add to {RELEASED.name}: {json.dumps(new)}"


def test_every_kind_of_task_has_a_key_and_is_among_the_pinned() -> None:
    assert {kind for kind in models(Policy) if issubclass(kind, Task)} == set(KINDS.values())
