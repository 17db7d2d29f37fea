"""A candidate is judged again from what was signed, in the order in which it is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from gates.chain.bodies import Decision, Promotion, Rollback
from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.chain.renewing import first_pass
from gates.decide.chain import NotPromotable, promotable
from gates.decide.rounds import decide_round
from gates.decide.verdict import RoundDecision, Verdict
from gates.ledger.ledger import Decided, Version
from gates.ledger.outbox import waiting_about
from gates.preregistration import registered
from gates.promotion import permission as may
from gates.promotion import whereabouts as where
from gates.promotion.approvers import Counted, count_approvals, not_approved
from gates.promotion.moving import custody_of
from gates.promotion.refusal import Refusal
from gates.promotion.signed_evidence import ByMember, digests_of, evidence_of
from gates.promotion.stranding import Old, Stranded, stranded
from gates.services import Services
from gates.subjects import plan_digest, subject_of
from gates.trust.statement import Subject
from gates.trust.trust import AliasTrust
from policies.policy import Policy, PolicyFile
from stages.evidence.records import Evidence, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        alias: The alias to move.
        dry_run: Answer only; nothing is changed.
        expect: Number of the version that the alias must point to now, or `none`; None: whichever.
        strand: Whether it may leave others behind.
    """

    alias: str
    dry_run: bool = False
    expect: str | None = None
    strand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A signed decision, with what takes long to read and to decide again and cannot change.

    Attributes:
        signed: The decision's record, which names its evidence by digests.
        evidence: What it rests on.
        decided: The round decided again, with this candidate only.
    """

    signed: Kept
    evidence: ByMember
    decided: RoundDecision


class Judging:
    """One judgement; every record is read once, and when it is asked for.

    Args:
        candidate: The version, as the registry has it.
        subject: The same with the digest of the checkpoint as it is now.
        file: The operator's policy; what is stored beside the evidence is not used.
        request: What is asked for.
        services: The outside world.
        weighed: Of an earlier judgement; used again if it is about the same signed decision.
    """

    def __init__(
        self,
        candidate: Version,
        subject: Subject,
        *,
        file: PolicyFile,
        request: Request,
        services: Services,
        weighed: Weighed | None = None,
    ) -> None:
        self.candidate, self.subject = candidate, subject
        self.file, self.request = file, request
        self._services = services
        self._weighed = weighed
        self._custody = custody_of(services)
        self.now = services.clock()
        self.decided: RoundDecision | None = None
        """The round decided now, with this candidate only, once it came to that."""

    def again(self) -> "Judging":
        """The same question to what is there now: records, aliases, people and time."""
        known = None
        if self.signed is not None and self.decided is not None:
            known = Weighed(signed=self.signed, evidence=self._found, decided=self.decided)
        return Judging(
            self.candidate,
            self.subject,
            file=self.file,
            request=self.request,
            services=self._services,
            weighed=known,
        )

    @property
    def policy(self) -> Policy:
        """The operator's policy."""
        return self.file.policy

    @cached_property
    def chain(self) -> Chain:
        """The model's records, verified."""
        return self._custody.chain(self.candidate.name)

    @cached_property
    def holder(self) -> Version | None:
        """The version behind the alias."""
        return self._services.ledger.holder(self.candidate.name, self.request.alias)

    @cached_property
    def signed(self) -> Kept | None:
        """The newest signed decision on the version."""
        return self.chain.newest_decision(self.subject, self.policy.policy)

    @cached_property
    def approvals(self) -> Counted:
        """Who approves of the signed decision."""
        if self.signed is None:
            return Counted(approvals=(), owners=(), not_counted=())
        given = self.chain.approvals(self.signed.sha256)
        return count_approvals(self.signed, given, self._custody.trust)

    @cached_property
    def stranded(self) -> tuple[Stranded, ...]:
        """What the new baseline would leave behind; nothing, when it is none or is one already."""
        entry, holder = self._entry, self.holder
        is_baseline = self.request.alias == self.policy.baseline
        if entry is None or holder is None or not is_baseline or holder.uri == self.candidate.uri:
            return ()
        old = Old(
            baseline=holder.uri,
            policies={each.policy for each in entry.policies},
            within=entry.decision_valid,
        )
        return stranded(self.chain, old, candidate=self.candidate.uri, at=self.now)

    @property
    def moved_already(self) -> Kept | None:
        """The last record of the alias, when it and the registry say that it is the candidate's."""
        serving = self.chain.serving(self.request.alias)
        there = self.holder is not None and self.holder.uri == self.candidate.uri
        if not there or serving is None or serving.record.subject != self.subject:
            return None
        body = serving.record.body
        return None if isinstance(body, Promotion) and body.override is not None else serving

    @property
    def before(self) -> str | None:
        """MLflow URI of the version that the candidate follows; None when there is none."""
        serving = self.chain.serving(self.request.alias)
        if self.holder is not None and self.holder.uri != self.candidate.uri:
            return self.holder.uri
        if serving is None or self.holder is None:
            return None
        body, subject = serving.record.body, serving.record.subject
        if subject.name != self.candidate.uri:
            return subject.name
        return body.before if isinstance(body, Promotion | Rollback) else None

    def refusal(self) -> Refusal | None:
        """The first check that has something against it; None when none has."""
        checks = (
            self._trust,
            self._signature,
            self._evidence,
            self._verdict,
            self._standing,
            self._place,
            self._people,
        )
        found = (refusal for check in checks for refusal in check() if refusal is not None)
        return next(found, None)

    def _trust(self) -> Iterator[Refusal | None]:
        model, alias = self.candidate.name, self.request.alias
        yield may.alias_not_trusted(self._entry, model=model, alias=alias)
        assert self._entry is not None
        yield may.policy_not_in_force(
            self._entry, self.policy, model=model, alias=alias, at=self.now
        )

    def _signature(self) -> Iterator[Refusal | None]:
        policy, uri = self.policy.policy, self.candidate.uri
        newest = self._history[0].run_id if self._history else None
        signed = {
            kept.record.body.run_id
            for kept in self.chain.decisions(self.subject.sha256)
            if isinstance(kept.record.body, Decision)
        }
        known = self.signed is not None or newest is not None
        waiting = waiting_about(self._services.state)
        yield may.not_logged(waiting, candidate=uri, run=self._run)
        yield may.not_decided(known=known, candidate=uri, policy=policy, run=self._run)
        yield may.not_signed(self.signed, self.chain, self.subject, policy=policy, run=self._run)
        yield may.other_record(newest, signed, run=self._run)
        yield may.other_policy(self._decision, self.policy, run=self._run)

    def _evidence(self) -> Iterator[Refusal | None]:
        digests = digests_of(self._found)
        yield may.other_evidence(self._decision, digests, candidate=self.candidate.uri)
        own = {stage: found.provenance for stage, found in self._own.items()}
        planned = {stage: plan_digest(self.policy, stage) for stage in own}
        yield may.other_plan({s: p.plan for s, p in own.items()}, planned, run=self._run)
        yield may.other_checkpoint({s: p.candidate for s, p in own.items()}, self.subject)
        if StageName.ONLINE in own:
            yield from self._ab()

    def _ab(self) -> Iterator[Refusal | None]:
        found = registered(self.policy.policy, self.candidate.uri, self._services.state)
        now = self.policy.stage_sha256(StageName.ONLINE)
        yield may.not_as_registered(registered=found.sha256 if found else None, now=now)
        since = found.at if found else None
        yield may.ab_was_ended(self.chain.ab_ended(self.candidate.uri, since=since))

    def _verdict(self) -> Iterator[Refusal | None]:
        self.decided = self._decide_again()
        (decision,) = self.decided.candidates
        entry = self._entry
        assert entry is not None
        found = promotable(
            self.policy,
            decision,
            stages_required={StageName(stage.value) for stage in entry.stages},
            adopted="gate_adopted" in self.candidate.tags,
        )
        if isinstance(found, NotPromotable):
            yield may.does_not_pass(found.reason, failed=decision.verdict is Verdict.FAIL)
        checkpoint = self.chain.decisions(self.subject.sha256)
        yield may.failed_before(checkpoint, self.policy, self._decision.baseline)
        yield self._failed_in_ledger()

    def _standing(self) -> Iterator[Refusal | None]:
        assert self._entry is not None
        first = first_pass(self.chain, self.candidate.uri, self._decision)
        yield may.too_old(self._decision, self._entry, first=first, at=self.now, run=self._run)
        yield may.revoked(self.chain.revoked(self.subject))

    def _place(self) -> Iterator[Refusal | None]:
        alias, base = self.request.alias, self.policy.baseline
        holder, expected = self.holder, self.request.expect
        number = holder.version if holder else None
        yield where.unexpected(number, expected=expected, alias=alias)
        if holder is None or holder.uri != self.candidate.uri:
            yield self._outside(alias)
        yield from self._baseline(base)

    def _baseline(self, alias: str) -> Iterator[Refusal | None]:
        """What was compared with still serves; of a candidate that serves, it did until then."""
        holder = self._holder(alias)
        there = holder is not None and holder.uri == self.candidate.uri
        if not there and alias != self.request.alias:
            yield self._outside(alias)
        recorded = self._recorded(alias)
        if recorded == self.subject:
            return  # it was promoted, and its baseline with it
        points = holder.uri if holder else None
        serves = points if not there else recorded.name if recorded else None
        compared = self._decision.baseline
        yield where.other_baseline(compared=compared, serves=serves, alias=alias, run=self._run)
        measured = {stage: found.provenance.baseline for stage, found in self._own.items()}
        yield where.other_baseline_bytes(measured, recorded)

    def _recorded(self, alias: str) -> Subject | None:
        """The version that the records say an alias points to."""
        serving = self.chain.serving(alias)
        return None if serving is None else serving.record.subject

    def _holder(self, alias: str) -> Version | None:
        if alias == self.request.alias:
            return self.holder
        return self._services.ledger.holder(self.candidate.name, alias)

    def _outside(self, alias: str) -> Refusal | None:
        holder = self._holder(alias)
        recorded = self._recorded(alias)
        return where.moved_outside(
            holder=holder.uri if holder else None,
            recorded=recorded.name if recorded else None,
            alias=alias,
        )

    def _people(self) -> Iterator[Refusal | None]:
        assert self._entry is not None
        version = f"{self.candidate.name}/{self.candidate.version}"
        yield not_approved(self.approvals, needed=self._entry.approvals, version=version)
        if not self.request.strand:
            yield where.strands([one.sentence for one in self.stranded])

    @cached_property
    def _entry(self) -> AliasTrust | None:
        return self._custody.trust.entry(self.candidate.name, self.request.alias)

    @cached_property
    def _history(self) -> Sequence[Decided]:
        """What the ledger has under the policy's name, newest first; an index, no proof."""
        found = self._services.ledger.history(self.candidate)
        return tuple(one for one in found if one.policy_name == self.policy.policy)

    @property
    def _decision(self) -> Decision:
        assert self.signed is not None
        body = self.signed.record.body
        assert isinstance(body, Decision)
        return body

    @cached_property
    def _found(self) -> ByMember:
        if self._known is not None:
            return self._known.evidence
        return evidence_of(self._decision, self._history, self._custody, self._services)

    @property
    def _known(self) -> Weighed | None:
        """What was weighed before, if the signed decision is the same."""
        same = self._weighed is not None and self._weighed.signed == self.signed
        return self._weighed if same else None

    @property
    def _own(self) -> dict[StageName, Evidence]:
        return dict(self._found.get(self.candidate.uri, {}))

    @property
    def _run(self) -> str:
        return f"gate run {self.file.path} {self.candidate.name}/{self.candidate.version}"

    def _decide_again(self) -> RoundDecision:
        if self._known is not None:
            return self._known.decided
        round_ = decide_round(
            self.policy,
            evidence=self._found,
            members=tuple(self._found),
            baseline=self._decision.baseline,
            now=self.now,
        )
        mine = tuple(d for d in round_.candidates if d.candidate == self.candidate.uri)
        return replace(round_, candidates=mine)

    def _failed_in_ledger(self) -> Refusal | None:
        """A no that the ledger has, signed or not."""
        for decided in self._history:
            same = (decided.policy_sha256, decided.baseline) == (
                self.policy.sha256,
                self._decision.baseline,
            )
            if same and decided.decision.verdict is Verdict.FAIL:
                return may.failed(decided.decision.reason, on=decided.decided_at)
        return None


def subject_now(version: Version, services: Services) -> Subject:
    """A version, and the checkpoint's digest as the ledger has it now, not as a copy at hand says.

    Raises:
        Broken: When its file is gone or changed.
        InputError: When its tags do not say how it answers.
    """
    with TemporaryDirectory() as folder:
        found = subject_of(version, replace(services, cache=Path(folder)))
        if found.client is not None:
            found.client.close()
        return Subject(name=version.uri, sha256=found.digest)
