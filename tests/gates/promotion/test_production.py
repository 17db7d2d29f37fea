"""What serves is told by texts that two versions answer differently, over real HTTP."""

import json
from collections.abc import Callable

from gates.promotion.production import Patience, recognition_of, what_serves
from gates.promotion.recognition import NotAsked, NotYetServing, Serving
from tests.gates.promotion.scene import AT_ONCE, Scene
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

Answer = Callable[[str], str]


def asked(made: Scene, answer: Answer, *, patience: Patience = AT_ONCE) -> object:
    """What serves, of version 2 after version 1, at a server that answers so."""

    def react(call: Call) -> Reaction:
        return text(answer(call.prompt), model="assistant")

    with OpenAIServer(react) as server:
        settings = made.place.folder / "gate.toml"
        line = f'production = "{server.url}"\nproduction_as = "assistant"\npolicies'
        settings.write_text(settings.read_text().replace("policies", line, 1))
        services = made.place.services
        one, two = (made.place.ledger.version(f"assistant/{n}") for n in (1, 2))
        recognition = recognition_of(two, one, file=made.file, services=services)
        assert recognition is not None
        assert recognition.texts, recognition.lack
        return what_serves(recognition, services=services, patience=patience)


def says(made: Scene, number: int) -> Answer:
    """Answers as a version's recorded outputs do."""
    place = made.place
    outputs = {
        json.loads(line)["id"]: json.loads(line)["output"]
        for line in place.ledger.files[f"models:/assistant/{number}"].decode().splitlines()
    }
    items = [json.loads(line) for line in (place.data / "sums.jsonl").read_text().splitlines()]
    known = {item["prompt"]: outputs[item["id"]] for item in items}
    return lambda prompt: known.get(prompt, "?")


def test_the_new_version_is_recognised(made: Scene) -> None:
    assert isinstance(asked(made, says(made, 2)), Serving)


def test_the_old_version_is_recognised_too_and_is_not_yet_the_new(made: Scene) -> None:
    found = asked(made, says(made, 1))
    assert isinstance(found, NotYetServing)
    assert "as 1 does" in found.sentence


def test_a_stranger_is_not_yet_serving(made: Scene) -> None:
    assert isinstance(asked(made, lambda _: "I am somebody else"), NotYetServing)


def test_it_is_waited_for(made: Scene) -> None:
    paused: list[float] = []
    new, old = says(made, 2), says(made, 1)
    patience = Patience(seconds=10, pause=paused.append)
    found = asked(made, lambda p: new(p) if paused else old(p), patience=patience)
    assert isinstance(found, Serving)
    assert len(paused) == 1


def test_without_production_nobody_is_asked(made: Scene) -> None:
    one, two = (made.place.ledger.version(f"assistant/{n}") for n in (1, 2))
    services = made.place.services
    assert recognition_of(two, one, file=made.file, services=services) is None
    after = made.promote().aftermath
    assert after is not None
    assert isinstance(after.served, NotAsked)
    assert after.is_well


def test_a_production_that_does_not_answer_is_not_yet_serving(made: Scene) -> None:
    settings = made.place.folder / "gate.toml"
    line = 'production = "http://127.0.0.1:9/v1"\nproduction_as = "a"\npolicies'
    settings.write_text(settings.read_text().replace("policies", line, 1))
    promotion = made.promote()
    assert promotion.aftermath is not None
    assert not promotion.aftermath.is_well
    assert "NOT YET serving 2: production does not answer" in promotion.aftermath.sentence("2")
    assert made.champion == "2"
