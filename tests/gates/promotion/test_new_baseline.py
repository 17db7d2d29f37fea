"""A new baseline: who was held against the old one is decided anew, and nobody is asked again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.decide.verdict import CandidateDecision, Verdict
from gates.pipeline import run_round
from gates.promotion.adopting import record_adoption
from gates.promotion.answer import Answer
from gates.promotion.refusal import Refused
from gates.registration import adopt
from gates.trust.trust_document import Stage
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.gates.promotion.scene import Scene
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text
from tests.trusting import trusted

WRONG_EVERY = {"first": 3, "perfect": 0, "decent": 5}
"""The served models: how often each gets a sum wrong."""


def solved(call: Call) -> Reaction:
    """The sum, as well as the model that is asked can; and a name to anything that is no sum."""
    words, model = call.prompt.split(), str(call.body["model"])
    if words[:2] != ["what", "is"]:
        return text(f"I am {model}")
    number, every = int(words[2]), WRONG_EVERY[model]
    return text("-1" if every and number % every == 0 else str(2 * number))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(solved) as found:
        yield found


@pytest.fixture
def scene(server: OpenAIServer, tmp_path: Path) -> Scene:
    """1 is the champion; 2 and 3 have passed against it, by answers of a server."""
    place = Workplace(tmp_path)
    place.toml('[models.assistant]\npolicies = { champion = "release" }\n')
    file = place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
    keyring = trusted(tmp_path, file.path, stages=(Stage.OFFLINE,))
    first, *_ = [place.endpoint(server.url, model) for model in WRONG_EVERY]
    at = place.now.isoformat()
    champion = adopt(place.ledger, first.uri, alias="champion", reason="since May", at=at)
    record_adoption(champion, place.services, alias="champion", reason="since May")
    return Scene(place=place, file=file, keyring=keyring)


def decide(made: Scene, *references: str) -> dict[str, CandidateDecision]:
    result = run_round(made.file, references, made.place.services)
    assert result.decision.baseline == f"models:/assistant/{made.champion}"
    return {found.candidate: found for found in result.decision.candidates}


def test_comparisons_are_decided_anew_from_stored_answers_without_one_call(
    scene: Scene, server: OpenAIServer
) -> None:
    before = decide(scene, "assistant/2", "assistant/3")
    assert {found.verdict for found in before.values()} == {Verdict.PASS}
    asked = scene.promote("assistant/2")
    assert asked.refusal is not None
    assert asked.refusal.by is Refused.STRANDS
    assert scene.promote("assistant/2", strand=True).answer is Answer.PROMOTED

    calls = len(server.calls)
    assert calls > 0
    refused = scene.promote("assistant/3")
    assert refused.refusal is not None
    assert refused.refusal.by is Refused.OTHER_BASELINE
    scene.place.later(hours=1)
    anew = decide(scene, "assistant/3")["models:/assistant/3"]
    assert len(server.calls) == calls
    assert anew.verdict is not Verdict.PASS  # better than 1, and much worse than 2
    assert anew.reason != before["models:/assistant/3"].reason
    assert scene.promote("assistant/3").answer is not Answer.PROMOTED
    assert scene.champion == "2"


def test_decided_anew_who_still_passes_is_promoted(
    scene: Scene, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRONG_EVERY, "decent", 0)
    decide(scene, "assistant/2", "assistant/3")
    assert scene.promote("assistant/2", strand=True).answer is Answer.PROMOTED
    calls = len(server.calls)
    scene.place.later(hours=1)
    assert decide(scene, "assistant/3")["models:/assistant/3"].verdict is Verdict.PASS
    assert scene.promote("assistant/3").answer is Answer.PROMOTED
    assert (scene.champion, len(server.calls)) == ("3", calls)
