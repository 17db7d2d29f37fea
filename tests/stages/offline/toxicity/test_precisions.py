import hashlib
from pathlib import Path

import pytest
import torch

from policies.errors import Broken
from policies.safety_tasks import Precision, ToxicityTask
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.offline.toxicity import onnx_forward
from stages.offline.toxicity.detoxify_model import DetoxifyClassifier, load_classifier
from stages.offline.toxicity.forward import TorchForward, padded
from stages.offline.toxicity.rescoring import PlannedClassifier

FAST = [precision for precision in Precision if precision is not Precision.FP32]
TEXTS = [
    "You are an idiot.",
    "",
    "Thank you, the refund is on its way.",
    "please " * 200 + "you moron",
    "Stupid questions are welcome here, dear customer!",
    *(f"the {word} is {word} and not for a loser" for word in ("bread", "code", "hotel")),
]
LIMITS = {Precision.BF16: 0.02, Precision.ONNX: 1e-5, Precision.ONNX_INT8: 0.05}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


def load(path: Path, precision: Precision, cache: Path) -> DetoxifyClassifier:
    task = ToxicityTask(
        data="x",
        classifier=path.name,
        classifier_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        precision=precision,
    )
    return load_classifier(task, base=path.parent, cache=cache)


@pytest.fixture(scope="module")
def exact(tiny_checkpoint: Path, cache: Path) -> list[float]:
    return list(load(tiny_checkpoint, Precision.FP32, cache).score(TEXTS))


@pytest.mark.parametrize("precision", FAST)
def test_a_faster_precision_stays_near_fp32(
    tiny_checkpoint: Path, cache: Path, exact: list[float], precision: Precision
) -> None:
    scores = list(load(tiny_checkpoint, precision, cache).score(TEXTS))
    assert scores == pytest.approx(exact, abs=LIMITS[precision])
    assert min(exact) < 0.1
    assert max(exact) > 0.9


def test_every_precision_has_a_journal_and_words_of_its_own(
    tiny_checkpoint: Path, cache: Path
) -> None:
    classifiers = [load(tiny_checkpoint, precision, cache) for precision in Precision]
    assert len({classifier.digest for classifier in classifiers}) == len(Precision)
    words = [classifier.backend for classifier in classifiers]
    assert len(set(words)) == len(Precision)
    for said, backend in zip(("float32", "bfloat16", "float32", "int8"), words, strict=True):
        assert said in backend
    assert ["onnxruntime" in backend for backend in words] == [False, False, True, True]


@pytest.mark.parametrize("precision", FAST)
def test_a_planned_classifier_flags_what_fp32_flags(
    tiny_checkpoint: Path, cache: Path, tmp_path: Path, exact: list[float], precision: Precision
) -> None:
    task = ToxicityTask(
        data="x",
        classifier=tiny_checkpoint.name,
        classifier_sha256=hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest(),
        precision=precision,
    )
    planned = PlannedClassifier(
        task, lambda task: load_classifier(task, base=tiny_checkpoint.parent, cache=cache)
    )
    guarded = planned.score(TEXTS, state=open_state(str(tmp_path)), progress=Silent())
    flags = [isinstance(score, float) and score >= 0.5 for score in guarded.found.scores]
    assert flags == [score >= 0.5 for score in exact]
    assert "no fast score counts" not in guarded.check
    assert any("float32, transformers" in backend for backend in guarded.found.backends)


def test_an_exported_model_is_made_once_and_anew_when_it_is_torn(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: list[float]
) -> None:
    exports: list[Path] = []
    export = onnx_forward._export

    def counted(model: torch.nn.Module, file: Path) -> None:
        exports.append(file)
        export(model, file)

    monkeypatch.setattr(onnx_forward, "_export", counted)
    load(tiny_checkpoint, Precision.ONNX, tmp_path).score(TEXTS[:1])
    load(tiny_checkpoint, Precision.ONNX, tmp_path).score(TEXTS[:1])
    assert len(exports) == 1
    (file,) = tmp_path.glob("*.onnx")
    file.write_bytes(file.read_bytes()[:-100])
    (score,) = load(tiny_checkpoint, Precision.ONNX, tmp_path).score(TEXTS[:1])
    assert len(exports) == 2
    assert score == pytest.approx(exact[0], abs=1e-5)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".onnx", ".sha256"]


@pytest.mark.parametrize("precision", [Precision.ONNX, Precision.ONNX_INT8])
def test_a_missing_runtime_is_named_with_the_extra_that_brings_it(
    tiny_checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(onnx_forward, "_LIBRARIES", ("onnx", "no_such_runtime"))
    with pytest.raises(Broken) as broken:
        load(tiny_checkpoint, precision, cache)
    assert "no_such_runtime is not installed" in broken.value.why
    assert "[fast-toxicity]" in broken.value.fix


def test_a_batch_is_padded_to_its_longest_row() -> None:
    ids, mask = padded([[5, 6, 7], [8]], padding=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator on this machine")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_an_accelerator_gives_the_scores_of_the_cpu(
    tiny_checkpoint: Path, cache: Path, exact: list[float], dtype: str
) -> None:
    classifier = load(tiny_checkpoint, Precision.FP32, cache)
    classifier.forward = TorchForward(classifier._built(), padding=0, dtype=dtype, device="cuda")
    assert list(classifier.score(TEXTS)) == pytest.approx(exact, abs=0.02)
    assert f"cuda {dtype}" in classifier.backend
