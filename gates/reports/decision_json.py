"""A decision as one documented JSON object, `gate.decision/1` (see `decision.schema.json`)."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Protocol

from gates.decide.verdict import CandidateDecision, Finding, RoundDecision, StageDecision
from gates.reports.wording import total_cost
from policies.canonical import Json
from stages.evidence.codec import cost_json, measured_json, wait_json
from stages.evidence.records import StageName

SCHEMA = "gate.decision/1"


class Logged(Protocol):
    """Where a candidate's decision is found in MLflow."""

    @property
    def candidate(self) -> str:
        """MLflow URI of the version."""
        ...

    @property
    def stage_run_ids(self) -> Mapping[StageName, str]:
        """MLflow runs of its stages."""
        ...

    @property
    def url(self) -> str:
        """Address of the page of its MLflow run; empty when there is none."""
        ...


def decision_json(decision: RoundDecision, logged: Iterable[Logged] = ()) -> dict[str, Json]:
    """The object that `--json` prints.

    Args:
        decision: A round.
        logged: Where its candidates' decisions are found; what was not logged has null there.
    """
    found = {one.candidate: one for one in logged}
    return {
        "schema": SCHEMA,
        "policy": {"name": decision.policy, "sha256": decision.policy_sha256},
        "round": {"id": decision.round_id, "baseline": decision.baseline},
        "candidates": [_candidate(c, found.get(c.candidate)) for c in decision.candidates],
    }


def decision_schema() -> dict[str, Json]:
    """The JSON Schema of `gate.decision/1`."""
    text = files("gates.reports").joinpath("decision.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Json] = json.loads(text)
    return schema


def _candidate(decision: CandidateDecision, logged: Logged | None) -> dict[str, Json]:
    runs = logged.stage_run_ids if logged is not None else {}
    return {
        "candidate": decision.candidate,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "stages": [_stage(stage, runs.get(stage.stage)) for stage in decision.stages],
        "cost": cost_json(total_cost(decision)),
        "url": (logged.url or None) if logged is not None else None,
    }


def _stage(stage: StageDecision, run_id: str | None) -> dict[str, Json]:
    return {
        "stage": stage.stage.value,
        "verdict": stage.verdict.value,
        "reason": stage.reason,
        "online": None if stage.online is None else stage.online.value,
        "run_id": run_id,
        "evidence_sha256": stage.evidence_sha256,
        "findings": [_finding(finding) for finding in stage.findings],
        "waits_for": None if stage.waits_for is None else wait_json(stage.waits_for),
    }


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "metric": finding.metric,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value,
        "sentence": finding.sentence,
        "demand": finding.demand,
        "because": finding.because,
        "quantity": finding.quantity.value,
        "measured": measured_json(finding.measured),
    }
