"""Scores, ratings, votes and outcomes read from files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from policies.canonical import Json
from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.engine.data import read_bytes
from stages.evidence.json_lines import json_lines, strict_json, utf8_text
from stages.side_by_side.formats.arena_battles import parse_battles
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import each_once, parse_votes
from stages.stats.separability import Standing
from stages.workshop.bench_quality.recipe import Scores, Verdicts

Standings = Mapping[str, Standing]
"""Where models stand, by name."""


def read_scores(scores: Scores, *, base: Path) -> Standings:
    """A bench's scores, by the name that people know a model by.

    Letters' case is no difference between a name in `names` and one in the file. A score without
    several resamples, such as the anchor's, has no variance.

    Raises:
        InputError: When a file cannot be read, or lacks a model that `names` has.
    """
    found: dict[str, Standing] = {}
    for number, row in json_lines(read_bytes(scores.file, base=base), where=scores.file):
        name, standing = _scored(row, f"{scores.file}:{number}")
        found[name] = standing
    if scores.names is None:
        return found
    plain = {name.lower(): standing for name, standing in found.items()}
    names = _object(scores.names, base)
    lacking = [str(name) for name in names.values() if str(name).lower() not in plain]
    if lacking:
        raise _refused(scores.names, f"{scores.file} has no model {', '.join(lacking[:3])}")
    return {by_people: plain[str(name).lower()] for by_people, name in names.items()}


def read_ratings(file: str, *, base: Path) -> Standings:
    """People's ratings, such as Chatbot Arena's.

    Raises:
        InputError: When the file cannot be read or a rating is not one.
    """
    found = {}
    for name, row in _object(file, base).items():
        values = _numbers(row, ("rating", "variance", "q025", "q975"), f"{file}, {name}")
        rating, variance, low, high = values
        found[name] = Standing(score=rating, low=low, high=high, mean=rating, variance=variance)
    return found


def read_verdicts(verdicts: Verdicts, *, base: Path) -> tuple[Vote, ...]:
    """Every vote of some files, each once.

    Raises:
        InputError: When a file cannot be read, a line is wrong, or a vote stands twice.
    """
    votes: list[Vote] = []
    for file in verdicts.votes:
        data = read_bytes(file, base=base)
        if isinstance(verdicts.format, VotesFormat):
            votes += parse_votes(data, written_by=verdicts.format, where=file)
        else:
            votes += parse_battles(data, where=file)
    return each_once(votes)


def read_outcomes(file: str, *, base: Path) -> Mapping[tuple[str, str], int]:
    """Experiments that told two models apart: 1 where the first was the better, else -1.

    Raises:
        InputError: When the file cannot be read, or a line is no outcome.
    """
    found: dict[tuple[str, str], int] = {}
    for number, row in json_lines(read_bytes(file, base=base), where=file):
        where = f"{file}:{number}"
        match row:
            case {"a": str(a), "b": str(b)} if a != b:
                effect, low, high = _numbers(row, ("effect", "low", "high"), where)
            case _:
                raise _refused(where, "a line is no outcome of two models")
        if not low <= effect <= high:
            raise _refused(where, "the effect lies outside of its interval")
        if low > 0 or high < 0:
            found[a, b] = 1 if low > 0 else -1
    return found


def _scored(row: Json, where: str) -> tuple[str, Standing]:
    match row:
        case {"model": str(name), "results": list(results)} if results:
            pass
        case _:
            raise _refused(where, "a line is no score with its resamples")
    score, low, high = _numbers(row, ("score", "lower", "upper"), where)
    drawn = np.array(_plain_numbers(results, where), np.float64)
    variance = float(drawn.var(ddof=1)) if len(drawn) > 1 else 0.0
    mean = float(drawn.mean())
    try:
        return name, Standing(score=score, low=low, high=high, mean=mean, variance=variance)
    except ValueError as error:
        raise _refused(where, str(error)) from None


def _numbers(row: Json, names: Sequence[str], where: str) -> list[float]:
    if not isinstance(row, Mapping):
        raise _refused(where, "it is no JSON object")
    lacking = [name for name in names if name not in row]
    if lacking:
        raise _refused(where, f"it has no `{lacking[0]}`")
    return _plain_numbers([row[name] for name in names], where)


def _plain_numbers(values: Sequence[Json], where: str) -> list[float]:
    found = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(found) < len(values):
        raise _refused(where, "a value that must be a number is none")
    return found


def _object(file: str, base: Path) -> Mapping[str, Json]:
    try:
        said = strict_json(utf8_text(read_bytes(file, base=base), where=file))
    except ValueError as error:
        raise _refused(file, str(error)) from None
    if not isinstance(said, Mapping) or not said:
        raise _refused(file, f"it is no JSON object, but {json.dumps(said)[:20]}")
    return said


def _refused(where: str, why: str) -> InputError:
    return InputError(
        f"cannot read {where}", why=why, fix="infra/docs/workshop.md says what it must hold"
    )
