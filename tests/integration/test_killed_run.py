"""`gate run` killed by SIGKILL again and again: nothing is lost, nothing is asked or said twice."""

import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from stages.evidence.codec import encode
from stages.models.fingerprint import CANARIES
from tests.integration.chain import Chain, answer, parents, passages, sums
from tests.servers.mortal_gate import Ended, MortalGates
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

MODELS = ("old", "good", "weak")
SLOTS = 4
SEED = 20261121
KILLS = (
    *("answered", "torn", "appended", "answered", "torn"),
    *("asking_ledger", "told_ledger", "asking_ledger", "told_ledger"),
)
"""In this order, each at a moment drawn from the first eighth of those of an undisturbed run; after
these, once more while what was logged is being written down as logged."""

Asked = tuple[str, str]
"""Model and prompt of a request."""


@dataclass(frozen=True)
class Life:
    """One process.

    Attributes:
        known: What was in the journal when it started.
        asked: What it asked, without the pinned texts, which are asked at both ends of every task.
        ended: How it ended.
    """

    known: set[Asked]
    asked: Counter[Asked]
    ended: Ended


@dataclass(frozen=True)
class Story:
    """Two workspaces over one endpoint and the same files.

    Attributes:
        calm: Moved by one process, which was not disturbed.
        life: That process.
        killed: Moved by many processes, all killed but the last.
        lives: Those processes.
    """

    calm: Chain
    life: Life
    killed: Chain
    lives: tuple[Life, ...]

    @property
    def asked(self) -> Counter[Asked]:
        """What all lives asked together."""
        return sum((life.asked for life in self.lives), Counter())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("killed")
    calm, killed = (
        Chain(
            folder=folder,
            name="toy",
            tracking_uri=f"sqlite:///{folder}/{name}/mlflow.db",
            state=folder / name / "state",
        )
        for name in ("calm", "killed")
    )
    calm.write(settings=f"slots = {SLOTS}\n")
    with OpenAIServer(react) as server, MortalGates() as gates:
        for chain in (calm, killed):
            chain.state.parent.mkdir()
            chain.register_endpoints(server.url, MODELS)
        counts = folder / "counts.json"
        life = live(gates, server, calm, f"count:{counts}")
        assert life.ended.code == 0, life.ended.said
        moments = (*drawn(json.loads(counts.read_text())), "torn:1", "never:0")
        yield Story(
            calm=calm,
            life=life,
            killed=killed,
            lives=tuple(live(gates, server, killed, moment) for moment in moments),
        )


def drawn(many: dict[str, int]) -> Sequence[str]:
    rng = np.random.default_rng(SEED)
    return [f"{kind}:{rng.integers(1, max(2, many[kind] // 8))}" for kind in KILLS]


def live(gates: MortalGates, server: OpenAIServer, chain: Chain, moment: str) -> Life:
    """`gate run` in a process of its own, killed at the moment unless it ends before."""
    known, before = journaled(chain), len(server.calls)
    where = ["--workspace", str(chain.folder), "--tracking-uri", chain.tracking_uri]
    command = ["run", str(chain.policy), "--json", *where, "--state", str(chain.state)]
    ended = gates.run(moment, command)
    asked = [c for c in server.calls[before:] if c.prompt not in CANARIES]
    return Life(known=known, asked=Counter((c.body["model"], c.prompt) for c in asked), ended=ended)


def journaled(chain: Chain) -> set[Asked]:
    prompts = {q["id"]: q["prompt"] for q in (*sums(), *passages())}
    found = [e for e in chain.journal("answers/") if e["kind"] == "answer"]
    return {(str(e["model"]), prompts[str(e["item"])]) for e in found}


def react(call: Call) -> Reaction:
    """Every answer says whose it is."""
    model = call.body["model"]
    said = "fine" if call.prompt in CANARIES else answer(model, call.prompt)
    return text(said, model=model, latency=0.002)


def evidence(chain: Chain) -> dict[str, bytes]:
    """The bytes of every stage's evidence of the newest decision, as MLflow has them."""
    found = {}
    for version in chain.ledger.versions(chain.name)[1:]:
        stored = chain.ledger.latest(version, chain.name)
        assert stored is not None
        found |= {
            f"{uri} {stage}": encode(one)
            for uri, stages in stored.evidence.items()
            for stage, one in stages.items()
        }
    return found


def test_every_life_but_the_last_was_killed_and_the_last_reached_the_verdicts(
    story: Story,
) -> None:
    codes = [life.ended.code for life in story.lives]
    assert codes == [-signal.SIGKILL] * (len(KILLS) + 1) + [0], story.lives[-1].ended.said
    assert story.lives[0].asked
    assert not story.lives[-1].asked


def test_the_evidence_of_a_killed_run_is_the_same_to_the_byte(story: Story) -> None:
    calm = evidence(story.calm)
    assert set(calm) == {
        "models:/toy/2 offline",
        "models:/toy/2 side_by_side",
        "models:/toy/2 online",
        "models:/toy/3 offline",
    }
    assert evidence(story.killed) == calm


def test_an_undisturbed_run_asks_each_question_once_and_spares_the_blocked(story: Story) -> None:
    first, second = ({q["prompt"] for q in task()} for task in (sums, passages))
    asked = {m: {p for who, p in story.life.asked if who == m} for m in MODELS}
    assert set(story.life.asked.values()) == {1}
    assert asked == {"old": first | second, "good": first | second, "weak": first}


def test_what_is_in_the_journal_is_never_asked_for_again(story: Story) -> None:
    assert [asked for life in story.lives for asked in life.asked if asked in life.known] == []
    assert {n for life in story.lives for n in life.asked.values()} == {1}
    assert set(story.asked) == set(story.life.asked)
    lost = sum(story.asked.values()) - len(story.asked)
    assert lost <= 2 * SLOTS * len(KILLS)  # what was in flight, or in the batch being written


def test_no_answer_stands_twice_in_the_journal(story: Story) -> None:
    found = [e for e in story.killed.journal("answers/") if e["kind"] == "answer"]
    assert set(Counter((e["by"], e["key"]) for e in found).values()) == {1}


def test_no_decision_is_doubled_in_mlflow(story: Story) -> None:
    for chain in (story.calm, story.killed):
        tags = parents(chain)
        assert [t["gate_complete"] for t in tags] == ["yes", "yes"]
        keys = Counter((t["gate_key"], t["gate_candidate"]) for t in tags)
        assert set(keys.values()) == {1}
        assert {t["gate_candidate"]: t["gate_verdict"] for t in tags} == {
            "models:/toy/2": "PASS",
            "models:/toy/3": "FAIL",
        }


def test_nothing_waits_for_the_ledger_afterwards(story: Story) -> None:
    outbox = story.killed.journal("ledger/outbox")
    kept, logged = ({e[k] for e in outbox if k in e} for k in ("kept", "logged"))
    assert kept == logged
    assert kept
