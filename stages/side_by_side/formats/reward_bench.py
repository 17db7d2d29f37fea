"""Pairs with a known better answer, as RewardBench has them."""

from collections.abc import Iterable, Iterator, Mapping

from policies.canonical import Json, sha256_of
from policies.errors import InputError
from stages.side_by_side.formats.rows import (
    Row,
    all_or_none,
    is_parquet,
    json_rows,
    parquet_rows,
)
from stages.side_by_side.formats.writing import json_lines_of
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference

CHOSEN, REJECTED = "chosen", "rejected"
"""What the two are called where the file does not say who wrote them, or one model wrote both."""

_FIX = (
    "give pairs as RewardBench does: prompt, chosen, rejected, subset, and perhaps id, "
    "chosen_model, rejected_model; or the chosen and the rejected conversation as lists of messages"
)


def parse_reward_bench(data: bytes, *, where: str) -> tuple[Pair, ...]:
    """Gold pairs from JSON lines, a JSON list or Parquet; answer a is the chosen one.

    A pair's topic is its `subset`, its prompt's id `SUBSET/ID`; where there is no id, a digest of
    the prompt. `chosen` and `rejected` are texts beside a `prompt`, or whole conversations that
    differ in the last message only. `harms`, which RewardBench has not, names what annotators may
    opt out of.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line (of Parquet, the row), when one is wrong.
    """
    reader = parquet_rows if is_parquet(data) else json_rows
    return all_or_none(reader(data, where=where, fix=_FIX), _pairs)


def is_reward_bench(data: bytes) -> bool:
    """Whether the first record of a file has a chosen and a rejected answer."""
    if is_parquet(data):
        return True
    try:
        first = next(json_rows(data, where="", fix=_FIX), None)
    except InputError:
        return False
    return isinstance(first, Row) and CHOSEN in first.fields and REJECTED in first.fields


def write_reward_bench(pairs: Iterable[Pair]) -> bytes:
    """Gold pairs as JSON lines: the better answer is the chosen one.

    Raises:
        InputError: When a pair's gold does not prefer one answer.
    """
    return json_lines_of(map(_record, pairs))


def _pairs(row: Row) -> Iterator[Pair]:
    messages, chosen, rejected = _texts(row)
    if chosen == rejected:
        raise row.refused("`chosen` and `rejected` are one text")
    subset = row.maybe_text("subset") or ""
    model_a, model_b = (row.maybe_text(name) for name in ("chosen_model", "rejected_model"))
    if not model_a or not model_b or model_a == model_b:
        model_a, model_b = CHOSEN, REJECTED
    yield Pair(
        prompt=_prompt_id(row, subset, messages),
        messages=messages,
        topic=subset,
        harms=_harms(row),
        model_a=model_a,
        model_b=model_b,
        answer_a=chosen,
        answer_b=rejected,
        gold=Preference.A_BETTER,
    )


def _harms(row: Row) -> tuple[str, ...]:
    named = row.fields.get("harms") or []
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise row.refused("`harms` must be a list of texts")
    return tuple(str(name) for name in named)


def _texts(row: Row) -> tuple[tuple[Mapping[str, Json], ...], str, str]:
    """The conversation, the better answer and the worse one."""
    if "prompt" in row.fields:
        messages: tuple[Mapping[str, Json], ...] = (
            {"role": "user", "content": row.text("prompt")},
        )
        return messages, row.text(CHOSEN), row.text(REJECTED)
    (chosen, better), (rejected, worse) = _conversation(row, CHOSEN), _conversation(row, REJECTED)
    if chosen != rejected:
        raise row.refused("`chosen` and `rejected` differ before their last message")
    return chosen, better, worse


def _conversation(row: Row, name: str) -> tuple[tuple[Mapping[str, Json], ...], str]:
    turns = row.fields.get(name)
    if not isinstance(turns, list) or len(turns) < 2:  # noqa: PLR2004 - a question and an answer
        raise row.refused(f"`{name}` must be a list of messages where there is no `prompt`")
    messages = [row.inside(name, turn) for turn in turns]
    said = [{"role": turn.text("role"), "content": turn.text("content")} for turn in messages]
    return tuple(said[:-1]), said[-1]["content"]


def _prompt_id(row: Row, subset: str, messages: tuple[Mapping[str, Json], ...]) -> str:
    known = row.fields.get("id") is not None
    name = row.name("id") if known else sha256_of([dict(turn) for turn in messages])[:16]
    return f"{subset}/{name}" if subset else name


def _record(pair: Pair) -> Mapping[str, Json]:
    if pair.gold is None or pair.gold.worth.win not in (0.0, 1.0):
        raise InputError(
            f"cannot write the pair on prompt `{pair.prompt}`",
            why="RewardBench has pairs of which one answer is better, and no others",
            fix="leave the pair out",
        )
    sides = [(pair.model_a, pair.answer_a), (pair.model_b, pair.answer_b)]
    (chosen_by, chosen), (rejected_by, rejected) = sides if pair.gold.worth.win else reversed(sides)
    record: dict[str, Json] = {
        "id": pair.prompt.removeprefix(f"{pair.topic}/"),
        "subset": pair.topic,
        "chosen_model": chosen_by,
        "rejected_model": rejected_by,
        **({"harms": list(pair.harms)} if pair.harms else {}),
    }
    if len(pair.messages) == 1 and pair.messages[0].get("role") == "user":
        return record | {
            "prompt": pair.messages[0].get("content"),
            CHOSEN: chosen,
            REJECTED: rejected,
        }
    turns: list[Json] = [dict(turn) for turn in pair.messages]
    return record | {
        CHOSEN: [*turns, {"role": "assistant", "content": chosen}],
        REJECTED: [*turns, {"role": "assistant", "content": rejected}],
    }
