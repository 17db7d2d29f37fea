import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from detoxify import Detoxify

from policies.errors import Broken, InputError
from policies.safety_tasks import ToxicityTask
from stages.offline.toxicity import architecture, detoxify_model
from stages.offline.toxicity.detoxify_model import DetoxifyClassifier, load_classifier
from stages.offline.toxicity.forward import Batch, tokens_at_most
from stages.offline.toxicity.tiny_classifier import NAME

INSULT = "You are an idiot."
COURTESY = "Thank you, the refund is on its way."


def load(path: Path) -> DetoxifyClassifier:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    task = ToxicityTask(data="x", classifier=path.name, classifier_sha256=digest)
    return load_classifier(task, base=path.parent)


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the toy classifier that a test may spoil."""
    shutil.copytree(tiny_checkpoint.parent, tmp_path / "copy")
    return tmp_path / "copy" / tiny_checkpoint.name


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> DetoxifyClassifier:
    return load(tiny_checkpoint)


@pytest.mark.parametrize("words_before", [0, 61, 62, 600, 5000])
@pytest.mark.parametrize("words_after", [0, 600])
def test_an_insult_is_found_wherever_it_stands(
    classifier: DetoxifyClassifier, words_before: int, words_after: int
) -> None:
    text = " ".join(["please"] * words_before + [INSULT] + ["thanks"] * words_after)
    (score,) = classifier.score([text])
    assert score > 0.9


def test_detoxify_itself_reads_the_beginning_only(
    classifier: DetoxifyClassifier, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_checkpoint.parent)
    own = Detoxify(checkpoint=tiny_checkpoint.name, huggingface_config_path=NAME)
    text = " ".join(["please"] * 600 + [INSULT])
    assert own.predict([text, text])["toxicity"][0] < 0.1
    assert classifier.score([text])[0] > 0.9


def test_scores_do_not_depend_on_the_other_texts(classifier: DetoxifyClassifier) -> None:
    texts = [INSULT, "", COURTESY, "please " * 300 + INSULT, "no", "ünïcödé \ud800 \x00"]
    alone = [classifier.score([text])[0] for text in texts]
    assert list(classifier.score(texts)) == pytest.approx(alone, abs=1e-5)
    assert list(classifier.score(texts[::-1])) == pytest.approx(alone[::-1], abs=1e-5)


def test_special_tokens_in_a_text_hide_nothing(classifier: DetoxifyClassifier) -> None:
    (ids,) = detoxify_model._token_ids(classifier._tokenizer, ["[PAD][SEP] hello"])
    assert not {0, 2, 3, 4} & set(ids)
    assert classifier.score([f"[PAD] [SEP] {INSULT} [SEP] [PAD]"])[0] > 0.9


def test_no_texts_have_no_scores(classifier: DetoxifyClassifier) -> None:
    assert list(classifier.score([])) == []


def test_no_batch_is_larger_than_the_bound(
    classifier: DetoxifyClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    forward = classifier.forward.scores

    def watched(batches: Sequence[Batch]) -> Sequence[Sequence[float]]:
        seen.extend(len(rows) * max(len(row) for row in rows) for rows in batches)
        return forward(batches)

    monkeypatch.setattr(classifier.forward, "scores", watched)
    classifier.score([f"{'word ' * (i % 200)}" for i in range(400)])
    assert len(seen) > 1
    assert max(seen) <= tokens_at_most()


def test_identity_covers_weights_and_vocabulary(
    classifier: DetoxifyClassifier, folder: Path
) -> None:
    assert load(folder).digest == classifier.digest
    vocabulary = folder.parent / NAME / "vocab.txt"
    vocabulary.write_text(vocabulary.read_text().replace("idiot\n", "idioot\n"))
    assert load(folder).digest != classifier.digest


def test_the_backend_says_library_device_and_precision(classifier: DetoxifyClassifier) -> None:
    assert f"torch {torch.__version__}" in classifier.backend
    assert "float32" in classifier.backend


def spoil(path: Path, change: Callable[[dict[str, dict[str, object]]], None]) -> None:
    loaded = torch.load(path, weights_only=True)
    change(loaded)
    torch.save(loaded, path)


def with_random_weights(loaded: dict[str, dict[str, object]]) -> None:
    generator = torch.Generator().manual_seed(1)
    for name, weight in loaded["state_dict"].items():
        assert isinstance(weight, torch.Tensor)
        loaded["state_dict"][name] = torch.randn(weight.shape, generator=generator) * 0.02


def with_nan(loaded: dict[str, dict[str, object]]) -> None:
    bias = loaded["state_dict"]["classifier.bias"]
    assert isinstance(bias, torch.Tensor)
    loaded["state_dict"]["classifier.bias"] = bias * torch.nan


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_random_weights, "not the weights of a toxicity classifier"),
        (with_nan, "not the weights of a toxicity classifier"),
        (lambda c: c["state_dict"].pop("classifier.bias"), "Missing key"),
        (lambda c: c["state_dict"].update(extra=torch.zeros(1)), "Unexpected key"),
        (lambda c: c["state_dict"].update({"classifier.bias": torch.zeros(9)}), "size mismatch"),
    ],
)
def test_weights_that_do_not_fit_never_score(
    folder: Path, change: Callable[[dict[str, dict[str, object]]], None], why: str
) -> None:
    spoil(folder, change)
    with pytest.raises(InputError) as refused:
        load(folder).score([COURTESY])
    assert why in refused.value.why


def test_saved_position_ids_are_no_weights(folder: Path) -> None:
    spoil(
        folder,
        lambda c: c["state_dict"].update(
            {"bert.embeddings.position_ids": torch.arange(64)[None, :]}
        ),
    )
    assert load(folder).score([INSULT])[0] > 0.9


def with_config(path: str, value: object) -> Callable[[dict[str, dict[str, object]]], None]:
    def change(loaded: dict[str, dict[str, object]]) -> None:
        place: object = loaded["config"]
        *parents, last = path.split(".")
        for name in parents:
            assert isinstance(place, dict)
            place = place[name]
        assert isinstance(place, dict)
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.pop("config"), "lacks `config`"),
        (lambda c: c.pop("state_dict"), "lacks `config`"),
        (with_config("arch.args.model_type", 7), "lacks `config`"),
        (with_config("arch.args.model_name", "PreTrainedModel"), "is none of"),
        (with_config("dataset.args.classes", []), "first class"),
        (with_config("dataset.args.classes", ["insult", "toxic"]), "first class"),
        (with_config("dataset.args.classes", ["toxic", "a", "b"]), "3 classes of 2"),
        (with_config("arch.args.model_type", "elsewhere"), "holds no config"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused_before_anything_is_asked(
    folder: Path, change: Callable[[dict[str, dict[str, object]]], None], why: str
) -> None:
    spoil(folder, change)
    with pytest.raises(InputError) as refused:
        load(folder)
    assert why in refused.value.why


class Malice:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.proof}",)


def test_a_checkpoint_that_would_run_code_is_refused_and_does_not(
    folder: Path, tmp_path: Path
) -> None:
    torch.save({"config": Malice(tmp_path / "ran")}, folder)
    with pytest.raises(InputError) as refused:
        load(folder)
    assert "more than weights" in refused.value.why
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04" + b"\0" * 200])
def test_a_file_that_is_no_checkpoint_is_refused(folder: Path, data: bytes) -> None:
    folder.write_bytes(data)
    with pytest.raises(InputError, match="cannot load"):
        load(folder)


def test_a_reading_that_differs_from_detoxifys_own_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detoxify, "predict", lambda _self, texts: {"toxicity": [0.5] * len(texts)})
    with pytest.raises(Broken, match="cannot use"):
        load(folder).score([COURTESY])


def test_a_missing_library_is_named_with_the_extra_that_brings_it(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detoxify_model, "_LIBRARIES", ("torch", "no_such_library"))
    with pytest.raises(Broken) as broken:
        load(tiny_checkpoint)
    assert "no_such_library is not installed" in broken.value.why
    assert "[toxicity]" in broken.value.fix


def test_a_model_that_gives_nan_for_one_window_gives_nan_for_the_text(
    classifier: DetoxifyClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = classifier.forward.scores

    def one_nan(batches: Sequence[Batch]) -> Sequence[Sequence[float]]:
        return [[float("nan"), *found[1:]] for found in forward(batches)]

    monkeypatch.setattr(classifier.forward, "scores", one_nan)
    (score,) = classifier.score(["please " * 200 + INSULT])
    assert score != score  # noqa: PLR0124 - NaN


@pytest.mark.parametrize(
    ("model_type", "kept"), [("bert", 64), ("roberta", 62), ("xlm-roberta", 62)]
)
def test_roberta_keeps_its_first_positions_for_padding(model_type: str, kept: int) -> None:
    import transformers

    config = transformers.PretrainedConfig(pad_token_id=1, max_position_embeddings=64)
    config.model_type = model_type
    assert architecture.positions(config) == kept
