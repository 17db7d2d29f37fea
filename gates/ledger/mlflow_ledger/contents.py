"""What stands on an MLflow run: tags, metrics, the table of findings, the description. Pure."""

import json
import re
from collections.abc import Mapping, Sequence

from gates.decide.verdict import CandidateDecision, Finding, StageDecision
from gates.ledger.records import CandidateRecord
from policies.canonical import Json, canonical_json
from stages.evidence.estimate import Estimate
from stages.evidence.records import Cost, Look, Quantity, Wait

NOTE_TAG = "mlflow.note.content"
TABLE = "findings.json"
TABLE_COLUMNS = (
    *("criterion", "verdict", "sentence"),
    *("value", "low", "high", "n"),
    *("stage", "severity", "because"),
)
LONGEST_TAG = 8000
"""Characters of a tag that MLflow keeps; it cuts the rest away."""


def round_tags(record: CandidateRecord) -> dict[str, str]:
    """Tags that every MLflow run of a candidate has."""
    tags = {
        "gate_key": record.key,
        "gate_candidate": record.decision.candidate,
        "gate_policy": record.policy.policy,
        "gate_policy_sha256": record.policy.sha256,
        "gate_round": record.round_id,
        "gate_decided_at": record.decided_at,
        "gate_version": record.tool_version,
    }
    return tags | ({"gate_baseline": record.baseline} if record.baseline else {})


def candidate_tags(record: CandidateRecord) -> dict[str, str]:
    """Tags of the candidate's own MLflow run, which the UI shows as columns."""
    decision = record.decision
    last = decision.stages[-1] if decision.stages else None
    tags = {"gate_verdict": decision.verdict.value} | (_stage_place(last) if last else {})
    return tags | {
        "gate_sentence": _cut(decision.reason, 500),
        **round_tags(record),
        "mlflow.loggedArtifacts": _table_tag(),
    }


def stage_tags(record: CandidateRecord, stage: StageDecision) -> dict[str, str]:
    """Tags of the MLflow run of one stage."""
    tags = {
        "gate_verdict": stage.verdict.value,
        **_stage_place(stage),
        "gate_sentence": _cut(stage.reason, 500),
        **round_tags(record),
        "mlflow.loggedArtifacts": _table_tag(),
    }
    if stage.evidence_sha256 is not None:
        tags["gate_evidence_sha256"] = stage.evidence_sha256
    return tags


def look_tags(record: CandidateRecord, stage: StageDecision, look: Look) -> dict[str, str]:
    """Tags of the MLflow run of a look."""
    verdict = stage.online.value if stage.online else stage.verdict.value
    return {
        "gate_verdict": verdict,
        "gate_stage": stage.stage.value,
        "gate_look": f"{look.number} of {look.planned}",
        "gate_sentence": _cut(stage.reason, 500),
        **round_tags(record),
    }


def version_tags(decision: CandidateDecision, policy: str, run: str) -> dict[str, str]:
    """Tags of the model version: the verdicts of the stages reached, and where they are found."""
    tags = {f"gate_{stage.stage.value}": _spoken(stage) for stage in decision.stages}
    return tags | {
        "gate_verdict": decision.verdict.value,
        "gate_policy": policy,
        "gate_run": run,
    }


def finding_metrics(stages: Sequence[StageDecision]) -> dict[str, float]:
    """Value, ends and distance of every criterion, under names that MLflow allows.

    A comparison is `METRIC.difference` or `METRIC.ratio`; a second criterion on one quantity is
    `NAME.2`; what is unmeasured has no entry.
    """
    metrics: dict[str, float] = {}
    taken: set[str] = set()
    for finding in (f for stage in stages for f in stage.findings):
        name = _free_name(_name(finding), taken)
        taken.add(name)
        metrics |= {f"{name}/{part}": number for part, number in _numbers(finding).items()}
    return metrics


def cost_metrics(cost: Cost) -> dict[str, float]:
    """What a stage cost; money and minutes only where they are known."""
    metrics = {
        "cost/calls": float(cost.calls),
        "cost/tokens": float(cost.prompt_tokens + cost.completion_tokens),
        "cost/votes": float(cost.votes),
    }
    known = {"cost/usd": cost.usd, "cost/gpu_minutes": cost.gpu_minutes}
    return metrics | {name: amount for name, amount in known.items() if amount is not None}


def look_metrics(look: Look) -> dict[str, float]:
    """Where an A/B stood at a look."""
    metrics = {
        "look/number": float(look.number),
        "look/information": look.information,
        "look/units": float(look.units),
        "look/run_days": look.run_days,
        "look/alpha_spent": look.alpha_spent,
    }
    power = look.conditional_power
    return metrics | ({} if power is None else {"look/conditional_power": power})


def findings_table(stages: Sequence[StageDecision]) -> bytes:
    """The findings, worst first, as the table that MLflow's UI shows and compares.

    The first column names a criterion alone: where MLflow runs are put side by side, the page has a
    row for each value of the first column and shows the second.
    """
    rows = worst_first([(stage, finding) for stage in stages for finding in stage.findings])
    table: dict[str, Json] = {
        "columns": list(TABLE_COLUMNS),
        "data": [_row(stage, finding) for stage, finding in rows],
    }
    return canonical_json(table).encode()


def worst_first(
    findings: Sequence[tuple[StageDecision, Finding]],
) -> tuple[tuple[StageDecision, Finding], ...]:
    """Findings by their rank, each with its stage."""
    return tuple(sorted(findings, key=lambda pair: pair[1].rank))


def description(
    given: str, *, verdict: str, reason: str, stages: Sequence[StageDecision], links: str
) -> str:
    """The Markdown of an MLflow run's page, cut where MLflow would cut it.

    Args:
        given: What was prepared for the page; when empty it is made of reason and findings.
        verdict: The verdict, for the first words.
        reason: The decision in one sentence.
        stages: The decisions whose findings are listed, worst first.
        links: Markdown that leads elsewhere; always kept.
    """
    text = given.strip() or _own_description(verdict, reason, stages)
    room = LONGEST_TAG - len(links) - len(_CUT) - 4
    if len(text) > room:
        text = text[:room].rpartition("\n")[0] or text[:room]
        text += _CUT
    return f"{text}\n\n{links}"


_CUT = "\n\nThe rest is in the artifacts of this MLflow run."


def _own_description(verdict: str, reason: str, stages: Sequence[StageDecision]) -> str:
    lines = [f"**{verdict}**: {reason}", ""]
    for _, finding in worst_first([(s, f) for s in stages for f in s.findings]):
        lines.append(f"- **{finding.verdict.value}** {finding.sentence}")
    return "\n".join(lines)


def _stage_place(stage: StageDecision) -> dict[str, str]:
    place = {"gate_stage": stage.stage.value}
    wait = stage.waits_for
    return place | ({} if wait is None else {"gate_waits_for": _cut(_waiting(wait), 500)})


def _waiting(wait: Wait) -> str:
    return f"{wait.cause.value}: {wait.who}: {wait.what}"


def _spoken(stage: StageDecision) -> str:
    if stage.online is None:
        return stage.verdict.value
    return f"{stage.verdict.value} ({stage.online.value})"


def _numbers(finding: Finding) -> Mapping[str, float]:
    measured = finding.measured
    if not isinstance(measured, Estimate):
        return {}
    parts = {
        "value": measured.value,
        "low": measured.low,
        "high": measured.high,
        "distance": finding.distance,
    }
    return {part: number for part, number in parts.items() if number is not None}


def _free_name(metric: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_\-. :/]", "_", metric)[:200]
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}.{number}"
    return name


def _row(stage: StageDecision, finding: Finding) -> list[Json]:
    measured = finding.measured
    numbers: list[Json] = [None, None, None, None]
    if isinstance(measured, Estimate):
        numbers = [measured.value, measured.low, measured.high, measured.n]
    return [
        f"{_name(finding)} {finding.demand}",
        finding.verdict.value,
        finding.sentence,
        *numbers,
        stage.stage.value,
        finding.severity.value,
        finding.because,
    ]


def _name(finding: Finding) -> str:
    what = "" if finding.quantity is Quantity.VALUE else f".{finding.quantity.value}"
    return finding.metric + what


def _table_tag() -> str:
    return json.dumps([{"path": TABLE, "type": "table"}])


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "\u2026"
