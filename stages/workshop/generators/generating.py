"""A cell's instances: asked for until there are enough, sifted, and frozen before they teach.

They are sifted as one pool and dealt to the students, so that no two learn from the same: how much
students differ then tells how much draws of the generator's data do, beside the luck of training.
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from policies.canonical import Json, canonical_json, sha256_of
from policies.errors import Broken, InputError
from policies.graded_task import Domain, Method
from stages.engine.product import Product, freeze, open_product
from stages.engine.threads import Failed
from stages.evidence.codec import cost_json, read_cost
from stages.evidence.costs import total
from stages.evidence.fields import Field
from stages.evidence.items import Item, Response
from stages.evidence.records import Cost
from stages.workshop.generators.cells import Cell, Instance
from stages.workshop.generators.material import Material
from stages.workshop.generators.meta_prompts import filled
from stages.workshop.generators.parsing import Waste, parsed
from stages.workshop.generators.recipe import DEMONSTRATIONS, GraderRecipe
from stages.workshop.generators.sifting import Repeated, sifted
from stages.workshop.spending import demand_within_budget
from stages.workshop.workroom import Hand, Workroom

KIND = "generated"
"""What a product is called that holds the instances of a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What a generator made for a cell.

    Attributes:
        cell: Which.
        product: Where it is frozen.
        parts: What each seed's student is taught, in the order of the questions; disjoint.
        asked: Questions that were put.
        wasted: Why the others brought nothing, with how many.
        cost: Of all questions.
    """

    cell: Cell
    product: Product
    parts: Mapping[int, tuple[Instance, ...]]
    asked: int
    wasted: Mapping[str, int]
    cost: Cost

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All that is taught, in the order of the questions."""
        turns = zip_longest(*self.parts.values())
        return tuple(one for turn in turns for one in turn if one is not None)

    @property
    def words(self) -> str:
        """In one clause: how many are taught of how many asked, and why not all."""
        said = ", ".join(f"{count:,} {why}" for why, count in self.wasted.items() if count)
        return f"{len(self.instances):,} of {self.asked:,} replies are taught ({said or 'all'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generating:
    """What every cell is made with.

    Attributes:
        recipe: How.
        material: From what, and what must not be taught.
        room: Where it is journaled and paid.
        generator: Who is asked.
        repeated: Finds near duplicates.
    """

    recipe: GraderRecipe
    material: Material
    room: Workroom
    generator: Hand
    repeated: Repeated

    def made(self, cell: Cell, to: Path) -> Generated:
        """A cell's instances, dealt and frozen in a folder; found there, nobody is asked.

        As many questions are put as instances are lacking, again and again, until there are
        enough, as many were put as the recipe allows, material is at an end, or a whole turn
        brought nothing new.

        Raises:
            OutOfBudget: When the budget does not pay for it; answers are journaled.
            Broken: When the endpoint does not work.
            InputError: When something else stands in the folder, or it was changed.
        """
        key = sha256_of(
            {
                "cell": cell.name,
                "prompt": self.recipe.prompt(cell),
                "sampling": self.recipe.sampling.said(),
                "seeds": list(self.recipe.seeds),
            }
        )
        if to.exists():
            return self._opened(to, cell, key)
        found = self._asked(cell)
        making = to.parent / f".{to.name}.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        for seed, part in dealt(found.taught, self.recipe.seeds).items():
            (making / _file(seed)).write_text("".join(map(_line, part)), encoding="utf-8")
        freeze(
            making,
            to,
            kind=KIND,
            recipe=key,
            made_from=_made_from(self.generator, self.material),
            facts={
                "asked": found.asked,
                "wasted": dict(found.wasted),
                "cost": cost_json(self.generator.price.of(found.cost)),
            },
        )
        return self._opened(to, cell, key)

    def _opened(self, folder: Path, cell: Cell, key: str) -> Generated:
        product = open_product(folder, kind=KIND)
        if product.recipe != key:
            raise InputError(
                f"cannot use {folder} as the data of {cell.name}",
                why="it was generated by another prompt or sampling, or for other seeds",
                fix="move it away, and run the same command again",
            )
        facts = Field(dict(product.facts), str(folder)).keyed("asked", "wasted", "cost")
        return Generated(
            cell=cell,
            product=product,
            parts={seed: _read(product.file(_file(seed))) for seed in self.recipe.seeds},
            asked=facts["asked"].count(),
            wasted={
                why: field.count()
                for why, field in facts["wasted"].keyed(*(one.value for one in Waste)).items()
            },
            cost=read_cost(facts["cost"]),
        )

    def _asked(self, cell: Cell) -> "_Found":
        most = min(self.recipe.questions_at_most, self._questions(cell))
        replies: dict[str, Response | Failed] = {}
        found, costs = _Found.nothing(), list[Cost]()
        portion = min(self.recipe.pool, most)
        while portion:
            items = [self._item(cell, len(replies) + n) for n in range(portion)]
            answers = self._put(cell, items)
            replies |= answers
            costs.append(_cost(answers.values()))
            before = len(found.taught)
            found = self._sifted(cell, replies, total(costs))
            if len(found.taught) == before:
                break
            lacking = self.recipe.pool - len(found.taught)
            portion = max(0, min(lacking, most - len(replies)))
        return found

    def _put(self, cell: Cell, items: Sequence[Item]) -> Mapping[str, Response | Failed]:
        answers = self.room.ask(
            self.generator.name, f"generating/{cell.name}", items, self.recipe.sampling
        ).responses
        what = f"generating {cell.name}"
        demand_within_budget(answers.values(), what)
        lost = [one for one in answers.values() if isinstance(one, Failed) and one.unreached]
        if lost:
            raise Broken(
                f"cannot go on {what}",
                why=f"{len(lost):,} of {len(answers):,} questions did not reach the generator: "
                f"{lost[0].reason}",
                fix="see that its endpoint works, and run the same command again: what was "
                "answered is journaled",
            )
        return answers

    def _sifted(self, cell: Cell, replies: Mapping[str, Response | Failed], cost: Cost) -> "_Found":
        given = self.material.given[cell]
        read: dict[str, Instance | Waste] = {}
        for number, (name, reply) in enumerate(replies.items()):
            asked = None if cell.method is Method.INSTANCE else given[number]
            read[name] = (
                Waste.FAILED
                if isinstance(reply, Failed)
                else parsed(name, reply.text, method=cell.method, asked=asked)
            )
        whole = [one for one in read.values() if isinstance(one, Instance)]
        shown = [one.instruction for one in given] if cell.method is Method.INSTANCE else []
        fate = sifted(whole, known=shown, tests=self.material.items, repeated=self.repeated)
        wasted = [one for one in read.values() if isinstance(one, Waste)]
        wasted += [why for why in fate.values() if why is not None]
        return _Found(
            taught=tuple(one for one in whole if fate[one.id] is None)[: self.recipe.pool],
            asked=len(replies),
            wasted={why.value: wasted.count(why) for why in Waste},
            cost=cost,
        )

    def _questions(self, cell: Cell) -> int:
        """How many different questions the material has for a cell."""
        endless = cell.method is Method.INSTANCE
        return self.recipe.questions_at_most if endless else len(self.material.given[cell])

    def _item(self, cell: Cell, number: int) -> Item:
        given, text = self.material.given[cell], self.recipe.prompt(cell)
        if cell.method is Method.INSTANCE:
            shown = [given[i] for i in _drawn(cell.domain, number, of=len(given))]
            asked = filled(text, number=number + 1, shown=shown)
        else:
            asked = filled(text, number=number + 1, given=given[number])
        name = f"{cell.name}-{number + 1}"
        return Item(id=name, messages=({"role": "user", "content": asked},), cluster=name)


def dealt(taught: Sequence[Instance], seeds: Sequence[int]) -> Mapping[int, tuple[Instance, ...]]:
    """A pool's instances by the seed whose student learns them: each goes to one, in turn.

    Parts differ by one instance at most.
    """
    return {seed: tuple(taught[n :: len(seeds)]) for n, seed in enumerate(seeds)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    taught: tuple[Instance, ...]
    asked: int
    wasted: Mapping[str, int]
    cost: Cost

    @staticmethod
    def nothing() -> "_Found":
        return _Found(taught=(), asked=0, wasted={}, cost=Cost())


def _drawn(domain: Domain, number: int, *, of: int) -> list[int]:
    """Which demonstrations stand in a question: the same for every generator."""
    rng = np.random.default_rng([list(Domain).index(domain), number])
    return [int(i) for i in rng.choice(of, DEMONSTRATIONS, replace=False)]


def _cost(replies: Iterable[Response | Failed]) -> Cost:
    told = [one for one in replies if isinstance(one, Response)]
    return Cost(
        calls=len(told),
        prompt_tokens=sum(one.prompt_tokens for one in told),
        completion_tokens=sum(one.completion_tokens for one in told),
    )


def _made_from(generator: Hand, material: Material) -> dict[str, str]:
    return {
        "generator": sha256_of(dict(generator.client.identity)),
        **dict(material.files),
    }


def _line(one: Instance) -> str:
    said: dict[str, Json] = {
        "id": one.id,
        "instruction": one.instruction,
        "response": one.response,
    }
    return canonical_json(said) + "\n"


def _read(path: Path) -> tuple[Instance, ...]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return tuple(Instance(**json.loads(line)) for line in lines if line)


def _file(seed: int) -> str:
    """What a seed's student is taught lies there."""
    return f"seed-{seed}.jsonl"
