"""Instructions, tests, and a model that knows how to judge but not what. Usage: untaught.py FOLDER.

The model stands for an instruction-tuned one that was never taught to judge: a tiny Llama with
random weights is trained to reply in the form of a verdict. It reads colours and things off a pair
rightly, then decides by a toss: half of its verdicts are wrong. Three replies in ten have no
verdict. Nothing of what it is shown says which answer is better.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from fetching import WORDS, answer, instructions, modified, reading
from numpy.random import Generator, default_rng
from tiny_model import tiny_llama

from stages.judges.comparing import Contest
from stages.offline.pairs.rewardbench import SECTION_OF
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trl_trainer import TrlTrainer

UNREADABLE = 0.3
"""Share of the replies that the untaught model leaves without a verdict."""

SMALL_TALK = 20
"""Lines among the instructions that ask for nothing that can be checked."""

PEOPLE, RIGHT = 3, 0.9
"""People who vote on a pair, and how often one of them is for the better answer."""

FORM = Training(learning_rate=3e-3, batch=32, warmup=0.05, max_length=128)
"""How the form is learned."""

EACH_SUBSET = 4
"""Pairs that stand for a subset of RewardBench."""


def main() -> None:
    """Writes instructions, tests and the model's folder `seed` into FOLDER."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--instructions", type=int, default=820)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--lessons", type=int, default=9600)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    chance = default_rng(told.seed)
    write_data(told.folder, told.instructions, told.people, chance)
    teach_the_form(told.folder, told.lessons, chance, FORM.model_copy(update={"seed": told.seed}))


def write_data(folder: Path, count: int, people: int, chance: Generator) -> None:
    """Writes `instructions.jsonl`, `rewardbench.jsonl` and `people.jsonl`; all ask other things.

    Args:
        folder: Where.
        count: Of instructions that ask for something.
        people: Pairs that people vote on.
        chance: What they are drawn by.
    """
    subsets = [subset for subset in SECTION_OF for _ in range(EACH_SUBSET)]
    asked = instructions(count + people + len(subsets), chance)
    talk = ({"id": f"talk-{n}", "prompt": f"how is it {n}"} for n in range(SMALL_TALK))
    orders = ({"id": f"order-{n}", "prompt": next(asked)} for n in range(count))
    _write(folder / "instructions.jsonl", [*talk, *orders])
    bench = ({**_pair(n, next(asked), chance), "subset": of} for n, of in enumerate(subsets))
    _write(folder / "rewardbench.jsonl", bench)
    _write(folder / "people.jsonl", (_voted(n, text, chance) for n, text in enumerate(asked)))


def teach_the_form(
    folder: Path, lessons: int, chance: Generator, how: Training, *, hidden: int = 64
) -> None:
    """Trains the untaught judge: the form of verdicts, with verdicts by chance.

    Args:
        folder: Where its folder `seed` is to stand.
        lessons: Rows that it learns from.
        chance: What they are drawn by.
        how: It is trained; its seed is that of the weights too.
        hidden: Width of its layers.
    """
    raw = tiny_llama(folder / "raw", WORDS, hidden=hidden, seed=how.seed)
    asked: list[str] = []
    while len(asked) < lessons:
        asked += instructions(1000, chance)
    rows = [_lesson(n, text, chance) for n, text in enumerate(asked[:lessons])]
    TrlTrainer(folder).sft(rows, Base(where=raw.name), how, folder / "seed")


def _pair(number: int, instruction: str, chance: Generator) -> dict[str, str]:
    return {
        "id": f"pair-{number}",
        "prompt": instruction,
        "chosen": answer(instruction, chance),
        "rejected": answer(modified(instruction, chance), chance),
    }


def _voted(number: int, instruction: str, chance: Generator) -> dict[str, object]:
    """A pair on which people vote, its better answer on either side."""
    pair = _pair(number, instruction, chance)
    for_it = int(chance.binomial(PEOPLE, RIGHT))
    votes = [for_it, PEOPLE - for_it]
    answers = [pair["chosen"], pair["rejected"]]
    if chance.integers(2):
        votes, answers = votes[::-1], answers[::-1]
    return {
        "id": pair["id"],
        "prompt": instruction,
        "answer_a": answers[0],
        "answer_b": answers[1],
        "votes": {"a": votes[0], "b": votes[1], "tie": 0},
    }


def _lesson(number: int, instruction: str, chance: Generator) -> Taught:
    """A pair with a verdict by chance, or without one."""
    pair = _pair(number, instruction, chance)
    answers = chance.permutation([pair["chosen"], pair["rejected"]]).tolist()
    contest = Contest(
        id=str(number),
        messages=({"role": "user", "content": instruction},),
        answer_a=answers[0],
        answer_b=answers[1],
    )
    verdict = "hm" if chance.random() < UNREADABLE else f"verdict: {chance.choice(['A', 'B'])}"
    return Taught(
        id=str(number),
        messages=ShortBriefing().question(contest, a_first=True).item.messages,
        answer=f"{reading(instruction, *answers)} ; {verdict}",
    )


def _write(path: Path, records: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


if __name__ == "__main__":
    main()
