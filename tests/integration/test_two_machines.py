"""A round that dies on one machine and goes on on another: only the URL of the state is shared."""

import json
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.registration import Endpoint, Registration, adopt, register
from stages.models.fingerprint import CANARIES
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.ballots.cast import Accepted
from tests.fakes.batches import said
from tests.servers.judge import is_probe, verdict
from tests.servers.machine import Machine
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

POLICY = """\
policy: {name}
model: {name}
plan:
  offline:
    sums: {{data: ../data/sums.jsonl, scorer: numeric}}
  side_by_side:
    data: ../data/prompts.jsonl
    votes_at_most: 6
    judges: {{reader: {{family: other}}}}
    judging: {{model_family: ours}}
criteria:
  - {{metric: sums.accuracy, at_least: 0.2, severity: blocking, because: sums must be right}}
  - {{metric: side_by_side.win_rate, at_least: 0.1, severity: blocking, because: people decide}}
  - metric: side_by_side.judge_win_rate
    at_least: 0.1
    severity: advisory
    because: we want to know
"""
SETTINGS = """\
[models.{name}]
slots = 1
[endpoints.reader]
base_url = "{url}"
model = "reader"
slots = 1
"""
SUMS, PROMPTS = 12, 6


@dataclass
class Served:
    """Checkpoints and a judge that a process dies of.

    Attributes:
        dying: The process that dies at the n-th question from now.
        left: How many questions until then.
    """

    dying: "subprocess.Popen[str] | None" = None
    left: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def react(self, call: Call) -> Reaction:
        model = str(call.body["model"])
        if call.prompt in CANARIES:
            return text(f"I am {model}", model=model)
        if model == "reader" and is_probe(call):
            return text(verdict(call, "yes"), model=model)
        with self.lock:
            self.left -= 1
            if self.dying is not None and self.left == 0:
                self.dying.kill()
                self.dying.wait()
        if model == "reader":
            return text(verdict(call, "A>B"), model=model)
        words = call.prompt.split()
        is_sum = words[0] == "what"
        said = str(2 * int(words[2])) if is_sum else f"{model} says {call.prompt}"
        return text(said, model=model)


@dataclass
class World:
    """What machines are made of, and what they all ask."""

    folder: Path
    name: str
    variables: dict[str, str]
    server: OpenAIServer
    endpoint: Served
    machines: int = 0

    @property
    def policy(self) -> str:
        return f"policies/{self.name}.yaml"

    def machine(self) -> Machine:
        self.machines += 1
        return Machine(
            self.folder / f"machine-{self.machines}", self.folder / "workspace", self.variables
        )

    def lives(self, *arguments: str) -> dict[str, Any]:
        """What a command says on a fresh machine, having come to its end."""
        with (
            self.asks_nothing_known(),
            self.machine() as machine,
            machine.start(*arguments, "--json") as process,
        ):
            said, told = process.communicate(timeout=120)
        assert process.returncode in (0, 1, 3), told
        found = json.loads(said)
        assert isinstance(found, dict)
        return found

    def dies(self, after: int, *arguments: str) -> None:
        """A command on a fresh machine, which is killed by a question; then the machine is gone."""
        with self.asks_nothing_known(), self.machine() as machine:
            with self.endpoint.lock:
                self.endpoint.left = after
            with machine.start(*arguments) as process:
                self.endpoint.dying = process
                said, told = process.communicate(timeout=120)
        self.endpoint.dying = None
        assert process.returncode == -signal.SIGKILL, said + told

    @contextmanager
    def asks_nothing_known(self) -> Iterator[None]:
        """No answer that is in the journal is asked for inside."""
        known, before = self.journaled(), self.asked()
        yield
        assert not set(self.asked() - before) & known

    def journaled(self) -> set[tuple[str, str]]:
        """Model and prompt of every answer that the database holds."""
        import psycopg

        with psycopg.connect(self.variables["GATE_STATE"]) as connection:
            found = connection.execute("SELECT to_regclass('gate_streams')").fetchone()
            if found is None or found[0] is None:
                return set()
            rows = connection.execute("SELECT entry FROM gate_streams WHERE stream ~ '^answers/'")
            entries = [json.loads(str(entry)) for (entry,) in rows.fetchall()]
        return {(e["model"], prompt_of(e["item"])) for e in entries if e["kind"] == "answer"}

    def asked(self) -> Counter[tuple[str, str]]:
        calls = [c for c in self.server.calls if c.prompt not in CANARIES]
        return Counter(
            (str(c.body["model"]), c.prompt)
            for c in calls
            if c.body["model"] != "reader" or not is_probe(c)
        )


@pytest.fixture
def world(mlflow_server: str, postgres: str, tmp_path: Path) -> Iterator[World]:
    name = f"two_{uuid.uuid4().hex[:8]}"
    workspace = tmp_path / "workspace"
    for folder in ("data", "policies"):
        (workspace / folder).mkdir(parents=True)
    (workspace / "policies" / f"{name}.yaml").write_text(POLICY.format(name=name))
    lines(
        workspace / "data" / "sums.jsonl",
        [{"id": f"s{n}", "prompt": prompt_of(f"s{n}"), "target": str(2 * n)} for n in range(SUMS)],
    )
    lines(
        workspace / "data" / "prompts.jsonl",
        [{"id": f"p{n}", "prompt": prompt_of(f"p{n}")} for n in range(PROMPTS)],
    )
    endpoint = Served()
    with OpenAIServer(endpoint.react) as server:
        (workspace / "gate.toml").write_text(SETTINGS.format(name=name, url=server.url))
        ledger = MlflowLedger(mlflow_server)
        for model in ("old", "new"):
            how = Endpoint(base_url=server.url, model_name=model)
            register(ledger, Registration(name=name, how=how))
        at = "2026-01-01T00:00:00+00:00"
        adopt(ledger, f"{name}/1", alias="champion", reason="in production", at=at)
        yield World(
            folder=tmp_path,
            name=name,
            variables={"GATE_STATE": postgres, "MLFLOW_TRACKING_URI": mlflow_server},
            server=server,
            endpoint=endpoint,
        )


def lines(path: Path, records: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_what_one_machine_paid_for_another_goes_on_with(world: World) -> None:
    world.dies(5, "run", world.policy)
    world.dies(2 * SUMS, "run", world.policy)
    (candidate,) = world.lives("sxs", "assign", world.policy)["candidates"]
    batch = str(candidate["batch"]["name"])

    vote_on_two_machines(world, batch)

    world.dies(8, "run", world.policy)
    (decided,) = world.lives("run", world.policy)["candidates"]
    assert decided["stages"][1]["findings"][0]["measured"]["n"] == PROMPTS
    asked = world.asked()
    assert world.journaled() == {one for one in asked if one[0] != "reader"}
    judged = Counter({one: n for one, n in asked.items() if one[0] == "reader"})
    assert len(judged) == 2 * PROMPTS
    assert judged.total() - len(judged) <= 3  # asked, answered, and being written down
    with world.asks_nothing_known():
        world.lives("run", world.policy)
    assert world.asked() == asked


def prompt_of(item: str) -> str:
    number = item[1:]
    return f"what is {number} + {number}?" if item.startswith("s") else f"tell me of {number}"


def vote_on_two_machines(world: World, batch: str) -> None:
    """What is leased on one machine is leased on the other."""
    url, now = world.variables["GATE_STATE"], datetime.now(UTC)
    with open_ballots(url) as one, open_ballots(url) as other:
        for person in ("ann", "bob"):
            one.people.add(batch, person, now=now)
        held = one.next_task(batch, "ann", now=now)
        assert other.next_task(batch, "ann", now=now) == held
        theirs = other.next_task(batch, "bob", now=now)
        assert isinstance(held, Task)
        assert isinstance(theirs, Task)
        assert theirs.pair != held.pair  # one vote a prompt, and ann's is taken
        for number in range(PROMPTS):
            box = (one, other)[number % 2]
            task = box.next_task(batch, "ann" if number else "bob", now=now)
            assert isinstance(task, Task)
            assert isinstance(box.cast(batch, said(task), now=now), Accepted)
