"""Errors a person must act on: what happened, why, and how to mend it."""

from typing import ClassVar


class GateError(Exception):
    """Something a person must mend; printed without a traceback.

    Args:
        message: What could not be done.
        why: The cause, naming file, line or field, what was found and what was expected.
        fix: The command or the edit that mends it.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.fix = fix

    @property
    def in_short(self) -> str:
        """What happened and why, on one line and without the fix."""
        return f"{self.message}: {self.why}" if self.why else self.message

    def __str__(self) -> str:
        lines = [self.message]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class WrongUsage(GateError):  # noqa: N818 - named after what the person did, as exit code 2 is
    """The command or a file given to it is wrong (exit code 2); nothing was changed."""

    exit_code: ClassVar[int] = 2


class PolicyError(WrongUsage):
    """A policy that cannot be used."""


class InputError(WrongUsage):
    """A data file (items, recorded outputs, votes, events, evidence) that cannot be used."""


class Broken(GateError):  # noqa: N818 - the word of exit code 4
    """The world around the gate is broken (exit code 4): a server, a disk, a record."""
