"""One A/B of a policy: whom it is about, what was registered, where its traffic and looks are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from gates.decide.verdict import OnlineVerdict, StageDecision
from gates.ledger.ledger import Decided, Document, StartedAb, Version
from gates.measuring import online_sources
from gates.preregistration import Preregistration, registered
from gates.services import Services
from policies.canonical import sha256_of
from policies.errors import WrongUsage
from policies.online import OnlinePlan
from policies.policy import PolicyFile
from stages.evidence.records import StageName
from stages.online.clock import clock_of
from stages.online.look_data import LookData
from stages.online.look_journal import LookJournal, TakenLook, stream_of
from stages.online.reading import Reading, Unreadable
from stages.online.sources import Source, digests, locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ab:
    """The A/B of one candidate.

    Attributes:
        file: Its policy.
        version: The candidate.
        services: The outside world.
    """

    file: PolicyFile
    version: Version
    services: Services

    @property
    def written(self) -> OnlinePlan:
        """The plan as the policy has it.

        Raises:
            WrongUsage: The policy has no A/B.
        """
        plan = self.file.policy.plan.online
        if plan is None:
            raise WrongUsage(
                f"policy {self.file.policy.policy} has no A/B",
                why="its plan has no `online`",
                fix="name a policy with an online stage, or add one",
            )
        return plan

    @property
    def plan(self) -> OnlinePlan:
        """The plan with the alpha that this A/B drew."""
        found = self.registration
        if found is None or found.alpha is None:
            return self.written
        return self.written.model_copy(update={"alpha": found.alpha})

    @property
    def registration(self) -> Preregistration | None:
        """What was written down before it; None when nothing was."""
        return registered(self.file.policy.policy, self.version.uri, self.services.state)

    @property
    def source(self) -> Source:
        """Where its traffic is.

        Raises:
            InputError: A file of it is absent.
            PolicyError: The plan names a source that the workspace does not have.
        """
        return locate(self.written, base=self.file.folder, named=online_sources(self.services))

    def taken(self) -> Mapping[float, TakenLook]:
        """The looks that were taken under the plan as it is, by their day, in order.

        Recorded traffic is what its digest says: looks at other data are none of it.
        """
        plan = self.written
        stream = stream_of(self.file.policy.policy, self.version.uri)
        journal = LookJournal(state=self.services.state, stream=stream)
        data = digests(self.source) if plan.retrospective else None
        return journal.taken(sha256_of(plan.said()), data)

    def reading(self) -> Reading:
        """How its traffic is read, as of the time at which looks are taken."""
        return Reading(
            plan=self.written,
            source=self.source,
            known_as=self.version.known_as,
            clock=clock_of(self.written, self.services.clock),
            as_of=self.services.looks_as_of,
        )

    def seen(self, number: int) -> tuple[LookData, ...]:
        """What the looks up to one saw, in order: as they were taken, or as the traffic is now.

        A look at broken data is not among those taken; people want to see it all the same.

        Args:
            number: The look, from 1.

        Raises:
            InputError: The traffic cannot be read.
        """
        taken, days = self.taken(), self.written.looks[:number]
        if all(day in taken for day in days):
            return tuple(taken[day].look for day in days)
        begun = next((look.start for look in taken.values()), None)
        with self.reading().opened(begun) as traffic:
            if isinstance(traffic, Unreadable):
                return ()
            return tuple(taken[d].look if d in taken else traffic.look(d) for d in days)

    def decided(self) -> Decided | None:
        """The newest decision on the candidate under the policy; None when there is none."""
        name = self.file.policy.policy
        history = self.services.ledger.history(self.version)
        return next((decided for decided in history if decided.policy_name == name), None)


def online_stage(decided: Decided | None) -> StageDecision | None:
    """What a decision says of its A/B; None when it did not reach one."""
    if decided is None:
        return None
    stages = decided.decision.stages
    return next((stage for stage in stages if stage.stage is StageName.ONLINE), None)


def verdict_of(decided: Decided | None) -> OnlineVerdict | None:
    """The verdict of the newest look; None when there is none."""
    stage = online_stage(decided)
    return None if stage is None else stage.online


def started_of(ab: Ab, found: Preregistration) -> StartedAb:
    """What is registered of an A/B, as the ledger keeps it."""
    policy, plan = ab.file.policy, ab.written
    said = {
        "schema": "gate.registration/1",
        "candidate": ab.version.uri,
        "policy": policy.policy,
        "sha256": found.sha256,
        "source_sha256": found.source_sha256,
        "registered_at": found.at.isoformat(),
        "by": found.by,
        "alpha": plan.alpha if found.alpha is None else found.alpha,
        "baseline": found.baseline,
        "content": found.content,
    }
    body = json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False).encode()
    named = (policy.policy, ab.version.uri, found.sha256, found.at.isoformat())
    return StartedAb(
        key=f"start/{sha256_of(list(named))}",
        started_at=found.at.isoformat(),
        version=ab.version,
        policy=policy.policy,
        plan_sha256=found.sha256,
        source_sha256=found.source_sha256 or "",
        by=found.by,
        alpha=plan.alpha if found.alpha is None else found.alpha,
        documents=(Document(path="registration.json", content=body),),
    )
