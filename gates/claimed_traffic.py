"""Whose traffic an A/B reads: no candidate is decided on what another one showed to users."""

import json
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from policies.canonical import Json
from policies.errors import PolicyError
from policies.online import OnlinePlan
from stages.engine.state import Entry
from stages.online.arms import arms_of

_SCHEME = "models:/"


def traffic_of(plan: OnlinePlan, known_as: str) -> Json:
    """What tells the traffic of one candidate from that of another: source, A/B and arm.

    Not how the source is described: a source that is moved keeps its rows.

    Args:
        plan: The online plan.
        known_as: Name of the candidate in traffic.
    """
    if plan.moments is not None:  # arm moments name no arm, and the A/B by the candidate
        return {"files": [plan.moments], "experiment": known_as}
    arms = arms_of(plan, known_as)
    return {
        "files": [plan.source, plan.exposures, plan.events],
        "experiment": arms.experiment,
        "challenger": arms.challenger,
    }


def refuse_claimed(traffic: Json, candidate: str, entries: Iterable[Entry]) -> None:
    """Refuses an A/B on traffic that was registered for another candidate before.

    Args:
        traffic: What the A/B would read.
        candidate: MLflow URI of its version.
        entries: Registrations and claims, oldest first: the first on a traffic has it, and those
            after it are refused themselves.

    Raises:
        PolicyError: When another candidate has the traffic.
    """
    for entry in entries:
        holder = entry.get("candidate")
        if isinstance(holder, str) and _registered(entry, holder) == traffic:
            if holder == candidate:
                return
            raise PolicyError(
                f"the traffic of {candidate} is that of another candidate",
                why=f"{holder} was registered for the same source, `experiment_id` and arm: what "
                "users saw was one of the two",
                fix="write {candidate} into `flag`, or into `variants.challenger`, and give each "
                "candidate exposures of its own",
            )


def _registered(entry: Entry, candidate: str) -> Json:
    """What was registered as a candidate's traffic; None where that cannot be told.

    Entries of earlier versions do not say it: their plan does, for a candidate that has no other
    name in traffic.
    """
    content = entry.get("content")
    if "traffic" in entry or not isinstance(content, Mapping):
        return entry.get("traffic")
    try:
        plan = OnlinePlan.model_validate_json(json.dumps(content.get("plan")))
        return traffic_of(plan, candidate.removeprefix(_SCHEME))
    except (ValidationError, ValueError):
        return None
