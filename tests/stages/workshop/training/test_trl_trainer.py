import math
from pathlib import Path
from typing import Self

import pytest

from policies.errors import Broken, InputError
from policies.task import Sampling
from stages.engine.folder_state import FolderState
from stages.engine.product import open_product
from stages.engine.state import LockHeld
from stages.evidence.items import Item
from stages.models.client import Request
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import LocalTransformers, Told
from stages.workshop.training import trl_trainer
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Diverged, Trained
from stages.workshop.training.trl_trainer import TrlTrainer
from tests.stages.workshop.training.lessons import QUICK, base_in, followers, question, tastes

BASE = Base(where="base")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    base_in(folder / "base")
    return folder


@pytest.fixture(scope="module")
def trainer(start: Path) -> TrlTrainer:
    return TrlTrainer(start)


@pytest.fixture(scope="module")
def taught(trainer: TrlTrainer, start: Path) -> Trained:
    return trainer.sft(followers(), BASE, QUICK, start / "taught")


def weights(trained: Trained) -> bytes:
    assert trained.folder is not None
    return (trained.folder / "model.safetensors").read_bytes()


def answer(trained: Trained, word: int) -> str:
    assert trained.folder is not None
    return (
        LocalTransformers(trained.folder)
        .answer(
            Request(
                item=Item(id="1", messages=question(word), cluster="1"),
                sampling=Sampling(max_tokens=5),
            )
        )
        .text
    )


def test_a_model_learns_the_answers_and_where_they_end(taught: Trained) -> None:
    assert [answer(taught, word) for word in (0, 5, 9)] == ["w1 w2", "w6 w7", "w10 w11"]
    assert taught.steps == 40
    assert taught.loss is not None
    assert 0 < taught.loss < 0.5
    assert (taught.left_out, taught.gpu_minutes) == (0, 0.0)


def test_its_digest_is_the_one_by_which_it_answers(taught: Trained) -> None:
    assert taught.folder is not None
    assert taught.sha256 == LocalTransformers(taught.folder).identity["sha256"]


def test_the_same_call_again_trains_nothing(
    taught: Trained, trainer: TrlTrainer, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trl_trainer, "run", None)
    assert trainer.sft(followers(), BASE, QUICK, start / "taught") == taught


def test_nothing_is_left_beside_what_was_made(taught: Trained, start: Path) -> None:
    assert taught.folder is not None
    assert open_product(taught.folder, kind="model").facts["steps"] == 40
    assert not list(start.glob(".*"))


def test_one_seed_makes_equal_weights_to_the_last_byte(
    taught: Trained, trainer: TrlTrainer, start: Path
) -> None:
    again = trainer.sft(followers(), BASE, QUICK, start / "again")
    assert weights(again) == weights(taught)
    other = QUICK.model_copy(update={"seed": 1})
    assert weights(trainer.sft(followers(), BASE, other, start / "other")) != weights(taught)


def test_a_model_of_other_rows_never_takes_its_place(
    taught: Trained, trainer: TrlTrainer, start: Path
) -> None:
    assert taught.folder == start / "taught"
    with pytest.raises(InputError, match="other rows, another base or settings"):
        trainer.sft(followers(32), BASE, QUICK, start / "taught")


def test_a_model_that_was_changed_is_not_taken_for_it(
    trainer: TrlTrainer, start: Path, tmp_path: Path
) -> None:
    few = QUICK.model_copy(update={"epochs": 0.1})
    made = trainer.sft(followers(), BASE, few, tmp_path / "changed")
    assert made.folder is not None
    (made.folder / "model.safetensors").write_bytes(b"else")
    with pytest.raises(InputError, match="is not what was frozen"):
        trainer.sft(followers(), BASE, few, tmp_path / "changed")
    assert start.is_dir()


def test_preferences_move_the_model_towards_what_is_chosen(
    trainer: TrlTrainer, start: Path
) -> None:
    settings = QUICK.model_copy(update={"learning_rate": 1e-3})
    preferring = trainer.dpo(tastes(), BASE, settings, start / "preferring")
    assert preferring.folder is not None
    assert preferring.loss is not None
    assert preferring.loss < math.log(2)
    assert margin(preferring.folder) > margin(start / "base") + 1


def margin(folder: Path) -> float:
    """By how much the chosen answer is likelier, in nats."""
    found = LocalTransformers(folder).log_likelihood(
        [Told(messages=question(3), answer=words) for words in ("w1 w2", "w3 w4")]
    )
    chosen, rejected = (one for one in found if isinstance(one, Likelihood))
    return chosen.log_probability - rejected.log_probability


def test_a_base_with_a_weight_that_is_no_number_diverges_and_leaves_nothing(
    trainer: TrlTrainer, start: Path, tmp_path: Path
) -> None:
    poison(start / "base", tmp_path / "poisoned")
    with pytest.raises(Diverged, match="at step 1"):
        trainer.sft(
            followers(), Base(where=str(tmp_path / "poisoned")), QUICK, tmp_path / "student"
        )
    assert not (tmp_path / "student").exists()


def poison(base: Path, to: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = math.nan
    model.save_pretrained(to)
    AutoTokenizer.from_pretrained(base).save_pretrained(to)


ABSURD = QUICK.model_copy(update={"learning_rate": 1e30})


def test_answers_at_an_absurd_learning_rate_diverge_and_leave_nothing(
    trainer: TrlTrainer, tmp_path: Path
) -> None:
    with pytest.raises(Diverged, match=r"at a learning rate of 1e\+30"):
        trainer.sft(followers(), BASE, ABSURD, tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_preferences_at_an_absurd_learning_rate_diverge_and_leave_nothing(
    trainer: TrlTrainer, tmp_path: Path
) -> None:
    with pytest.raises(Diverged, match=r"at a learning rate of 1e\+30"):
        trainer.dpo(tastes(), BASE, ABSURD, tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_no_rows_are_refused(trainer: TrlTrainer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row to learn from"):
        trainer.sft([], BASE, QUICK, tmp_path / "student")


def long(word: int) -> Taught:
    return Taught(id=f"long {word}", messages=question(word), answer="w1 " * 100)


def test_rows_that_are_too_long_are_left_out_and_counted_never_cut(
    trainer: TrlTrainer, taught: Trained, tmp_path: Path
) -> None:
    mixed = trainer.sft([*followers(), long(1), long(2)], BASE, QUICK, tmp_path / "student")
    assert mixed.left_out == 2
    assert weights(mixed) == weights(taught)


def test_rows_that_are_all_too_long_are_refused(trainer: TrlTrainer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each of the 2 is longer than `max_length`, 64"):
        trainer.sft([long(1), long(2)], BASE, QUICK, tmp_path / "student")


def test_without_the_extra_it_is_said_what_to_install(
    trainer: TrlTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "trl" else name)
    with pytest.raises(Broken, match=r"trl is not installed\n.*checkpoint-gate\[workshop\]"):
        trainer.sft(followers(), BASE, QUICK, tmp_path / "student")


def test_a_conversation_that_the_template_refuses_is_told(
    trainer: TrlTrainer, start: Path, tmp_path: Path
) -> None:
    (start / "strict.jinja").write_text("{{ raise_exception('only pairs of turns') }}")
    strict = Base(where="base", chat_template="strict.jinja")
    with pytest.raises(InputError, match="only pairs of turns"):
        trainer.sft(followers(), strict, QUICK, tmp_path / "student")


def test_a_training_that_does_not_fit_into_memory_says_what_to_set(
    trainer: TrlTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import Trainer

    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("80 GiB are not there")

    monkeypatch.setattr(Trainer, "training_step", fail)
    with pytest.raises(Broken, match=r"80 GiB are not there\n.*at_once: 1"):
        trainer.sft(followers(), BASE, QUICK, tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_two_processes_never_train_to_one_place(trainer: TrlTrainer, tmp_path: Path) -> None:
    with (
        FolderState(tmp_path / ".student.making").lock("training"),
        pytest.raises(LockHeld),
    ):
        trainer.sft(followers(), BASE, QUICK, tmp_path / "student")


def test_steps_are_shown_as_they_are_done(start: Path, tmp_path: Path) -> None:
    shown = Shown()
    few = Training(epochs=0.5, batch=16)
    TrlTrainer(start, progress=shown).sft(followers(), BASE, few, tmp_path / "student")
    assert (shown.total, shown.done, shown.closed) == (5, 5, True)


class Shown:
    """A bar, and what became of it."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.closed = False

    def task(self, label: str, total: int) -> "Shown":
        assert label == "training"
        self.total = total
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def __call__(self, done: int = 1) -> None:
        self.done += done
