"""A batch written for tools of others: its tasks for people, or the votes that it has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policies.errors import InputError, WrongUsage
from stages.side_by_side.assignment import Annotator, Task, a_first, assign
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Batch, settled_votes
from stages.side_by_side.exchange.label_studio import LABELLING_CONFIG, export_tasks
from stages.side_by_side.exchange.shown import Shown, shown
from stages.side_by_side.exchange.spreadsheet import export_sheet, sheet_guidelines
from stages.side_by_side.formats.alpaca_eval import write_alpaca_eval
from stages.side_by_side.formats.arena_battles import write_battles
from stages.side_by_side.formats.arena_hard import write_arena_hard
from stages.side_by_side.formats.chatbot_arena import write_chatbot_arena
from stages.side_by_side.formats.crowd_kit import write_crowd_kit
from stages.side_by_side.formats.gate_votes import write_gate_votes
from stages.side_by_side.formats.llmfao import write_llmfao
from stages.side_by_side.formats.mt_bench import write_mt_bench
from stages.side_by_side.pairs import Pair
from stages.side_by_side.vote import Vote


class To(StrEnum):
    """What a batch is written for."""

    LABEL_STUDIO = "label-studio"
    CSV = "csv"
    GATE = "gate"
    ALPACA_EVAL = "alpaca-eval"
    ARENA_HARD = "arena-hard"
    ARENA_BATTLES = "arena-battles"
    MT_BENCH = "mt-bench"
    CHATBOT_ARENA = "chatbot-arena"
    CROWD_KIT = "crowd-kit"
    LLMFAO = "llmfao"

    @property
    def is_for_people(self) -> bool:
        """Whether it is tasks that people are to do; else votes that they gave."""
        return self in (To.LABEL_STUDIO, To.CSV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file to be written.

    Attributes:
        name: Its name.
        content: Its bytes.
    """

    name: str
    content: bytes


_VOTES: Mapping[To, tuple[str, Callable[[Iterable[Vote]], bytes]]] = {
    To.GATE: ("votes.jsonl", write_gate_votes),
    To.ARENA_HARD: ("judgements.jsonl", write_arena_hard),
    To.ARENA_BATTLES: ("battles.jsonl", write_battles),
    To.MT_BENCH: ("pairs.jsonl", write_mt_bench),
    To.CHATBOT_ARENA: ("battles.jsonl", write_chatbot_arena),
    To.CROWD_KIT: ("votes.csv", write_crowd_kit),
    To.LLMFAO: ("votes.csv", write_llmfao),
}
"""Name of the file, and who writes it."""


def export(
    box: BallotBox, name: str, to: To, *, annotators: Sequence[str] = (), now: datetime
) -> tuple[Sheet, ...]:
    """A batch as files for somebody else.

    Tasks are for named people, who are added to the batch; without names, for everybody who works
    in it. Votes are those that stand, and what the rule says of pairs that nobody is shown.

    Raises:
        WrongUsage: When tasks are for nobody, or votes are asked for of named people.
        InputError: When there is no such batch, too few people may see a pair, or a format cannot
            say a vote.
        Broken: When the ballot box cannot be used.
    """
    batch = box.batches.get(name)
    if to.is_for_people:
        return _tasks(box, batch, to, annotators, now)
    if annotators:
        raise WrongUsage(
            f"cannot write the votes of some people for {to}",
            why="votes are written all together",
            fix="leave --annotators out",
        )
    votes = (*settled_votes(batch), *box.standing_votes(name))
    if to is To.ALPACA_EVAL:
        instructions = {pair.prompt: _instruction(batch, pair) for pair in _pairs(batch)}
        return (Sheet(name="annotations.json", content=write_alpaca_eval(votes, instructions)),)
    file, write = _VOTES[to]
    return (Sheet(name=file, content=write(votes)),)


def handed_out(batch: Batch, names: Iterable[str]) -> tuple[Shown, ...]:
    """Every task that people may have been given; who was given which, nobody wrote down."""
    return shown(
        batch,
        [
            Task(
                annotator=name,
                pair=pair.id,
                a_first=a_first(batch.terms, name, pair.id),
                gold=pair.gold is not None,
                position=position,
            )
            for name in names
            for position, pair in enumerate(batch.shown.values())
        ],
    )


def _tasks(
    box: BallotBox, batch: Batch, to: To, annotators: Sequence[str], now: datetime
) -> tuple[Sheet, ...]:
    there = {person.name: person for person in box.people.all(batch.name)}
    working = [name for name, person in there.items() if person.status is Status.WORKING]
    names = annotators or working
    if not names:
        raise WrongUsage(
            f"batch {batch.name} has nobody to write tasks for",
            why="--annotators names nobody, and nobody works in the batch",
            fix="name them: --annotators ann,bob",
        )
    opted_out = {name: person.opted_out for name, person in there.items()}
    people = [Annotator(name=n, opted_out=frozenset(opted_out.get(n, ()))) for n in names]
    tasks = shown(batch, assign(batch, people))
    for name in annotators:
        if name not in there:
            box.people.add(batch.name, name, now=now)
    return _sheets(to, tasks, box, batch)


def _sheets(to: To, tasks: Sequence[Shown], box: BallotBox, batch: Batch) -> tuple[Sheet, ...]:
    guidelines = box.batches.guidelines(batch.name)
    if to is To.LABEL_STUDIO:
        return (
            Sheet(name="tasks.json", content=export_tasks(tasks, guidelines=guidelines.version)),
            Sheet(name="labelling_config.xml", content=LABELLING_CONFIG.encode()),
            Sheet(name="guidelines.md", content=guidelines.text.encode()),
        )
    return (
        Sheet(name="tasks.csv", content=export_sheet(tasks, guidelines=guidelines.version)),
        Sheet(name="guidelines.md", content=sheet_guidelines(guidelines.text)),
    )


def _pairs(batch: Batch) -> Iterable[Pair]:
    return (*batch.pairs, *(known.pair for known in batch.settled))


def _instruction(batch: Batch, pair: Pair) -> str:
    """The one turn of a prompt, which is all that AlpacaEval's format has."""
    match pair.messages:
        case [{"role": "user", "content": str(said)}]:
            return said
        case _:
            raise InputError(
                f"cannot write prompt {pair.prompt} of batch {batch.name} for AlpacaEval",
                why="its format has prompts of one turn of a user only",
                fix="write another format",
            )
