"""What was said elsewhere: all of it is taken in, or nothing, and only once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import sha256_of
from stages.side_by_side.ballots.cast import Ballot
from stages.side_by_side.ballots.standing import Skip
from stages.side_by_side.exchange.shown import Shown
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a line says of a task.

    Attributes:
        task: The task.
        preference: A being answer 1; UNRESOLVED for a task that was skipped.
        seconds: Time on the task; None where it was not measured.
        comment: In the annotator's words.
        guidelines: Version of the guidelines that they were shown.
        at: When, ISO 8601; empty where it is not known.
        corrects: Whether it says of itself that it corrects what was said before.
        where: File and line.
    """

    task: Shown
    preference: Preference
    seconds: float | None
    comment: str
    guidelines: int
    at: str
    corrects: bool = False
    where: str


MEND = "mend these lines and import the whole file again"


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be taken in, why, and what is to be done about it and others like it."""

    where: str
    why: str
    fix: str = MEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file brings; nothing at all when a line of it is refused.

    Attributes:
        ballots: What is new, in the file's order.
        corrections: What takes the place of something said before.
        lines: What the ballots, and then the corrections, were said by, in their order.
        unchanged: How many lines say again what is known.
        refused: Every line that is refused.
    """

    ballots: tuple[Ballot, ...] = ()
    corrections: tuple[Ballot, ...] = ()
    lines: tuple[Said, ...] = ()
    unchanged: int = 0
    refused: tuple[RefusedLine, ...] = ()

    def __post_init__(self) -> None:
        if self.refused and (self.ballots or self.corrections):
            raise ValueError("a file is taken in as a whole, or not at all")
        if len(self.lines) != len(self.ballots) + len(self.corrections):
            raise ValueError("every ballot was said by a line")


def taken_in(
    said: Iterable[Said],
    refused: Iterable[RefusedLine],
    known: Mapping[str, Preference],
    *,
    corrects: bool = False,
) -> Imported:
    """What of a file is new, what is known, what corrects, and what contradicts.

    A file's last word on a task is what it says; an earlier one in it may differ only where the
    later line says of itself that it corrects. What was skipped in an earlier file may be answered.

    Args:
        said: What its lines say.
        refused: Lines that say nothing that can be taken in.
        known: What was taken in before, by task; see `known_preferences`.
        corrects: Whether every line that differs from what is known is meant to correct it.
    """
    last, again, contradictions = _last_words(said)
    wrong = [*refused, *contradictions]
    new: list[Said] = []
    corrections: list[Said] = []
    for line in last:
        earlier = known.get(line.task.id)
        if earlier is line.preference:
            again += 1
        elif earlier is None or earlier is Preference.UNRESOLVED:
            new.append(line)
        elif line.corrects or corrects:
            corrections.append(line)
        else:
            wrong.append(RefusedLine(line.where, _contradiction(line, earlier)))
    if wrong:
        return Imported(refused=tuple(wrong))
    return Imported(
        ballots=tuple(map(_ballot, new)),
        corrections=tuple(map(_ballot, corrections)),
        lines=(*new, *corrections),
        unchanged=again,
    )


def known_preferences(
    tasks: Iterable[Shown], votes: Iterable[Vote], skips: Iterable[Skip] = ()
) -> Mapping[str, Preference]:
    """What votes and skips that were taken in say of tasks, by task, A being answer 1.

    Args:
        tasks: The tasks.
        votes: Votes whose record names the `pair`, as those of the ballot box do.
        skips: Skips that stand.
    """
    tasks = tuple(tasks)
    left = {(skip.person, skip.pair) for skip in skips}
    skipped = [task.id for task in tasks if (task.annotator, task.pair) in left]
    given = {(vote.annotator, vote.record.get("pair")): vote for vote in votes}
    found = ((task, given.get((task.annotator, task.pair))) for task in tasks)
    return {
        **dict.fromkeys(skipped, Preference.UNRESOLVED),
        **{task.id: _said_of(task, vote) for task, vote in found if vote is not None},
    }


def _last_words(said: Iterable[Said]) -> tuple[Iterable[Said], int, Sequence[RefusedLine]]:
    """What a file says last of each task, how often it repeats itself, and what contradicts it."""
    last: dict[str, Said] = {}
    repeated = 0
    wrong: list[RefusedLine] = []
    for line in said:
        before = last.get(line.task.id)
        if before is None or (line.corrects and before.preference is not line.preference):
            last[line.task.id] = line
        elif before.preference is line.preference:
            repeated += 1
        else:
            wrong.append(RefusedLine(line.where, _contradiction(line, before.preference)))
    return last.values(), repeated, wrong


def _contradiction(line: Said, earlier: Preference) -> str:
    return (
        f"task {line.task.id} of `{line.task.annotator}` was `{earlier}` and is now "
        f"`{line.preference}` (A is answer 1), which is not declared a correction"
    )


def _ballot(line: Said) -> Ballot:
    return Ballot(
        person=line.task.annotator,
        pair=line.task.pair,
        said=line.preference,
        seconds=line.seconds,
        comment=line.comment,
        guidelines=line.guidelines,
        token=sha256_of(["import", line.task.id, line.preference.value])[:32],
        at=line.at,
    )


def _said_of(task: Shown, vote: Vote) -> Preference:
    for preference in Preference:
        worth = preference.worth
        if (worth.win, worth.graded, worth.both_bad) == (vote.win_a, vote.graded_a, vote.both_bad):
            return preference if task.a_first else preference.turned
    raise ValueError(f"the vote at {vote.where} is no preference of an annotator")
