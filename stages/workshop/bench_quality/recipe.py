"""How a bench is judged before it is used, as its recipe says it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.base import Count, DecidingLevel, Name, Strict, Text
from policies.side_by_side import PairRubric, VotesFormat
from policies.task import Sampling
from stages.workshop.recipe import Recipe

Files = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Paths, relative to the recipe."""

BATTLES: Literal["arena_battles"] = "arena_battles"
"""Arena-Hard's battles, which no policy reads."""


class Scores(Strict):
    """A bench's scores of models, each with its resamples."""

    file: Text
    """JSON lines as Arena-Hard writes them: `{"model", "score", "lower", "upper", "results"}`."""
    names: Text | None = None
    """JSON object: a model's name with people, and its name in `file`; without it names agree."""


class Verdicts(Strict):
    """Votes on pairs of answers, of a judge or of people."""

    votes: Files
    format: VotesFormat | Literal["arena_battles"] = VotesFormat.GATE


class Judge(Verdicts):
    """A judge's votes on the bench's prompts."""

    family: Name | None = None
    """Whose models it might prefer: one of `families`."""


class People(Strict):
    """What people say of the same models: ratings or votes."""

    ratings: Text | None = None
    """JSON object by model: `{"rating", "variance", "q025", "q975"}`, as Chatbot Arena's."""
    votes: Verdicts | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "People":
        if (self.ratings is None) == (self.votes is None):
            raise ValueError("say one of `ratings` and `votes`")
        return self


class Variant(Strict):
    """A model that differs from another by its instructions only, such as `be detailed`."""

    model: Text
    of: Text


class Seat(Strict):
    """A judge that is asked: an `[endpoints.NAME]` of the workspace."""

    family: Name | None = None
    """Whose models it might prefer: one of `families`."""


class Asked(Strict):
    """Models that answer the bench's prompts, and judges that hold their answers against one's."""

    models: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Each an `[endpoints.NAME]` of the workspace."""
    baseline: Name
    """The model whose answers all others are compared with."""
    judges: Annotated[Mapping[Name, Seat], Field(min_length=1)]
    """Each sees every two answers in both orders."""
    instructions: Mapping[Name, Text] = {}
    """What is added to the question, such as `detailed: Be as detailed as you can.`: every model
    answers without and with it, and is a variant of itself."""
    instructed: tuple[Name, ...] = ()
    """Which of the models answer with them too; none named: all."""
    prompts: Count | None = None
    """How many of the bench are drawn; without it all."""
    sampling: Sampling = Sampling(max_tokens=4096)
    """How answers are drawn."""
    rubric: PairRubric = PairRubric.GENERAL
    """What judges are told to look for."""
    own_answer_first: bool = False
    """Whether a judge answers the prompt itself before it compares."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides which prompts are drawn."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody who is asked, each once."""
        return tuple(dict.fromkeys((*self.models, self.baseline, *self.judges)))

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Models with their instructions, named `MODEL.INSTRUCTION`."""
        return tuple(
            Variant(model=f"{model}.{name}", of=model)
            for model in self.instructed or self.models
            for name in self.instructions
        )

    @model_validator(mode="after")
    def _coherent(self) -> "Asked":
        if self.baseline in self.models:
            raise ValueError(f"`{self.baseline}` is the baseline: take it out of `models`")
        if len(set(self.models)) < len(self.models):
            raise ValueError("every model once")
        if strange := set(self.instructed) - set(self.models):
            raise ValueError(f"`{min(strange)}` is instructed, and is none of `models`")
        if self.instructed and not self.instructions:
            raise ValueError("say with which `instructions` models answer")
        return self


class AssessmentRecipe(Recipe):
    """How a bench is judged before it is used."""

    bench: Text | None = None
    """Folder of the frozen bench that it is about: judges' votes must be on its prompts."""
    scores: Mapping[Name, Scores] = {}
    """Benches by their scores."""
    judges: Mapping[Name, Judge] = {}
    """Judges of one bench by their votes; several are also taken together."""
    asked: Asked | None = None
    """Instead of votes in files, or beside them: whom to ask now."""
    people: People | None = None
    ab: Text | None = None
    """Outcomes of A/B experiments, JSON lines: `{"a", "b", "effect", "low", "high"}`; above 0 the
    first is the better."""
    families: Mapping[Name, Annotated[tuple[Text, ...], Field(min_length=1)]] = {}
    """Models of each family, by patterns such as `gpt-4*`."""
    variants: tuple[Variant, ...] = ()
    level: DecidingLevel = 0.95

    def family_of(self, judge: str) -> str | None:
        """Whose models a judge might prefer, as the recipe says it."""
        seats: dict[str, Judge | Seat] = {
            **self.judges,
            **(self.asked.judges if self.asked else {}),
        }
        return seats[judge].family if judge in seats else None

    @property
    def every_variant(self) -> tuple[Variant, ...]:
        """Those that are named, and those that are asked."""
        return (*self.variants, *(self.asked.variants if self.asked else ()))

    @model_validator(mode="after")
    def _coherent(self) -> "AssessmentRecipe":
        named = [*self.scores, *self.judges, *(self.asked.judges if self.asked else ())]
        if not named:
            raise ValueError("name `scores` of a bench, `judges` of one, or who is to be `asked`")
        if self.asked is not None and self.bench is None:
            raise ValueError("name in `bench` whose prompts are to be answered")
        if twice := [name for name in named if named.count(name) > 1]:
            raise ValueError(
                f"`{twice[0]}` is named twice: scores and judges have names of their own"
            )
        for name in named:
            family = self.family_of(name)
            if family is not None and family not in self.families:
                raise ValueError(f"judge `{name}` is of family `{family}`, which is not told")
        return self
