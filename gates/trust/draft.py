"""`trust.yaml`: the trust file before it is signed, for people to read and to edit."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from pydantic import ValidationError

from gates.trust.trust_document import TrustDocument
from policies.canonical import Json
from policies.errors import WrongUsage
from policies.problems import Problem
from policies.shape import problems_of
from policies.yaml_source import read_yaml

HEADER = """\
# Whose keys count, and which policies may move which alias.
# Nothing here counts until it is signed: gate trust check, then gate trust sign
"""

_PLAIN = re.compile(r"[a-z][a-z0-9_]+")
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "true", "false", "null"})


def parse_draft(text: str, *, where: str) -> TrustDocument:
    """The trust file that a YAML text says.

    Raises:
        WrongUsage: When it cannot be used; every problem names file, line and field.
    """
    source = read_yaml(text)
    if source.problems:
        raise _refused(where, source.problems)
    try:
        return TrustDocument.model_validate_json(json.dumps(source.value))
    except ValidationError as error:
        problems = problems_of(error, TrustDocument)
        raise _refused(
            where, tuple(replace(each, line=source.line(each.at)) for each in problems)
        ) from None


def draft_text(document: TrustDocument) -> str:
    """The draft of a trust file, as `parse_draft` reads it; comments of people are not in it."""
    return HEADER + "\n".join(_lines(document.said(), indent="")) + "\n"


def _refused(where: str, problems: Sequence[Problem]) -> WrongUsage:
    ordered = sorted(problems, key=lambda problem: problem.line)
    return WrongUsage(
        f"cannot use {where}",
        why="\n       ".join(problem.sentence(where) for problem in ordered),
        fix="mend the lines above, then: gate trust check",
    )


def _lines(value: Mapping[str, Json], *, indent: str) -> Iterator[str]:
    for key, inside in value.items():
        name = key if _PLAIN.fullmatch(key) and key not in _AMBIGUOUS else _quoted(key)
        if isinstance(inside, Mapping) and inside:
            yield f"{indent}{name}:"
            yield from _lines(inside, indent=f"{indent}  ")
        elif _is_list(inside) and any(isinstance(each, Mapping) for each in inside):
            yield f"{indent}{name}:"
            for each in inside:
                yield from _entry(each, indent=f"{indent}  ")
        else:
            yield f"{indent}{name}: {_flow(inside)}"


def _entry(value: Json, *, indent: str) -> Iterator[str]:
    assert isinstance(value, Mapping)
    first, *rest = _lines(value, indent=f"{indent}  ")
    yield f"{indent}- {first.lstrip()}"
    yield from rest


def _flow(value: Json) -> str:
    if _is_list(value):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """JSON's way of quoting, which is YAML's too for text without control characters."""
    return json.dumps(text, ensure_ascii=False)


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
