"""Preferences in the loop, learned by TRL: a tiny model that tosses its verdicts."""

import json
from pathlib import Path

import pytest

from stages.engine.product import open_product
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import LocalTransformers, Told
from stages.models.prices import UNPRICED
from stages.workshop.self_taught.academy import Academy
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.loop import teach
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_trainer import TrlTrainer
from stages.workshop.workroom import Hand, Workroom
from tests.stages.workshop.self_taught.scene import contest, recipe, scene, write_instructions
from tests.tiny_models import tiny_llama

NAMES = [f"name{n}" for n in range(16)]
WORDS = [
    *NAMES,
    *(f"other{name}" for name in NAMES),
    *("Question", ":", "say", "it", "is", "Answer", "A", "B", "Which", "better", "?"),
    *("hm", "verdict:"),
]
DPO = Training(epochs=3, learning_rate=2e-3, batch=4, max_length=64, beta=0.1)
SFT = Training(epochs=2, learning_rate=1e-3, batch=4, max_length=64)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that replies in the form of a verdict, A or B alike."""
    pytest.importorskip("trl", reason="the extra `workshop` is not installed")
    folder = tmp_path_factory.mktemp("tossing")
    tiny_llama(folder / "raw", WORDS, hidden=32, layers=1)
    rows = [
        Taught(
            id=f"{name} {choice}",
            messages=ShortBriefing()
            .question(contest(name, worse=f"it is other{name}"), a_first=True)
            .item.messages,
            answer=f"hm verdict: {choice}",
        )
        for name in NAMES
        for choice in "AB"
    ]
    settings = Training(epochs=12, learning_rate=1e-2, batch=16, max_length=64)
    TrlTrainer(folder).sft(rows, Base(where="raw"), settings, folder / "seed")
    return folder / "seed"


def school(seed: Path, said: SelfTaught, room: Workroom) -> Academy:
    """On this machine, without the gate's services around it."""

    def open_model(trained: Trained | None, name: str) -> Hand:
        folder = None if trained is None else trained.folder
        return Hand(name=name, client=LocalTransformers(folder or seed), price=UNPRICED)

    return Academy(
        recipe=said,
        folder=room.folder,
        base=Base(where=seed.name),
        trainer=TrlTrainer(seed.parent),
        open_model=open_model,
        free=True,
    )


def margins(model: Path, rows: list[dict[str, str]]) -> list[float]:
    """By how many nats each row's chosen reply is likelier than the rejected one."""
    client = LocalTransformers(model)
    found = []
    for row in rows:
        asked = tuple(json.loads(row["src"]))
        said = [Told(messages=asked, answer=row[name]) for name in ("tgt_chosen", "tgt_rejected")]
        chosen, rejected = client.log_likelihood(said)
        assert isinstance(chosen, Likelihood)
        assert isinstance(rejected, Likelihood)
        found.append(chosen.log_probability - rejected.log_probability)
    return found


@pytest.mark.integration
@pytest.mark.parametrize(("method", "base"), [("dpo", None), ("sft_then_dpo", "model-1-sft")])
def test_a_judge_comes_to_prefer_right_verdicts_to_wrong_ones(
    tmp_path: Path, seed: Path, method: str, base: str | None
) -> None:
    """DPO's objective is this margin, above that of the model which it begins with."""
    write_instructions(tmp_path, len(NAMES))
    pupil = {
        "model": {"where": "seed"},
        "rows_at_least": 4,
        "iterations": 1,
        "method": method,
        "dpo": DPO.said(),
        "sft": SFT.said(),
    }
    judging = {"brief": "short", "samples": 6, "max_tokens": 8, "temperature": 1.0, "top_p": 1.0}
    said = recipe(pupil=pupil, judging=judging)
    with scene(tmp_path) as here:
        room = here.room()
        course = teach(said, room, school(seed, said, room))
    schooling = course.judges[1].schooling
    assert schooling is not None
    assert schooling.trained.folder == tmp_path / "made" / "model-1"
    data = open_product(tmp_path / "made" / "data-1", kind="judge_data")
    rows = [json.loads(line) for line in data.file("dpo.jsonl").read_text().splitlines()]
    assert len(rows) == len(schooling.lessons.preferences) >= 4
    for row, each in zip(rows, schooling.lessons.preferences, strict=True):
        assert (row["tgt_chosen"], row["tgt_rejected"]) == (each.chosen.reply, each.rejected.reply)
        assert each.chosen.right
        assert not each.rejected.right
    began = seed if base is None else tmp_path / "made" / base
    before, after = margins(began, rows), margins(schooling.trained.folder, rows)
    rises = [late - early for early, late in zip(before, after, strict=True)]
    assert sum(rises) / len(rises) > 0.5
    assert sum(rise > 0 for rise in rises) > 0.7 * len(rises)
