"""A small world in which better is checkable, its writer behind real HTTP, and judges of any skill.

An instruction is `say NAME`, a right answer holds the name. A judge of skill 0.9 is right nine
times of ten, by the digest of what it is asked and the seed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policies.canonical import Json, sha256_of
from stages.engine.folder_state import FolderState
from stages.evidence.items import Response
from stages.judges.comparing import Contest
from stages.judges.purse import Cap, Purse
from stages.models.client import EmptyAnswer, Request
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.models.settings import EndpointSettings
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.judging import Judge
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.trainer import Trained
from stages.workshop.workroom import Hand, Workroom
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

SLOTS = 4
SKILLS = (0.5, 0.8, 0.95)
"""Of the untaught judge, and of those of the iterations."""

RECIPE: Mapping[str, Any] = {
    "recipe": "names",
    "instructions": "instructions.jsonl",
    "writer": {"by": "writer"},
    "judging": {"brief": "short", "samples": 2, "max_tokens": 32},
    "pupil": {"model": {"where": "seed"}, "rows_at_least": 2},
    "held_out": 0.3,
}


def recipe(**changes: object) -> SelfTaught:
    return SelfTaught.model_validate_json(json.dumps({**RECIPE, **changes}))


def writes(call: Call) -> Reaction:
    """The writer: sorts, modifies and answers."""
    asked = call.prompt
    if "category" in asked:
        case = re.search(r"^Case ([0-9a-f]+)$", asked, re.MULTILINE)
        kind = "names" if "say " in asked else "talk"
        said = {"case": case[1] if case else "", "reasoning": "so", "category": kind}
        return text(json.dumps(said))
    if '"instruction"' in asked:
        found = re.search(r"say (\w+)", asked)
        return text(json.dumps({"instruction": f"say other{found[1] if found else ''}"}))
    return text(asked.replace("say", "it is"))


def write_instructions(folder: Path, count: int = 20, more: tuple[str, ...] = ()) -> None:
    prompts = [*(f"say name{n}" for n in range(count)), *more]
    lines = [json.dumps({"id": f"i{n}", "prompt": prompt}) for n, prompt in enumerate(prompts)]
    (folder / "instructions.jsonl").write_text("".join(f"{line}\n" for line in lines))


@dataclass
class ToyJudge:
    """Replies in the short form; right with probability `skill`, unreadable with `mute`."""

    skill: float
    mute: float = 0.0
    slots: int = 4
    asked: list[Request] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, Json]:
        return {"kind": "toy", "skill": self.skill, "mute": self.mute}

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        shown = str(request.item.messages[-1]["content"])
        chance = int(sha256_of([shown, request.sampling.seed])[:8], 16) / 16**8
        if chance < self.mute:
            return Response(text="I would rather not say")
        right, wrong = ("A", "B") if _a_is_right(shown) else ("B", "A")
        rest = (chance - self.mute) / (1 - self.mute)
        return Response(text=f"it says so verdict: {right if rest < self.skill else wrong}")

    def close(self) -> None: ...


class SilentJudge(ToyJudge):
    def answer(self, request: Request) -> Response:
        raise EmptyAnswer("no answer", why=f"nothing was said to {request.item.id}")


def _a_is_right(shown: str) -> bool:
    found = re.fullmatch(
        r"Question : (?:say |how )?(.*) Answer A : (.*) Answer B : (.*) Which is better \?", shown
    )
    assert found is not None, shown
    return found[2].endswith(f" {found[1]}")


@dataclass
class ToySchool:
    """Teaches by writing a file; each iteration's judge has the next skill."""

    folder: Path
    skills: tuple[float, ...] = SKILLS
    mute: float = 0.2
    make: Callable[[float, float], ToyJudge] = ToyJudge

    def untaught(self) -> Judge:
        return self._judge(0)

    def teach(self, lessons: Lessons, iteration: int, before: Trained | None) -> Trained:
        del before
        to = self.folder / f"model-{iteration}"
        if not to.exists():
            with (self.folder / "trainings.txt").open("a") as file:
                file.write(f"{iteration} {len(lessons.right)}\n")
            to.mkdir()
        return Trained(
            folder=to,
            model="",
            sha256=sha256_of([iteration, len(lessons.right)]),
            steps=1,
            loss=0.1,
            seconds=1.0,
            gpu_minutes=0.0,
        )

    def judge(self, trained: Trained, iteration: int) -> Judge:
        del trained
        return self._judge(iteration)

    def trainings(self) -> list[str]:
        return (self.folder / "trainings.txt").read_text().split("\n")[:-1]

    def _judge(self, iteration: int) -> Judge:
        client = self.make(self.skills[iteration], self.mute)
        hand = Hand(name=f"judge {iteration}", client=client, price=Price())
        return Judge(hand=hand, briefing=ShortBriefing(), free=True)


@contextmanager
def toy_school(
    recipe: SelfTaught,
    room: Workroom,
    services: object,
    *,
    skills: tuple[float, ...] = SKILLS,
) -> Iterator[ToySchool]:
    """Stands for `gates.workshop.schools.open_school`."""
    del recipe, services
    room.folder.mkdir(parents=True, exist_ok=True)
    yield ToySchool(room.folder, skills=skills)


@dataclass
class Scene:
    """A folder and a writer; every room is the next process that works there."""

    folder: Path
    server: OpenAIServer
    clients: list[OpenAICompatible] = field(default_factory=list)

    def room(self, cap: Cap | None = None) -> Workroom:
        settings = EndpointSettings(
            base_url=self.server.url, model="writer", retries=0, slots=SLOTS
        )
        self.clients.append(OpenAICompatible(settings))
        price = Price(usd_input=1.0, usd_output=1.0)
        (self.folder / "made").mkdir(exist_ok=True)
        return Workroom(
            name="names",
            state=FolderState(self.folder / "state"),
            base=self.folder,
            folder=self.folder / "made",
            hands={"writer": Hand(name="writer", client=self.clients[-1], price=price)},
            purse=Purse(cap or Cap()),
        )

    def asked(self) -> list[str]:
        """What the writer was asked, but for whether it keeps to a schema."""
        return [prompt for prompt in self.server.prompts() if '{"case": "0"' not in prompt]


@contextmanager
def scene(folder: Path, behaviour: Callable[[Call], Reaction] = writes) -> Iterator[Scene]:
    with OpenAIServer(behaviour) as server:
        found = Scene(folder=folder, server=server)
        try:
            yield found
        finally:
            for client in found.clients:
                client.close()


def contest(name: str, *, better: str = "", worse: str = "it is nothing") -> Contest:
    return Contest(
        id=name,
        messages=({"role": "user", "content": f"say {name}"},),
        answer_a=better or f"it is {name}",
        answer_b=worse,
    )
