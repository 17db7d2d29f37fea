"""What making an instrument works with: models by name, a journal, a purse and a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, Ask, Inquiry, ask_at_once
from stages.engine.progress import Progress, Silent
from stages.engine.state import State
from stages.evidence.items import Item
from stages.judges.purse import Purse
from stages.models.client import ModelClient
from stages.models.prices import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """A model that works for the workshop.

    Attributes:
        name: Under which recipes name it.
        client: How it is asked.
        price: What it costs.
    """

    name: str
    client: ModelClient
    price: Price


@dataclass(frozen=True, kw_only=True)
class Workroom:
    """Everything that a recipe is worked through with.

    Attributes:
        name: Of the recipe; journals are kept under it.
        state: Where journals are.
        base: Folder that relative paths of the recipe start from.
        folder: Where products and what is half done stand.
        hands: Models by the name in recipes.
        purse: What all of them may cost together.
        progress: Where to show how far it is.
    """

    name: str
    state: State
    base: Path
    folder: Path
    hands: Mapping[str, Hand] = field(default_factory=dict)
    purse: Purse = field(default_factory=Purse)
    progress: Progress = field(default_factory=Silent)

    def hand(self, name: str) -> Hand:
        """The model of a name.

        Raises:
            InputError: When there is none.
        """
        if name not in self.hands:
            raise InputError(
                f"cannot ask `{name}`",
                why=f"the models here are {', '.join(sorted(self.hands)) or 'none'}",
                fix=f"write [endpoints.{name}] into gate.toml, or name another in the recipe",
            )
        return self.hands[name]

    def log(self, step: str) -> AnswerLog:
        """Where the replies of a step are journaled."""
        return AnswerLog(state=self.state, stream=f"workshop/{self.name}/{step}")

    def asker(self, hand: Hand) -> Ask:
        """How questions are put to a model, within the purse."""
        return self.purse.guard(ask_at_once, hand.price)

    def ask(
        self,
        name: str,
        step: str,
        items: Sequence[Item],
        sampling: Sampling,
        *,
        response_format: Mapping[str, Json] | None = None,
    ) -> Answers:
        """A model's answers to the questions of a step: journaled, paid for once.

        Args:
            name: Of the model.
            step: Of the recipe: lower-case words.
            items: Questions; ids are unique.
            sampling: How answers are drawn.
            response_format: The form that answers must have, as `Request` says it.

        Raises:
            InputError: When there is no such model.
            Broken: When the journal cannot be used.
        """
        hand = self.hand(name)
        return self.asker(hand)(
            Inquiry(
                client=hand.client,
                items=tuple(items),
                sampling=sampling,
                log=self.log(step),
                response_format=response_format,
                progress=self.progress,
            )
        )
