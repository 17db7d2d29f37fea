"""Turns AlpacaEval's published answers and annotations into what the policy beside this file reads.

Usage: prepare.py DATA_DIR OUT_DIR

DATA_DIR holds a folder per model with `model_outputs.json` and, for all but the baseline,
`annotations.json` (Dubois et al. 2023; CC BY-NC 4.0). OUT_DIR gets `items.jsonl`, an item per
instruction; `<model>/`, both files as they are; `classifier/`, the demo's toy; and
`candidates.jsonl`, for `gate register --each`: the baseline first, every model under the name that
the annotations know it by.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from gates.demo.bundle import DATA as DEMO_DATA

BASELINE = "gpt4_1106_preview"
OUTPUTS, ANNOTATIONS = "model_outputs.json", "annotations.json"


def main() -> None:
    """Writes the files and says how many models there are."""
    data, out = (Path(argument) for argument in sys.argv[1:3])
    names = prepare(data, out)
    print(f"{len(names)} models and their baseline {BASELINE} in {out}")


def prepare(data: Path, out: Path) -> tuple[str, ...]:
    """Writes everything into a folder; returns the models that have annotations, sorted.

    Raises:
        ValueError: When there is none, or a file of annotations is about several models.
    """
    names = tuple(sorted(path.parent.name for path in data.glob(f"*/{ANNOTATIONS}")))
    if not names:
        raise ValueError(f"no */{ANNOTATIONS} in {data}")
    pairs = [_pair(data / name / ANNOTATIONS) for name in names]
    for name in (BASELINE, *names):
        shutil.copytree(data / name, out / name)
    shutil.copytree(DEMO_DATA / "toxicity", out / "classifier")
    questions = [entry["instruction"] for entry in json.loads(_text(data / BASELINE / OUTPUTS))]
    items = ({"id": f"{n:03}", "prompt": text} for n, text in enumerate(questions, start=1))
    _write(out / "items.jsonl", items)
    known_as = [(BASELINE, pairs[0][0]), *((n, p[1]) for n, p in zip(names, pairs, strict=True))]
    _write(out / "candidates.jsonl", (_candidate(name, known) for name, known in known_as))
    return names


def _candidate(name: str, known_as: str) -> dict[str, str]:
    return {
        "known_as": known_as,
        "outputs": f"{name}/{OUTPUTS}",
        "format": "alpaca_eval",
        "description": name,
    }


def _pair(annotations: Path) -> tuple[str, str]:
    """Names of baseline and model in a file of annotations."""
    entries = json.loads(_text(annotations))
    pairs = {(entry["generator_1"], entry["generator_2"]) for entry in entries}
    if len(pairs) != 1:
        raise ValueError(f"{annotations} compares {len(pairs)} pairs of models, not one")
    return pairs.pop()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
