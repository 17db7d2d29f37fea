"""An example run as a person runs it, and where real data may be found."""

import json
import os
import runpy
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from gates.reports.decision_json import decision_schema

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "infra" / "examples"
REAL = ROOT.parent / "shared" / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a run of an example left behind; its decision is of the published shape."""

    decision: dict[str, Any]
    said: str
    folder: Path

    def by_name(self) -> dict[str, dict[str, Any]]:
        """Candidates by their names in votes and traffic."""
        registered = json.loads((self.folder / "registered.json").read_text(encoding="utf-8"))
        names = {one["candidate"]: one["known_as"] for one in registered["registered"]}
        return {names[c["candidate"]]: c for c in self.decision["candidates"]}

    def logged(self) -> int:
        """MLflow runs of stages that the decision names; all different."""
        stages = [s for c in self.decision["candidates"] for s in c["stages"]]
        return len({s["run_id"] for s in stages if s["run_id"]})


def run_example(name: str, data: Path, folder: Path) -> Shown:
    """Runs `run.sh` of an example; stdout must be the decision and nothing else."""
    done = start(name, data, folder)
    assert done.returncode == 0, done.stderr
    decision = json.loads(done.stdout)
    jsonschema.Draft202012Validator(decision_schema()).validate(decision)
    return Shown(decision=decision, said=done.stderr, folder=folder)


def start(name: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """`run.sh`, its working folder being the second argument where there is one."""
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9/not-this-one",
        **({"GATE_EXAMPLE_FOLDER": str(arguments[1])} if len(arguments) > 1 else {}),
    }
    return subprocess.run(
        [EXAMPLES / name / "run.sh", *arguments[:1]],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def real_data(name: str, what: str) -> Path:
    """The folder of published data; without it the test is skipped and says so."""
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: it holds {what}")
    return folder


def script(path: str) -> SimpleNamespace:
    """The functions of a script of the examples."""
    return SimpleNamespace(**runpy.run_path(str(EXAMPLES / path)))


def finding(candidate: dict[str, Any], metric: str, severity: str = "blocking") -> dict[str, Any]:
    """The one finding of a candidate on a metric."""
    (found,) = (
        f
        for stage in candidate["stages"]
        for f in stage["findings"]
        if (f["metric"], f["severity"]) == (metric, severity)
    )
    return dict(found)
