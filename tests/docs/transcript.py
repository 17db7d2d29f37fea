"""Commands and their output as a Markdown page shows them, and as they are when replayed."""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gates.cli.frame import framed
from gates.cli.main import gate

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VOLATILE = (
    (re.compile(r"/experiments/\d+/runs/[0-9a-f]{32}"), "/experiments/1/runs/5d0c4e8f92b1"),
    (re.compile(r"served identity [0-9a-f]{12}"), "served identity 3f9a1c07d2e4"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00"), "2026-06-01T09:00:00+00:00"),
)
"""What differs from one replay to the next, and what the page shows in its place."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command with what it printed, as lines without trailing blanks."""

    command: str
    output: tuple[str, ...]

    def shown(self) -> str:
        return "\n".join((f"$ {self.command}", *self.output))


def steps(markdown: str) -> Iterator[Step]:
    """Every command of the page's console blocks, in order."""
    for block in BLOCK.findall(markdown):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            yield Step(command=command, output=tuple(output))


def replay(command: str, *, real: Mapping[str, str]) -> Step:
    """Runs a command in this process; what the page calls things stands for what is real."""
    typed = command
    for shown, meant in real.items():
        typed = typed.replace(shown, meant)
    words = shlex.split(typed)
    if words[0] == "cd":
        os.chdir(words[1])
        return Step(command=command, output=())
    assert words[0] == "gate", f"only gate and cd are replayed, not {command}"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = framed(gate, words[1:])
    text = printed.getvalue()
    for shown, meant in real.items():
        text = text.replace(meant, shown)
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    lines = [line.rstrip() for line in text.rstrip().split("\n")]
    return Step(command=command, output=(*lines, *([f"[exit code {code}]"] if code else [])))


def rewritten(markdown: str, replayed: Mapping[str, list[Step]]) -> str:
    """The page with the output of replayed commands; equal commands are taken in order."""
    left = {command: list(found) for command, found in replayed.items()}

    def block(match: re.Match[str]) -> str:
        shown = [
            left[s.command].pop(0) if left.get(s.command) else s for s in steps(match.group(0))
        ]
        return "```console\n" + "\n".join(s.shown() for s in shown) + "\n```"

    return BLOCK.sub(block, markdown)


def write_anew(page: Path, replayed: list[Step]) -> None:
    """Puts what was replayed into the page, where GATE_WRITE_GOLDEN is set; to be reviewed."""
    if os.environ.get("GATE_WRITE_GOLDEN"):
        by_command: dict[str, list[Step]] = {}
        for step in replayed:
            by_command.setdefault(step.command, []).append(step)
        text = page.read_text(encoding="utf-8")
        page.write_text(rewritten(text, by_command), encoding="utf-8")
