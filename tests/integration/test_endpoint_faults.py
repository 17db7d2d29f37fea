"""Endpoints that misbehave, through the command line: bounded retries, a reason, and no pass.

One round holds a candidate per fault, one at a dead address, one that changes what it serves while
it is measured, and a sound one; then the servers recover.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from stages.models.fingerprint import CANARIES
from tests.integration.chain import Chain, Said, answer, passages, sums
from tests.servers import openai_server as server
from tests.servers.mlflow_server import free_port
from tests.servers.openai_server import Call, OpenAIServer, Reaction

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

FAULTS: dict[str, tuple[tuple[Callable[[], Reaction], str], ...]] = {
    "overloaded": (
        (server.hang, "no reply within 0.3 s"),
        (server.too_many, "status 429"),
        (lambda: server.status(500), "status 500"),
    ),
    "malformed": (
        (server.truncated_json, "not valid JSON"),
        (server.empty_choices, "the reply has no `choices`"),
        (server.not_utf8, "the reply is not UTF-8"),
    ),
    "wordless": (
        (server.null_content, "`content` is null"),
        (server.cut_short, "cut at `max_tokens`"),
        (server.refusal, "the model refused"),
    ),
}
"""What a candidate does, one to each spoiled prompt, and what its reason must say of it."""

SPOILED = [str(q["prompt"]) for q in sums()[5:8]]
"""The prompts that are answered badly."""

EVERYTHING = {str(q["prompt"]) for q in (*sums(), *passages())}

MODELS = ("old", "sound", *FAULTS, "shifty", "dead")
NUMBER = {model: n for n, model in enumerate(MODELS, start=1)}
RETRIES, ATTEMPTS, TRIES = 1, 2, 2
MOST_REQUESTS = TRIES * ATTEMPTS * (1 + RETRIES)
"""For one question in one `gate run`: tries of the stage, attempts of the client, retries."""

SETTINGS = f"slots = 8\nretries = {RETRIES}\ntimeout_seconds = 0.3\n"


@dataclass
class Endpoint:
    """What the server does; `healthy` is set when it recovers."""

    healthy: bool = False
    asked_shifty: int = 0

    def __call__(self, call: Call) -> Reaction:
        model = str(call.body["model"])
        if call.prompt in CANARIES:
            return server.text(self._name(model), model=model)
        self.asked_shifty += model == "shifty"
        if model in FAULTS and call.prompt in SPOILED and not self.healthy:
            return FAULTS[model][SPOILED.index(call.prompt)][0]()
        return server.text(answer(model, call.prompt), model=model)

    def _name(self, model: str) -> str:
        """The answer to a pinned text; `shifty` is another checkpoint halfway through."""
        shifted = model == "shifty" and self.asked_shifty > len(sums()) // 2
        return f"I am {model}{' 2' if shifted and not self.healthy else ''}"


@dataclass(frozen=True)
class Story:
    """What was said, and what was asked, in each `gate run`.

    Attributes:
        broken: Of the broken candidates alone.
        mixed: Of all candidates, the servers still being broken.
        recovered: Of all, afterwards.
        again: Of all, with nothing new.
        asked: Requests of each, by model and prompt, without pinned texts.
        chain: The workspace.
    """

    broken: Said
    mixed: Said
    recovered: Said
    again: Said
    asked: list[Counter[tuple[str, str]]]
    chain: Chain


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("faults")
    chain = Chain(
        folder=folder, name="faulty", tracking_uri=f"sqlite:///{folder}/m.db", state=folder / "s"
    )
    chain.write(settings=SETTINGS)
    challengers = range(2, len(MODELS) + 1)
    chain.write_votes(challengers)
    chain.write_moments(challengers)
    endpoint = Endpoint()
    with pytest.MonkeyPatch.context() as patch, OpenAIServer(endpoint) as served:
        patch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
        chain.register_endpoints(served.url, MODELS[:-1])
        chain.register_endpoint(f"http://127.0.0.1:{free_port()}/v1", "dead")
        asked = []

        def run(*references: str) -> Said:
            before = len(served.calls)
            said = chain.run("--json", *references)
            calls = [c for c in served.calls[before:] if c.prompt not in CANARIES]
            asked.append(Counter((str(c.body["model"]), c.prompt) for c in calls))
            return said

        broken = run(*(f"faulty/{NUMBER[model]}" for model in (*FAULTS, "shifty", "dead")))
        mixed = run()
        endpoint.healthy = True
        recovered, again = run(), run()
        yield Story(broken, mixed, recovered, again, asked, chain)


def stages(said: Said, model: str) -> list[dict[str, Any]]:
    """What was decided on a candidate, stage by stage."""
    return list(decided(said, model)["stages"])


def decided(said: Said, model: str) -> dict[str, Any]:
    uri = f"models:/faulty/{NUMBER[model]}"
    found = json.loads(said.out)["candidates"]
    return next(dict(c) for c in found if c["candidate"] == uri)


@pytest.mark.parametrize("model", FAULTS)
def test_a_fault_leaves_its_metric_unmeasured_with_the_reason(story: Story, model: str) -> None:
    for said in (story.broken, story.mixed):
        (offline,) = stages(said, model)
        assert offline["verdict"] == "HOLD"
        findings = {f["metric"]: f for f in offline["findings"]}
        finding = findings["sums.accuracy"]
        assert finding["verdict"] == "UNMEASURED"
        assert f"3 of {len(sums())} items have no answer" in finding["measured"]["unmeasured"]
        for _, reason in FAULTS[model]:
            assert reason in finding["measured"]["unmeasured"]
        assert findings["recital.rate"]["verdict"] == "PASS"
        assert offline["waits_for"]["cause"] == "broken"


@pytest.mark.parametrize("model", FAULTS)
def test_retries_are_bounded(story: Story, model: str) -> None:
    for asked in story.asked[:2]:
        counts = {prompt: asked[model, prompt] for prompt in SPOILED}
        assert all(2 <= count <= MOST_REQUESTS for count in counts.values()), counts


def test_a_round_in_which_everything_is_broken_exits_4(story: Story) -> None:
    assert story.broken.code == 4
    assert "Traceback" not in story.broken.err


def test_one_broken_candidate_does_not_stop_the_others(story: Story) -> None:
    assert story.mixed.code == 0
    assert decided(story.mixed, "sound")["verdict"] == "PASS"
    assert [s["verdict"] for s in stages(story.mixed, "sound")] == ["PASS", "PASS", "PASS"]


@pytest.mark.parametrize("model", FAULTS)
def test_what_was_answered_once_is_not_asked_again(story: Story, model: str) -> None:
    first, mixed, recovered, again = (
        {prompt: n for (who, prompt), n in asked.items() if who == model} for asked in story.asked
    )
    assert set(first) == EVERYTHING
    assert all(first[prompt] == 1 for prompt in EVERYTHING - set(SPOILED))
    assert set(mixed) == set(SPOILED)
    assert recovered == dict.fromkeys(SPOILED, 1)
    assert again == {}


@pytest.mark.parametrize("model", FAULTS)
def test_after_recovery_a_candidate_reaches_its_verdict(story: Story, model: str) -> None:
    assert story.recovered.code == 0
    assert decided(story.recovered, model)["verdict"] == "PASS"


def test_with_nothing_new_nothing_is_asked_and_the_same_is_said(story: Story) -> None:
    assert story.again == story.recovered
    assert story.asked[3] == Counter()


def test_a_dead_endpoint_says_who_must_move(story: Story) -> None:
    for said in (story.broken, story.mixed, story.recovered):
        (offline,) = stages(said, "dead")
        assert offline["verdict"] == "HOLD"
        assert offline["waits_for"]["cause"] == "broken"
        assert "does not answer" in json.dumps(offline["findings"])


def test_a_checkpoint_that_changes_while_it_is_measured_is_unmeasured(story: Story) -> None:
    for said in (story.broken, story.mixed):
        (offline,) = stages(said, "shifty")
        assert offline["verdict"] == "HOLD"
        assert "changed what it serves" in json.dumps(offline["findings"])


def test_changing_back_does_not_make_mixed_answers_good(story: Story) -> None:
    """Its journal holds answers of two checkpoints, which are evidence about neither."""
    for said in (story.recovered, story.again):
        (offline,) = stages(said, "shifty")
        assert offline["verdict"] == "HOLD"
        assert "changed what it serves" in json.dumps(offline["findings"])


def test_what_an_address_serves_under_a_new_version_is_asked_anew(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal's answers of the checkpoint that was served there before say nothing about it."""
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    chain = replace(story.chain, name="reloaded")
    chain.write()
    serves = {"now": "good"}

    def react(call: Call) -> Reaction:
        if call.prompt in CANARIES:
            return server.text(f"I am {serves['now']}")
        old = call.body["model"] == "old"
        return server.text(answer("old" if old else serves["now"], call.prompt))

    with OpenAIServer(react) as served:
        chain.register_endpoints(served.url, ("old", "new"))
        assert chain.run("reloaded/2").code == 0
        serves["now"] = "weak"
        chain.register_endpoint(served.url, "new")
        assert chain.run("reloaded/3").code == 1
