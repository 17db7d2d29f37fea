"""The gate's own votes: one JSON object a line, which says all that is known of a vote."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.canonical import Json, sha256_of_bytes
from policies.errors import InputError
from stages.side_by_side.batch import RULE
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows, listed
from stages.side_by_side.formats.writing import json_lines_of
from stages.side_by_side.preference import Preference, Worth
from stages.side_by_side.vote import Vote

OWN = frozenset(
    {
        *("prompt", "annotator", "model_a", "model_b", "verdict", "score", "shown_first", "at"),
        *("segment", "judge", "answer_a", "answer_b", "answer_a_sha256", "answer_b_sha256"),
    }
)
"""Fields that a `Vote` has itself; all others are its record."""

SHA256 = re.compile("[0-9a-f]{64}")

_FIX = (
    'write {"prompt": "p1", "model_a": "assistant/12", "model_b": "assistant/11", "annotator": '
    '"ann", "verdict": "A>B"}, and `"shown_first": "a"` or `"b"` where it is known'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A vote that its annotator took back.

    Attributes:
        vote: The vote's id.
        annotator: Who took it back: the one who gave it.
        at: When, ISO 8601; empty where it is not known.
        where: File and line it was read from.
    """

    vote: str
    annotator: str
    at: str = ""
    where: str = ""


def parse_gate_votes(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Votes from JSON lines (or a JSON list) that were not taken back; see `parse_history`.

    Raises:
        InputError: Naming file and line, when one is wrong or takes back what it cannot.
    """
    history = parse_history(data, where=where)
    given: dict[str, Vote] = {}
    undone: set[str] = set()
    wrong: list[InputError] = []
    for entry in history:
        try:
            if isinstance(entry, Undo):
                _check_undo(entry, given, undone)
                undone.add(entry.vote)
            else:
                _keep(entry, given)
        except InputError as error:
            wrong.append(error)
    if wrong:
        raise listed(wrong)
    votes = (entry for entry in history if isinstance(entry, Vote))
    return tuple(vote for vote in votes if _id(vote) not in undone)


def parse_history(data: bytes, *, where: str) -> tuple[Vote | Undo, ...]:
    """Everything that a file of votes says, what was taken back included, in its order.

    A line is a vote, `{"prompt", "model_a", "model_b", "annotator", "verdict", ...}`, or takes one
    back, `{"undo": ID, "annotator", "at"?}`. `verdict` is a `Preference`; a score that none says
    stands as `"score": {"win", "graded", "both_bad"?}` instead. Where `shown_first` is absent, a
    counts as shown first. What the annotator `rule` says, nobody judged. Fields that the vote has
    no place for are its record.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong.
    """
    return all_or_none(json_rows(data, where=where, fix=_FIX), _entry)


def write_gate_votes(history: Iterable[Vote | Undo], *, answers: bool = True) -> bytes:
    """Votes, and what takes them back, as JSON lines; reading them gives the same again.

    Args:
        history: In order.
        answers: Whether to write the answers' texts, and not their digests alone.
    """
    return json_lines_of(
        _undo_json(entry) if isinstance(entry, Undo) else _json(entry, answers=answers)
        for entry in history
    )


def _entry(row: Row) -> Iterator[Vote | Undo]:
    if "undo" in row.fields:
        yield Undo(
            vote=row.name("undo"),
            annotator=row.name("annotator"),
            at=_at(row),
            where=row.where,
        )
    else:
        yield _vote(row)


def _vote(row: Row) -> Vote:
    model_a, model_b = row.name("model_a"), row.name("model_b")
    if model_a == model_b:
        raise row.refused(f"`{model_a}` is compared with itself")
    worth = _worth(row)
    shown = row.one_of("shown_first", ("a", "b")) if "shown_first" in row.fields else "a"
    judge = row.fields.get("judge", False)
    if not isinstance(judge, bool):
        raise row.refused("`judge` must be true or false")
    annotator = row.name("annotator")
    return Vote(
        prompt=row.name("prompt"),
        annotator=annotator,
        model_a=model_a,
        model_b=model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=model_a if shown == "a" else model_b,
        where=row.where,
        at=_at(row),
        segment=row.maybe_text("segment") or "",
        answer_a=_answer(row, "answer_a"),
        answer_b=_answer(row, "answer_b"),
        judge=judge,
        ruled=annotator == RULE,
        record=_record(row),
    )


def _worth(row: Row) -> Worth:
    if "score" not in row.fields:
        return Preference(row.one_of("verdict", tuple(Preference))).worth
    if "verdict" in row.fields:
        raise row.refused("give one of `verdict` and `score`")
    score = row.inside("score", row.fields["score"])
    win, graded = score.share("win"), score.share("graded")
    both_bad = score.fields.get("both_bad")
    if win is None or graded is None:
        raise row.refused("`score` must have `win` and `graded`")
    if both_bad is not None and not isinstance(both_bad, bool):
        raise row.refused("`both_bad` must be true or false")
    return Worth(win, graded, both_bad=both_bad)


def _at(row: Row) -> str:
    at = row.fields.get("at", "")
    if not isinstance(at, str):
        raise row.refused("`at` must be an ISO 8601 time, as a text")
    return at


def _answer(row: Row, name: str) -> str | None:
    answer, digest = row.maybe_text(name), row.maybe_text(f"{name}_sha256")
    if digest is not None and not SHA256.fullmatch(digest):
        raise row.refused(f"`{name}_sha256` is no SHA-256")
    if answer is not None and digest is not None and digest != _sha256(answer):
        raise row.refused(f"`{name}` is not the text that `{name}_sha256` is of")
    return answer


def _record(row: Row) -> Mapping[str, Json]:
    seed, seconds = row.fields.get("seed"), row.fields.get("seconds")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise row.refused("`seed` must be a whole number")
    if seconds is not None and not _is_time(seconds):
        raise row.refused("`seconds` must be a number, 0 or more")
    row.maybe_text("comment")
    kept = {name: value for name, value in row.fields.items() if name not in OWN}
    digests = {
        name: row.fields[name]
        for name in ("answer_a_sha256", "answer_b_sha256")
        if row.fields.get(name) is not None and row.fields.get(name.removesuffix("_sha256")) is None
    }
    return kept | digests


def _is_time(seconds: Json) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds < math.inf


def _keep(vote: Vote, given: dict[str, Vote]) -> None:
    name = _id(vote)
    if name is None:
        return
    if name in given:
        raise _refused(vote.where, f"vote `{name}` stands already at {given[name].where}")
    given[name] = vote


def _check_undo(undo: Undo, given: Mapping[str, Vote], undone: set[str]) -> None:
    vote = given.get(undo.vote)
    if vote is None:
        raise _refused(undo.where, f"there is no vote `{undo.vote}` before it")
    if vote.annotator != undo.annotator:
        raise _refused(undo.where, f"`{undo.annotator}` takes back a vote of `{vote.annotator}`")
    if undo.vote in undone:
        raise _refused(undo.where, f"vote `{undo.vote}` was taken back already")


def _id(vote: Vote) -> str | None:
    name = vote.record.get("id")
    return None if name is None else str(name)


def _refused(place: str, why: str) -> InputError:
    return InputError(f"cannot read the record at {place}", why=why, fix=_FIX)


def _undo_json(undo: Undo) -> Mapping[str, Json]:
    at: dict[str, Json] = {"at": undo.at} if undo.at else {}
    return {"undo": undo.vote, "annotator": undo.annotator} | at


def _json(vote: Vote, *, answers: bool) -> Mapping[str, Json]:
    worth = Worth(vote.win_a, vote.graded_a, both_bad=vote.both_bad)
    known: dict[str, Json] = {
        "prompt": vote.prompt,
        "model_a": vote.model_a,
        "model_b": vote.model_b,
        "annotator": vote.annotator,
        **_said(worth),
        "shown_first": "a" if vote.first == vote.model_a else "b",
    }
    more: dict[str, Json] = {"at": vote.at, "segment": vote.segment, "judge": vote.judge}
    texts = _answer_json("answer_a", vote.answer_a, text=answers) | _answer_json(
        "answer_b", vote.answer_b, text=answers
    )
    kept = {name: value for name, value in vote.record.items() if name not in known}
    return kept | known | {name: value for name, value in more.items() if value} | texts


def _said(worth: Worth) -> dict[str, Json]:
    for preference in Preference:
        if preference.worth == worth:
            return {"verdict": preference.value}
    asked: dict[str, Json] = {} if worth.both_bad is None else {"both_bad": worth.both_bad}
    return {"score": {"win": worth.win, "graded": worth.graded, **asked}}


def _answer_json(name: str, answer: str | None, *, text: bool) -> dict[str, Json]:
    if answer is None:
        return {}
    digest: dict[str, Json] = {f"{name}_sha256": _sha256(answer)}
    return digest | {name: answer} if text else digest


def _sha256(text: str) -> str:
    return sha256_of_bytes(text.encode())
