"""Builds and freezes a bench, and dies by SIGKILL when a function is called for the n-th time.

Usage: killed.py FOLDER URL MODULE NAME N
"""

import importlib
import os
import signal
import sys
from pathlib import Path

from stages.workshop.bench.building import build
from stages.workshop.bench.freezing import freeze_bench
from tests.stages.workshop.bench.scene import Toy, recipe, room


def main() -> None:
    folder, url, module, name, times = sys.argv[1:]
    place = importlib.import_module(module)
    target, attribute = place, name
    if "." in name:
        target, attribute = getattr(place, name.split(".")[0]), name.split(".")[1]
    original, called = getattr(target, attribute), 0

    def dying(*arguments: object, **named: object) -> object:
        nonlocal called
        called += 1
        if called == int(times):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(target, attribute, dying)
    with room(Path(folder), Toy(url=url)) as here:
        how = recipe(Path(folder), 80)
        freeze_bench(build(how, here), how, here.folder)


if __name__ == "__main__":
    main()
