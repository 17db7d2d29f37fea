"""Writes a new workspace, and never over anything that is there."""

import json
import re
from importlib import resources
from pathlib import Path
from string import Template

from gates.masking import mask_secrets
from policies.errors import WrongUsage
from policies.load import policy_schema
from policies.yaml_source import read_yaml

_FILES = {
    "gate.toml": "gate.toml",
    "policies/first.yaml": "first.yaml",
    "data/sample.jsonl": "sample.jsonl",
    ".github/workflows/gate.yml": "workflow.yml",
}
"""Template by the path it is written to."""

_SCHEMA = "policy.schema.json"

_TRUST = ("trust.json", "trust.yaml", "people.json", ".gate/keys/signing.pem")
"""Written once the workspace is there, by whoever begins to trust in it."""


def write_workspace(folder: Path, *, name: str, tracking_uri: str) -> tuple[Path, ...]:
    """Writes settings, a first policy, its schema, sample data and a CI workflow.

    Args:
        folder: Where; made when it is not there.
        name: Name of the registered model that checkpoints are versions of.
        tracking_uri: The MLflow store; a relative SQLite address is relative to `folder`.

    Returns:
        The files that were written.

    Raises:
        WrongUsage: When a file is there already, the name cannot stand in a URI, or the address
            holds a secret; nothing is written then.
    """
    _check(name, tracking_uri)
    texts = _texts(name, tracking_uri)
    there = [path for path in (*texts, *_TRUST) if (folder / path).exists()]
    if there:
        raise WrongUsage(
            f"will not write a workspace over files in {folder}",
            why=f"these are there: {', '.join(there)}",
            fix="choose an empty folder, or move them away",
        )
    try:
        return tuple(_write(folder / path, text) for path, text in texts.items())
    except OSError as error:
        raise WrongUsage(
            f"cannot write a workspace in {folder}",
            why=f"{error.filename or folder}: {error.strerror}",
            fix="choose a folder that can be written to",
        ) from error


def _check(name: str, tracking_uri: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise WrongUsage(
            f"cannot call a model `{name}`",
            why="a name has letters, digits, `_`, `.` and `-`, and begins with a letter or digit",
            fix="e.g. --model assistant",
        )
    if mask_secrets(tracking_uri) != tracking_uri:
        raise WrongUsage(
            f"will not write the address {mask_secrets(tracking_uri)} into gate.toml",
            why="it holds a user, a password or a token, and gate.toml is kept with the code",
            fix="leave it out of the address: set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or the whole address as MLFLOW_TRACKING_URI",
        )


def _texts(name: str, tracking_uri: str) -> dict[str, str]:
    """Every file's text by its path; JSON's quoting of a text is TOML's and YAML's too."""
    templates = resources.files("gates.starter")
    plain = read_yaml(name).value == name  # not `null`, `yes` or `12`
    filled = {
        "model": name,
        "yaml_model": name if plain else json.dumps(name),
        "tracking_uri": json.dumps(tracking_uri),
    }
    texts = {
        path: Template((templates / source).read_text(encoding="utf-8")).substitute(filled)
        for path, source in _FILES.items()
    }
    texts[_SCHEMA] = json.dumps(policy_schema(), indent=2) + "\n"
    return texts


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path
