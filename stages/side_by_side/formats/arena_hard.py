"""Judgements of Arena-Hard: two games, in either order of the answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.canonical import Json
from stages.side_by_side.formats.games import GAMES, BothOrders, in_both_orders
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows
from stages.side_by_side.formats.writing import json_lines_of, unsayable
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

"""The first shows the baseline as A, the second the model."""

SCORES: Mapping[str, Preference] = {
    **{preference.value: preference for preference in Preference if "B" in preference.value},
    "A<<B": Preference.B_MUCH_BETTER,
    "A<B": Preference.B_BETTER,
    "B=A": Preference.TIE,
    "B<A": Preference.A_BETTER,
    "B<<A": Preference.A_MUCH_BETTER,
}
"""The labels of its judges; any other text is a judgement that cannot be read."""

_FIX = (
    "give judgements as Arena-Hard writes them: uid, category, judge, model, baseline, games (two, "
    "each null or with a score such as A>>B)"
)


def parse_arena_hard(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Two votes for each judgement, one in each order; model b is the baseline.

    A score is read as from the order shown: the baseline as A in the first game, the model as A in
    the second. A game that is null, and one whose score is null or unreadable, is unresolved.

    Args:
        data: JSON lines of `{"uid", "category", "judge", "model", "baseline", "games"}`.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong.
    """
    return all_or_none(json_rows(data, where=where, fix=_FIX), _judged)


def write_arena_hard(votes: Iterable[Vote]) -> bytes:
    """Judgements of votes that stand in both orders; model b is the baseline.

    Raises:
        InputError: When one is given in one order only, called both answers bad, or is a score
            between the five preferences.
    """
    return json_lines_of(map(_judgement, in_both_orders(votes)))


def five_way(vote: Vote) -> Preference:
    """The preference of a vote, as Arena-Hard has it: none calls both answers bad.

    Raises:
        InputError: When it is none of the five, and not unresolved.
    """
    if not vote.both_bad:
        for preference in (*SCORES.values(), Preference.UNRESOLVED):
            if (preference.worth.win, preference.worth.graded) == (vote.win_a, vote.graded_a):
                return preference
    raise unsayable(vote, "it is none of the five preferences, which is all that Arena-Hard has")


def _judged(row: Row) -> Iterator[Vote]:
    model, baseline = row.two_models("model", "baseline")
    games = row.fields.get("games")
    if not isinstance(games, Sequence) or isinstance(games, str) or len(games) != GAMES:
        raise row.refused("`games` must be a list of two")
    category = row.maybe_text("category")
    baseline_first, model_first = (_score(row, game) for game in games)
    for preference, first in ((baseline_first.turned, baseline), (model_first, model)):
        yield Vote(
            prompt=row.name("uid"),
            annotator=row.text("judge"),
            model_a=model,
            model_b=baseline,
            win_a=preference.worth.win,
            graded_a=preference.worth.graded,
            both_bad=None,
            first=first,
            where=row.where,
            judge=True,
            record={} if category is None else {"category": category},
        )


def _score(row: Row, game: Json) -> Preference:
    """What a game says of the answer shown as A."""
    if game is None:
        return Preference.UNRESOLVED
    said = row.inside("games", game)
    if "score" not in said.fields:
        raise row.refused("a game has no `score`; null where the judge gave none")
    return SCORES.get((said.maybe_text("score") or "").strip(), Preference.UNRESOLVED)


def _judgement(both: BothOrders) -> Mapping[str, Json]:
    vote = both.a_first
    return {
        "uid": vote.prompt,
        "category": vote.record.get("category"),
        "judge": vote.annotator,
        "model": vote.model_a,
        "baseline": vote.model_b,
        "games": [_game(five_way(both.b_first).turned), _game(five_way(both.a_first))],
    }


def _game(preference: Preference) -> Json:
    return {
        "score": None if preference is Preference.UNRESOLVED else preference.value,
        "judgment": None,
        "prompt": None,
    }
