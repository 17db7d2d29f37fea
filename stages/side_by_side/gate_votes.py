"""The gate's own votes: one JSON object a line."""

from collections.abc import Iterator, Mapping

from policies.canonical import Json
from policies.errors import InputError
from stages.evidence.json_lines import json_lines
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

_FIX = (
    'write {"prompt": "p1", "model_a": "assistant/12", "model_b": "assistant/11", "annotator": '
    '"ann", "verdict": "A>B"}, and `"shown_first": "a"` or `"b"` where it is known'
)


def parse_gate_votes(data: bytes, *, where: str) -> Iterator[Vote]:
    """Votes from JSONL.

    A line is `{"prompt", "model_a", "model_b", "annotator", "verdict", "shown_first"?, "seed"?,
    "at"?}`; models by the names they are known as, `verdict` a `Preference`. Where `shown_first`
    is absent, a counts as shown first. Other fields are left alone.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, at the first wrong one.
    """
    for number, record in json_lines(data, where=where):
        line = f"{where}:{number}"
        if not isinstance(record, Mapping):
            raise _refused(line, "a vote must be a JSON object")
        yield _vote(record, line)


def _vote(record: Mapping[str, Json], line: str) -> Vote:
    model_a, model_b = (_text(record, field, line) for field in ("model_a", "model_b"))
    if model_a == model_b:
        raise _refused(line, f"`{model_a}` is compared with itself")
    verdict = record.get("verdict")
    if verdict not in tuple(Preference):
        raise _refused(line, f"`verdict` is {verdict!r}, not one of {', '.join(Preference)}")
    worth = Preference(verdict).worth
    shown = record.get("shown_first", "a")
    if shown not in ("a", "b"):
        raise _refused(line, f"`shown_first` is {shown!r}, not `a` or `b`")
    _check_origin(record, line)
    return Vote(
        prompt=_text(record, "prompt", line),
        annotator=_text(record, "annotator", line),
        model_a=model_a,
        model_b=model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=model_a if shown == "a" else model_b,
        where=line,
    )


def _text(record: Mapping[str, Json], field: str, line: str) -> str:
    value = record.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise _refused(line, f"`{field}` must be a text or a whole number that says something")
    return str(value)


def _check_origin(record: Mapping[str, Json], line: str) -> None:
    seed, at = record.get("seed"), record.get("at")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise _refused(line, "`seed` must be a whole number")
    if at is not None and not isinstance(at, str):
        raise _refused(line, "`at` must be an ISO 8601 time, as a text")


def _refused(line: str, why: str) -> InputError:
    return InputError(f"cannot read the vote at {line}", why=why, fix=_FIX)
