"""Twenty promoters at once, who share nothing but the store, one killed: one of them wins."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from gates.ledger.ledger import NewVersion
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from tests.servers.mlflow_server import running_mlflow_server
from tests.servers.promoters import LOST, WON

pytestmark = pytest.mark.integration

PROMOTERS = 20


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A SQLite file, or a server of two processes that keeps its data in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mlflow.db'}"
        return
    database = request.getfixturevalue("postgres")
    with running_mlflow_server(tmp_path, database=database, workers=2) as address:
        yield address


def test_twenty_promoters_of_whom_one_is_killed_holding_the_lock_end_with_one_winner(
    store: str, tmp_path: Path
) -> None:
    ledger, model = MlflowLedger(store), f"assistant-{uuid4().hex[:6]}"
    for _ in range(PROMOTERS):
        ledger.register(NewVersion(name=model, tags={}))
    racing = subprocess.run(
        [
            *(sys.executable, "-m", "tests.servers.promoters"),
            *(store, model, str(PROMOTERS), str(tmp_path)),
        ],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        timeout=240,
    )
    ended = {int(n): code for n, code in json.loads(racing.stdout).items()}
    said = {n: (tmp_path / str(n) / "said").read_text()[-500:] for n in ended}
    assert ended.pop(1) == -signal.SIGKILL
    assert Counter(ended.values()) == {WON: 1, LOST: PROMOTERS - 2}, said
    winner = next(n for n, code in ended.items() if code == WON)
    (envelope,) = ledger.chain(model)
    assert envelope.decode() == f"{winner} by lease 2 after promote 1 (promoter 1)"
    assert ledger.version(f"{model}@champion").version == str(winner)
