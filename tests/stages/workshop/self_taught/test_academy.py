from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stages.judges.comparing import Shown
from stages.models.prices import Price
from stages.workshop.self_taught.academy import Academy
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.choosing import Lessons, Preference
from stages.workshop.self_taught.judging import Judgement
from stages.workshop.training.data import Preferred, Taught
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Trained
from stages.workshop.workroom import Hand
from tests.stages.workshop.self_taught.scene import ToyJudge, contest, recipe

SEED = Base(where="seed", chat_template="chat.jinja")


@dataclass
class Noted:
    """A trainer that notes what it is asked for: kind, base, folder, rows."""

    calls: list[tuple[str, str, str, int]] = field(default_factory=list)

    def sft(self, rows: Sequence[Taught], base: Base, settings: Training, to: Path) -> Trained:
        return self._noted("sft", len(rows), base, settings, to)

    def dpo(self, rows: Sequence[Preferred], base: Base, settings: Training, to: Path) -> Trained:
        return self._noted("dpo", len(rows), base, settings, to)

    def _noted(self, kind: str, rows: int, base: Base, settings: Training, to: Path) -> Trained:
        assert base.chat_template == "chat.jinja"
        assert settings.learning_rate == {"sft": 1e-5, "dpo": 1e-6}[kind]
        self.calls.append((kind, base.where, to.name, rows))
        return Trained(
            folder=to, model="", sha256="0", steps=1, loss=None, seconds=0.0, gpu_minutes=None
        )


def judgement(name: str, *, right: bool) -> Judgement:
    return Judgement(
        shown=Shown(contest=name, a_first=True, repeat=0),
        question=ShortBriefing().question(contest(name), a_first=True),
        reply=f"right: {right}",
        prefers_a=right,
    )


def lessons(preferences: int = 2) -> Lessons:
    right = tuple(judgement(f"c{n}", right=True) for n in range(4))
    return Lessons(
        right=right,
        preferences=tuple(
            Preference(chosen=each, rejected=judgement(each.shown.contest, right=False))
            for each in right[:preferences]
        ),
    )


def taught(trainer: Noted, folder: Path, preferences: int = 2, **pupil: object) -> list[Trained]:
    """Two iterations."""
    academy = Academy(
        recipe=recipe(pupil={"model": {"where": "seed"}, "rows_at_least": 2, **pupil}),
        folder=folder,
        base=SEED,
        trainer=trainer,
        open_model=lambda _, name: Hand(name=name, client=ToyJudge(skill=1.0), price=Price()),
        free=True,
    )
    assert academy.untaught().hand.name == "the untaught judge"
    first = academy.teach(lessons(preferences), 1, None)
    second = academy.teach(lessons(preferences), 2, first)
    assert academy.judge(second, 2).hand.name == "the judge of iteration 2"
    return [first, second]


@pytest.mark.parametrize(("method", "rows"), [("sft", 4), ("dpo", 2)])
def test_each_iteration_begins_with_the_seed(tmp_path: Path, method: str, rows: int) -> None:
    trainer = Noted()
    taught(trainer, tmp_path, method=method)
    assert trainer.calls == [(method, "seed", "model-1", rows), (method, "seed", "model-2", rows)]


def test_it_may_begin_with_the_judge_before(tmp_path: Path) -> None:
    trainer = Noted()
    taught(trainer, tmp_path, start="previous")
    assert [call[1] for call in trainer.calls] == ["seed", str(tmp_path / "model-1")]


def test_preferences_are_learned_on_top_of_answers(tmp_path: Path) -> None:
    trainer = Noted()
    _, last = taught(trainer, tmp_path, method="sft_then_dpo")
    assert trainer.calls[2:] == [
        ("sft", "seed", "model-2-sft", 4),
        ("dpo", str(tmp_path / "model-2-sft"), "model-2", 2),
    ]
    assert last.folder == tmp_path / "model-2"


def test_a_judge_that_is_nearly_always_right_needs_no_preferences(tmp_path: Path) -> None:
    trainer = Noted()
    _, last = taught(trainer, tmp_path, preferences=1, method="sft_then_dpo")
    assert {call[0] for call in trainer.calls} == {"sft"}
    assert last.folder == tmp_path / "model-2-sft"
