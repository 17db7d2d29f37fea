"""What the acts of a batch amount to: votes, people's figures, progress, contradictions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from policies.canonical import Json
from stages.side_by_side.assignment import a_first
from stages.side_by_side.ballots.history import Act, standing
from stages.side_by_side.ballots.moments import when
from stages.side_by_side.ballots.person import Person, PersonSummary
from stages.side_by_side.ballots.reading import tampered
from stages.side_by_side.ballots.standing import Progress, Skip, Stopped
from stages.side_by_side.ballots.supervising import gold_read, is_warned, read_rightly
from stages.side_by_side.batch import Batch
from stages.side_by_side.pairs import Pair
from stages.side_by_side.vote import Vote

STRONGLY = 0.75
"""Grades (1, .75, .5, .25, 0) so far apart contradict each other: "much better" against "worse"."""


def votes_of(
    batch: Batch, acts: Sequence[Act], people: Sequence[Person], *, gold: bool
) -> tuple[Vote, ...]:
    """Votes that stand, in order of acceptance, a correction in the place of what it corrects.

    Args:
        batch: The batch.
        acts: Everything that was done in it.
        people: Everybody in it.
        gold: Whether those on gold pairs are asked for, or the others.

    Raises:
        Broken: When a vote is by nobody of the batch, or on none of its pairs.
    """
    segments = {person.name: person.segment for person in people}
    before: dict[tuple[str, str], list[Act]] = {}
    for act in acts:
        if act.person not in segments or act.pair not in batch.shown:
            why = f"vote {act.number} is by nobody of the batch, or on none of its pairs"
            raise tampered(batch.name, why)
        before.setdefault((act.person, act.pair), []).append(act)
    return tuple(
        _vote(batch, act, segment=segments[act.person], said=before[act.person, act.pair])
        for act in standing(acts)
        if act.is_vote and act.gold == gold
    )


def skips_of(acts: Sequence[Act]) -> tuple[Skip, ...]:
    """Skips that stand, gold included, in order of acceptance."""
    return tuple(
        Skip(pair=act.pair, person=act.person, comment=act.comment, at=act.at)
        for act in standing(acts)
        if not act.is_vote
    )


def summary_of(batch: Batch, person: Person, acts: Sequence[Act]) -> PersonSummary:
    """How a person does.

    Args:
        batch: The batch.
        person: Who.
        acts: All that they did, in order.
    """
    stand = standing(acts)
    votes = [act for act in stand if act.is_vote]
    seconds = [act.seconds for act in votes if act.seconds is not None]
    gold = gold_read(batch, acts)
    return PersonSummary(
        person=person,
        votes=sum(not act.gold for act in votes),
        gold=gold.pairs,
        gold_right=gold.right,
        skipped=len(stand) - len(votes),
        undone=sum(act.undoes is not None for act in acts),
        seconds=sum(seconds),
        median_seconds=median(seconds) if seconds else None,
        fast=sum(second < batch.terms.rules.floor_seconds for second in seconds),
        first_position=_first_position(batch, [act for act in votes if not act.gold]),
        warned=is_warned(batch, person, acts),
        last=max((act.at for act in votes), key=when, default=""),
    )


def progress_of(batch: Batch, acts: Sequence[Act], stopped: Stopped | None) -> Progress:
    """How far a batch is."""
    votes = Counter(act.pair for act in standing(acts) if act.is_vote and not act.gold)
    return Progress(
        votes=votes.total(),
        needed=batch.votes_needed,
        pairs_done=sum(count >= batch.terms.overlap for count in votes.values()),
        pairs=len(batch.pairs),
        stopped=stopped,
    )


def by_person(acts: Iterable[Act]) -> Mapping[str, Sequence[Act]]:
    """Acts of each person, in order."""
    found: dict[str, list[Act]] = {}
    for act in acts:
        found.setdefault(act.person, []).append(act)
    return found


def contradictions(votes: Iterable[Vote]) -> Mapping[str, tuple[Vote, ...]]:
    """Votes of the pairs whose votes contradict each other strongly, by the pair's id."""
    found: dict[str, list[Vote]] = {}
    for vote in votes:
        found.setdefault(str(vote.record["pair"]), []).append(vote)
    return {pair: tuple(said) for pair, said in found.items() if _contradict(said)}


def _contradict(votes: Sequence[Vote]) -> bool:
    grades = [vote.graded_a for vote in votes if vote.graded_a is not None]
    return max(grades) - min(grades) >= STRONGLY


def _first_position(batch: Batch, votes: Sequence[Act]) -> float | None:
    clear = [act for act in votes if act.preference.worth.win in (0, 1)]
    first = sum(
        (act.preference.worth.win == 1) == a_first(batch.terms, act.person, act.pair)
        for act in clear
    )
    return first / len(clear) if clear else None


def _vote(batch: Batch, act: Act, *, segment: str, said: Sequence[Act]) -> Vote:
    pair, worth = batch.shown[act.pair], act.preference.worth
    shown_first = a_first(batch.terms, act.person, act.pair)
    floor = batch.terms.rules.floor_seconds
    return Vote(
        prompt=pair.prompt,
        annotator=act.person,
        model_a=pair.model_a,
        model_b=pair.model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=pair.model_a if shown_first else pair.model_b,
        where=f"batch {batch.name}, vote {act.number}",
        at=act.at,
        segment=segment,
        answer_a=pair.answer_a,
        answer_b=pair.answer_b,
        record={
            "pair": act.pair,
            "preference": act.preference.value,
            "seed": batch.terms.seed,
            "guidelines": act.guidelines,
            "comment": act.comment,
            "seconds": act.seconds,
            "fast": act.seconds is not None and act.seconds < floor,
            "undone": [other.undoes for other in said if other.undoes is not None],
            "corrected": [_corrected(other) for other in said if _is_corrected(other, by=act)],
            **_right(pair, act),
        },
    )


def _is_corrected(act: Act, *, by: Act) -> bool:
    """Whether a vote stood in the place of another before it."""
    return act.is_vote and act.place == by.place and act.number < by.number


def _corrected(act: Act) -> Mapping[str, Json]:
    return {"vote": act.number, "preference": act.preference.value, "at": act.at}


def _right(pair: Pair, act: Act) -> Mapping[str, bool]:
    if pair.gold is None:
        return {}
    return {"right": read_rightly(act.preference, pair.gold)}
