"""MLflow goes away, at every bad moment: a decision is kept, logged once and in order, later."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stages.models.fingerprint import CANARIES
from tests.integration.chain import Chain, Said, answer, parents
from tests.servers.line import Line
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@dataclass
class World:
    """A workspace, the line to its MLflow server, and the endpoint of its checkpoints.

    Attributes:
        cut_at_next_question: Whether the line is cut as soon as a checkpoint is asked.
    """

    chain: Chain
    line: Line
    endpoint: OpenAIServer
    cut_at_next_question: bool = False

    def react(self, call: Call) -> Reaction:
        model = str(call.body["model"])
        if call.prompt in CANARIES:
            return text(f"I am {model}")
        if self.cut_at_next_question and self.line.whole:
            self.line.cut()
        return text(answer(model, call.prompt))


@pytest.fixture
def world(mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # else each outage takes seconds
    with Line(mlflow_server) as line, OpenAIServer() as endpoint:
        chain = Chain(
            folder=tmp_path,
            name=f"outage_{uuid.uuid4().hex[:8]}",
            tracking_uri=line.address,
            state=tmp_path / "state",
        )
        found = World(chain=chain, line=line, endpoint=endpoint)
        endpoint.behaviour = found.react
        chain.write()
        chain.moments.write_text(chain.moments.read_text().partition("\n")[0] + "\n")
        chain.register_endpoints(endpoint.url, ("old", "good"))
        yield found


def waits(said: Said) -> None:
    """MLflow is down, and the command says so, and how to mend it."""
    assert said.code == 4
    assert "MLflow" in said.err
    assert "does not answer" in said.err


def test_a_ledger_that_is_down_from_the_start_costs_nothing(world: World) -> None:
    world.line.cut()
    for said in (world.chain.run(), world.chain.run("--json"), world.chain.promote()):
        waits(said)
    assert world.endpoint.calls == []
    (trusted,) = world.chain.journal()
    assert set(trusted) == {"version", "sha256", "keys"}  # the trust file was seen, and no more


def decided_while_down(world: World) -> object:
    """Measures while MLflow goes away; the key of the decision that is kept."""
    world.cut_at_next_question = True
    said = world.chain.run()
    world.cut_at_next_question = False
    waits(said)
    assert "1 decision(s) wait for MLflow" in said.err
    (kept,) = world.chain.journal("ledger/outbox")
    return kept["kept"]


def test_a_decision_outlives_outages_before_and_while_it_is_logged(world: World) -> None:
    chain, line = world.chain, world.line

    key = decided_while_down(world)
    asked, outbox = len(world.endpoint.calls), chain.journal("ledger/outbox")
    for said in (chain.promote(), chain.run(), chain.said("status", chain.name)):
        waits(said)
    assert chain.journal("ledger/outbox") == outbox

    line.mend()
    assert parents(chain) == []
    early = chain.promote()
    assert early.code == 3
    assert "waits in the journal" in early.out

    line.cut_at(b"runs/log-batch", 2)
    said = chain.run()
    assert not line.whole, said
    waits(said)
    line.mend()
    assert [tags.get("gate_complete") for tags in parents(chain)] == [None]
    assert chain.promote().code == 3
    assert chain.champion() == "1"

    chain.write_moments()
    assert chain.run().code == 0
    tags = parents(chain)
    assert [t["gate_verdict"] for t in tags] == ["HOLD", "PASS"]
    assert [t["gate_complete"] for t in tags] == ["yes", "yes"]
    assert tags[0]["gate_key"] == key
    assert len(world.endpoint.calls) == asked

    assert chain.promote().code == 0
    assert chain.champion() == "2"


def test_an_outage_while_the_alias_is_moved_promotes_nothing(world: World) -> None:
    chain, line = world.chain, world.line
    chain.write_moments()
    assert chain.run().code == 0
    line.cut_at(b"registered-models/alias", 1)
    waits(chain.promote())
    line.mend()
    assert chain.champion() == "1"
    assert chain.promote().code == 0
    assert chain.champion() == "2"
