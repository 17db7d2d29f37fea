"""Who says what an answer does: the built-in rules, or a judge."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from policies.errors import InputError
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Cost
from stages.judges.asking import ask_judge, verdict_log
from stages.judges.conversation import turns
from stages.models.visible import seen_places
from stages.offline.instrument import Answers
from stages.offline.judged.cases import by_item, cases_of
from stages.offline.refusal.judge import REFUSALS
from stages.offline.refusal.rules import NAME, read_reply
from stages.offline.refusal.verdict import Reply
from stages.offline.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a classifier saw in one answer.

    Attributes:
        reply: Its verdict.
        detail: For people: what it rests on.
        start: First character of the sentence that decided; equal to `end` when none is known.
        end: One past its last character.
    """

    reply: Reply
    detail: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """Every answer as a classifier sees it.

    Attributes:
        seen: One per generation of each item, in their order; or why they are not all there.
        tools: Who classified.
        cost: Of a judge.
    """

    seen: tuple[tuple[Seen, ...], ...] | Unmeasured
    tools: tuple[tuple[str, str], ...]
    cost: Cost = field(default_factory=Cost)


def by_rules(items: Sequence[Item], answers: Sequence[Answers]) -> Classified:
    """By the rules that are part of the program, which read English only."""
    tools = (("refusals", NAME),)
    seen: list[tuple[Seen, ...]] = []
    for item, texts in zip(items, answers, strict=True):
        each = [_read(item, text) for text in texts]
        unread = [found for found in each if isinstance(found, Unmeasured)]
        if unread:
            return Classified(seen=unread[0], tools=tools)
        seen.append(tuple(found for found in each if isinstance(found, Seen)))
    return Classified(seen=tuple(seen), tools=tools)


def by_judge(
    name: str, items: Sequence[Item], answers: Sequence[Answers], *, tools: Tools
) -> Classified:
    """By the model behind an endpoint.

    Raises:
        Broken: When the journal cannot be read or written.
    """
    cases = cases_of(items, answers, turns)
    if isinstance(cases, Unmeasured):
        return Classified(seen=cases, tools=())
    with closing(tools.client(name)) as client:
        log = verdict_log(client, tools.state)
        judged = ask_judge(
            client,
            REFUSALS,
            cases,
            log=log,
            progress=tools.progress,
            ask_with=tools.asker(name),
        )
    who = (("refusals", judged.judge), ("brief", REFUSALS.digest))
    verdicts = judged.all()
    if isinstance(verdicts, Unmeasured):
        return Classified(seen=verdicts, tools=who, cost=judged.cost)
    return Classified(
        seen=tuple(
            tuple(
                Seen(reply=Reply(str(v.choice)), detail=f"{v.choice}: {v.reasoning}") for v in each
            )
            for each in by_item(verdicts, items, answers)
        ),
        tools=who,
        cost=judged.cost,
    )


def prompt_of(item: Item) -> str:
    """What was asked: the last user turn.

    Raises:
        InputError: When it is no text.
    """
    texts = [m.get("content") for m in item.messages if m.get("role") == "user"]
    if texts and isinstance(texts[-1], str):
        return texts[-1]
    raise InputError(
        f"cannot score refusals of item {item.id}",
        why="its last user turn is no text",
        fix="give every item a `prompt`, or a user's message of text",
    )


def _read(item: Item, text: str) -> Seen | Unmeasured:
    reading = read_reply(prompt_of(item), text)
    if isinstance(reading, Unmeasured):
        return Unmeasured(f"item {item.id}: {reading.reason}; name a judge as `refusal`")
    if reading.deciding is None:
        return Seen(reply=reading.reply, detail=reading.detail)
    first, places = reading.deciding.start, seen_places(text)
    last = first + len(reading.deciding.text) - 1
    start, end = places[first], places[last] + 1
    return Seen(reply=reading.reply, detail=reading.detail, start=start, end=end)
