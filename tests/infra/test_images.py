"""The images: of extras that there are; the slim one does its work without the others."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.infra.deployed import IMAGES, ROOT
from tests.infra.test_manifests import BIN, broken, refuses, takes
from tests.integration.chain import Chain

HADOLINT = (str(BIN / "hadolint"),)

ABSENT = {
    "toxicity": ("detoxify", "torch", "transformers"),
    "fast-toxicity": ("onnxruntime", "onnx", "onnxscript"),
    "scan": ("numba", "zstandard", "rapidfuzz", "sacrebleu"),
    "ray": ("ray",),
    "spark": ("pyspark",),
    "bigquery": ("google.cloud.bigquery",),
    "hub": ("huggingface_hub",),
    "workshop": ("py3langid", "umap", "sklearn", "trl", "peft", "datasets"),
    "bertopic": ("bertopic",),
}
"""What the slim image lacks, as it is imported, by extra."""

SLIM = """
import json, sys
from importlib.abc import MetaPathFinder

absent = {absent!r}

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if any(name == one or name.startswith(one + ".") for one in absent):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())

import contextlib, io
from gates.cli.frame import framed
from gates.cli.main import gate

said = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = int(framed(gate, words))
    said.append([code, out.getvalue()])
print(json.dumps(said))
"""

SERVED = (
    *("promote", "policy", "status", "online", "sxs", "history", "verify", "rollback"),
    *("approve", "override", "revoke", "explain", "trust", "keys", "audit", "doctor"),
    *("sxs serve", "policy replay", "online look"),
)


def extras() -> dict[str, set[str]]:
    """Extras that each image installs, by target."""
    text = IMAGES.read_text(encoding="utf-8").replace("\\\n", " ")
    built = re.findall(
        r"^FROM build AS build-(\w+)\nRUN pip install .*\"\.\[([^]]*)\]\"", text, re.MULTILINE
    )
    return {target: set(names.split(",")) for target, names in built}


def test_the_images_are_built_as_dockers_linter_demands(tmp_path: Path) -> None:
    takes(HADOLINT, IMAGES)
    latest = broken(IMAGES, "python:3.12-slim-bookworm", "python:latest", to=tmp_path / "f")
    refuses(HADOLINT, latest, "DL3007")


def test_every_extra_of_an_image_is_there_and_every_package_is_pinned() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offered = said["optional-dependencies"]
    pinned = (ROOT / "infra" / "constraints.txt").read_text(encoding="utf-8").lower()
    pinned = pinned.replace("_", "-")
    for target, names in extras().items():
        assert names <= set(offered), target
        for wanted in (*said["dependencies"], *(one for name in names for one in offered[name])):
            name = re.split(r"[\[<>=; ]", wanted)[0].lower().replace("_", "-")
            assert re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE), f"{target}: {name}"
    assert set(extras()) == {"slim", "full"}
    assert set(ABSENT) == set(offered) - extras()["slim"] - {"dev"}
    assert "torch" not in str([offered[name] for name in extras()["slim"]])


def test_the_images_run_as_nobody_in_particular() -> None:
    text = IMAGES.read_text(encoding="utf-8")
    for target in ("full", "slim"):
        stage = text.split(f" AS {target}\n")[1].split("\nFROM ")[0]
        users = re.findall(
            r"^USER (.*)$", text.split(" AS base\n")[1].split("\nFROM ")[0], re.MULTILINE
        )
        assert ([*users, *re.findall(r"^USER (.*)$", stage, re.MULTILINE)])[-1] == "10001:10001"


def test_what_is_copied_into_an_image_is_let_through_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    copied = re.findall(
        r"^COPY (?!--from)(.*) \S+$", IMAGES.read_text(encoding="utf-8"), re.MULTILINE
    )
    names = {name for line in copied for name in line.split()}
    assert {f"!{name}" for name in names} == {line for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in names)


@pytest.mark.integration
def test_the_slim_image_promotes_and_reports_without_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    chain = Chain(
        folder=tmp_path / "assistant",
        name="assistant",
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
        state=tmp_path / "state",
    )
    chain.write()
    chain.register_recorded(("old", "good"))
    assert chain.run().code == 0

    where = ("--workspace", str(chain.folder), "--tracking-uri", chain.tracking_uri)
    real = (
        ("status", "assistant", *where, "--state", str(chain.state)),
        ("promote", "assistant/2", "--dry-run", *where, "--state", str(chain.state)),
        ("verify", "assistant", *where, "--state", str(chain.state)),
    )
    commands = [*(f"{served} --help".split() for served in SERVED), *map(list, real)]
    absent = [module for modules in ABSENT.values() for module in modules]
    ended = subprocess.run(
        [sys.executable, "-c", SLIM.format(absent=absent)],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stderr
    for words, (code, out) in zip(commands, json.loads(ended.stdout), strict=True):
        assert code == 0, f"gate {' '.join(words)}: {out}{ended.stderr}"
    assert "would promote" in ended.stdout.lower()
