"""A batch written for tools of others: its tasks for people, its votes, or its answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from policies.errors import InputError, WrongUsage
from stages.side_by_side.assignment import Annotator, Task, a_first, assign
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Batch, settled_votes
from stages.side_by_side.exchange.label_studio import LABELLING_CONFIG, export_tasks
from stages.side_by_side.exchange.shown import Shown, shown
from stages.side_by_side.exchange.spreadsheet import export_sheet, sheet_guidelines
from stages.side_by_side.formats.alpaca_eval import write_alpaca_eval
from stages.side_by_side.formats.answers import (
    Answer,
    write_arena_hard_answers,
    write_model_outputs,
)
from stages.side_by_side.formats.arena_battles import write_battles
from stages.side_by_side.formats.chatbot_arena import write_chatbot_arena
from stages.side_by_side.formats.crowd_kit import write_crowd_kit
from stages.side_by_side.formats.gate_votes import write_gate_votes
from stages.side_by_side.formats.llmfao import write_llmfao
from stages.side_by_side.pairs import Pair
from stages.side_by_side.vote import Vote


class To(StrEnum):
    """What a batch is written for.

    People see a pair in one order: Arena-Hard's and MT-bench's judgements, which stand in both,
    are no way to write what they said.
    """

    LABEL_STUDIO = "label-studio"
    CSV = "csv"
    GATE = "gate"
    ALPACA_EVAL = "alpaca-eval"
    ARENA_BATTLES = "arena-battles"
    CHATBOT_ARENA = "chatbot-arena"
    CROWD_KIT = "crowd-kit"
    LLMFAO = "llmfao"
    ARENA_HARD_ANSWERS = "arena-hard-answers"
    MODEL_OUTPUTS = "model-outputs"
    """AlpacaEval's answers."""

    @property
    def is_for_people(self) -> bool:
        """Whether it is tasks that people are to do; else votes or answers that were given."""
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
    To.ARENA_BATTLES: ("battles.jsonl", write_battles),
    To.CHATBOT_ARENA: ("battles.jsonl", write_chatbot_arena),
    To.CROWD_KIT: ("votes.csv", write_crowd_kit),
    To.LLMFAO: ("votes.csv", write_llmfao),
}
"""Name of the file, and who writes it."""

_ANSWERS: Mapping[To, tuple[str, Callable[[Iterable[Answer]], bytes]]] = {
    To.ARENA_HARD_ANSWERS: (".jsonl", write_arena_hard_answers),
    To.MODEL_OUTPUTS: (".json", write_model_outputs),
}
"""How the file of a model ends, and who writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Whom tasks are for.

    Attributes:
        annotators: Their names; empty for everybody who works in the batch.
        each: Whether everybody has a file of their own.
    """

    annotators: tuple[str, ...] = ()
    each: bool = False


EVERYBODY = Tasks()
"""Everybody who works in the batch, in one file."""


def export(
    box: BallotBox, name: str, to: To, *, tasks: Tasks = EVERYBODY, now: datetime
) -> tuple[Sheet, ...]:
    """A batch as files for somebody else.

    Tasks are for named people, who are added to the batch. Votes are those that stand, and what the
    rule says of pairs that nobody is shown. Answers are those of every model to the prompts drawn,
    a file each.

    Raises:
        WrongUsage: When tasks are for nobody, or other things than tasks are wanted of some people.
        InputError: When there is no such batch, too few people may see a pair, or a format cannot
            say a vote.
        Broken: When the ballot box cannot be used.
    """
    batch = box.batches.get(name)
    if to.is_for_people:
        return _tasks(box, batch, to, tasks, now)
    if tasks != EVERYBODY:
        raise WrongUsage(
            f"cannot write {to} for some people, or for each",
            why="only tasks are people's own: votes and answers are written all together",
            fix="leave --annotators and --each out",
        )
    if to in _ANSWERS:
        return tuple(_answers(batch, to))
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


def _tasks(box: BallotBox, batch: Batch, to: To, wanted: Tasks, now: datetime) -> tuple[Sheet, ...]:
    there = {person.name: person for person in box.people.all(batch.name)}
    working = [name for name, person in there.items() if person.status is Status.WORKING]
    names = wanted.annotators or working
    if not names:
        raise WrongUsage(
            f"batch {batch.name} has nobody to write tasks for",
            why="--annotators names nobody, and nobody works in the batch",
            fix="name them: --annotators ann,bob",
        )
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise WrongUsage(
            f"cannot write tasks for {', '.join(twice)}",
            why="they are named twice",
            fix="name everybody once in --annotators",
        )
    opted_out = {name: person.opted_out for name, person in there.items()}
    people = [Annotator(name=n, opted_out=frozenset(opted_out.get(n, ()))) for n in names]
    tasks = shown(batch, assign(batch, people))
    for name in wanted.annotators:
        if name not in there:
            box.people.add(batch.name, name, now=now)
    return tuple(_sheets(to, _in_files(tasks, names, each=wanted.each), box, batch))


def _in_files(
    tasks: Sequence[Shown], names: Sequence[str], *, each: bool
) -> Mapping[str, Sequence[Shown]]:
    """Tasks by the name of their file, without its ending."""
    if not each:
        return {"tasks": tasks}
    return {
        f"tasks-{_in_a_file_name(name)}": [task for task in tasks if task.annotator == name]
        for name in names
    }


def _sheets(
    to: To, files: Mapping[str, Sequence[Shown]], box: BallotBox, batch: Batch
) -> Iterator[Sheet]:
    guidelines = box.batches.guidelines(batch.name)
    if to is To.LABEL_STUDIO:
        for name, tasks in files.items():
            content = export_tasks(tasks, guidelines=guidelines.version)
            yield Sheet(name=f"{name}.json", content=content)
        yield Sheet(name="labelling_config.xml", content=LABELLING_CONFIG.encode())
        yield Sheet(name="guidelines.md", content=guidelines.text.encode())
        return
    for name, tasks in files.items():
        content = export_sheet(tasks, guidelines=guidelines.version)
        yield Sheet(name=f"{name}.csv", content=content)
    yield Sheet(name="guidelines.md", content=sheet_guidelines(guidelines.text))


def _answers(batch: Batch, to: To) -> Iterator[Sheet]:
    """A file for every model."""
    ending, write = _ANSWERS[to]
    found: dict[str, dict[str, Answer]] = {}
    for pair in _pairs(batch):
        for model, text in ((pair.model_a, pair.answer_a), (pair.model_b, pair.answer_b)):
            found.setdefault(model, {})[pair.prompt] = Answer(
                prompt=pair.prompt, messages=pair.messages, model=model, text=text
            )
    for model, answers in found.items():
        name = f"{_in_a_file_name(model)}{ending}"
        yield Sheet(name=name, content=write(answers.values()))


def _in_a_file_name(name: str) -> str:
    """A name that stands for one file in its folder, and for no other name."""
    return quote(name, safe="")


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
