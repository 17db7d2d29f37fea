"""How long `gate --help` takes, beside an interpreter that starts and ends."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROUNDS = 11
GATE = Path(sys.executable).with_name("gate")


def main() -> None:
    """Prints the ratio of the medians; both are started in turn."""
    pairs = [
        (seconds(sys.executable, "-c", "pass"), seconds(str(GATE), "--help")) for _ in range(ROUNDS)
    ]
    bare, ours = (median(taken) for taken in zip(*pairs, strict=True))
    print(f"bare interpreter: {1000 * bare:.0f} ms")
    print(f"gate --help: {1000 * ours:.0f} ms, ratio {ours / bare:.1f}")


def seconds(*command: str) -> float:
    """Time from start to end of a process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
