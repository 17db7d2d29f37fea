"""Prints the figure that is named; each module of this folder has a `main(arguments)`."""

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import NoReturn

from policies.errors import GateError


def main() -> None:
    """Runs the module named first on the command line, with what follows it.

    Exits with 2 and a sentence when an argument or the data it names cannot be used.
    """
    found = sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in found:
        _refuse(f"usage: python -m infra.figures NAME [ARGUMENT ...]; NAME is {', '.join(found)}")
    arguments = sys.argv[2:]
    try:
        importlib.import_module(f"infra.figures.{name}").main(arguments)
    except SystemExit as left:
        if not isinstance(left.code, str):
            raise
        _refuse(left.code)
    except (OSError, ValueError, KeyError, ImportError, GateError) as error:
        given = " ".join(arguments) or "nothing"
        _refuse(f"cannot print the figure {name} of {given}: {_because(error)}")


def _because(error: Exception) -> str:
    """A file that cannot be used in plain words; whatever else with its kind."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"


def _refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
