"""What an A/B must show, written down before its first exposure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.claimed_traffic import refuse_claimed, traffic_of
from gates.ledger.ledger import Version
from gates.services import Services
from gates.wealth import draw, refuse_other_draw
from policies.canonical import Json, sha256_of
from policies.errors import Broken
from policies.policy import Policy
from stages.engine.state import Entry, State
from stages.evidence.records import StageName

CLAIMS = "online/traffic/claims"
"""Stream of the traffic that A/Bs read, whatever their policy."""

GATE_RUN = "gate run"
"""Who registers an A/B that nobody started: the gate itself, when its candidate reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preregistration:
    """The plan and criteria of an A/B, as they stood when they were written down.

    Attributes:
        sha256: Digest of the stage's plan and criteria together.
        at: When it was written down.
        by: Who did it; empty where that was not written down.
        source_sha256: Digest of what says where the data are; None where that was not written down.
        content: The plan and criteria themselves; None where they were not written down.
        alpha: The alpha that it drew; None where the plan's own holds.
        baseline: MLflow URI of the version it is held against; None where that was not written
            down.
    """

    sha256: str
    at: datetime
    by: str = ""
    source_sha256: str | None = None
    content: Json = None
    alpha: float | None = None
    baseline: str | None = None


def preregister(
    policy: Policy,
    version: Version,
    services: Services,
    *,
    baseline: str | None,
    by: str = GATE_RUN,
) -> Preregistration:
    """The first preregistration of a candidate's A/B; written now when there is none.

    A later policy does not replace it: the A/B is then analysed under another digest, and says so.

    Args:
        policy: The policy; its online plan and the criteria on it are registered.
        version: The candidate.
        services: The outside world.
        baseline: MLflow URI of the version that the other arm meets; None when there is none.
        by: Who registers.

    Raises:
        PolicyError: When another candidate has the same traffic, or the plan holds a false
            discovery rate, and nothing is left to draw.
        Broken: When what is registered cannot be read, or is not what the record of draws says.
    """
    candidate, stream = version.uri, _stream(policy.policy)
    traffic = own_traffic(policy, version, services.state)
    found = registered(policy.policy, candidate, services.state)
    if found is not None:
        refuse_other_draw(policy, candidate, services.state, alpha=found.alpha)
        return found
    at = services.clock()
    entry: dict[str, Json] = {
        "candidate": candidate,
        "sha256": policy.stage_sha256(StageName.ONLINE),
        "at": at.isoformat(),
        "by": by,
        "source_sha256": source_sha256(policy, services),
        "content": content_of(policy),
        "traffic": traffic,
        "baseline": baseline,
        "alpha": draw(policy, candidate, services.state, at=at),
    }
    claim: dict[str, Json] = {
        "candidate": candidate,
        "policy": policy.policy,
        "at": at.isoformat(),
        "traffic": traffic,
    }
    services.state.append(CLAIMS, [claim])
    own_traffic(policy, version, services.state)  # another policy may have been quicker
    services.state.append(stream, [entry])
    return _parsed(entry, stream)


def own_traffic(policy: Policy, version: Version, state: State) -> Json:
    """The traffic that a candidate's A/B reads, and no other candidate's does.

    Raises:
        PolicyError: When it was registered for another candidate, under this policy or another.
    """
    plan = policy.plan.online
    assert plan is not None
    traffic = traffic_of(plan, version.known_as)
    entries = (*state.read(_stream(policy.policy)), *state.read(CLAIMS))
    refuse_claimed(traffic, version.uri, entries)
    return traffic


def registered(policy: str, candidate: str, state: State) -> Preregistration | None:
    """What was written down of a candidate's A/B; None when nothing was.

    Raises:
        Broken: When the entry cannot be read.
    """
    stream = _stream(policy)
    found = next((e for e in state.read(stream) if e.get("candidate") == candidate), None)
    return None if found is None else _parsed(found, stream)


def content_of(policy: Policy) -> Json:
    """The online plan and the criteria on it: what `Policy.stage_sha256` is the digest of."""
    criteria: list[Json] = [c.said() for c in policy.criteria_of(StageName.ONLINE)]
    return {"plan": policy.plan.said().get(StageName.ONLINE), "criteria": criteria}


def source_sha256(policy: Policy, services: Services) -> str:
    """Digest of what says where the data are: the plan's files, or the workspace's `[data.NAME]`.

    Not of the data, which grow; a source that is moved during an A/B has another digest.
    """
    plan = policy.plan.online
    assert plan is not None
    section = services.workspace.data_as_written.get(plan.source or "")
    return sha256_of(
        {
            "files": [plan.exposures, plan.events, plan.moments],
            "source": plan.source,
            "section": None if section is None else section.said(),
        }
    )


def changes(then: Json, now: Json) -> tuple[str, ...]:
    """What differs between two registered contents, as names: `planned_units`, `criteria`."""
    if not isinstance(then, Mapping) or not isinstance(now, Mapping):
        return ()
    plans = [plan if isinstance(plan := c.get("plan"), Mapping) else {} for c in (then, now)]
    named = sorted({key for plan in plans for key in plan})
    found = [key for key in named if plans[0].get(key) != plans[1].get(key)]
    return (*found, *(["criteria"] if then.get("criteria") != now.get("criteria") else []))


def _stream(policy: str) -> str:
    return f"online/{policy}"


def _parsed(entry: Entry, stream: str) -> Preregistration:
    match entry:
        case {"sha256": str(digest), "at": str(at)} if (time := _time(at)) is not None:
            by, source, alpha, baseline = (
                entry.get(key) for key in ("by", "source_sha256", "alpha", "baseline")
            )
            return Preregistration(
                sha256=digest,
                at=time,
                by=by if isinstance(by, str) else "",
                source_sha256=source if isinstance(source, str) else None,
                content=entry.get("content"),
                alpha=alpha if isinstance(alpha, float) else None,
                baseline=baseline if isinstance(baseline, str) else None,
            )
        case _:
            raise Broken(
                f"cannot read a preregistration of stream {stream}",
                why=f"expected a text `sha256` and a time with its zone `at`, found {entry}",
                fix="restore the state from its backup",
            )


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
