"""Batches that the tests of the pages vote on."""

from collections.abc import Sequence
from pathlib import Path

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.batch import Batch, Rules, Terms
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from tests.servers.ballot_server import now

CANDIDATE, BASELINE = "zebra-instruct/12", "quokka-chat/11"
BATCH = "zebra-instruct-against-quokka"
"""A name that says too much; annotators must not see it either."""


def pair(
    number: int,
    *,
    a: str = "",
    b: str = "",
    harms: tuple[str, ...] = (),
    gold: Preference | None = None,
) -> Pair:
    return Pair(
        prompt=f"prompt-{number}",
        messages=(
            {"role": "system", "content": "You are a helpful guide."},
            {"role": "user", "content": f"Where is place {number}?"},
        ),
        topic=("near", "far")[number % 2],
        harms=harms,
        model_a=CANDIDATE,
        model_b=BASELINE,
        answer_a=a or f"Place {number} is **here**, by the river.",
        answer_b=b or f"Place {number} is *there*, past the hill.",
        gold=gold,
    )


def gold_pair(number: int) -> Pair:
    return pair(
        1000 + number,
        a=f"It is at {number} Mill Lane.",
        b="asdf qwer",
        gold=Preference.A_MUCH_BETTER,
    )


def batch_of(
    pairs: Sequence[Pair],
    *,
    overlap: int = 1,
    guidelines: str = "",
    gold: Sequence[Pair] = (),
    gold_share: float = 0.0,
    rules: Rules | None = None,
) -> Batch:
    return Batch(
        terms=Terms(
            name=BATCH,
            policy="release",
            candidates=(CANDIDATE,),
            baseline=BASELINE,
            prompts=len(pairs),
            overlap=overlap,
            seed=7,
            gold_share=gold_share,
            guidelines=guidelines,
            rules=rules or Rules(),
        ),
        pairs=tuple(pairs),
        gold=tuple(gold),
    )


def opened(folder: Path, batch: Batch, *people: str) -> BallotBox:
    box = open_ballots(str(folder))
    box.batches.open(batch, now=now())
    for name in people:
        box.people.add(batch.name, name, now=now())
    return box
