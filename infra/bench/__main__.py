"""Runs every bench of this folder, or those named; each module has a `main()` that prints."""

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    """Runs what is named on the command line, else everything."""
    found = sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )
    unknown = set(sys.argv[1:]) - set(found)
    if unknown:
        sys.exit(f"no bench named {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    for name in sys.argv[1:] or found:
        print(f"== {name}", flush=True)
        importlib.import_module(f"infra.bench.{name}").main()


if __name__ == "__main__":
    main()
