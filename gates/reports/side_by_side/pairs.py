"""The page of what was compared: every prompt with both answers, and what the candidate won."""

from dataclasses import dataclass

from gates.reports.templates import template
from policies.canonical import Json, canonical_json
from stages.side_by_side.pairs import Pair, settled
from stages.side_by_side.told import Told

MOST = 200
"""Pairs that the page shows."""

NOBODY = 2.0
"""Sorts what nobody judged behind all that somebody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    prompt: str
    topic: str
    won: str
    turns: tuple[_Turn, ...]
    candidate: str
    baseline: str
    flagged: str


def pairs_html(told: Told) -> str:
    """What was compared, as an HTML page: no script, nothing loaded, foreign text escaped."""
    wins, voted = wins_of(told), {vote.prompt for vote in (*told.said, *told.judged)}
    ordered = sorted(told.pairs, key=lambda pair: (wins.get(pair.prompt, NOBODY), pair.prompt))
    return template("side_by_side/pairs.html").render(
        candidate=told.candidate,
        baseline=told.baseline,
        total=len(ordered),
        flagged=sum(pair.prompt in told.flagged for pair in ordered),
        shown=tuple(
            _shown(
                pair,
                _won(wins.get(pair.prompt), voted=pair.prompt in voted),
                flagged=told.flagged.get(pair.prompt, ""),
            )
            for pair in ordered[:MOST]
        ),
    )


def wins_of(told: Told) -> dict[str, float]:
    """What the candidate won on each prompt: by those who count, else by the judges.

    Where only judges count, what is settled has what the rule says, and what is flagged is lost.
    """
    by_judges: dict[str, list[float]] = {}
    for vote in told.judged:
        if vote.win is not None:
            by_judges.setdefault(vote.prompt, []).append(vote.win)
    ruled = {pair.prompt: settled(pair) for pair in told.pairs}
    return {
        **{prompt: said.worth.win or 0.0 for prompt, said in ruled.items() if said is not None},
        **{prompt: sum(won) / len(won) for prompt, won in by_judges.items()},
        **dict.fromkeys(told.flagged, 0.0),
        **{score.prompt: score.win for score in told.prompts},
    }


def _shown(pair: Pair, won: str, *, flagged: str) -> _Shown:
    return _Shown(
        prompt=pair.prompt,
        topic=pair.topic,
        won=won,
        turns=tuple(
            _Turn(role=str(message.get("role")), text=said_in(message.get("content")))
            for message in pair.messages
        ),
        candidate=pair.answer_a,
        baseline=pair.answer_b,
        flagged=flagged,
    )


def _won(win: float | None, *, voted: bool) -> str:
    """What the candidate won; what has a score though nobody voted, the rule settled."""
    if win is None:
        return "nobody judged it"
    if not voted:
        return f"settled by the rule, {win:g} for the candidate"
    return f"the candidate won {win:.2f}"


def said_in(content: Json) -> str:
    """The text of a message; what is no plain text as JSON."""
    return content if isinstance(content, str) else canonical_json(content)
