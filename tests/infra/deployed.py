"""What infra/ deploys, as tests read it: YAML documents, images, and every `gate` command line."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gates.starter.scaffold import write_workspace

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
COMPOSE = INFRA / "compose.yaml"
MANIFESTS = tuple(
    path for path in sorted((INFRA / "kubernetes").glob("*.yaml")) if path.stem != "kustomization"
)
KUSTOMIZATION = INFRA / "kubernetes" / "kustomization.yaml"
IMAGES = INFRA / "Dockerfile"

Document = dict[str, Any]

_INVOCATION = re.compile(r"(?:^|[;&|]|\b(?:attend|run --rm))[ \t]*gate ([^|;&>\n]*)", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::[-?+]([^}]*))?\}|\$(\w+)")
_MEANT = {
    "VERSION": "assistant/12",
    "EXPECT": "11",
    "STRAND": "--strand",
    "policy": "release",
}
"""What a script's variables hold."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One `gate` command line.

    Attributes:
        where: File, and what in it.
        words: Arguments after `gate`.
    """

    where: str
    words: tuple[str, ...]


def documents(path: Path) -> list[Document]:
    return [found for found in yaml.safe_load_all(path.read_text(encoding="utf-8")) if found]


def services() -> dict[str, Document]:
    """Services of the compose file by name."""
    (found,) = documents(COMPOSE)
    services: dict[str, Document] = found["services"]
    return services


def starter_workflow(folder: Path) -> Path:
    """The workflow of a new workspace, written."""
    write_workspace(folder, name="assistant", tracking_uri="sqlite:///mlflow.db")
    return folder / ".github" / "workflows" / "gate.yml"


def run_scripts(workflow: Path) -> Iterator[tuple[str, str]]:
    """Every `run:` of a workflow, with the job it is of."""
    for name, job in documents(workflow)[0]["jobs"].items():
        for step in job["steps"]:
            if "run" in step:
                yield name, step["run"]


def command_lines(workflow: Path) -> Iterator[Line]:
    """Every `gate` command line of compose, Kubernetes, a workflow, scripts and operations.md."""
    yield from _of_containers()
    for job, script in run_scripts(workflow):
        yield from _in_shell(script, f"workflow {job}")
    for path in (INFRA / "compose" / "night.sh", COMPOSE):
        yield from _in_shell(_uncommented(path.read_text(encoding="utf-8")), path.name)
    page = (INFRA / "docs" / "operations.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        yield from _in_shell(block.replace("\\\n", " "), "operations.md")


def _of_containers() -> Iterator[Line]:
    for name, service in services().items():
        if "entrypoint" not in service and service["image"].startswith("checkpoint-gate:"):
            yield Line(where=f"compose {name}", words=_expanded(service.get("command", ["--help"])))
    for path in MANIFESTS:
        for document in documents(path):
            for container in _containers(document):
                yield Line(where=path.name, words=_expanded(container["args"]))


def _containers(document: Document) -> list[Document]:
    spec = document.get("spec", {})
    pod = spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec", {})
    found: list[Document] = pod.get("containers", [])
    return found


def _uncommented(text: str) -> str:
    """A comment's command lines count too."""
    return re.sub(r"^# +", "", text, flags=re.MULTILINE)


def _in_shell(script: str, where: str) -> Iterator[Line]:
    for invocation in _INVOCATION.findall(re.sub(r"^\$ ", "", script, flags=re.MULTILINE)):
        words = shlex.split(_meant(invocation), comments=True)
        yield Line(where=where, words=tuple(words))


def _expanded(words: list[str]) -> tuple[str, ...]:
    return tuple(_meant(word) for word in words)


def _meant(text: str) -> str:
    """A text with each variable replaced by what it holds, or by its default."""

    def value(match: re.Match[str]) -> str:
        return _MEANT.get(match[1] or match[3], match[2] or "x")

    return _VARIABLE.sub(value, re.sub(r"\$\([^)]*\)", "x", text))
