"""Pairs that people voted on, and what two recorded judges said of them, for the gate.

Usage: prepare.py DATA_DIR OUT

DATA_DIR holds llmfao's three tables of comparisons. OUT gets `pairs.jsonl`, the replies of each
judge in the words that the gate asks for, and `candidates.jsonl` for `gate register --each`:
GPT-3.5 first, which becomes the baseline.

llmfao publishes verdicts, not answers: stand-ins take the answers' places, so that nothing could be
judged anew from these files. Each judge saw a pair in one order; the same is said of the other one,
so that what the order does to a judge cannot be measured here.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from policies.pairs_task import PairLabels, PairsTask
from stages.engine.data import read_items
from stages.offline.pairs.showing import NUMBER, questions_of

JUDGES = {"gpt-3.5": "gpt3-crowd-comparisons.csv", "gpt-4": "gpt4-crowd-comparisons.csv"}
SEEN = {"a": ("A>B", "B>A"), "b": ("B>A", "A>B"), "tie": ("A=B", "A=B")}
"""What is said of a pair as it is shown in either order."""

Unit = tuple[str, str, str]
"""A prompt, and the names of the two models, in order."""


def main() -> None:
    """Writes the files."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    people: dict[Unit, Counter[str]] = defaultdict(Counter)
    for unit, said in _votes(data / "crowd-comparisons.csv"):
        people[unit][said] += 1
    judges = {name: dict(_votes(data / table)) for name, table in JUDGES.items()}
    units = [unit for unit in people if all(unit in said for said in judges.values())]
    _write(out / "pairs.jsonl", (_pair(unit, people[unit]) for unit in units))
    task = PairsTask(data="pairs.jsonl", pairs=PairLabels.PEOPLE)
    asked = questions_of(task, read_items(task.data, base=out, cluster=None, sha256=None)).items
    for name, said in judges.items():
        replies = (
            {"id": item.id, "output": _reply(item.fields[NUMBER], said[units[i // 2]], i % 2)}
            for i, item in enumerate(asked)
        )
        _write(out / f"{name}.jsonl", replies)
    named = ({"known_as": name, "outputs": f"{name}.jsonl"} for name in judges)
    _write(out / "candidates.jsonl", named)
    print(f"{len(units)} pairs, {sum(sum(people[unit].values()) for unit in units)} votes")


def _votes(table: Path) -> Iterator[tuple[Unit, str]]:
    """Every verdict, by what it is about; a is the model whose name comes first."""
    with table.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            first, second = sorted((row["left"], row["right"]))
            better = row.get(row["winner"])
            said = "tie" if better is None else "a" if better == first else "b"
            yield (row["prompt"], first, second), said


def _pair(unit: Unit, votes: Mapping[str, int]) -> Mapping[str, object]:
    prompt, first, second = unit
    return {
        "id": " / ".join(unit),
        "prompt": f"llmfao's prompt {prompt}",
        "answer_a": f"the answer of {first} to prompt {prompt}",
        "answer_b": f"the answer of {second} to prompt {prompt}",
        "votes": dict(votes),
    }


def _reply(number: object, said: str, order: int) -> str:
    verdict = {"case": number, "reasoning": "as recorded", "verdict": SEEN[said][order]}
    return json.dumps(verdict)


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
