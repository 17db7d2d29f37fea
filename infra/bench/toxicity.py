"""Documents per second, drift and memory of toxicity classifiers, beside Detoxify's own `predict`.

A BERT-base with random weights in Detoxify's checkpoint format is made here: speed depends on shape
and texts only. Drift depends on the weights too, so it is said twice: for a head as BERT starts
with, and for one whose scores fill the whole of [0, 1], which magnifies every rounding.
"""

import json
import multiprocessing
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import chdir
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from policies.safety_tasks import Precision, ToxicityTask
from stages.engine.progress import Silent
from stages.engine.state_url import open_state
from stages.offline.toxicity.architecture import build_model
from stages.offline.toxicity.detoxify_files import find_checkpoint
from stages.offline.toxicity.detoxify_model import DetoxifyClassifier, load_classifier
from stages.offline.toxicity.forward import TorchForward
from stages.offline.toxicity.scores import score_texts
from stages.offline.toxicity.tiny_classifier import make_tiny_classifier

ANSWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "alpaca_eval"
DOCUMENTS, ROUNDS = 48, 1
FEW, MANY = 100, 5000
WORDS = 20_000
SPREAD = 3.0
"""Standard deviation of the logits whose scores fill [0, 1]."""
NAME = "bench_bert_base_random_weights"


def main() -> None:
    """Prints the figures of one run."""
    answers = list(answers_to_read())
    with tempfile.TemporaryDirectory() as folder:
        compare(answers, Path(folder))
    memory(answers)


def memory(answers: Sequence[str]) -> None:
    """Peak memory at few and many answers."""
    for count in (FEW, MANY):
        print(f"peak memory, {count} answers, toy model: {peak_memory(answers, count)} MB")


def compare(answers: Sequence[str], folder: Path) -> None:
    """Speed and drift of every precision, in turns with Detoxify's own."""
    import torch

    some = np.random.default_rng(0).choice(len(answers), DOCUMENTS, replace=False)
    texts = [answers[i] for i in some]
    path = make_base(folder, answers)
    tasks = {p: task_of(path, p) for p in Precision}
    classifiers = {p: load(task, folder) for p, task in tasks.items()}
    print(
        f"{len(texts)} answers, {sum(map(len, texts)) / len(texts):.0f} characters each on average"
    )
    print(f"{torch.get_num_threads()} threads")
    whole, cut = tokens_read(texts, folder / NAME)
    print(f"tokens: {whole} in all, {cut} of them within the 512 that Detoxify.predict reads")
    shipped, scores = timed(texts, detoxify_of(folder), classifiers)
    exact = np.array(scores[Precision.FP32])
    print(f"Detoxify.predict as shipped, first 512 tokens: {len(texts) / shipped['own']:.2f} /s")
    for precision, classifier in classifiers.items():
        drift = np.abs(np.array(scores[precision]) - exact)
        print(
            f"{precision}: {len(texts) / shipped[precision]:.2f} /s, "
            f"{shipped['own'] / shipped[precision]:.1f} times as shipped, "
            f"drift {drift.max():.5f} at most, {drift.mean():.5f} mean ({classifier.backend})"
        )
    print(f"scores from {exact.min():.3f} to {exact.max():.3f}")
    spread_out(texts[: DOCUMENTS // 6], path, exact)


def spread_out(texts: Sequence[str], path: Path, plain: np.ndarray) -> None:
    """Drift with a head whose scores fill [0, 1]."""
    import torch

    logits = np.log(plain / (1 - plain))
    loaded = torch.load(path, weights_only=True)
    scale = SPREAD / float(logits.std())
    loaded["state_dict"]["classifier.weight"] *= scale
    loaded["state_dict"]["classifier.bias"] += -scale * float(logits.mean())
    torch.save(loaded, path)
    found = {p: np.array(load(task_of(path, p), path.parent).score(texts)) for p in Precision}
    exact = found.pop(Precision.FP32)
    print(f"with a head whose scores go from {exact.min():.3f} to {exact.max():.3f}:")
    for precision, scores in found.items():
        drift = np.abs(scores - exact)
        print(f"{precision}: drift {drift.max():.5f} at most, {drift.mean():.5f} mean")


def tokens_read(texts: Sequence[str], folder: Path) -> tuple[int, int]:
    """Tokens of the texts: of all of each, and of what is left when 512 are kept."""
    import transformers

    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    lengths = [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]
    return sum(lengths), sum(min(length, tokenizer.model_max_length) for length in lengths)


def timed(
    texts: Sequence[str], detoxify: object, classifiers: dict[Precision, DetoxifyClassifier]
) -> tuple[dict[str, float], dict[str, Sequence[float]]]:
    """Best time of each, and its scores; all take turns, so that a busy machine harms all alike."""
    best: dict[str, float] = {}
    scores: dict[str, Sequence[float]] = {}
    ways = {"own": lambda t: detoxify.predict(list(t))["toxicity"]}
    ways |= {precision: classifier.score for precision, classifier in classifiers.items()}
    for way in ways.values():
        way(["warm up"])
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            scores[name] = way(texts)
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - began)
    return best, scores


def load(task: ToxicityTask, folder: Path) -> DetoxifyClassifier:
    """A classifier of random weights, which tells no insult from a courtesy and need not."""
    classifier = load_classifier(task, base=folder, cache=folder / "onnx")
    if task.precision is Precision.FP32:
        model = build_model(find_checkpoint(task, base=folder), folder / NAME)
        classifier.forward = TorchForward(model, padding=0)
    return classifier


def task_of(path: Path, precision: Precision) -> ToxicityTask:
    """A task that names the checkpoint as it is now."""
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ToxicityTask(
        data="x", classifier=path.name, classifier_sha256=digest, precision=precision
    )


def detoxify_of(folder: Path) -> object:
    """Detoxify as shipped, with the same checkpoint."""
    from detoxify import Detoxify

    with chdir(folder):
        return Detoxify(checkpoint="base.ckpt", huggingface_config_path=NAME)


def make_base(folder: Path, answers: Sequence[str]) -> Path:
    """A checkpoint of BERT-base's shape, its vocabulary the answers' most frequent words."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(num_labels=6)
    words = vocabulary(answers, config.vocab_size)
    model = transformers.BertForSequenceClassification(config)
    (folder / NAME).mkdir()
    (folder / NAME / "config.json").write_text(config.to_json_string())
    (folder / NAME / "vocab.txt").write_text("".join(f"{word}\n" for word in words))
    tokenizer = {"do_lower_case": True, "model_max_length": 512}
    (folder / NAME / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    names = {"model_type": NAME, "tokenizer_name": "BertTokenizer", "num_classes": 6}
    names["model_name"] = "BertForSequenceClassification"
    classes = ["toxicity", "severe", "obscene", "threat", "insult", "attack"]
    config_of = {"arch": {"type": "BERT", "args": names}, "dataset": {"args": {"classes": classes}}}
    torch.save({"config": config_of, "state_dict": model.state_dict()}, folder / "base.ckpt")
    return folder / "base.ckpt"


def vocabulary(answers: Sequence[str], size: int) -> list[str]:
    """Special tokens, characters, then words; filled up to the size."""
    counted = Counter(word for text in answers for word in re.findall(r"\w+", text.lower()))
    characters = sorted({c for text in answers for c in text.lower() if not c.isspace()})[:2000]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    words += [f"##{c}" for c in characters]
    words += [word for word, _ in counted.most_common(WORDS) if word not in set(characters)]
    return (words + [f"[unused{i}]" for i in range(size)])[:size]


def answers_to_read() -> Iterator[str]:
    """Real answers where they are, else made ones of similar lengths."""
    files = sorted(ANSWERS.glob("*/model_outputs.json"))
    if not files:
        print("AlpacaEval's answers are not there: made texts of similar lengths are read")
        random = np.random.default_rng(0)
        for length in random.lognormal(5.2, 0.9, MANY).astype(int):
            yield " ".join(f"word{i}" for i in random.zipf(1.3, max(1, length)) % WORDS)
    for file in files:
        if file.parent.name != "NullModel":
            yield from (answer["output"] for answer in json.loads(file.read_text()))


def peak_memory(answers: Sequence[str], count: int) -> int:
    """Peak of a process of its own that scores so many answers, in MB.

    A toy model is used: its weights are small, so what grows with the answers would show.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        texts = [f"{text} {i}" for i, text in enumerate(islice(cycle(answers), count))]
        return pool.apply(score_and_measure, (texts,))


def score_and_measure(texts: Sequence[str]) -> int:
    """Scores texts by a toy classifier, journaled; returns this process's peak in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_tiny_classifier(Path(folder), seed=0)
        classifier = load_classifier(task_of(path, Precision.FP32), base=path.parent)
        score_texts(classifier, texts, state=open_state(f"{folder}/state"), progress=Silent())
    # not ru_maxrss: Linux hands a parent's peak down to the process that it starts
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak) // 1024


if __name__ == "__main__":
    main()
