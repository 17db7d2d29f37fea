"""Battles of Arena-Hard, which its ratings are computed from: a row a win."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from policies.errors import InputError
from stages.side_by_side.formats.arena_hard import five_way
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows, listed
from stages.side_by_side.formats.writing import json_lines_of
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

JUDGE = "arena-hard"
"""Who judged, which the file does not say."""
WEIGHT = 3
"""Rows that a much better answer has."""

WINNERS: Mapping[str, Preference] = {
    "model_a": Preference.A_BETTER,
    "tie": Preference.TIE,
    "model_b": Preference.B_BETTER,
}
MUCH: Mapping[Preference, Preference] = {
    Preference.A_BETTER: Preference.A_MUCH_BETTER,
    Preference.B_BETTER: Preference.B_MUCH_BETTER,
}
SAME_WINNER = {1: (1, 0), 2: (1, 1), 3: (WEIGHT, 0), 4: (WEIGHT, 1), 6: (WEIGHT, WEIGHT)}
"""Rows of each of two games, by the rows of both, when one side won both."""

_FIX = (
    "give battles as Arena-Hard writes them: question_id, model_a (the baseline), model_b, winner "
    "(model_a, model_b, tie); a much better answer three times"
)


@dataclass(frozen=True, slots=True)
class _Battle:
    prompt: str
    model_a: str
    model_b: str
    winner: Preference
    where: str


def parse_battles(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Two votes for each question and pair of models; model a, the baseline, was A in the first.

    How strong a verdict was is how often its row stands there, and a game without a verdict has no
    row: it is unresolved. Of two games that one side won, the stronger counts as the first.

    Args:
        data: JSON lines of `{"question_id", "model_a", "model_b", "winner"}`.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong or the rows on a question are not those
            of two games.
    """
    gathered: dict[tuple[str, str, str], list[_Battle]] = {}
    for battle in all_or_none(json_rows(data, where=where, fix=_FIX), _battle):
        key = (battle.prompt, battle.model_a, battle.model_b)
        gathered.setdefault(key, []).append(battle)
    votes: list[Vote] = []
    wrong: list[InputError] = []
    for battles in gathered.values():
        try:
            votes += _votes(battles)
        except InputError as error:
            wrong.append(error)
    if wrong:
        raise listed(wrong)
    return tuple(votes)


def write_battles(votes: Iterable[Vote]) -> bytes:
    """Battles of votes, in their order; an unresolved vote has none.

    Raises:
        InputError: When a vote called both answers bad, or is a score between the preferences.
    """
    return json_lines_of(
        {
            "question_id": vote.prompt,
            "model_a": vote.model_a,
            "model_b": vote.model_b,
            "winner": winner,
        }
        for vote in votes
        for winner in _winners(five_way(vote))
    )


def _battle(row: Row) -> Iterator[_Battle]:
    model_a, model_b = row.two_models("model_a", "model_b")
    winner = WINNERS[row.one_of("winner", WINNERS)]
    yield _Battle(row.name("question_id"), model_a, model_b, winner, row.where)


def _votes(battles: Sequence[_Battle]) -> Iterator[Vote]:
    battle = battles[0]
    for preference, first in zip(_games(battles), (battle.model_a, battle.model_b), strict=True):
        yield Vote(
            prompt=battle.prompt,
            annotator=JUDGE,
            model_a=battle.model_a,
            model_b=battle.model_b,
            win_a=preference.worth.win,
            graded_a=preference.worth.graded,
            both_bad=None,
            first=first,
            where=battle.where,
            judge=True,
        )


def _games(battles: Sequence[_Battle]) -> tuple[Preference, Preference]:
    """The verdicts of the two games that the battles were counted from."""
    runs = [(winner, len(list(run))) for winner, run in groupby(b.winner for b in battles)]
    times: tuple[int, ...] = tuple(length for _, length in runs)
    if len(runs) == 1:
        times = SAME_WINNER.get(times[0], ())
    possible = [_verdict(won, n) for won, n in zip((runs[0][0], runs[-1][0]), times, strict=False)]
    match possible:
        case [Preference() as first, Preference() as second] if len(times) == len(possible):
            return first, second
    raise InputError(
        f"cannot read the record at {battles[0].where}",
        why=f"{len(battles)} battles on its question and pair are not those of two games",
        fix=_FIX,
    )


def _verdict(winner: Preference, times: int) -> Preference | None:
    if times == 0:
        return Preference.UNRESOLVED
    return {1: winner, WEIGHT: MUCH.get(winner)}.get(times)


def _winners(preference: Preference) -> list[str]:
    if preference is Preference.UNRESOLVED:
        return []
    (word,) = (word for word, won in WINNERS.items() if preference in (won, MUCH.get(won)))
    return [word] * (WEIGHT if preference in MUCH.values() else 1)
