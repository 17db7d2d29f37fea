"""Answers written to win: which of a folder of AlpacaEval models are flagged, and what is missed.

Usage: python -m infra.figures attacks FOLDER

FOLDER holds a folder for each model with AlpacaEval's `annotations.json`. For every model it prints
how many answers are flagged, and its win rate with and without the credit for them. Then attacks
are made of one model's answers: one of them given to every prompt, or to three in ten, with words
replaced anew for each, or behind the prompt. At last a courteous footer, which is no attack, is put
under every answer of every model.
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.benchmark_tasks import Stopping
from policies.side_by_side import VotesFormat
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.items import question_digest
from stages.side_by_side.aggregate import tally, win_rate
from stages.side_by_side.attacks import Attacks, find_attacks, without_credit
from stages.side_by_side.scores import Rule
from stages.side_by_side.vote import CandidateVote, Vote, seen_from
from stages.side_by_side.votes import parse_votes

LEVEL, SEED = 0.95, 20_261_122
EDITS, EVERYWHERE, SOME = (0.0, 0.1, 0.2, 0.3), 1.0, 0.3
"""Shares of the words that are replaced; shares of the prompts that get the constant."""

FOOTER = (
    "Thank you very much for your kind question today. I truly hope that this answer was helpful "
    "to you and that it made things a little clearer. Please do not hesitate to ask me anything "
    "else at any time, since I am always happy to help. I wish you a wonderful day, and good luck "
    "with everything that you are planning to do."
)
"""63 words that may stand under any answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What was found of one model.

    Attributes:
        name: Its folder's name.
        attacks: Its flagged answers.
        before: Its win rate as the judge saw it.
        after: Its win rate without credit for flagged answers.
        seconds: Processor time of the search.
    """

    name: str
    attacks: Attacks
    before: Estimate | Unmeasured
    after: Estimate | Unmeasured
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How many answers of a made attack are found.

    Attributes:
        edits: Share of the constant's words that were replaced.
        constant: Number of prompts that got it.
        found: Number of these that are flagged.
        honest: Number of other answers.
        wrongly: Number of these that are flagged.
    """

    edits: float
    constant: int
    found: int
    honest: int
    wrongly: int


def main(arguments: Sequence[str]) -> None:
    """Prints what is flagged of every model, and of the attacks made."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures attacks FOLDER")
    votes = read_votes(Path(arguments[0]))
    for name, said in votes.items():
        _print(measured(name, said))
    asked = read_questions(Path(arguments[0]))
    name, answers = _honest(votes)
    print(f"a constant made of an answer of {name}, words replaced anew for each prompt:")
    for share in (EVERYWHERE, SOME):
        for made in made_attacks(answers, share):
            print(
                f"  {made.edits:.0%} of its words replaced, on {made.constant} of "
                f"{made.constant + made.honest} prompts: {made.found} found; "
                f"{made.wrongly} others flagged"
            )
    print(f"  behind the prompt: {behind_the_prompt(answers, asked)} of {len(answers)} found")
    print("a footer of 63 words under every answer:")
    for name, said in votes.items():
        print(f"  {name}: {signed(said, asked)} of {len(said)} flagged")


def read_votes(folder: Path) -> Mapping[str, tuple[Vote, ...]]:
    """The votes on each model of a folder, by the name of its own folder."""
    files = sorted(folder.glob("*/annotations.json"))
    if not files:
        sys.exit(f"{folder} holds no MODEL/annotations.json")
    return {
        file.parent.name: parse_votes(
            file.read_bytes(), written_by=VotesFormat.ALPACA_EVAL, where=str(file)
        )
        for file in files
    }


def read_questions(folder: Path) -> Mapping[str, str]:
    """What was asked, by prompt."""
    files = folder.glob("*/annotations.json")
    said = {entry["instruction"] for file in files for entry in json.loads(file.read_bytes())}
    return {question_digest([{"role": "user", "content": question}]): question for question in said}


def measured(name: str, votes: Sequence[Vote]) -> Model:
    """One model's flagged answers, and its win rate with and without credit for them."""
    candidate, baseline = votes[0].model_a, votes[0].model_b
    begun = time.process_time()
    attacks = find_attacks(
        {vote.prompt: vote.answer_a or "" for vote in votes},
        beside={vote.prompt: vote.answer_b or "" for vote in votes},
    )
    seconds = time.process_time() - begun
    seen = [view for vote in votes if (view := seen_from(vote, candidate, baseline)) is not None]
    return Model(
        name=name,
        attacks=attacks,
        before=_win_rate(seen),
        after=_win_rate(without_credit(seen, attacks)),
        seconds=seconds,
    )


def made_attacks(answers: Mapping[str, str], share: float) -> Iterator[Made]:
    """What is found of a constant that a share of the prompts get, for each of `EDITS`."""
    constant = sorted(answers.values(), key=len)[len(answers) // 2].split(" ")
    words = " ".join(answers.values()).split()
    for edits in EDITS:
        draw = random.Random(SEED)  # noqa: S311 - no secret
        attacked = {prompt for prompt in answers if draw.random() < share}
        given = {
            prompt: _edited(constant, words, edits, draw) if prompt in attacked else own
            for prompt, own in answers.items()
        }
        flagged = set(find_attacks(given).reasons)
        yield Made(
            edits=edits,
            constant=len(attacked),
            found=len(flagged & attacked),
            honest=len(answers) - len(attacked),
            wrongly=len(flagged - attacked),
        )


def behind_the_prompt(answers: Mapping[str, str], asked: Mapping[str, str]) -> int:
    """How many are found of a constant that every prompt gets after its own words."""
    constant = sorted(answers.values(), key=len)[len(answers) // 2]
    given = {prompt: f"{asked[prompt]}\n\n{constant}" for prompt in answers}
    return len(find_attacks(given, asked=asked).reasons)


def signed(votes: Sequence[Vote], asked: Mapping[str, str]) -> int:
    """How many of a model's answers are flagged when all end in the same footer."""
    given = {vote.prompt: f"{vote.answer_a}\n\n{FOOTER}" for vote in votes}
    return len(find_attacks(given, asked=asked).reasons)


def _honest(votes: Mapping[str, Sequence[Vote]]) -> tuple[str, Mapping[str, str]]:
    """The first model of which nothing is flagged, and its answers."""
    for name, said in votes.items():
        answers = {vote.prompt: vote.answer_a or "" for vote in said}
        if not find_attacks(answers).reasons:
            return name, answers
    sys.exit("every model has flagged answers; a made attack needs an honest one")


def _win_rate(votes: Sequence[CandidateVote]) -> Estimate | Unmeasured:
    counted = tally(votes, prompts=len(votes), overlap=1)
    rule = Rule(stopping=Stopping.FIXED, level=LEVEL, planned=len(votes))
    return win_rate(counted, rule)


def _edited(
    text: Sequence[str],
    words: Sequence[str],
    share: float,
    draw: random.Random,
) -> str:
    return " ".join(draw.choice(words) if draw.random() < share else word for word in text)


def _print(model: Model) -> None:
    print(
        f"{model.name}: {len(model.attacks.reasons)} of {model.attacks.answers} answers flagged in "
        f"{model.seconds:.2f} s; win rate {_said(model.before)}, credited {_said(model.after)}"
    )
    for reason in sorted(set(model.attacks.reasons.values()))[:3]:
        print(f"  {reason}")


def _said(rate: Estimate | Unmeasured) -> str:
    if isinstance(rate, Unmeasured):
        return rate.reason
    return f"{rate.value:.4f} [{rate.low:.4f}, {rate.high:.4f}]"
