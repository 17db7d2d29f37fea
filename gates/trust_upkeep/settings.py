"""`[trust]` in the text of a gate.toml: written, and its pins changed; all else stays as it is."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from gates.gate_toml import parse_gate_toml
from gates.trust_upkeep.signing import put_file
from policies.errors import WrongUsage

_HEADER = re.compile(r"(?m)^\s*\[trust\]\s*(#.*)?$")
_PINS = re.compile(r"(?m)^(\s*keys\s*=\s*)\[[^\]]*\]")


def with_trust(text: str, *, keyid: str, key: str | None, where: str) -> str:
    """The text with a trust file and its pinned root key.

    Args:
        text: Of a gate.toml that names no trust file.
        keyid: Of the root key.
        key: Path of the private key; None where the settings name what signs already.
        where: The file, for errors.

    Raises:
        WrongUsage: When the text would be no gate.toml any more.
    """
    lines = ['root = "trust.json"', f"keys = {json.dumps([keyid])}", "threshold = 1"]
    if key is not None:
        lines.append(f"key = {json.dumps(key)}")
    said = "\n".join(lines)
    header = _HEADER.search(text)
    if header is None:
        changed = f"{text.rstrip()}\n\n[trust]\n{said}\n"
    else:
        changed = f"{text[: header.end()]}\n{said}{text[header.end() :]}"
    return _checked(changed, where)


def repin(settings: Path, keyids: Sequence[str]) -> None:
    """Pins other root keys.

    Raises:
        WrongUsage: When the place of the pins is not found in the file, or these cannot be pinned.
        Broken: When it cannot be written.
    """
    text = settings.read_text(encoding="utf-8")
    header = _HEADER.search(text)
    start = header.end() if header else len(text)
    changed, count = _PINS.subn(
        lambda found: f"{found[1]}{json.dumps(list(keyids))}", text[start:], count=1
    )
    if count == 0:
        raise WrongUsage(
            f"cannot find `keys` of [trust] in {settings}",
            why="it is not written as a list under a line [trust]",
            fix=f"write there: keys = {json.dumps(list(keyids))}",
        )
    put_file(settings, _checked(text[:start] + changed, str(settings)).encode())


def _checked(text: str, where: str) -> str:
    parse_gate_toml(text, where=where)
    return text
