"""A round: every candidate moved as far as its evidence allows, then decided and logged."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass

from gates.ab import Ab, started_of
from gates.accounts import Accounts
from gates.chain.renewing import renewal_due
from gates.chain.vouching import Vouched, unsigned, vouch
from gates.decide.rounds import RoundEvidence, decide_round, open_stage
from gates.decide.stage_gate import anything_open
from gates.decide.verdict import RoundDecision
from gates.ledger.ledger import STARTED_TAG, Logged, Record, Version
from gates.ledger.outbox import flush, log_or_keep, waiting
from gates.measuring import Stage, stage_of, without_evidence
from gates.membership import Round, assemble
from gates.notify.changes import changes
from gates.notify.events import tell
from gates.pages import Seen, pages_of
from gates.pseudonyms import pseudonyms_of, without_names
from gates.reports.online.course import AbCourse, course_of
from gates.services import Services
from gates.subjects import opened
from gates.wealth import settle
from policies.canonical import Json, sha256_of
from policies.errors import Broken, GateError, WrongUsage
from policies.policy import Policy, PolicyFile
from stages.engine.program import code_version
from stages.engine.subject import Subject
from stages.evidence.codec import evidence_sha256
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Evidence, StageName
from stages.offline.item_records import ItemRecord
from stages.offline.measure import OfflineStage
from stages.online.look_data import LookData
from stages.online.measure import OnlineStage
from stages.side_by_side.measure import SideBySideStage
from stages.side_by_side.told import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """What a call of `gate run` did.

    Attributes:
        decision: The round as decided now.
        evidence: What it rests on, by candidate URI and stage.
        logged: Where each candidate's decision is found; empty while the ledger is down.
        waiting: Number of decisions that wait in the journal for the ledger.
        vouched: What became of decisions that were logged and not signed.
    """

    decision: RoundDecision
    evidence: RoundEvidence
    logged: tuple[Logged, ...]
    waiting: int
    vouched: Vouched


def run_round(file: PolicyFile, references: Sequence[str], services: Services) -> RoundResult:
    """Measures, decides and logs a round; called again, it goes on where it stopped.

    Args:
        file: The policy and where it was read.
        references: The candidates; empty for every version but the baseline and adopted ones.
        services: The outside world.

    Raises:
        WrongUsage: When there is no candidate, or a baseline is needed and there is none.
        LedgerDown: When the ledger does not answer before anything was measured.
    """
    with services.state.lock(f"rounds/{file.policy.policy}"):
        flush(services.state, services.ledger)
        round_ = assemble(file, references, services)
        measuring = _Measuring(round_, services)
        evidence = measuring.to_the_end()
        return log_round(round_, evidence, measuring.seen, services)


def decide(round_: Round, evidence: RoundEvidence, services: Services) -> RoundDecision:
    """The round as its evidence decides it now."""
    return decide_round(
        round_.file.policy,
        evidence=evidence,
        members=tuple(v.uri for v in round_.members),
        baseline=round_.baseline.uri if round_.baseline else None,
        now=services.clock(),
    )


def measure_stage(
    policy: Policy, measuring: Stage, candidate: Subject, baseline: Subject | None
) -> Evidence:
    """Evidence of a stage, measured as long as that could change its verdict."""
    evidence = measuring.measure_next(candidate, baseline, None)
    whole = evidence.stage is StageName.OFFLINE and policy.whole_picture
    while whole or anything_open(policy, evidence.stage, evidence):
        further = measuring.measure_next(candidate, baseline, evidence)
        if further == evidence:
            break
        evidence = further
    return evidence


class _Measuring:
    """One call's measuring: each open stage of each candidate is moved once, as far as it goes."""

    def __init__(self, round_: Round, services: Services) -> None:
        self._round = round_
        self._services = services
        self._policy = round_.file.policy
        self._baseline = round_.baseline.uri if round_.baseline else None
        self._subjects: dict[str, Subject | GateError] = {}
        self._offline_or_votes: dict[StageName, Stage] = {}
        self._abs: dict[str, OnlineStage] = {}
        self._accounts = Accounts(round_, services)
        self._evidence: dict[str, dict[StageName, Evidence]] = {v.uri: {} for v in round_.members}
        self.seen = Seen()
        """Single items, votes and looks, once all is measured."""

    def to_the_end(self) -> RoundEvidence:
        """Measures until nothing that is open can be measured further now."""
        versions = (*self._round.members, *filter(None, (self._round.baseline,)))
        with ExitStack() as clients:
            self._subjects = {v.uri: _subject(v, self._services, clients) for v in versions}
            while open_ := list(self._open()):
                for candidate, stage in open_:
                    self._evidence[candidate][stage] = self._measure(candidate, stage)
            told = {uri: self._told(uri) for uri in self._evidence}
            taken = {uri: stage.told() for uri, stage in self._abs.items()}
            looks = {uri: found for uri, found in taken.items() if found is not None}
            self.seen = Seen(
                items={uri: self._records(uri) for uri in self._evidence},
                told={uri: votes for uri, votes in told.items() if votes is not None},
                courses={
                    u: self._course(u, found.looks) for u, found in looks.items() if found.looks
                },
                contracts={uri: found.files for uri, found in looks.items()},
            )
        return self._evidence

    def _open(self) -> Iterator[tuple[str, StageName]]:
        decision = decide(self._round, self._evidence, self._services)
        for candidate in decision.candidates:
            stage = open_stage(self._policy, decision, candidate.candidate)
            if stage is not None and stage not in self._evidence[candidate.candidate]:
                yield candidate.candidate, stage

    def _measure(self, candidate: str, stage: StageName) -> Evidence:
        try:
            too_dear = self._too_dear(candidate, stage)
            if too_dear is not None:
                return self._nothing(candidate, stage, Unmeasured(too_dear, Cause.OVER_BUDGET))
            return self._measured(candidate, stage)
        except WrongUsage:
            raise
        except GateError as error:
            return self._nothing(candidate, stage, Unmeasured(_with_mend(error)))

    def _too_dear(self, candidate: str, stage: StageName) -> str | None:
        """Why a candidate must not be asked; those that were measured are asked no more."""
        self._subject(candidate)
        opened = {u: s for u, s in self._subjects.items() if isinstance(s, Subject)}
        match stage:
            case StageName.OFFLINE:
                measured = [u for u, stages in self._evidence.items() if stage in stages]
                return self._accounts.too_dear_to_ask(opened, measured=measured)
            case StageName.SIDE_BY_SIDE if self._accounts.limited:
                reached = {u for u, stages in self._evidence.items() if stage in stages}
                reached |= {u for u, open_ in self._open() if open_ is stage}
                return self._accounts.too_dear_to_compare(opened, reached=reached)
            case _:
                return None

    def _nothing(self, candidate: str, stage: StageName, why: Unmeasured) -> Evidence:
        return without_evidence(self._policy, stage, candidate, baseline=self._baseline, why=why)

    def _measured(self, candidate: str, stage: StageName) -> Evidence:
        subject = self._subject(candidate)
        baseline = self._subject(self._baseline) if self._baseline else None
        return measure_stage(self._policy, self._stage(stage, candidate), subject, baseline)

    def _records(self, candidate: str) -> tuple[ItemRecord, ...]:
        """What became of a candidate's items, for people; nothing is decided on it."""
        offline = self._offline_or_votes.get(StageName.OFFLINE)
        if StageName.OFFLINE not in self._evidence[candidate] or not isinstance(
            offline, OfflineStage
        ):
            return ()
        try:
            subject = self._subject(candidate)
            return offline.records(
                subject, self._subject(self._baseline) if self._baseline else None
            )
        except GateError:
            return ()  # its evidence says why

    def _told(self, candidate: str) -> Told | None:
        """The votes on a candidate, under pseudonyms; nothing is decided on them."""
        votes = self._offline_or_votes.get(StageName.SIDE_BY_SIDE)
        if self._baseline is None or not isinstance(votes, SideBySideStage):
            return None
        try:
            told = votes.told(self._subject(candidate), self._subject(self._baseline))
            if told is None:
                return None
            return without_names(told, pseudonyms_of(self._services.state).of)
        except GateError:
            return None  # its evidence says why

    def _course(self, candidate: str, looks: tuple[LookData, ...]) -> AbCourse:
        """The looks at a candidate's A/B, for people; nothing is decided on them."""
        version = next(v for v in self._round.members if v.uri == candidate)
        ab = Ab(file=self._round.file, version=version, services=self._services)
        return course_of(self._policy, ab.plan, looks)

    def _stage(self, name: StageName, candidate: str) -> Stage:
        """One stage object for the round, which reads its files once; each A/B has its own."""
        if name is StageName.ONLINE:
            found = stage_of(name, self._round, self._services, candidate=candidate)
            assert isinstance(found, OnlineStage)
            return self._abs.setdefault(candidate, found)
        if name not in self._offline_or_votes:
            self._offline_or_votes[name] = stage_of(
                name, self._round, self._services, candidate=candidate
            )
        return self._offline_or_votes[name]

    def _subject(self, uri: str) -> Subject:
        found = self._subjects[uri]
        if isinstance(found, GateError):
            raise Broken(found.message, why=found.why, fix=found.fix)
        return found


def _with_mend(error: GateError) -> str:
    """Why there is no evidence, and what mends that: to run again alone seldom does."""
    return f"{error.in_short}; {error.fix}" if error.fix else error.in_short


def _subject(version: Version, services: Services, clients: ExitStack) -> Subject | GateError:
    """A checkpoint, closed with the round; one that cannot be opened stops no other."""
    try:
        return opened(version, services, clients)
    except GateError as error:
        return error


def log_round(
    round_: Round, evidence: RoundEvidence, seen: Seen, services: Services
) -> RoundResult:
    """Decides a round as its evidence says now, and logs it; the caller holds the round's lock.

    Args:
        round_: The round.
        evidence: What was measured; members may lack some or all.
        seen: Single items, votes and looks, for people.
        services: The outside world.
    """
    decision = decide(round_, evidence, services)
    settle(decision, services.state, at=services.clock())
    _log_registrations(round_, services)
    digests: dict[str, Json] = {
        uri: {stage.value: evidence_sha256(found) for stage, found in stages.items()}
        for uri, stages in evidence.items()
    }
    record = Record(
        key=sha256_of({"decision": asdict(decision), "evidence": digests}),
        decided_at=services.clock().isoformat(),
        policy=round_.file.policy,
        decision=decision,
        evidence=evidence,
        tool_version=code_version(),
        pages=pages_of(round_.file.policy, decision, evidence, seen),
    )
    anew = _grew_too_old(decision, round_.file.policy, services)
    logged = log_or_keep(services.state, services.ledger, record, anew=anew)
    told = changes(decision, model=round_.file.policy.model)
    tell(services.state, *told, at=services.clock())
    return RoundResult(
        decision=decision,
        evidence=evidence,
        logged=logged,
        waiting=len(waiting(services.state)),
        vouched=vouch(services.custody, services.state, services.ledger),
    )


def _grew_too_old(decision: RoundDecision, policy: Policy, services: Services) -> bool:
    """Whether the same decision was signed so long ago that it must be signed once more."""
    custody = services.custody
    if custody is None or unsigned(services.state):
        return False
    chain = custody.at_hand(policy.model)
    if not chain.records:
        return False
    return renewal_due(chain, decision, policy, trust=custody.trust, at=services.clock())


def _log_registrations(round_: Round, services: Services) -> None:
    """Shows in the ledger what was registered of A/Bs that nobody started."""
    if round_.file.policy.plan.online is None:
        return
    for version in round_.members:
        with suppress(GateError):  # its evidence says why, or the next call does it
            ab = Ab(file=round_.file, version=version, services=services)
            found = ab.registration
            if found is not None and STARTED_TAG not in version.tags:
                services.ledger.log_start(started_of(ab, found))
