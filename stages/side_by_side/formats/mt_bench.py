"""Pairwise judgements of MT-bench's judge: two games, in either order of the answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.canonical import Json
from stages.side_by_side.formats.games import BothOrders, in_both_orders
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows
from stages.side_by_side.formats.winners import said, worth_without_both_bad
from stages.side_by_side.formats.writing import json_lines_of, unsayable
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

WINNERS: Mapping[str, Preference] = {
    "model_1": Preference.A_BETTER,
    "tie": Preference.TIE,
    "model_2": Preference.B_BETTER,
    "error": Preference.UNRESOLVED,
}
"""Of both games: the second shows model 2 first, and its winner is named all the same."""

WORDS = {preference: word for word, preference in WINNERS.items()}

_FIX = (
    "give judgements as MT-bench writes them for pairs: question_id, model_1, model_2, g1_winner, "
    "g2_winner (model_1, model_2, tie, error), judge, turn"
)


def parse_mt_bench(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Two votes for each judgement, one in each order; model a is `model_1`.

    The judge is a name, or a list of its name and its prompt's, joined by a slash. A question's
    second turn is judged by an annotator of its own, `NAME (turn 2)`, so that both turns belong to
    one prompt. `error` is unresolved.

    Args:
        data: JSON lines of `{"question_id", "model_1", "model_2", "g1_winner", "g2_winner",
            "judge", "turn"?}`.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong.
    """
    return all_or_none(json_rows(data, where=where, fix=_FIX), _votes)


def write_mt_bench(votes: Iterable[Vote]) -> bytes:
    """Judgements of votes that stand in both orders; strength is not said.

    Raises:
        InputError: When a vote stands in one order only, called both answers bad, or is a score
            between win, tie and loss.
    """
    return json_lines_of(map(_judgement, in_both_orders(votes)))


def _votes(row: Row) -> Iterator[Vote]:
    model_1, model_2 = row.two_models("model_1", "model_2")
    annotator, turn = _judge(row), _turn(row)
    for winner, first in (("g1_winner", model_1), ("g2_winner", model_2)):
        worth = worth_without_both_bad(WINNERS[row.one_of(winner, WINNERS)])
        yield Vote(
            prompt=row.name("question_id"),
            annotator=annotator if turn == 1 else f"{annotator} (turn {turn})",
            model_a=model_1,
            model_b=model_2,
            win_a=worth.win,
            graded_a=worth.graded,
            both_bad=worth.both_bad,
            first=first,
            where=row.where,
            judge=True,
            record={"judge": row.fields["judge"], "turn": turn},
        )


def _judge(row: Row) -> str:
    judge = row.fields.get("judge")
    if not isinstance(judge, Sequence) or isinstance(judge, str):
        return row.text("judge")
    names = [name for name in judge if isinstance(name, str) and name.strip()]
    if not names or len(names) < len(judge):
        raise row.refused("`judge` must be a name, or a list of names")
    return "/".join(names)


def _turn(row: Row) -> int:
    turn = row.fields.get("turn", 1)
    if isinstance(turn, bool) or not isinstance(turn, int) or turn < 1:
        raise row.refused("`turn` must be a whole number from 1")
    return turn


def _judgement(both: BothOrders) -> Mapping[str, Json]:
    vote = both.a_first
    return {
        "question_id": vote.prompt,
        "model_1": vote.model_a,
        "model_2": vote.model_b,
        "g1_winner": _word(both.a_first),
        "g2_winner": _word(both.b_first),
        "judge": vote.record.get("judge", vote.annotator),
        "turn": vote.record.get("turn", 1),
    }


def _word(vote: Vote) -> str:
    preference = said(vote)
    if preference not in WORDS:
        raise unsayable(vote, f"this format has no word for `{preference}`")
    return WORDS[preference]
