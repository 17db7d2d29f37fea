"""A night as one documented JSON object, `gate.triage/1`."""

from gates.reports.decision_json import decision_json
from gates.triage.allowance import Allowance
from gates.triage.outcome import Night, Outcome, Waiting
from policies.canonical import Json
from stages.evidence.codec import cost_json

SCHEMA = "gate.triage/1"


def night_json(night: Night, *, url: str) -> dict[str, Json]:
    """The object that `--json` prints and `report.json` holds.

    Args:
        night: What happened.
        url: Page of the night's MLflow run; empty where there is none.
    """
    return {
        "schema": SCHEMA,
        "policy": {"name": night.policy, "sha256": night.policy_sha256},
        "model": night.model,
        "night": night.number,
        "began": night.began.isoformat(),
        "ended": night.ended.isoformat(),
        "budget": _allowance_json(night.budget),
        "cost": cost_json(night.cost),
        "cost_so_far": cost_json(night.cost_so_far),
        "checkpoints": [_outcome_json(outcome, night) for outcome in night.outcomes],
        "changed": [outcome.candidate for outcome in night.changed],
        "for_people": [one.candidate for one in night.for_people],
        "backlog": [_waiting_json(one) for one in night.backlog],
        "needs_person": [outcome.candidate for outcome in night.needs_person],
        "remarks": list(night.remarks),
        "waiting_for_mlflow": night.waiting,
        "decisions": [decision_json(decision, night.logged) for decision in night.decisions],
        "url": url or None,
    }


def _outcome_json(outcome: Outcome, night: Night) -> dict[str, Json]:
    before = night.before.get(outcome.candidate)
    return {
        "candidate": outcome.candidate,
        "known_as": outcome.known_as,
        "sort": outcome.sort.value,
        "before": None if before is None else before.value,
        "sentence": outcome.sentence,
        "needs_person": outcome.needs_person,
        "command": outcome.command,
        "url": outcome.url or None,
    }


def _waiting_json(one: Waiting) -> dict[str, Json]:
    return {
        "candidate": one.candidate,
        "known_as": one.known_as,
        "since": one.since,
        "sentence": one.sentence,
        "command": one.command,
    }


def _allowance_json(budget: Allowance) -> dict[str, Json]:
    return {
        "calls": None if budget.calls is None else int(budget.calls),
        "usd": budget.usd,
        "gpu_minutes": budget.gpu_minutes,
        "minutes": None if budget.seconds is None else budget.seconds / 60,
    }
