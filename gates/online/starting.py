"""An A/B is started: its plan and criteria are written down before anybody is exposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gates.ab import Ab, started_of
from gates.decide.verdict import Verdict
from gates.ledger.ledger import Decided, Version
from gates.membership import assemble
from gates.online.planned import online_plan
from gates.preregistration import (
    Preregistration,
    changes,
    content_of,
    own_traffic,
    preregister,
    source_sha256,
)
from gates.services import Services
from gates.wealth import Stake, record
from policies.errors import InputError, PolicyError
from policies.policy import PolicyFile
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.online.reading import Unreadable


class Answer(StrEnum):
    """What became of a start."""

    REGISTERED = "registered"
    """Written down now."""
    STANDS = "stands"
    """It was written down before, and is as it was."""
    REFUSED = "refused"
    """It may not start, or would be invalid; nothing was written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A candidate's A/B, started or not.

    Attributes:
        version: The candidate.
        answer: What became of it.
        reason: Why, in one sentence.
        registration: What is written down; None when nothing is.
        first_exposure: First exposure in the traffic; None without one, `Unmeasured` where the
            traffic cannot say.
        run_id: MLflow run of the registration; empty when refused.
    """

    version: Version
    answer: Answer
    reason: str
    registration: Preregistration | None
    first_exposure: datetime | Unmeasured | None
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a call did.

    Attributes:
        starts: Every candidate, in order.
        stakes: What the A/Bs of the policy drew so far; empty where they draw nothing.
    """

    starts: tuple[Start, ...]
    stakes: tuple[Stake, ...]


def start(file: PolicyFile, references: Sequence[str], services: Services, *, by: str) -> Started:
    """Registers the A/Bs of candidates; called again, it changes nothing.

    Args:
        file: The policy.
        references: The candidates; empty for every version but the baseline and adopted ones.
        services: The outside world.
        by: Who starts them.

    Raises:
        WrongUsage: When the policy has no A/B, or there is no candidate.
        LedgerDown: When the ledger does not answer; what was written down stands, and is logged by
            the next call.
    """
    online_plan(file)
    policy = file.policy.policy
    with services.state.lock(f"rounds/{policy}"):
        found = assemble(file, references, services)
        assert found.baseline is not None, "an A/B needs a baseline, and assemble refuses without"
        abs_ = [Ab(file=file, version=v, services=services) for v in found.members]
        starts = tuple(_start(ab, baseline=found.baseline.uri, by=by) for ab in abs_)
    return Started(starts=starts, stakes=record(policy, services.state))


def _start(ab: Ab, *, baseline: str, by: str) -> Start:
    found = ab.registration
    first = first_exposure(ab)
    refused = _not_ready(ab) if found is None else _changed(ab, found, baseline=baseline)
    refused = refused or _claimed(ab) or _exposed(ab, found, first)
    if refused is not None:
        return Start(
            version=ab.version,
            answer=Answer.REFUSED,
            reason=refused,
            registration=found,
            first_exposure=first,
            run_id="",
        )
    now = preregister(ab.file.policy, ab.version, ab.services, baseline=baseline, by=by)
    run_id = ab.services.ledger.log_start(started_of(ab, now))
    new = found is None
    return Start(
        version=ab.version,
        answer=Answer.REGISTERED if new else Answer.STANDS,
        reason=f"plan and criteria {now.sha256[:12]} registered by {now.by or 'somebody'} at "
        f"{now.at.isoformat()}",
        registration=now,
        first_exposure=first,
        run_id=run_id,
    )


def first_exposure(ab: Ab) -> datetime | Unmeasured | None:
    """First exposure of an A/B in its traffic; None without one."""
    try:
        with ab.reading().opened(None) as traffic:
            if isinstance(traffic, Unreadable):
                return Unmeasured(traffic.said) if traffic.said else None
            return traffic.start or Unmeasured("arm moments have no dates")
    except InputError as error:
        return Unmeasured(error.in_short)


def _not_ready(ab: Ab) -> str | None:
    """Why the candidate may not meet users; None when it may."""
    stages = ab.file.policy.plan.stages()
    before = [stage for stage in stages if stage != StageName.ONLINE]
    if not before:
        return None
    decided = ab.decided()
    again = f"gate run {ab.file.path} {ab.version.name}/{ab.version.version}"
    if decided is None:
        return f"the stages before were not decided: {again}"
    if decided.policy_sha256 != ab.file.policy.sha256:
        return f"it was decided under the policy as it was before: {again}"
    return _blocked(decided, before)


def _blocked(decided: Decided, before: Sequence[str]) -> str | None:
    passed = {s.stage: s.verdict for s in decided.decision.stages}
    for name in before:
        verdict = passed.get(StageName(name))
        if verdict is not Verdict.PASS:
            said = "was not reached" if verdict is None else f"says {verdict}"
            return f"the stage {name} {said}: {decided.decision.reason}"
    return None


def _changed(ab: Ab, found: Preregistration, *, baseline: str) -> str | None:
    """Why what is registered does not allow to go on; None when it is what holds now."""
    policy = ab.file.policy
    since = f"registered {found.at.isoformat()} as {found.sha256[:12]}"
    digest = policy.stage_sha256(StageName.ONLINE)
    if digest != found.sha256:
        named = ", ".join(changes(found.content, content_of(policy)))
        what = f" ({named})" if named else ""
        return (
            f"plan and criteria were {since}, and are {digest[:12]} now{what}: an A/B keeps its "
            "plan; restore it, or start another candidate"
        )
    source = source_sha256(policy, ab.services)
    if found.source_sha256 is not None and source != found.source_sha256:
        return f"the data were described differently when it was {since}: restore [data.NAME]"
    if found.baseline not in (None, baseline):
        return (
            f"it was {since} against {found.baseline}, and the baseline is {baseline} now: what "
            "users of the champion's arm met was the former; register the checkpoint as a new "
            "version, and start an A/B of that"
        )
    return None


def _claimed(ab: Ab) -> str | None:
    """Why its traffic is that of another candidate; None when it has its own."""
    try:
        own_traffic(ab.file.policy, ab.version, ab.services.state)
    except PolicyError as error:
        return f"{error.why}: {error.fix}"
    return None


def _exposed(
    ab: Ab, found: Preregistration | None, first: datetime | Unmeasured | None
) -> str | None:
    """Why it would be invalid: somebody was exposed before the plan was written down."""
    if not isinstance(first, datetime) or ab.written.retrospective:
        return None
    at = ab.services.clock() if found is None else found.at
    if first >= at:
        return None
    when = "is registered only now" if found is None else f"was registered {at.isoformat()}"
    return (
        f"the first exposure is of {first.isoformat()}, and the plan {when}: the A/B would be "
        "INVALID; expose new users under another `flag`, once it is registered"
    )
