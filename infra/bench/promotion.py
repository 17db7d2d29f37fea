"""What `gate promote` takes in a store of 10,000 MLflow runs, beside a call of MLflow's client."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from gates.chain.anchor import Anchor
from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.chain.mirror import Mirror
from gates.chain.places import Folder
from gates.chain.signing import Entry, Seal, signed_after
from gates.chain.verifying import extended
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.mlflow_ledger.runs import milliseconds
from gates.pipeline import run_round
from gates.promotion.adopting import record_adoption
from gates.registration import Recorded, Registration, adopt, register
from tests.fakes.chains import decision, subject
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    answered,
    lines,
    policy_text,
)
from tests.trusting import trusted

if TYPE_CHECKING:
    from tests.fakes.memory_ledger import MemoryLedger

RECORDS = 5_000
RUNS = 10_000
DECISIONS = 500
TIMES = 3
POLICY = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, NO_WORSE, WINS, SHIPS))


def main() -> None:
    """Prints what signing a large round and promoting take."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        place = _workplace(Path(folder), database)
        custody = place.services.custody
        assert custody is not None
        _append(custody)
        _fill_chain(custody, place, database)
        run_round(place.policy(POLICY), ["assistant/2"], place.services)
        _fill_runs(database)
        _promote(Path(folder), database)


def _workplace(folder: Path, database: Path) -> Workplace:
    """A candidate that passes everything, in a store of its own."""
    ledger = MlflowLedger(f"sqlite:///{database}")
    place = Workplace(folder, ledger=cast("MemoryLedger", ledger), now=datetime.now(UTC))
    place.toml(
        f'[mlflow]\ntracking_uri = "sqlite:///{database}"\n[state]\nurl = "state"\n'
        '[models.assistant]\npolicies = { champion = "release" }\n'
    )
    trusted(folder, place.policy(POLICY).path)
    for number, wrong_every in ((1, 10), (2, 0)):
        file = place.data / f"{number}.jsonl"
        lines(file, answered(wrong_every, note=str(number)))
        how = Recorded(file=file, format="jsonl")
        register(ledger, Registration(name="assistant", how=how))
    how_long = "since May"
    at = place.now.isoformat()
    first = adopt(ledger, "assistant/1", alias="champion", reason=how_long, at=at)
    record_adoption(first, place.services, alias="champion", reason=how_long)
    place.votes()
    place.moments(shares=(0.6, 0.68))
    return place


def _append(custody: Custody) -> None:
    """A large round's decisions, signed and appended under one lease."""
    entries = [Entry(subject=subject(n + 10), body=decision()) for n in range(DECISIONS)]
    with custody.lease("assistant", intent="measure") as lease:
        took = _seconds(lambda: custody.append_all("assistant", entries, lease=lease))
    each = took / DECISIONS
    print(
        f"{DECISIONS} decisions signed and appended under one lease: {took:.1f} s, {each:.3f} each"
    )


def _fill_chain(custody: Custody, place: Workplace, database: Path) -> None:
    """Thousands of older records: mirrored and anchored as they would be, and rows in MLflow."""
    chain = custody.chain("assistant")
    mirror = Mirror(Folder(place.folder / ".gate" / "records"))
    copies = []
    for _ in range(RECORDS // DECISIONS):
        place.now += timedelta(seconds=1)
        chain = extended(chain, _round(chain, custody, place), trust=custody.trust, now=place.now)
        for kept in chain.records[-DECISIONS:]:
            mirror.keep_envelope(kept.envelope)
            tag, at = f"{kept.record.sequence:09}", milliseconds(kept.record.at.isoformat())
            copies.append(_Copy(tags={"gate_sequence": tag}, start_time=at))
    assert chain.head is not None
    Anchor(Folder(place.folder / ".gate"), "anchor.json").grow("assistant", chain.head)
    _copy_runs(database, "gate_record = 'record'", copies)
    place.now += timedelta(seconds=1)


def _round(chain: Chain, custody: Custody, place: Workplace) -> tuple[bytes, ...]:
    """Envelopes of a large round's decisions, which follow a chain."""
    seal = Seal(
        by=custody.signatory(custody.signer),
        signers=(custody.signer,),
        at=place.now,
        fencing=chain.fencing,
        tool_version="bench",
    )
    first = len(chain.records) + 1000
    entries = [Entry(subject=subject(first + n), body=decision()) for n in range(DECISIONS)]
    return tuple(signed_after(chain, entries, seal))


def _fill_runs(database: Path) -> None:
    """Decisions on other versions, up to the whole number of MLflow runs."""
    with sqlite3.connect(database) as opened:
        (have,) = opened.execute("SELECT count(*) FROM runs").fetchone()
    others = [
        _Copy(tags={"gate_candidate": f"models:/assistant/{n + 1000}", "gate_key": uuid4().hex})
        for n in range(RUNS - have)
    ]
    _copy_runs(database, "gate_record = 'candidate'", others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What a copy of an MLflow run has of its own; it began when that one did, or as is said."""

    tags: Mapping[str, str]
    start_time: int | None = None


def _copy_runs(database: Path, like: str, copies: Sequence[_Copy]) -> None:
    """Copies of an MLflow run in the tables of its store."""
    key, _, value = like.partition(" = ")
    with sqlite3.connect(database) as opened:
        model = opened.execute(
            "SELECT run_uuid FROM tags WHERE key = ? AND value = ? LIMIT 1", (key, value.strip("'"))
        ).fetchone()[0]
        columns = [row[1] for row in opened.execute("PRAGMA table_info(runs)")]
        row = dict(
            zip(
                columns,
                opened.execute("SELECT * FROM runs WHERE run_uuid = ?", (model,)).fetchone(),
                strict=True,
            )
        )
        said = dict(opened.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (model,)))
        for copy in copies:
            run = uuid4().hex
            marks = ", ".join("?" * len(columns))
            own = {"run_uuid": run, "start_time": copy.start_time or row["start_time"]}
            opened.execute(f"INSERT INTO runs VALUES ({marks})", [*({**row, **own}.values())])
            opened.executemany(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
                [(k, v, run) for k, v in {**said, **copy.tags}.items()],
            )


def _promote(folder: Path, database: Path) -> None:
    """The command in a process of its own, beside a process that sets an alias and no more."""
    script = (
        f"from mlflow import MlflowClient; MlflowClient('sqlite:///{database}')"
        ".set_registered_model_alias('assistant', 'other', '2')"
    )
    bare = [_process([sys.executable, "-c", script], folder) for _ in range(TIMES)]
    gate = str(Path(sys.executable).with_name("gate"))
    dry = [_process([gate, "promote", "assistant/2", "--dry-run"], folder) for _ in range(TIMES)]
    real = _process([gate, "promote", "assistant/2"], folder)
    print(f"store: {RUNS:,} MLflow runs, more than {RECORDS:,} of them signed records")
    least = min(bare, key=_wall)
    print(f"a bare client sets an alias: {least.words}")
    _print_beside("gate promote --dry-run", min(dry, key=_wall), least)
    _print_beside("gate promote", real, least)
    print("it may be +2.00 s, on a machine that does nothing else")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Took:
    """Seconds by the clock on the wall, and of the processor, which others do not stretch."""

    wall: float
    cpu: float

    @property
    def words(self) -> str:
        return f"{self.wall:.2f} s, {self.cpu:.2f} s of a processor"


def _wall(took: _Took) -> float:
    return took.wall


def _print_beside(what: str, took: _Took, bare: _Took) -> None:
    more = f"{took.wall - bare.wall:+.2f} s, {took.cpu - bare.cpu:+.2f} s of a processor"
    print(f"{what}: {took.words}; {more}")


def _process(command: Sequence[str], folder: Path) -> _Took:
    environment = {**os.environ, "GATE_ALLOW_LOCAL_STATE": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if ended.returncode:
        sys.exit(f"{command[0]} ended with {ended.returncode}: {ended.stdout!r} {ended.stderr!r}")
    return _Took(wall=wall, cpu=cpu)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
