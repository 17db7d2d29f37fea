"""Graded generators without heavy libraries: the example's servers, and students that count words.

A student here learns from its rows which word answers which, and forgets a tenth by its seed. What
is asked of generators goes over real HTTP; journals, products and statistics are the real ones.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np

EXAMPLES = Path(__file__).parents[4] / "infra" / "examples"
for folder in (EXAMPLES, EXAMPLES / "grade_generator"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

import phrases  # noqa: E402 - an example's script
import prepare  # noqa: E402 - the same
import serve  # noqa: E402 - the same

from policies.canonical import Json, sha256_of  # noqa: E402
from policies.graded_task import Domain  # noqa: E402
from policies.task import Sampling  # noqa: E402
from stages.engine.folder_state import FolderState  # noqa: E402
from stages.engine.progress import Silent  # noqa: E402
from stages.evidence.items import Response  # noqa: E402
from stages.judges.purse import Cap, Purse  # noqa: E402
from stages.models.client import EmptyAnswer, ModelClient, Request  # noqa: E402
from stages.models.openai_compatible import OpenAICompatible  # noqa: E402
from stages.models.prices import Price  # noqa: E402
from stages.models.settings import EndpointSettings  # noqa: E402
from stages.offline.tools import Tools  # noqa: E402
from stages.workshop.generators.generating import Generating  # noqa: E402
from stages.workshop.generators.grading import Generator, Grading  # noqa: E402
from stages.workshop.generators.intrinsic import Looking  # noqa: E402
from stages.workshop.generators.material import read_material, recipe_digest  # noqa: E402
from stages.workshop.generators.recipe import GraderRecipe  # noqa: E402
from stages.workshop.generators.schooling import School, Teaching  # noqa: E402
from stages.workshop.generators.sitting import Sitting  # noqa: E402
from stages.workshop.training.data import Preferred, Taught  # noqa: E402
from stages.workshop.training.settings import Base, Training  # noqa: E402
from stages.workshop.training.trainer import Trained  # noqa: E402
from stages.workshop.workroom import Hand, Workroom  # noqa: E402
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text  # noqa: E402

PRICE = Price(usd_input=1.0, usd_output=4.0)

__all__ = ["answers", "material_in", "phrases", "prepare", "recipe_of", "serve"]


def answers(call: Call) -> Reaction:
    """As the example's servers answer."""
    return text(serve.said(str(call.body["model"]), [{"content": call.prompt}]))


def material_in(folder: Path) -> None:
    """What the example's recipe names, without a student."""
    made = prepare.tiny_llama
    prepare.tiny_llama = lambda *_, **__: None
    try:
        prepare.prepare(folder)
    finally:
        prepare.tiny_llama = made


def recipe_of(**changes: object) -> GraderRecipe:
    """The example's recipe, quick and without a judge."""
    domains = {
        domain.value: {
            "demonstrations": f"{domain}_demonstrations.jsonl",
            "instructions": f"{domain}_instructions.jsonl",
            "pairs": f"{domain}_pairs.jsonl",
            "tests": {
                "phrases": {
                    "data": f"{domain}_test.jsonl",
                    "scorer": "exact",
                    "sampling": {"max_tokens": 8},
                }
            },
        }
        for domain in Domain
    }
    said = {
        "recipe": "phrases",
        "student": {"where": "student"},
        "reference": "teacher",
        "instances": 14,
        "instances_at_least": 7,
        "sampling": {"temperature": 1.0, "max_tokens": 64},
        "domains": domains,
        "draws": 200,
        **changes,
    }
    return GraderRecipe.model_validate_json(json.dumps(said))


@dataclass
class Counting:
    """A trainer whose models are tables of words; counts what it trains."""

    trained: list[Path] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    taught: list[frozenset[str]] = field(default_factory=list)
    before: Callable[[Path], None] = lambda _: None

    def sft(self, rows: Sequence[Taught], base: Base, settings: Training, to: Path) -> Trained:
        del base
        if not to.exists():
            self.before(to)
            self.trained.append(to)
            self.seeds.append(settings.seed)
            self.taught.append(frozenset(row.id for row in rows))
            seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
            chance = np.random.default_rng(settings.seed)
            for row in rows:
                if chance.random() < 0.9:
                    asked = str(row.messages[0]["content"]).split()[1:]
                    for word, said in zip(asked, row.answer.split(), strict=False):
                        seen[word][said] += 1
            table = {word: max(counts, key=counts.__getitem__) for word, counts in seen.items()}
            to.mkdir(parents=True)
            (to / "table.json").write_text(json.dumps(table))
        return Trained(
            folder=to, model="", sha256="", steps=1, loss=0.5, seconds=0.0, gpu_minutes=0.0
        )

    def dpo(self, rows: Sequence[Preferred], base: Base, settings: Training, to: Path) -> Trained:
        raise NotImplementedError


@dataclass
class Reciter:
    """A student that knows a table of words; one that knows nothing says nothing."""

    table: Mapping[str, str]
    slots: int = 4

    @property
    def identity(self) -> Mapping[str, Json]:
        return {"kind": "reciter", "sha256": sha256_of(dict(self.table))}

    def answer(self, request: Request) -> Response:
        words = str(request.item.messages[-1]["content"]).split()[1:]
        said = " ".join(self.table[word] for word in words if word in self.table)
        if not said:
            raise EmptyAnswer("nothing was said")
        return Response(text=said, completion_tokens=3)

    def close(self) -> None:
        pass


@dataclass
class World:
    """A folder with the example's material, and a server of generators."""

    folder: Path
    server: OpenAIServer
    trainer: Counting = field(default_factory=Counting)
    clients: dict[str, ModelClient] = field(default_factory=dict)

    def client(self, model: str) -> ModelClient:
        if model not in self.clients:
            settings = EndpointSettings(
                base_url=self.server.url, model=model, retries=0, attempts=1
            )
            self.clients[model] = OpenAICompatible(settings)
        return self.clients[model]

    def room(self, recipe: GraderRecipe, *named: str) -> Workroom:
        budget = recipe.budget
        return Workroom(
            name=recipe.recipe,
            state=FolderState(self.folder / "state"),
            base=self.folder,
            folder=self.folder / "made",
            hands={n: Hand(name=n, client=self.client(n), price=PRICE) for n in named},
            purse=Purse(Cap(calls=budget.calls_at_most, usd=budget.usd_at_most)),
        )

    def grading(self, recipe: GraderRecipe, generator: str) -> Grading:
        named = [generator, "teacher", *([recipe.judge] if recipe.judge else [])]
        room = self.room(recipe, *named)
        return grading_in(room, recipe, generator=generator, trainer=self.trainer)

    def generator(self, grading: Grading, name: str) -> Generator:
        return Generator(uri=name, digest=sha256_of(name), hand=grading.room.hand(name))


def grading_in(
    room: Workroom, recipe: GraderRecipe, *, generator: str, trainer: Counting
) -> Grading:
    """A grading whose students are tables of words."""
    material = read_material(recipe, room.base)
    tools = Tools(
        base=room.base,
        state=room.state,
        progress=Silent(),
        classifier_for=_no_classifier,
    )
    digests = {"base": "b" * 64, "reference": "r" * 64}
    return Grading(
        recipe=recipe,
        digest=recipe_digest(recipe, material, models=digests),
        material=material,
        room=room,
        making=Generating(
            recipe=recipe,
            material=material,
            room=room,
            generator=room.hand(generator),
            repeated=lambda texts, _: [None] * len(texts),
        ),
        looking=Looking(recipe=recipe, room=room, tools=tools, embed=None, likelihood=None),
        school=School(
            recipe=recipe,
            material=material,
            sitting=Sitting(room=room, tools=tools),
            teaching=Teaching(
                trainer=trainer,
                start=Base(where="student"),
                untaught=_reciting({}),
                student=lambda trained: _reciting(_table(trained)),
                free=True,
            ),
            reference=room.hand("teacher"),
            digests=digests,
        ),
    )


def _reciting(table: Mapping[str, str]) -> Hand:
    return Hand(name="a student", client=Reciter(table), price=PRICE)


def _table(trained: Trained) -> Mapping[str, str]:
    assert trained.folder is not None
    table: dict[str, str] = json.loads((trained.folder / "table.json").read_text())
    return table


@contextmanager
def toy_workplace(recipe: GraderRecipe, room: Workroom, services: object) -> Iterator[Grading]:
    """In the place of the one with transformers, behind `gate workshop grade-generator`."""
    del services
    yield grading_in(room, recipe, generator="teacher", trainer=Counting())


def _no_classifier(task: object) -> NoReturn:
    raise AssertionError(task)


SAMPLING = Sampling(temperature=1.0, max_tokens=64)
