"""The state behind a URL: a folder of this machine, or PostgreSQL for many."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from policies.errors import WrongUsage
from stages.engine.folder_state import FolderState
from stages.engine.state import State

_FIX = "set [state] url (or GATE_STATE) to a folder, such as `.gate/state`, or to postgresql://..."


def open_state(url: str) -> State:
    """The state behind a URL; nothing is made or connected to before it is used.

    Args:
        url: A folder, as a path or `file:///...`, or `postgresql://user:password@host/database`.

    Raises:
        WrongUsage: When the URL names neither, or psycopg is not installed.
    """
    if is_postgres(url):
        from stages.engine.postgres_state import PostgresState  # noqa: PLC0415 - an extra

        return PostgresState(url)
    return FolderState(state_folder(url))


def is_postgres(url: str) -> bool:
    """Whether a state's URL names PostgreSQL."""
    return url.startswith(("postgresql://", "postgres://"))


def state_folder(url: str) -> Path:
    """The folder that a state's URL names.

    Raises:
        WrongUsage: When it names none.
    """
    scheme = urlsplit(url).scheme if "://" in url else ""
    if scheme not in ("", "file") or not url:
        raise WrongUsage(
            f"cannot keep state in `{scheme}://`" if scheme else "cannot keep state nowhere",
            why="state is a folder of this machine, or a PostgreSQL database",
            fix=_FIX,
        )
    path = Path(unquote(urlsplit(url).path)) if scheme else Path(url)
    if path.exists() and not path.is_dir():
        raise WrongUsage(f"cannot keep state in {path}", why="it is a file", fix=_FIX)
    return path
