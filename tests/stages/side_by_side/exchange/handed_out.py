"""A small batch of two people and two models, as it is handed out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stages.side_by_side.assignment import Annotator, assign
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.ballots.cast import Accepted, Ballot
from stages.side_by_side.batch import Batch, Terms
from stages.side_by_side.exchange.shown import Shown, shown
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

PEOPLE = ("ann", "bob")
NASTY = (
    '=HYPERLINK("http://evil.example","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "'quoted",
    "<script>alert(1)</script>",
    'line\nbreak, and "quotes"',
)


def pair(number: int) -> Pair:
    return Pair(
        prompt=f"p{number}",
        messages=(
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": f"Question {number}"},
        ),
        model_a="new",
        model_b="old",
        answer_a=f"{NASTY[number % len(NASTY)]} of new {number}",
        answer_b=f"{NASTY[(number + 3) % len(NASTY)]} of old {number}",
    )


def batch(prompts: int = 6) -> Batch:
    gold = replace(pair(99), prompt="gold", gold=Preference.A_BETTER)
    return Batch(
        terms=Terms(
            name="june",
            policy="release",
            candidates=("new",),
            baseline="old",
            prompts=prompts,
            overlap=2,
            seed=7,
            gold_share=0.5,
            guidelines="# Read both answers",
        ),
        pairs=tuple(map(pair, range(prompts))),
        gold=(gold,),
    )


def tasks(of: Batch) -> tuple[Shown, ...]:
    return shown(of, assign(of, [Annotator(name=name) for name in PEOPLE]))


def through_a_box(of: Batch, ballots: Iterable[Ballot], *, folder: Path) -> tuple[Vote, ...]:
    """The votes that ballots become in a new ballot box, gold among them."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    with open_ballots(str(folder)) as box:
        box.batches.open(of, now=now)
        answers = box.take_over(of.name, tuple(ballots), now=now)
        assert all(isinstance(answer, Accepted) for answer in answers)
        return box.standing_votes(of.name) + box.gold_votes(of.name)
