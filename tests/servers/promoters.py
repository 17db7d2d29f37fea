"""Promoters in processes of their own, who share nothing but the store.

    python -m tests.servers.promoters STORE MODEL COUNT FOLDER

forks COUNT processes once everything is imported; each has a home, a temporary folder and a
working folder of its own. The first takes the lease, calls the others, and is killed while it
holds it. Each other takes the lease, looks whether anybody has promoted yet, and if not moves the
alias and appends a record. Printed is a JSON object: by number, how each ended, minus the signal
it died of.
"""

import importlib
import json
import os
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from gates.ledger.chain_keeping import Lease, Sealed
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.mlflow_ledger.lock import Terms

TERMS = Terms(lasts=12.0, writes_within=5.0, looks_every=1.0)
PATIENCE = 200.0
HELD_SECONDS = 1.5
"""How long the others wait for one who lives, before they wait for one who is dead."""

HEAVY = ("mlflow.artifacts", "mlflow.store.tracking.sqlalchemy_store")
WON, LOST = 0, 9


def main(store: str, model: str, count: str, folder: str) -> None:
    for module in HEAVY:
        importlib.import_module(module)
    racing = {}
    for number in range(1, int(count) + 1):
        child = os.fork()
        if not child:
            os._exit(race(store, model, number, Path(folder)))
        racing[number] = child
    ended = {n: os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for n, c in racing.items()}
    sys.stdout.write(json.dumps(ended))


def race(store: str, model: str, number: int, folder: Path) -> int:
    move_in(folder / str(number))
    ledger, called = MlflowLedger(store, terms=TERMS), folder / "called"
    version = ledger.version(f"{model}/{number}")
    while number > 1 and not called.exists():
        time.sleep(0.01)
    with ledger.lease(
        model, holder=f"promoter {number}", intent=f"promote {number}", patience=PATIENCE
    ) as lease:
        if number == 1:
            called.touch()
            time.sleep(HELD_SECONDS)
            os.kill(os.getpid(), signal.SIGKILL)
        if ledger.chain(model):
            return LOST
        lease.check()
        ledger.set_alias(version, "champion")
        ledger.append(model, [sealed(number, lease)], first=1, lease=lease)
    return WON


def move_in(own: Path) -> None:
    """A home, a temporary folder and a working folder that nobody else has; words go to a file."""
    for name, variable in (("home", "HOME"), ("tmp", "TMPDIR"), ("work", "PWD")):
        (own / name).mkdir(parents=True)
        os.environ[variable] = str(own / name)
    tempfile.tempdir = None
    os.chdir(own / "work")
    said = os.open(own / "said", os.O_WRONLY | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)


def sealed(number: int, lease: Lease) -> Sealed:
    return Sealed(
        envelope=f"{number} by lease {lease.number} after {lease.abandoned}".encode(),
        name=f"promotion of {number}",
        at=datetime.now(UTC).isoformat(),
        tags={},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
