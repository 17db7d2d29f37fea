"""Judge verdicts in AlpacaEval's `annotations.json`."""

from collections.abc import Iterable, Iterator, Mapping

from policies.canonical import Json
from policies.errors import InputError
from stages.evidence.items import question_digest
from stages.evidence.json_lines import strict_json, utf8_text
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows
from stages.side_by_side.formats.writing import json_list_of, unsayable
from stages.side_by_side.vote import Vote

TIE = 0.0
"""A preference of 0 is AlpacaEval's older word for a tie; 1.5 is its newer one."""

_FIX = (
    "give `annotations.json` as AlpacaEval 2 writes it: instruction, generator_1 (the baseline), "
    "generator_2, annotator, preference"
)


def parse_alpaca_eval(data: bytes, *, where: str) -> tuple[Vote, ...]:
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
        InputError: Naming file and line, when an entry is wrong.
    """
    return all_or_none(json_rows(data, where=where, fix=_FIX), _votes)


def write_alpaca_eval(votes: Iterable[Vote], instructions: Mapping[str, str]) -> bytes:
    """Annotations of votes; model a becomes `generator_2`, model b the baseline `generator_1`.

    Args:
        votes: The votes; what they say is their win, 0 to 1.
        instructions: Text of each prompt, by the id that the votes know it by.

    Raises:
        InputError: When a prompt's text is not given.
    """
    return json_list_of(_annotation(vote, instructions) for vote in votes)


def parse_difficulty(data: bytes, *, where: str) -> Mapping[str, float]:
    """How difficult prompts are for the baseline, from `instruction_difficulty.json`.

    Args:
        data: The file's bytes: `{"ins": [text of an instruction, ...], "diff": [number, ...]}`.
        where: Its name, for errors.

    Returns:
        A number for every prompt, by the text in `ins` (which may be a prompt's id), and by the id
        that a prompt of this text has in AlpacaEval's annotations.

    Raises:
        InputError: When it is no such file.
    """
    try:
        found = strict_json(utf8_text(data, where=where))
    except ValueError as error:
        raise _no_difficulty(where, f"not valid JSON: {error}") from None
    texts, numbers = (
        (found.get("ins"), found.get("diff")) if isinstance(found, Mapping) else (None, None)
    )
    if not isinstance(texts, list) or not isinstance(numbers, list) or len(texts) != len(numbers):
        raise _no_difficulty(where, "`ins` and `diff` must be lists of one length")
    known: dict[str, float] = {}
    for place, (text, number) in enumerate(zip(texts, numbers, strict=True)):
        if not isinstance(text, str):
            raise _no_difficulty(where, f"`ins[{place}]` is {text!r:.40}, not a text")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _no_difficulty(where, f"`diff[{place}]` is {number!r:.40}, not a number")
        known[text] = known[prompt_id(text)] = float(number)
    return known


def _no_difficulty(where: str, why: str) -> InputError:
    return InputError(
        f"cannot read {where}",
        why=why,
        fix='give {"ins": [text or id of a prompt, ...], "diff": [number, ...]}',
    )


def prompt_id(instruction: str) -> str:
    """The id of an instruction: its digest as one user turn."""
    return question_digest([{"role": "user", "content": instruction}])


def _annotation(vote: Vote, instructions: Mapping[str, str]) -> Mapping[str, Json]:
    if vote.prompt not in instructions:
        raise unsayable(vote, f"the text of prompt `{vote.prompt}` is not given")
    texts: dict[str, Json] = {"output_1": vote.answer_b, "output_2": vote.answer_a}
    return {
        "instruction": instructions[vote.prompt],
        "generator_1": vote.model_b,
        "generator_2": vote.model_a,
        **{name: text for name, text in texts.items() if text is not None},
        "annotator": vote.annotator,
        "preference": None if vote.win_a is None else vote.win_a + 1,
    }


def _votes(row: Row) -> Iterator[Vote]:
    model, baseline = row.two_models("generator_2", "generator_1")
    if "preference" not in row.fields:
        raise row.refused("`preference` is missing")
    answer, baseline_answer = (row.maybe_text(name) for name in ("output_2", "output_1"))
    score = _score(row)
    if score is not None:
        score = _without_empty(score, answer, baseline_answer)
    yield Vote(
        prompt=prompt_id(row.text("instruction")),
        annotator=row.text("annotator"),
        model_a=model,
        model_b=baseline,
        win_a=score,
        graded_a=score,
        both_bad=None,
        first=baseline,
        where=row.where,
        answer_a=answer,
        answer_b=baseline_answer,
        judge=True,
    )


def _score(row: Row) -> float | None:
    preference = row.fields["preference"]
    if preference is None:
        return None
    if isinstance(preference, bool) or not isinstance(preference, int | float):
        raise row.refused(f"`preference` is {preference!r}, not a number")
    if preference == TIE:
        return 0.5
    if not 1 <= preference <= 2:  # noqa: PLR2004 - the scale of AlpacaEval
        raise row.refused(f"`preference` is {preference}, not 0 and not between 1 and 2")
    return float(preference) - 1


def _without_empty(score: float, answer: str | None, baseline: str | None) -> float:
    empty = [text is not None and not text.strip() for text in (answer, baseline)]
    match empty:
        case [True, False]:
            return 0.0
        case [False, True]:
            return 1.0
        case _:
            return score
