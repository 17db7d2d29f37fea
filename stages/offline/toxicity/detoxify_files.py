"""Where a classifier in Detoxify's checkpoint format lies, and whether it is the pinned one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from policies.errors import Broken, InputError, PolicyError
from policies.safety_tasks import ToxicityTask
from stages.engine.digests import sha256_of_file

_RELEASES = "https://github.com/unitaryai/detoxify/releases/download"
_MODEL_FILES = (
    "config.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
"""What configures a model and its tokenizer; never weights, never code."""


class ClassifierChanged(InputError):  # noqa: N818 - says what happened
    """A classifier's checkpoint is not the one that is pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Published weights of Detoxify.

    Attributes:
        url: Of the release; the file's name ends in the first digits of its SHA-256.
        sha256: Its whole digest, where it is known; elsewhere the policy must name it.
        repository: On the Hugging Face Hub: model config and vocabulary.
        revision: The commit there.
    """

    url: str
    sha256: str | None
    repository: str
    revision: str

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.url.rpartition("/")[2]

    @property
    def sha256_prefix(self) -> str:
        """First digits of the digest, which the release puts into the file's name."""
        return self.file.removesuffix(".ckpt").rpartition("-")[2]


PUBLISHED = {
    "detoxify/original": Published(
        url=f"{_RELEASES}/v0.1-alpha/toxic_original-c1212f89.ckpt",
        sha256="c1212f89ac23307ab33932ce29dc446a6e030fb3f384a500890bbe662b7b544a",
        repository="google-bert/bert-base-uncased",
        revision="86b5e0934494bd15c9632b12f734a8a67f723594",
    ),
    "detoxify/unbiased": Published(
        url=f"{_RELEASES}/v0.3-alpha/toxic_debiased-c7548aa0.ckpt",
        sha256=None,
        repository="FacebookAI/roberta-base",
        revision="e2da8e2f811d1448a5b465c236feacd80ffbac7b",
    ),
    "detoxify/multilingual": Published(
        url=f"{_RELEASES}/v0.4-alpha/multilingual_debiased-0b549669.ckpt",
        sha256=None,
        repository="FacebookAI/xlm-roberta-base",
        revision="e73636d4f797dec63c3081bb6ed5c7b0bb3f2089",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFile:
    """A checkpoint whose digest is the pinned one.

    Attributes:
        name: As the plan names it.
        path: The file.
        sha256: Its digest.
        published: Where model config and vocabulary come from when no folder beside it has them.
    """

    name: str
    path: Path
    sha256: str
    published: Published | None


def find_checkpoint(task: ToxicityTask, *, base: Path) -> CheckpointFile:
    """The checkpoint a plan names, fetched when it is a published one and not here yet.

    Args:
        task: Names `detoxify/original|unbiased|multilingual`, or a path.
        base: The policy's folder, which a path is relative to.

    Raises:
        PolicyError: When the plan must name the digest and does not, or names no known weights.
        InputError: When the file is not there.
        ClassifierChanged: When its digest is another.
        Broken: When published weights are not here and cannot be fetched.
    """
    published = _published(task.classifier)
    path = base / task.classifier if published is None else _fetched(task.classifier, published)
    return _pinned(task, path, published)


def find_what_is_here(task: ToxicityTask, *, base: Path, downloads: Path | None) -> CheckpointFile:
    """The same, of what is on this machine: nothing is fetched, and no library is imported.

    Args:
        task: Names it.
        base: The policy's folder.
        downloads: Where PyTorch keeps checkpoints; None: published ones are not looked for.

    Raises:
        PolicyError, InputError, ClassifierChanged: As `find_checkpoint` says.
        Broken: When published weights are not here yet.
    """
    published = _published(task.classifier)
    if published is None:
        return _pinned(task, base / task.classifier, None)
    path = downloads / published.file if downloads is not None else None
    if path is not None and path.is_file():
        return _pinned(task, path, published)
    if not (task.classifier_sha256 or published.sha256):
        raise PolicyError(
            f"cannot use the classifier {task.classifier}",
            why="the plan does not say which file it means",
            fix=f"add `classifier_sha256:` to the task, the digest of {published.url}",
        )
    raise Broken(
        f"the classifier {task.classifier} was not looked at",
        why="it is not here yet; the first round fetches it",
        fix="nothing, where there is a network",
    )


def _pinned(task: ToxicityTask, path: Path, published: Published | None) -> CheckpointFile:
    """A file, when it is there and has the pinned digest."""
    expected = task.classifier_sha256 or (published.sha256 if published else None)
    try:
        found = sha256_of_file(path)
    except OSError as error:
        raise InputError(
            f"cannot read the classifier {task.classifier}",
            why=f"{path.resolve()}: {error.strerror}",
            fix="correct `classifier`: a path relative to the policy, or detoxify/original",
        ) from None
    _check(task.classifier, path, expected=expected, found=found)
    return CheckpointFile(name=task.classifier, path=path, sha256=found, published=published)


def model_folder(checkpoint: CheckpointFile, model_type: str) -> Path:
    """The folder of model config and vocabulary that a checkpoint names.

    The folder of that name beside the checkpoint; for published weights without one, the files of
    the pinned revision in the Hugging Face cache, fetched when they are not there yet.

    Raises:
        InputError: When a checkpoint that is not a published one has no such folder beside it.
        Broken: When the files of published weights are not here and cannot be fetched.
    """
    beside = checkpoint.path.parent / Path(model_type).name
    if (beside / "config.json").is_file():
        return beside
    if checkpoint.published is None:
        raise InputError(
            f"cannot load the classifier {checkpoint.name}",
            why=f"it is a `{model_type}`, and {beside} holds no config.json",
            fix=f"put the model's config and vocabulary into {beside}",
        )
    return _snapshot(checkpoint.name, checkpoint.published, beside)


def folder_digests(folder: Path) -> Iterable[tuple[str, str]]:
    """Name and SHA-256 of every file that configures a model and its tokenizer, sorted."""
    return [
        (name, sha256_of_file(folder / name))
        for name in sorted(_MODEL_FILES)
        if (folder / name).is_file()
    ]


def _published(name: str) -> Published | None:
    if not name.startswith("detoxify/"):
        return None
    if name not in PUBLISHED:
        raise PolicyError(
            f"cannot use the classifier {name}",
            why="Detoxify publishes no such weights",
            fix=f"set `classifier` to one of {', '.join(PUBLISHED)}, or to a path",
        )
    return PUBLISHED[name]


def _fetched(name: str, published: Published) -> Path:
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / published.file
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(
            published.url, str(path), hash_prefix=published.sha256_prefix, progress=False
        )
    except (OSError, RuntimeError) as error:  # RuntimeError: the digits of its name do not match
        raise Broken(
            f"cannot fetch the classifier {name}",
            why=f"{published.url}: {error}",
            fix=f"download it where there is a network, and put it at {path}",
        ) from None
    return path


def _check(name: str, path: Path, *, expected: str | None, found: str) -> None:
    if expected is None:
        raise PolicyError(
            f"cannot use the classifier {name}",
            why=f"the plan does not say which file it means; {path.resolve()} has sha256 {found}",
            fix=f"add `classifier_sha256: {found}` to the task, and have the policy reviewed",
        )
    if found != expected:
        raise ClassifierChanged(
            f"cannot use the classifier {name}",
            why=f"{path.resolve()} has sha256 {found[:12]}..., pinned is {expected[:12]}...",
            fix="restore the pinned file; for a wanted change, edit `classifier_sha256`",
        )


def _snapshot(name: str, published: Published, beside: Path) -> Path:
    from huggingface_hub import (  # noqa: PLC0415 - half a second, only for published weights
        errors,
        snapshot_download,
    )

    try:
        folder = snapshot_download(
            published.repository, revision=published.revision, allow_patterns=list(_MODEL_FILES)
        )
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError, ValueError) as error:
        raise Broken(
            f"cannot fetch the vocabulary of the classifier {name}",
            why=f"{published.repository}, revision {published.revision[:12]}: {error}",
            fix="where there is a network, fetch config.json and the tokenizer's files of that "
            f"revision, and put them into {beside}",
        ) from None
    return Path(folder)
