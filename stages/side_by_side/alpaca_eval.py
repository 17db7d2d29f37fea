"""Judge verdicts in AlpacaEval's `annotations.json`."""

import json
from collections.abc import Iterator, Mapping

from policies.canonical import Json
from policies.errors import InputError
from stages.evidence.items import question_digest
from stages.evidence.json_lines import utf8_text
from stages.side_by_side.vote import Vote

TIE = 0.0
"""A preference of 0 is AlpacaEval's older word for a tie; 1.5 is its newer one."""


def parse_alpaca_eval(data: bytes, *, where: str) -> Iterator[Vote]:
    """Votes from AlpacaEval 2 annotations, a JSON list of objects.

    Model a is `generator_2`, model b the baseline `generator_1`. A preference from 1 to 2 passes
    unchanged as the score preference - 1; 0 is a tie; null and NaN are unresolved. An answer that
    is empty beside one that is not scores 0, whatever the judge preferred. The prompt's id is the
    digest of the instruction as one user turn, as of an item. The order in which the judge saw the
    answers is not in the file; the baseline counts as shown first.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, at the first wrong entry.
    """
    for number, entry in _entries(utf8_text(data, where=where), where):
        line = f"{where}:{number}"
        if not isinstance(entry, Mapping):
            raise _refused(line, "an annotation must be a JSON object")
        yield _vote(entry, line)


def _vote(entry: Mapping[str, Json], line: str) -> Vote:
    model, baseline = (_text(entry, field, line) for field in ("generator_2", "generator_1"))
    if model == baseline:
        raise _refused(line, f"`{model}` is compared with itself")
    if "preference" not in entry:
        raise _refused(line, "`preference` is missing")
    score = _score(entry["preference"], line)
    if score is not None:
        score = _without_empty(entry, score)
    instruction = _text(entry, "instruction", line)
    return Vote(
        prompt=question_digest([{"role": "user", "content": instruction}]),
        annotator=_text(entry, "annotator", line),
        model_a=model,
        model_b=baseline,
        win_a=score,
        graded_a=score,
        both_bad=None,
        first=baseline,
        where=line,
    )


def _score(preference: Json, line: str) -> float | None:
    if preference is None:
        return None
    if isinstance(preference, bool) or not isinstance(preference, int | float):
        raise _refused(line, f"`preference` is {preference!r}, not a number")
    if preference == TIE:
        return 0.5
    if not 1 <= preference <= 2:  # noqa: PLR2004 - the scale of AlpacaEval
        raise _refused(line, f"`preference` is {preference}, not 0 and not between 1 and 2")
    return float(preference) - 1


def _without_empty(entry: Mapping[str, Json], score: float) -> float:
    model, baseline = (entry.get(field) for field in ("output_2", "output_1"))
    empty = [isinstance(text, str) and not text.strip() for text in (model, baseline)]
    match empty:
        case [True, False]:
            return 0.0
        case [False, True]:
            return 1.0
        case _:
            return score


def _text(entry: Mapping[str, Json], field: str, line: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _refused(line, f"`{field}` must be a text that says something")
    return value


def _entries(text: str, where: str) -> Iterator[tuple[int, Json]]:
    """Line and value of every element of a JSON list."""
    decoder = json.JSONDecoder(parse_constant=_constant)
    try:
        entries = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _refused(f"{where}:{error.lineno}", f"not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise _refused(where, f"not valid JSON: {error}") from None
    if not isinstance(entries, list):
        raise _refused(f"{where}:1", "the file is not a JSON list")
    at, line = text.index("[") + 1, 1 + text.count("\n", 0, text.index("["))
    for entry in entries:
        begin = _begin(text, at)
        line += text.count("\n", at, begin)
        yield line, entry
        _, end = decoder.raw_decode(text, begin)
        line, at = line + text.count("\n", begin, end), end


def _begin(text: str, at: int) -> int:
    """Where the next element of a valid list begins."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _constant(name: str) -> None:
    """NaN, which data frames write for a missing preference, is null; infinity is refused."""
    if name != "NaN":
        raise ValueError(f"{name} is no JSON number")


def _refused(line: str, why: str) -> InputError:
    return InputError(
        f"cannot read the annotation at {line}",
        why=why,
        fix="give `annotations.json` as AlpacaEval 2 writes it: instruction, generator_1 (the "
        "baseline), generator_2, annotator, preference",
    )
