"""What a recipe of a generator's grade says."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from policies.base import Count, Name, OpenShare, Sha256, Strict, Text
from policies.graded_task import Domain, Method
from policies.pairs_task import PairsTask
from policies.plan import OfflineTask
from policies.task import AskedTask, Sampling
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.meta_prompts import lacking_places, meta_prompt
from stages.workshop.recipe import Recipe
from stages.workshop.training.settings import Base, Training

DEMONSTRATIONS = 3
"""Shown with every question for a new instance."""


class DomainPlan(Strict):
    """One domain: from what is generated, and by what students are tested."""

    demonstrations: Text | None = None
    """JSONL of `{"id", "instruction", "response"}`, at least 3: three are shown for each new
    instance. Without it nothing is made by the method `instance`."""
    instructions: Text | None = None
    """JSONL of `{"id", "instruction"}` to be answered; without it no `response`."""
    pairs: Text | None = None
    """JSONL of `{"id", "instruction", "response"}` to be made better; without it no `quality`."""
    tests: Annotated[dict[Name, OfflineTask], Field(min_length=1)]
    """Tasks of stage 1, as a policy writes them, whose first metric is a share; all count alike."""

    @field_validator("tests")
    @classmethod
    def _asked(cls, tests: dict[str, OfflineTask]) -> dict[str, OfflineTask]:
        for name, task in tests.items():
            if not isinstance(task, AskedTask) or isinstance(task, PairsTask):
                raise ValueError(  # noqa: TRY004 - pydantic tells it as a problem of the recipe
                    f"`{name}` asks students nothing; use a task with items"
                )
            first = task.metrics(name)[0]
            if first.unit != "share" or first.safety or not first.higher_is_better:
                raise ValueError(f"`{first.name}` is no share of which more is better")
        return tests

    @model_validator(mode="after")
    def _something(self) -> "DomainPlan":
        if not self.methods:
            raise ValueError("give one of `demonstrations`, `instructions` and `pairs`")
        return self

    @property
    def methods(self) -> tuple[Method, ...]:
        """Those that there is material for."""
        given = {
            Method.INSTANCE: self.demonstrations,
            Method.RESPONSE: self.instructions,
            Method.QUALITY: self.pairs,
        }
        return tuple(method for method, path in given.items() if path is not None)


class Vectors(Strict):
    """Where the embeddings come from by which diversity is measured; exactly one of both."""

    endpoint: Name | None = None
    """An `[endpoints.NAME]` of gate.toml that answers `/v1/embeddings`."""
    folder: Text | None = None
    """A transformers model, relative to the recipe."""

    @model_validator(mode="after")
    def _one(self) -> "Vectors":
        if (self.endpoint is None) == (self.folder is None):
            raise ValueError("say exactly one of `endpoint` and `folder`")
        return self


class GraderRecipe(Recipe):
    """How checkpoints are graded as generators: equal for all that are to be compared."""

    student: Name | Base
    """The model that is taught; untaught it is the base of every comparison. A model in a folder,
    or an `[endpoints.NAME]` of gate.toml that offers fine-tuning: of its `model`."""
    reference: Name | Base
    """What the student is held against: an `[endpoints.NAME]` of gate.toml, or a model in a
    folder; the paper's is the maker's own instruction-tuned model."""
    training: Training = Training()
    """How students are trained, but for its `seed`: `seeds` says these."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Field(min_length=1)] = (
        0,
        1,
        2,
    )
    """One student of every cell is trained with each, on data of its own draw; with fewer than 3
    there is no interval."""
    instances: Count = 10_000
    """Instances that each student of a cell learns from, and no other student of it."""
    instances_at_least: Count | None = None
    """A cell that has fewer for one of its students is not measured; None: half of `instances`."""
    asked_at_most: Annotated[float, Field(ge=1)] = 2.0
    """Questions to the generator for every instance of a cell, at most."""
    alike_at: OpenShare = 0.8
    """Jaccard similarity of three-word runs from which an instruction repeats another."""
    sampling: Sampling = Sampling(temperature=1.0, max_tokens=4096)
    """How generators answer."""
    domains: Annotated[dict[Domain, DomainPlan], Field(min_length=1)]
    prompts: dict[Domain, dict[Method, Text]] = Field(default_factory=dict)
    """Texts instead of ours, with places `{demonstrations}`, `{instruction}`, `{response}` and
    `{number}`; replies must hold the same blocks."""
    looked_at: Count = 200
    """Instances of every cell, of all its students alike, that are judged, rewarded and told the
    likelihood of: the first."""
    judge: Name | None = None
    """An `[endpoints.NAME]` that tells difficulty and quality, 1 to 5; None: not measured."""
    reward: Text | None = None
    """A reward model's folder or endpoint; None: not measured."""
    reward_sha256: Sha256 | None = None
    """Digest of its weights; required for a folder."""
    embeddings: Vectors | None = None
    """None: diversity is not measured."""
    solves: bool = True
    """Whether the generator sits the tests itself, to hold solving beside teaching."""
    level: OpenShare = 0.95
    """Level of every interval."""
    draws: Annotated[int, Field(ge=100)] = 2000
    """Resamples of the bootstrap that stands beside every interval."""

    @field_validator("seeds")
    @classmethod
    def _once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("every seed once")
        return seeds

    @field_validator("prompts")
    @classmethod
    def _with_places(
        cls, prompts: dict[Domain, dict[Method, str]]
    ) -> dict[Domain, dict[Method, str]]:
        for domain, texts in prompts.items():
            for method, text in texts.items():
                lacking = lacking_places(text, method)
                if lacking:
                    raise ValueError(f"{domain}.{method} has no place {{{lacking[0]}}}")
        return prompts

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Of all domains with material."""
        return tuple(
            Cell(domain, method)
            for domain in Domain
            if domain in self.domains
            for method in self.domains[domain].methods
        )

    @property
    def pool(self) -> int:
        """Instances of a cell, which are dealt to its students."""
        return self.instances * len(self.seeds)

    @property
    def least(self) -> int:
        """Instances of a student below which its cell is not measured."""
        return self.instances_at_least or max(1, self.instances // 2)

    @property
    def questions_at_most(self) -> int:
        """Put to the generator for a cell."""
        return round(self.pool * self.asked_at_most)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Models that it names and asks as chat models."""
        named = (self.judge, self.reference, self.student)
        return tuple(name for name in named if isinstance(name, str))

    def prompt(self, cell: Cell) -> str:
        """The text of a cell: the recipe's, or ours."""
        own = self.prompts.get(cell.domain, {}).get(cell.method)
        return meta_prompt(cell) if own is None else own
