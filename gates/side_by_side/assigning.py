"""From a policy and its candidates to batches of blind pairs that people can be given."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gates.accounts import Accounts
from gates.membership import Round, assemble
from gates.notify.events import Event, EventKind, tell
from gates.services import Services
from gates.subjects import opened, plan_digest
from policies.errors import WrongUsage
from policies.policy import Policy, PolicyFile
from policies.side_by_side import SideBySidePlan
from stages.engine.checkpoints import Checkpoints
from stages.engine.data import read_bytes
from stages.engine.subject import Subject
from stages.evidence.absence import SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.json_lines import utf8_text
from stages.evidence.records import StageName
from stages.side_by_side.answering import Answering, Prompts, read_prompts
from stages.side_by_side.attacks import attacks_on
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.batch import Batch, Rules, Terms
from stages.side_by_side.drawing import make_batch
from stages.side_by_side.gold import read_gold
from stages.side_by_side.naming import batch_name
from stages.side_by_side.pairs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What a candidate was given.

    Attributes:
        candidate: URI of the candidate.
        baseline: URI of the baseline.
        found: The batch that people can be given; or why there is none.
        is_new: Whether this call made it.
    """

    candidate: str
    baseline: str
    found: Batch | Unmeasured
    is_new: bool = False


def assign(
    file: PolicyFile, references: Sequence[str], services: Services, box: BallotBox
) -> tuple[Assigned, ...]:
    """A batch for every candidate; what was asked or made before is not asked or made again.

    Args:
        file: The policy and where it was read.
        references: The candidates; empty for every version but the baseline and adopted ones.
        services: The outside world.
        box: Where batches are kept.

    Raises:
        WrongUsage: When there is no candidate or baseline, or the plan names no prompts.
        PolicyError: When there are fewer prompts than are planned.
        InputError: When prompts, gold or guidelines cannot be used.
        Broken: When a journal or the ballot box cannot be used.
    """
    policy, plan = file.policy, _plan(file.policy)
    with services.state.lock(f"rounds/{policy.policy}"), ExitStack() as clients:
        round_ = assemble(file, references, services)
        members = {v.uri: opened(v, services, clients) for v in round_.members}
        baseline = _opened(round_, services, clients)
        dear = Accounts(round_, services).too_dear_to_compare(
            {**members, baseline.uri: baseline}, reached=set(members), judged=False
        )
        drawing = _Drawing(
            policy=policy,
            plan=plan,
            prompts=read_prompts(plan, base=file.folder),
            gold=_gold(plan, file.folder),
            guidelines=_guidelines(plan, file.folder),
            services=services,
            box=box,
        )
        return tuple(drawing.assigned(one, baseline, dear) for one in members.values())


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """All that the batches of a policy have in common."""

    policy: Policy
    plan: SideBySidePlan
    prompts: Prompts
    gold: tuple[Pair, ...]
    guidelines: str
    services: Services
    box: BallotBox

    def assigned(self, candidate: Subject, baseline: Subject, dear: str | None) -> Assigned:
        if candidate.digest == baseline.digest:
            return _said(candidate, baseline, SAME_CHECKPOINT)
        name = batch_name(
            self.policy.policy,
            candidate=candidate.digest,
            baseline=baseline.digest,
            plan=plan_digest(self.policy, StageName.SIDE_BY_SIDE),
        )
        if name in self.box.batches.names():
            return _said(candidate, baseline, self.box.batches.get(name))
        if dear is not None:
            return _said(candidate, baseline, Unmeasured(dear, Cause.OVER_BUDGET))
        return self._made(name, candidate, baseline)

    def _made(self, name: str, candidate: Subject, baseline: Subject) -> Assigned:
        checkpoints = Checkpoints(state=self.services.state, progress=self.services.progress)
        answering = Answering(
            plan=self.plan,
            checkpoints=checkpoints,
            calls_at_most=self.policy.budget.calls_at_most,
        )
        compared = answering.compared(candidate, baseline, self.prompts)
        if isinstance(compared, Unmeasured):
            return _said(candidate, baseline, compared)
        shown = set(self.prompts.shown)
        answered = [pair for pair in compared.pairs if pair.prompt in shown]
        flagged = attacks_on(compared.pairs).reasons
        batch = make_batch(
            self._terms(name, candidate, baseline),
            answered=answered,
            gold=self.gold,
            lost={pair.id for pair in answered if pair.prompt in flagged},
        )
        self.box.batches.open(batch, now=self.services.clock())
        self._tell(batch, candidate)
        return Assigned(candidate=candidate.uri, baseline=baseline.uri, found=batch, is_new=True)

    def _tell(self, batch: Batch, candidate: Subject) -> None:
        """People are told that there is something to vote on."""
        event = Event(
            kind=EventKind.BATCH_READY,
            key=batch.name,
            model=self.policy.model,
            sentence=f"{len(batch.pairs):,} pairs of {candidate.uri.removeprefix('models:/')} wait "
            f"for people, in batch {batch.name}",
        )
        if batch.votes_needed:
            tell(self.services.state, event, at=self.services.clock())

    def _terms(self, name: str, candidate: Subject, baseline: Subject) -> Terms:
        return Terms(
            name=name,
            policy=self.policy.policy,
            candidates=(candidate.known_as,),
            baseline=baseline.known_as,
            prompts=self.plan.prompts_planned,
            overlap=self.plan.overlap,
            seed=self.plan.seed,
            gold_share=self.plan.gold_share if self.gold else 0.0,
            guidelines=self.guidelines,
            rules=Rules(**self.plan.annotating.model_dump()),
        )


def _said(candidate: Subject, baseline: Subject, found: Batch | Unmeasured) -> Assigned:
    return Assigned(candidate=candidate.uri, baseline=baseline.uri, found=found)


def _plan(policy: Policy) -> SideBySidePlan:
    plan = policy.plan.side_by_side
    if plan is None or plan.data is None:
        lacks = "`plan.side_by_side`" if plan is None else "`data` in `plan.side_by_side`"
        raise WrongUsage(
            f"policy {policy.policy} says no prompts to compare answers on",
            why=f"it has no {lacks}",
            fix="name a file of prompts: side_by_side: {data: prompts.jsonl, votes_at_most: 600}",
        )
    return plan


def _gold(plan: SideBySidePlan, folder: Path) -> tuple[Pair, ...]:
    return () if plan.gold is None else read_gold(plan.gold, base=folder, topic=plan.topic)


def _guidelines(plan: SideBySidePlan, folder: Path) -> str:
    if plan.guidelines is None:
        return ""
    return utf8_text(read_bytes(plan.guidelines, base=folder), where=plan.guidelines)


def _opened(round_: Round, services: Services, clients: ExitStack) -> Subject:
    assert round_.baseline is not None  # a plan of side-by-side needs one
    return opened(round_.baseline, services, clients)
