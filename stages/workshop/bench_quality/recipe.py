"""How a bench is judged before it is used, as its recipe says it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policies.base import Name, OpenShare, Strict, Text
from policies.side_by_side import VotesFormat
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


class AssessmentRecipe(Recipe):
    """How a bench is judged before it is used."""

    bench: Text | None = None
    """Folder of the frozen bench that it is about: judges' votes must be on its prompts."""
    scores: Mapping[Name, Scores] = {}
    """Benches by their scores."""
    judges: Mapping[Name, Judge] = {}
    """Judges of one bench by their votes; several are also taken together."""
    people: People | None = None
    ab: Text | None = None
    """Outcomes of A/B experiments, JSON lines: `{"a", "b", "effect", "low", "high"}`; above 0 the
    first is the better."""
    families: Mapping[Name, Annotated[tuple[Text, ...], Field(min_length=1)]] = {}
    """Models of each family, by patterns such as `gpt-4*`."""
    variants: tuple[Variant, ...] = ()
    level: OpenShare = 0.95

    @model_validator(mode="after")
    def _coherent(self) -> "AssessmentRecipe":
        if not self.scores and not self.judges:
            raise ValueError("name `scores` of a bench, or `judges` of one")
        if twice := set(self.scores) & set(self.judges):
            raise ValueError(f"`{min(twice)}` names scores and a judge")
        for name, judge in self.judges.items():
            if judge.family is not None and judge.family not in self.families:
                raise ValueError(f"judge `{name}` is of family `{judge.family}`, which is not told")
        return self
