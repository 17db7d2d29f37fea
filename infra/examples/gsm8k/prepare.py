"""Turns GSM8K's published problems and solutions into items and recorded outputs.

Usage: prepare.py DATA_DIR OUT_DIR

DATA_DIR holds `test.jsonl` and `example_model_solutions.jsonl` (Cobbe et al. 2021, MIT): 1,319
problems, and the solutions of four checkpoints to each. OUT_DIR gets `items.jsonl`, whose target is
the number after `####`; a `<checkpoint>.jsonl` of recorded outputs each, solutions being copied as
they are, also those that never come to an answer; and `candidates.jsonl`, for
`gate register --each`: the baseline first, which is also a candidate.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PROBLEMS, SOLUTIONS = "test.jsonl", "example_model_solutions.jsonl"
CHECKPOINTS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
BASELINE = CHECKPOINTS[0]


def main() -> None:
    """Writes the files and says how many there are."""
    data, out = (Path(argument) for argument in sys.argv[1:3])
    count = prepare(data, out)
    print(f"{count} items and the outputs of {len(CHECKPOINTS)} checkpoints in {out}")


def prepare(data: Path, out: Path) -> int:
    """Writes items and recorded outputs into a folder; returns the number of items.

    Raises:
        KeyError: When a problem has no solution, or a solution lacks a checkpoint.
    """
    problems = _read(data / PROBLEMS)
    solutions = {row["question"]: row for row in _read(data / SOLUTIONS)}
    ids = {row["question"]: f"gsm8k_{number:04}" for number, row in enumerate(problems, start=1)}
    out.mkdir(parents=True, exist_ok=True)
    items = [
        {
            "id": ids[row["question"]],
            "prompt": row["question"],
            "target": row["answer"].rpartition("####")[2].strip(),
        }
        for row in problems
    ]
    _write(out / "items.jsonl", items)
    for checkpoint in CHECKPOINTS:
        outputs = (
            {"id": name, "output": solutions[question][checkpoint]["solution"]}
            for question, name in ids.items()
        )
        _write(out / f"{checkpoint}.jsonl", outputs)
    named = (("baseline", BASELINE), *((name, name) for name in CHECKPOINTS))
    _write(
        out / "candidates.jsonl",
        ({"known_as": known_as, "outputs": f"{name}.jsonl"} for known_as, name in named),
    )
    return len(items)


def _read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
