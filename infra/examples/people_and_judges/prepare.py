"""Writes the questions of a shop's customers and what two made-up checkpoints answer to each.

Usage: prepare.py OUT_DIR

OUT_DIR gets `prompts.jsonl`, 120 questions on four topics; `champion.jsonl` and `candidate.jsonl`,
recorded outputs of both; `gold.jsonl`, pairs whose better answer is plain; and `candidates.jsonl`,
for `gate register --each`: the baseline first. The candidate says more often what to do. Now and
then it says the very same as the baseline, and once nothing.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 4
THINGS = (
    *("tent", "kettle", "bicycle lamp", "rain jacket", "sleeping bag", "hiking map"),
    *("rucksack", "water bottle", "camping stove", "head torch", "wool hat", "pocket knife"),
    *("walking stick", "folding chair", "compass"),
)
ALIKE, EMPTY = range(9, 120, 20), 57
"""Questions to which both say the same, and the one to which the candidate says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What customers ask, and the parts that answers are made of.

    Attributes:
        questions: Two ways to ask about a thing.
        fact: What is so.
        when: The same, with the time that it takes.
        step: What to do.
    """

    questions: tuple[str, str]
    fact: str
    when: str
    step: str


TOPICS: Mapping[str, Topic] = {
    "delivery": Topic(
        questions=("Where is my {thing}? It should be here.", "Can the {thing} come on Friday?"),
        fact="The {thing} is on its way.",
        when="The {thing} takes {days} more days.",
        step="Open Orders and choose Track.",
    ),
    "returns": Topic(
        questions=("The {thing} is broken. What now?", "I want to send the {thing} back."),
        fact="You may return the {thing}.",
        when="You may return the {thing} for {days} weeks.",
        step="Open Orders, choose Return and print the label.",
    ),
    "billing": Topic(
        questions=("Why was the {thing} charged twice?", "I need an invoice for the {thing}."),
        fact="The bill for the {thing} will be put right.",
        when="The bill for the {thing} is put right within {days} days.",
        step="Open Payments and choose Invoice.",
    ),
    "account": Topic(
        questions=(
            "How do I take the {thing} off my list?",
            "Who else sees my order of a {thing}?",
        ),
        fact="Only you see the {thing} in your account.",
        when="A change to the {thing} shows after {days} minutes.",
        step="Open Settings and choose Privacy.",
    ),
}


def main() -> None:
    """Writes the files and says how many questions there are."""
    print(f"{prepare(Path(sys.argv[1]))} questions in {sys.argv[1]}")


def prepare(out: Path) -> int:
    """Writes everything into a folder; returns the number of questions."""
    out.mkdir(parents=True, exist_ok=True)
    prompts = list(_prompts())
    _write(out / "prompts.jsonl", prompts)
    for name, outputs in _answers(prompts).items():
        rows = zip(prompts, outputs, strict=True)
        _write(out / f"{name}.jsonl", ({"id": p["id"], "output": text} for p, text in rows))
    _write(out / "gold.jsonl", _gold())
    versions = [("production", "champion"), ("candidate", "candidate")]
    _write(
        out / "candidates.jsonl",
        ({"known_as": name, "outputs": f"{file}.jsonl"} for name, file in versions),
    )
    return len(prompts)


def _prompts() -> Iterator[dict[str, str]]:
    for name, topic in TOPICS.items():
        for number in range(2 * len(THINGS)):
            thing = THINGS[number // 2]
            question = topic.questions[number % 2].format(thing=thing)
            yield {
                "id": f"{name}-{number + 1:02}",
                "prompt": question,
                "topic": name,
                "thing": thing,
            }


def _answers(prompts: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    luck = np.random.default_rng(SEED)
    champion, candidate = [], []
    for number, prompt in enumerate(prompts):
        old = _answer(prompt, luck, says_when=0.6, says_what=0.35)
        new = _answer(prompt, luck, says_when=0.6, says_what=0.75)
        champion.append(old)
        candidate.append("" if number == EMPTY else old if number in ALIKE else new)
    return {"champion": champion, "candidate": candidate}


def _answer(
    prompt: Mapping[str, str], luck: np.random.Generator, *, says_when: float, says_what: float
) -> str:
    topic, days = TOPICS[prompt["topic"]], int(luck.integers(2, 10))
    parts = [topic.when if luck.random() < says_when else topic.fact]
    parts += [topic.step] if luck.random() < says_what else []
    return " ".join(parts).format(thing=prompt["thing"], days=days)


def _gold() -> Iterator[dict[str, str]]:
    """Two for each topic: an answer that helps, and one that does not answer at all."""
    for name, topic in TOPICS.items():
        for number, thing in enumerate(("sledge", "canoe")):
            helps = f"{topic.when} {topic.step}".format(thing=thing, days=3)
            idle = f"Many people like a {thing}."
            first, second = (helps, idle) if number else (idle, helps)
            yield {
                "id": f"gold-{name}-{number + 1}",
                "prompt": topic.questions[number].format(thing=thing),
                "topic": name,
                "answer_a": first,
                "answer_b": second,
                "preference": "A>>B" if number else "B>>A",
            }


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
