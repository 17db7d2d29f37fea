"""The command `gate`, called in this process as a person calls it."""

import contextlib
import io
import json
from dataclasses import dataclass

from gates.cli.frame import framed
from gates.cli.main import gate


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """The one document on stdout, and nothing else there."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def schema(self) -> str:
        return str(self.json["schema"])


def said(*arguments: str) -> Said:
    """Runs a command; a traceback, or what nobody foresaw, fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = framed(gate, list(arguments))
    found = Said(code=int(code), out=out.getvalue(), err=err.getvalue())
    assert "Traceback" not in found.out + found.err
    assert "something broke that should not" not in found.err, found.err
    return found
