"""A small world in which a sound candidate passes a stage, and what becomes of it once spoiled."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from gates import pipeline
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import StageDecision, Verdict
from gates.ledger.ledger import Version
from gates.registration import Recorded, Registration, adopt, register
from policies.errors import GateError
from stages.evidence.codec import decode, encode
from stages.models.fingerprint import CANARIES
from tests.fakes.workplace import NOW, Workplace, lines
from tests.faults.ab import Ab
from tests.servers.openai_server import Behaviour, Call, OpenAIServer, Reaction, text

COUNT = 20
OLD, NEW = "old", "new"
DATA = "../data"
"""From a policy's folder."""

SETTINGS = "retries = 1\nslots = 8\ntimeout_seconds = 0.5\n"

Records = list[dict[str, Any]]
Says = Callable[[str, str], str]
"""What a checkpoint, by name, says to a prompt."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a candidate.

    Attributes:
        verdict: Of the stage; `REFUSED` where a command ends with an error before there is one.
        sentence: Why, as a person reads it.
    """

    verdict: str
    sentence: str

    @property
    def passes(self) -> bool:
        return self.verdict == Verdict.PASS


@dataclass(kw_only=True)
class World:
    """Two checkpoints of one model, the older one adopted, and a policy of one stage.

    Attributes:
        place: Its folder, with `policies` and `data`.
        open: Closed with it.
        task: The fields of the one offline task, as a policy writes them.
        comparison: Those of the side-by-side plan, where that is the stage.
        criteria: What is demanded.
        budget: The policy's.
        says: What the checkpoints answer, where they are recorded.
        served: Where they are asked instead; None for recorded outputs.
        register_as: Under which name a checkpoint is asked there.
        endpoints: Judges and services, by name.
        after_registration: What happens between registering and measuring.
        damage: What happens to the evidence while it is kept; None when it is decided at once.
        ab: The A/B, where that is what is spoiled; it goes its own way from start to promotion.
    """

    place: Workplace
    open: ExitStack
    task: dict[str, Any]
    criteria: list[dict[str, Any]]
    comparison: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)
    says: Says = lambda name, prompt: f"{name}: {prompt}"
    served: OpenAIServer | None = None
    register_as: Callable[[str], str] = lambda name: name
    endpoints: dict[str, OpenAIServer] = field(default_factory=dict)
    after_registration: list[Callable[[], object]] = field(default_factory=list)
    damage: Callable[[bytes], bytes] | None = None
    ab: Ab | None = None

    @property
    def data(self) -> Path:
        return self.place.data

    def write(self, name: str, records: Iterable[Mapping[str, object]]) -> None:
        """Writes JSON lines into the folder of data."""
        lines(self.data / name, records)

    def read(self, name: str) -> Records:
        """Reads them back."""
        written = (self.data / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in written]

    def rewrite(self, name: str, change: Callable[[Records], object]) -> None:
        """Changes a file of JSON lines."""
        records = self.read(name)
        change(records)
        self.write(name, records)

    def serve(self, behaviour: Behaviour, *, path: str = "/v1/chat/completions") -> OpenAIServer:
        """A server that stands as long as this world."""
        return self.open.enter_context(OpenAIServer(behaviour, path=path))

    def spoil_replies(self, spoil: Callable[[Call], Reaction | None]) -> None:
        """The candidate's endpoint reacts otherwise wherever `spoil` says how."""
        assert self.served is not None
        self._wrap(self.served, lambda c: spoil(c) if c.body["model"] == NEW else None)

    def spoil_service(self, name: str, spoil: Callable[[Call], Reaction | None]) -> None:
        """A judge or service does."""
        self._wrap(self.endpoints[name], spoil)

    def _wrap(self, server: OpenAIServer, spoil: Callable[[Call], Reaction | None]) -> None:
        sound = server.behaviour
        server.behaviour = lambda call: spoil(call) or sound(call)

    def run(self) -> Outcome:
        """Registers both checkpoints, runs the round, and says what was decided."""
        if self.ab is not None:
            return self.ab.run()
        try:
            decision = self._decided()
        except GateError as error:
            return Outcome(verdict="REFUSED", sentence=error.in_short)
        return Outcome(verdict=decision.verdict, sentence=decision.reason)

    def _decided(self) -> StageDecision:
        self.write_settings()
        file = self.place.policy(self.policy())
        old, new = self.register(OLD), self.register(NEW)
        adopt(self.place.ledger, old.uri, alias="champion", reason="it serves", at=NOW.isoformat())
        for happens in self.after_registration:
            happens()
        with mock.patch.object(pipeline, "pages_of", return_value={}):  # half of the time
            result = pipeline.run_round(file, [new.uri], self.place.services)
        (candidate,) = result.decision.candidates
        if self.damage is None:
            return candidate.stages[0]
        stage = candidate.stages[0].stage
        kept = self.damage(encode(result.evidence[new.uri][stage]))
        return decide_stage(file.policy, stage, decode(kept, where="evidence.json"))

    def register(self, name: str) -> Version:
        """A version of the model, at its endpoint or by its outputs."""
        if self.served is not None:
            return self.place.endpoint(self.served.url, model=self.register_as(name))
        how = Recorded(file=self.recorded(name), format="jsonl")
        return register(self.place.ledger, Registration(name="assistant", how=how))

    def recorded(self, name: str) -> Path:
        """A checkpoint's outputs, written when they are not there yet."""
        path = self.data / f"{name}.jsonl"
        if not path.exists():
            self.write(path.name, self.outputs(name))
        return path

    def outputs(self, name: str) -> Records:
        """What a checkpoint answers to every item."""
        items = self.read("items.jsonl") if (self.data / "items.jsonl").exists() else []
        return [{"id": i["id"], "output": self.says(name, i["prompt"])} for i in items] or [
            {"id": "-", "output": f"{name} says nothing"}
        ]

    def policy(self) -> str:
        """The policy as it is written now."""
        offline = {"offline": {"task": self.task}}
        whole = {
            "policy": "release",
            "model": "assistant",
            **({"budget": self.budget} if self.budget else {}),
            "plan": {"side_by_side": self.comparison} if self.comparison else offline,
            "criteria": [
                {"severity": "blocking", "because": "it matters", **c} for c in self.criteria
            ],
        }
        return json.dumps(whole, indent=1)

    def write_settings(self) -> None:
        """Writes how checkpoints and services are reached."""
        sections = [
            f'[endpoints.{name}]\nbase_url = "{server.url}"\nmodel = "{name}"\n{SETTINGS}'
            for name, server in self.endpoints.items()
        ]
        self.place.toml("\n".join([f"[models.assistant]\n{SETTINGS}", *sections]))


Scene = Callable[[World], None]
"""Makes an empty world one in which the candidate passes."""

Inject = Callable[[World], object]
"""Spoils a world that is whole."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that must never let a candidate pass.

    Attributes:
        name: What goes wrong.
        where: Into which piece it is injected.
        scene: The world without it.
        inject: Puts it there.
        said: Words of the sentence that then blocks the candidate: it is blocked for this.
    """

    name: str
    where: str
    scene: Scene
    inject: Inject
    said: str


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """Something that changes nothing of what becomes of a candidate; fields as of `Fault`."""

    name: str
    where: str
    scene: Scene
    inject: Inject


def outcome(folder: Path, scene: Scene, inject: Inject = lambda _: None) -> Outcome:
    """What becomes of the candidate of a scene; it must pass where nothing is injected."""
    with ExitStack() as stack:
        world = World(place=Workplace(folder), open=stack, task={}, criteria=[])
        scene(world)
        inject(world)
        return world.run()


def at_endpoint(world: World, says: Says) -> None:
    """Both checkpoints answer over HTTP, each under its model name."""

    def react(call: Call) -> Reaction:
        name = str(call.body["model"])
        return text(f"I am {name}" if call.prompt in CANARIES else says(name, call.prompt))

    world.served = world.serve(react)


def no_worse(metric: str, margin: float) -> dict[str, Any]:
    return {"metric": f"task.{metric}", "non_inferior": {"margin": margin}}


def at_least(metric: str, limit: float) -> dict[str, Any]:
    return {"metric": f"task.{metric}", "at_least": limit}


def at_most(metric: str, limit: float) -> dict[str, Any]:
    return {"metric": f"task.{metric}", "at_most": limit}
