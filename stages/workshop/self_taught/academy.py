"""A school whose models learn by a trainer: on this machine, or behind an endpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages.workshop.self_taught.briefing import briefing_for
from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.judging import Judge
from stages.workshop.self_taught.recipe import Method, SelfTaught, Start
from stages.workshop.self_taught.rows import preference_rows, right_rows
from stages.workshop.training.settings import Base
from stages.workshop.training.trainer import Trained, Trainer
from stages.workshop.workroom import Hand

OpenModel = Callable[[Trained | None, str], Hand]
"""A model that was trained, or the seed, to be asked under a name for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Academy:
    """Teaches by a trainer.

    Attributes:
        recipe: What says how.
        folder: Where models are to stand.
        base: The seed.
        trainer: What trains.
        open_model: How a model is opened.
        free: Whether models run on this machine, where no budget pays them.
    """

    recipe: SelfTaught
    folder: Path
    base: Base
    trainer: Trainer
    open_model: OpenModel
    free: bool

    def untaught(self) -> Judge:
        """See `School`."""
        return self._judge(self.open_model(None, "the untaught judge"))

    def teach(self, lessons: Lessons, iteration: int, before: Trained | None) -> Trained:
        """See `School`."""
        pupil = self.recipe.pupil
        base = self.base
        if before is not None and pupil.start is Start.PREVIOUS:
            base = _base_of(before, self.base)
        to = self.folder / f"model-{iteration}"
        match pupil.method:
            case Method.SFT:
                return self.trainer.sft(right_rows(lessons), base, pupil.sft, to)
            case Method.DPO:
                return self.trainer.dpo(preference_rows(lessons), base, pupil.dpo, to)
            case Method.SFT_THEN_DPO:
                first = to.with_name(f"{to.name}-sft")
                taught = self.trainer.sft(right_rows(lessons), base, pupil.sft, first)
                if len(lessons.preferences) < pupil.rows_at_least:
                    return taught  # a judge that is nearly always right leaves little to prefer
                base = _base_of(taught, self.base)
                return self.trainer.dpo(preference_rows(lessons), base, pupil.dpo, to)

    def judge(self, trained: Trained, iteration: int) -> Judge:
        """See `School`."""
        return self._judge(self.open_model(trained, f"the judge of iteration {iteration}"))

    def _judge(self, hand: Hand) -> Judge:
        return Judge(hand=hand, briefing=briefing_for(self.recipe.judging), free=self.free)


def _base_of(trained: Trained, seed: Base) -> Base:
    """A trained model, to be trained on; conversations are shown to it as to the seed."""
    where = trained.model if trained.folder is None else str(trained.folder)
    return Base(where=where, chat_template=seed.chat_template)
