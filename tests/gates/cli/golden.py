"""What commands print, kept to be reviewed."""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "golden" / "cli"


def golden(name: str, text: str) -> str:
    """The kept text of an output; written anew, to be reviewed, when GATE_WRITE_GOLDEN is set."""
    path = FOLDER / name
    if os.environ.get("GATE_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
