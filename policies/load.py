"""Policies from files: everything that is wrong is said at once, with its line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from policies.canonical import Json
from policies.catalogue import Catalogue, with_defaults
from policies.coherence import Draft, incoherences
from policies.criteria import DEMANDS, Criterion, Quota
from policies.errors import PolicyError
from policies.plan import Plan
from policies.policy import Kind, Policy
from policies.problems import PolicyRefused, Problem, overlaps
from policies.shape import problems_of
from policies.yaml_source import Source, read_yaml

Model = TypeVar("Model", bound=BaseModel)

_BY_NAME = {"type": "object", "required": ["benchmark"]}
"""Schema of a task that may leave out what the catalogue says: only the program knows what."""

SHIPPED_ONLY = Catalogue()
"""The program's own benchmarks, where no folder may hold others."""


def load_policy(path: Path) -> Policy:
    """The policy in a YAML file; benchmarks of its own stand in `benchmarks/` beside it.

    Raises:
        PolicyError: When it cannot be read or used; every problem names file, line and field.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"cannot read policy {path}",
            why=f"{path}: {(error.strerror or type(error).__name__).lower()}",
            fix="name a YAML file that exists, or write a first one with: gate init",
        ) from error
    catalogue = Catalogue(path.parent / "benchmarks")
    return parse_policy(_decoded(data, where=str(path)), where=str(path), catalogue=catalogue)


def parse_policy(text: str, *, where: str, catalogue: Catalogue = SHIPPED_ONLY) -> Policy:
    """The policy that a YAML text says.

    Args:
        text: One YAML document.
        where: File name, for errors.
        catalogue: What `benchmark: NAME` of a task names; its defaults become part of the policy.

    Raises:
        PolicyError: When it cannot be used; every problem names file, line and field.
    """
    source = read_yaml(text)
    if source.problems and not isinstance(source.value, Mapping):
        raise PolicyRefused(where, source.problems)
    whole, unnamed = with_defaults(source.value, catalogue)
    policy, problems = _checked(whole)
    if policy is not None and not (problems or unnamed or source.problems):
        return policy
    broken = [*(p.at for p in source.problems), *(p.at[:-1] for p in unnamed)]
    kept = [p for p in problems if not any(overlaps(p.at, at) for at in broken)]
    raise PolicyRefused(where, (*source.problems, *(_placed(p, source) for p in (*unnamed, *kept))))


def policy_schema() -> dict[str, Json]:
    """JSON Schema (2020-12) of a policy file, for editors."""
    schema = Policy.model_json_schema()
    schema["$defs"]["Criterion"]["oneOf"] = [{"required": [demand]} for demand in DEMANDS]
    schema["title"] = "Policy of checkpoint-gate"
    [tasks, _] = schema["$defs"]["Plan"]["properties"]["offline"]["anyOf"]
    tasks["patternProperties"] = {
        name: {"anyOf": [kinds, _BY_NAME]} for name, kinds in tasks["patternProperties"].items()
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _decoded(data: bytes, *, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        found = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "bytes that are not UTF-8"
        problem = Problem(
            at=(),
            found=found,
            expected="UTF-8",
            fix="save the file as UTF-8",
            line=data.count(b"\n", 0, error.start) + 1,
        )
        raise PolicyRefused(where, (problem,)) from error


def _checked(value: Json) -> tuple[Policy | None, tuple[Problem, ...]]:
    try:
        policy = Policy.model_validate_json(_strict_json(value))
    except ValidationError as error:
        draft = _draft(value) if isinstance(value, Mapping) else None
        return None, (*problems_of(error, Policy), *(incoherences(draft) if draft else ()))
    return policy, incoherences(_draft_of(policy))


def _draft_of(policy: Policy) -> Draft:
    return Draft(
        plan=policy.plan,
        criteria=dict(enumerate(policy.criteria)),
        keep=tuple(policy.keep.items()),
        complete=True,
        model=policy.model,
        baseline=policy.baseline,
        judge=policy.kind is Kind.JUDGE,
    )


def _draft(value: Mapping[str, Json]) -> Draft | None:
    """What can be checked of a policy that is not valid as a whole; `None` without a plan."""
    plan = _valid(Plan, value.get("plan"))
    if plan is None:
        return None
    given, keep = value.get("criteria"), value.get("keep")
    entries = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
    criteria = {i: c for i, entry in enumerate(entries) if (c := _valid(Criterion, entry))}
    quotas = keep if isinstance(keep, Mapping) else {}
    return Draft(
        plan=plan,
        criteria=criteria,
        keep=tuple((name, q) for name, entry in quotas.items() if (q := _valid(Quota, entry))),
        complete=bool(entries) and len(criteria) == len(entries),
        model=_text(value.get("model")),
        baseline=_text(value.get("baseline")),
        judge=value.get("kind") == Kind.JUDGE,
    )


def _valid(model: type[Model], value: Json) -> Model | None:
    try:
        return model.model_validate_json(_strict_json(value))
    except ValidationError:
        return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _strict_json(value: Json) -> str:
    """JSON text: strict models take lists for tuples from JSON only."""
    return json.dumps(value, allow_nan=False)


def _placed(problem: Problem, source: Source) -> Problem:
    return replace(problem, line=source.line(problem.at))
