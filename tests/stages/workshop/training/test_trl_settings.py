"""What the settings of a training change, and what they leave."""

from pathlib import Path

import pytest

from stages.engine.progress import Silent
from stages.models.local_folder import load_local
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import LocalTransformers, Told
from stages.workshop.training import trl_run
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Base, Lora, Training
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_rows import Rows, fitting
from stages.workshop.training.trl_trainer import TrlTrainer
from tests.stages.workshop.training.lessons import QUICK, base_in, followers, question, tastes

BASE = Base(where="base")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    base_in(folder / "base")
    return folder


def learnt(start: Path, to: Path, settings: Training, rows: Rows | None = None) -> Trained:
    return TrlTrainer(start).sft(rows or followers(), BASE, settings, to)  # type: ignore[arg-type]


def mean_loss(folder: Path) -> float:
    """Of the lessons, in nats a token."""
    rows = [Told(messages=row.messages, answer=row.answer) for row in followers(10)]
    found = LocalTransformers(folder).log_likelihood(rows)
    return -sum(
        one.log_probability / one.tokens for one in found if isinstance(one, Likelihood)
    ) / len(rows)


def batches(start: Path, settings: Training, rows: Rows) -> list[dict[str, list[list[int]]]]:
    """What the model would be shown, as TRL makes it."""
    local = load_local(start / "base", precision="fp32")
    given = {
        "model": local.model,
        "train_dataset": fitting(rows, local, longest=settings.max_length),
        "processing_class": local.tokenizer,
        "peft_config": None,
    }
    arguments = trl_run._arguments(settings, local, start / "checkpoints")
    with trl_run._silence():
        trainer = trl_run._trainer(rows, settings, arguments, given)
        loader = trainer.get_train_dataloader()  # type: ignore[attr-defined]
        return [
            {name: batch[name].tolist() for name in ("input_ids", "labels")} for batch in loader
        ]


def test_the_loss_counts_the_answer_and_its_end_alone(start: Path) -> None:
    tokenizer = load_local(start / "base").tokenizer
    rows = [
        Taught(id="short", messages=question(1), answer="w2"),
        Taught(
            id="turns",
            messages=(
                {"role": "system", "content": "w9 w9"},
                {"role": "user", "content": "w3"},
                {"role": "assistant", "content": "w8"},
                {"role": "user", "content": "w4 w4"},
            ),
            answer="w5 w6 w7",
        ),
    ]
    (batch,) = batches(start, QUICK, rows)
    counted = {
        tokenizer.decode([token for token in labels if token != -100]) for labels in batch["labels"]
    }
    assert counted == {"w2 <|end|>", "w5 w6 w7 <|end|>"}
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        assert all(label in {-100, token} for token, label in zip(ids, labels, strict=True))


def test_a_question_is_shown_as_it_will_be_asked(start: Path) -> None:
    local = load_local(start / "base")
    (batch,) = batches(start, QUICK, followers(1))
    asked = local.tokenizer.apply_chat_template(
        [dict(one) for one in question(0)],  # type: ignore[arg-type]
        add_generation_prompt=True,
    )["input_ids"]
    assert batch["input_ids"][0][: len(asked)] == asked
    assert batch["labels"][0][: len(asked)] == [-100] * len(asked)


def first_loss(start: Path, settings: Training, rows: Rows) -> float:
    local = load_local(start / "base", precision="fp32")
    ran = trl_run.run(
        rows,
        local,
        settings.model_copy(update={"learning_rate": 1e-12, "epochs": 1.0}),
        checkpoints=start / "first",
        progress=Silent(),
    )
    return ran.loss


def test_packed_rows_do_not_see_each_other(start: Path) -> None:
    rows = followers(12)
    alone = first_loss(start, QUICK.model_copy(update={"batch": 12}), rows)
    packed = QUICK.model_copy(update={"batch": 12, "packing": True, "max_length": 128})
    (batch,) = batches(start, packed, rows)
    assert len(batch["input_ids"]) == 1, "all of them are one sequence"
    assert first_loss(start, packed, rows) == pytest.approx(alone, rel=1e-5)


def test_a_packed_training_learns_too(start: Path) -> None:
    packed = QUICK.model_copy(update={"packing": True, "batch": 2, "epochs": 8.0})
    trained = learnt(start, start / "packed", packed)
    assert trained.folder is not None
    assert mean_loss(trained.folder) < 0.5


def test_adapters_are_merged_so_that_the_model_stands_alone(start: Path) -> None:
    adapted = QUICK.model_copy(update={"lora": Lora(rank=8, alpha=32), "epochs": 8.0})
    trained = learnt(start, start / "adapted", adapted)
    assert trained.folder is not None
    names = {path.name for path in trained.folder.iterdir()}
    assert "model.safetensors" in names
    assert not any(name.startswith("adapter") for name in names)
    assert mean_loss(trained.folder) < mean_loss(start / "base") - 0.3


def test_preferences_are_learnt_by_adapters_too(start: Path) -> None:
    adapted = QUICK.model_copy(update={"lora": Lora(rank=8, alpha=32)})
    trained = TrlTrainer(start).dpo(tastes(), BASE, adapted, start / "adapted_dpo")
    assert trained.loss is not None
    assert trained.loss < 0.6


@pytest.mark.parametrize("lora", [None, Lora(rank=8, alpha=32)])
def test_half_precision_learns_and_is_kept_as_such(start: Path, lora: Lora | None) -> None:
    halved = QUICK.model_copy(update={"precision": "bf16", "lora": lora, "epochs": 8.0})
    trained = learnt(start, start / f"halved_{lora is None}", halved)
    assert trained.folder is not None
    assert LocalTransformers(trained.folder).identity["dtype"] == "bfloat16"
    assert mean_loss(trained.folder) < mean_loss(start / "base") - 0.3


def test_recomputing_saves_memory_and_changes_no_weight(start: Path) -> None:
    few = QUICK.model_copy(update={"epochs": 0.5})
    once = learnt(start, start / "once", few)
    twice = learnt(start, start / "twice", few.model_copy(update={"gradient_checkpointing": True}))
    assert twice.sha256 == once.sha256


def test_a_step_in_parts_is_nearly_a_step_at_once(start: Path) -> None:
    few = QUICK.model_copy(update={"epochs": 0.5})
    whole = learnt(start, start / "whole", few)
    parts = learnt(start, start / "parts", few.model_copy(update={"at_once": 4}))
    assert parts.steps == whole.steps
    assert parts.loss == pytest.approx(whole.loss, rel=1e-3)


def test_a_template_that_the_recipe_gives_is_kept_with_what_was_trained(
    start: Path, tmp_path: Path
) -> None:
    base = base_in(tmp_path / "bare")
    template = (base / "chat_template.jinja").read_text()
    (base / "chat_template.jinja").rename(tmp_path / "chat.jinja")
    few = QUICK.model_copy(update={"epochs": 0.5})
    trained = TrlTrainer(tmp_path).sft(
        followers(), Base(where="bare", chat_template="chat.jinja"), few, tmp_path / "student"
    )
    assert trained.folder is not None
    assert (trained.folder / "chat_template.jinja").read_text() == template
    assert start.is_dir()
