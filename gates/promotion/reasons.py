"""Records that say why."""

from policies.errors import InputError


def refuse_no_reason(reason: str, command: str) -> None:
    """Refuses a record that says nothing.

    Args:
        reason: What was given.
        command: What was called, without its `--reason`.

    Raises:
        InputError: When there is no reason.
    """
    if not reason.strip():
        raise InputError(
            f"cannot do this without a reason: {command}",
            why="the record must say why, to whoever reads it in a year",
            fix=f'{command} --reason "..."',
        )
