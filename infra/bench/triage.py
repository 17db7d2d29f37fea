"""A night of 500 checkpoints of which 490 are unchanged, beside one of the 10 new ones alone.

A real MLflow store in SQLite and a real endpoint over HTTP; 490 versions were sorted by an earlier
night. Mostly the 10 should be paid for: in calls, and in time.
"""

import sqlite3
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gates.ledger.ledger import NewVersion, Version
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.triage.night import triage
from gates.triage.night_book import NightBook
from gates.triage.outcome import Outcome, Sort
from stages.evidence.records import Cost
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

UNCHANGED, NEW = 490, 10


def main() -> None:
    """Prints calls and seconds of both, and their ratio."""
    night(unchanged=0, new=1)  # reads the libraries, which neither should pay for
    alone = night(unchanged=0, new=NEW)
    among = night(unchanged=UNCHANGED, new=NEW)
    for said, (calls, seconds) in ((f"{NEW} alone", alone), (f"{NEW} among 500", among)):
        print(f"  {said:14} {calls:6,} calls {seconds:8.1f} s")
    print(f"  ratio {among[0] / alone[0]:.2f} of calls, {among[1] / alone[1]:.2f} of time")


def night(*, unchanged: int, new: int) -> tuple[int, float]:
    """Calls and seconds of a night that takes up the new ones."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(solved) as server:
        place = Workplace(Path(folder), now=datetime.now(UTC))
        place.champion()
        database = Path(folder) / "mlflow.db"
        ledger = MlflowLedger(f"sqlite:///{database}")
        _champion(ledger, place)
        tags = {"gate_source": "endpoint", "gate_base_url": server.url, "gate_model_name": "toy"}
        version = NewVersion(name="assistant", tags=tags)
        if unchanged:
            _sorted_before(_copies(database, ledger.register(version), unchanged), ledger, place)
        for _ in range(new):
            ledger.register(version)
        services = replace(place.services, ledger=ledger)
        file = place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
        began = time.perf_counter()
        found = triage(file, services)
        seconds = time.perf_counter() - began
        if [o.sort for o in found.outcomes] != [Sort.ADVANCE] * new:
            raise SystemExit(f"{len(found.outcomes)} were taken up, not {new}: {found.outcomes}")
        return len(server.calls), seconds


def _champion(ledger: MlflowLedger, place: Workplace) -> None:
    tags = place.ledger.version("assistant/1").tags
    file = place.data / "assistant-1.jsonl"
    champion = ledger.register(NewVersion(name="assistant", tags=tags, file=file))
    ledger.tag(champion, {"gate_adopted": "since May"})
    ledger.set_alias(champion, "champion")


def _copies(database: Path, version: Version, count: int) -> range:
    """Numbers of a version and of its copies, written into the tables of the store at once."""
    first = int(version.version)
    with sqlite3.connect(database) as opened:
        for table in ("model_versions", "model_version_tags"):
            columns = [row[1] for row in opened.execute(f"PRAGMA table_info({table})")]
            place = columns.index("version")
            rows = opened.execute(f"SELECT * FROM {table} WHERE version = ?", (first,)).fetchall()
            marks = ", ".join("?" * len(columns))
            opened.executemany(
                f"INSERT INTO {table} VALUES ({marks})",
                [
                    (*row[:place], first + number, *row[place + 1 :])
                    for number in range(1, count)
                    for row in rows
                ],
            )
    return range(first, first + count)


def _sorted_before(numbers: range, ledger: MlflowLedger, place: Workplace) -> None:
    """An earlier night sorted them; what its decisions were is in the journal of nights."""
    if not {str(n) for n in numbers} <= {v.version for v in ledger.versions("assistant")}:
        raise SystemExit("the copies are not in the registry")
    book = NightBook(state=place.state, policy="release")
    before = book.begin(place.now)
    found = [
        Outcome(
            candidate=f"models:/assistant/{number}",
            known_as=f"assistant/{number}",
            sort=Sort.BLOCKED,
            sentence="sums.accuracy is at most 48 % (95 % upper bound); the policy demands 60 %",
        )
        for number in numbers
    ]
    book.end(before, found, Cost(), place.now)


def solved(call: Call) -> Reaction:
    """The sum, or a greeting."""
    words = call.prompt.split()
    return text(str(int(words[2]) + int(words[4][:-1])) if words[:2] == ["what", "is"] else "hello")


if __name__ == "__main__":
    main()
