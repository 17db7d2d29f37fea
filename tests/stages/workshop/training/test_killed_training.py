import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.workshop.training import trl_trainer
from stages.workshop.training.settings import Base
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_trainer import TrlTrainer
from stages.workshop.training.watching import last_whole
from tests.stages.workshop.training.killed_training import SETTINGS
from tests.stages.workshop.training.lessons import base_in, followers

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("unbroken")
    base_in(folder / "base")
    return train(folder)


def train(folder: Path) -> Trained:
    return TrlTrainer(folder).sft(followers(), Base(where="base"), SETTINGS, folder / "student")


@pytest.mark.integration
def test_a_training_killed_twice_goes_on_and_makes_the_very_weights(
    unbroken: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_in(tmp_path / "base")
    checkpoints = tmp_path / ".student.making" / "checkpoints"
    killed(tmp_path, "step 3")
    assert last_whole(checkpoints) is None
    killed(tmp_path, "writing 15")
    assert last_whole(checkpoints) == checkpoints / "checkpoint-10"
    done = counted(monkeypatch)
    again = train(tmp_path)
    assert len(done) == 10
    assert (again.sha256, again.steps, again.loss) == (unbroken.sha256, 20, unbroken.loss)
    assert {path.name for path in tmp_path.iterdir()} == {"base", "student"}


def killed(folder: Path, where: str) -> None:
    module = "tests.stages.workshop.training.killed_training"
    ended = subprocess.run(
        [sys.executable, "-m", module, folder, where], cwd=ROOT, check=False, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL
    assert not (folder / "student").exists()


def test_one_that_was_interrupted_before_it_stood_in_its_place_trains_no_step_again(
    unbroken: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_in(tmp_path / "base")
    with monkeypatch.context() as patched:
        patched.setattr(trl_trainer, "freeze", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert not (tmp_path / "student").exists()
    done = counted(monkeypatch)
    assert train(tmp_path).sha256 == unbroken.sha256
    assert not done


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from transformers import Trainer

    done: list[int] = []
    step = Trainer.training_step

    def counting(self: Trainer, *given: object, **more: object) -> object:
        done.append(1)
        return step(self, *given, **more)

    monkeypatch.setattr(Trainer, "training_step", counting)
    return done


def test_what_another_training_left_is_thrown_away(unbroken: Trained, tmp_path: Path) -> None:
    base_in(tmp_path / "base")
    left = tmp_path / ".student.making" / "checkpoints" / "checkpoint-19"
    left.mkdir(parents=True)
    (left / "trainer_state.json").write_text('{"global_step": 19}')
    (tmp_path / ".student.making" / "key").write_text("another's")
    assert train(tmp_path).sha256 == unbroken.sha256


def test_a_half_written_key_begins_anew(
    unbroken: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_in(tmp_path / "base")
    (tmp_path / ".student.making").mkdir()
    (tmp_path / ".student.making" / "key").write_text("")
    assert train(tmp_path).sha256 == unbroken.sha256
    monkeypatch.setattr(trl_trainer, "run", None)
    assert train(tmp_path).sha256 == unbroken.sha256
