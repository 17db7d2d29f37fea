"""Votes in Chatbot Arena's words: JSON, CSV, or Parquet as its data sets are published."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from policies.canonical import Json
from stages.side_by_side.formats.rows import (
    Row,
    Rows,
    all_or_none,
    csv_rows,
    is_json,
    is_parquet,
    json_rows,
    parquet_rows,
)
from stages.side_by_side.formats.winners import said
from stages.side_by_side.formats.writing import json_lines_of, unsayable
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

COLUMNS = ("question_id", "model_a", "model_b", "winner")
WINNERS: Mapping[str, Preference] = {
    "model_a": Preference.A_BETTER,
    "tie": Preference.TIE,
    "tie (bothbad)": Preference.BOTH_BAD,
    "model_b": Preference.B_BETTER,
}
LAST_YEAR = 253_370_764_800
"""The year 9999 in seconds since 1970: Python knows no later one."""
WORDS = {preference: word for word, preference in WINNERS.items()}

_FIX = (
    "give votes as Chatbot Arena does: question_id, model_a (on the left), model_b, winner "
    "(model_a, model_b, tie, tie (bothbad)), judge"
)


def parse_chatbot_arena(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Votes from JSON lines, a JSON list, CSV or Parquet; model a stood on the left.

    `judge` is the person; a row without one is a person's of its own, named after its question. The
    last answers of `conversation_a` and `conversation_b`, where they are there, are the answers.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line (of Parquet, the row), when one is wrong.
    """
    return all_or_none(_rows(data, where), _votes)


def write_chatbot_arena(votes: Iterable[Vote]) -> bytes:
    """Votes as JSON lines, the model that was shown first as model a; strength is not said.

    Raises:
        InputError: When a vote is unresolved, or a score between win, tie and loss.
    """
    return json_lines_of(map(_record, votes))


def _rows(data: bytes, where: str) -> Rows:
    if is_parquet(data):
        return parquet_rows(data, where=where, fix=_FIX)
    if is_json(data) or not data.strip():
        return json_rows(data, where=where, fix=_FIX)
    return csv_rows(data, where=where, columns=COLUMNS, fix=_FIX)


def _votes(row: Row) -> Iterator[Vote]:
    model_a, model_b = row.two_models("model_a", "model_b")
    prompt = row.name("question_id")
    worth = WINNERS[row.one_of("winner", WINNERS)].worth
    yield Vote(
        prompt=prompt,
        annotator=row.name("judge") if row.fields.get("judge") is not None else prompt,
        model_a=model_a,
        model_b=model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=model_a,
        where=row.where,
        at=_at(row),
        answer_a=_last_answer(row, "conversation_a"),
        answer_b=_last_answer(row, "conversation_b"),
    )


def _at(row: Row) -> str:
    """Arena's `tstamp`, in seconds since 1970, as ISO 8601; a text as it is."""
    stamp = row.fields.get("tstamp")
    if stamp is None or isinstance(stamp, str):
        return stamp or ""
    if isinstance(stamp, bool) or not isinstance(stamp, int | float) or not 0 <= stamp < LAST_YEAR:
        raise row.refused("`tstamp` must be a time in seconds since 1970")
    return datetime.fromtimestamp(stamp, UTC).isoformat()


def _last_answer(row: Row, name: str) -> str | None:
    turns = row.fields.get(name)
    if not isinstance(turns, list) or not turns:
        return None
    return row.inside(name, turns[-1]).maybe_text("content")


def _record(vote: Vote) -> Mapping[str, Json]:
    preference = said(vote)
    left, right = (vote.model_a, vote.answer_a), (vote.model_b, vote.answer_b)
    if vote.first != vote.model_a:
        preference, left, right = preference.turned, right, left
    if preference not in WORDS:
        raise unsayable(vote, f"this format has no word for `{preference}`")
    record: dict[str, Json] = {
        "question_id": vote.prompt,
        "model_a": left[0],
        "model_b": right[0],
        "winner": WORDS[preference],
        "judge": vote.annotator,
    }
    for name, (_, answer) in (("conversation_a", left), ("conversation_b", right)):
        if answer is not None:
            record[name] = [{"role": "assistant", "content": answer}]
    return record | ({"tstamp": vote.at} if vote.at else {})
