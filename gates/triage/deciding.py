"""What a night asked for, decided: those that are settled in one round, each other alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gates.decide.quota import natural_order, standing_value
from gates.decide.spoken import count_words
from gates.decide.verdict import CandidateDecision, RoundDecision, Verdict
from gates.ledger.ledger import Logged, Version
from gates.measuring import without_evidence
from gates.membership import Round
from gates.pages import Seen
from gates.pipeline import RoundResult, decide, log_round
from gates.services import Services
from gates.triage.outcome import Outcome, Sort
from gates.triage.repeats import turned
from gates.triage.sorting import Sorted, sort_decision, sort_fault, sort_flaky
from gates.triage.turns import Turn
from stages.engine.threads import Failed, attempt
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Evidence, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the turns of one checkpoint came to.

    Attributes:
        turn: The last one; None where it broke.
        fault: What of the infrastructure is at fault; None where nothing is.
        final: Whether no later night may take it up again.
        missing_baseline: Whether there was nothing to compare it with.
    """

    turn: Turn | None = None
    fault: str | None = None
    final: bool = False
    missing_baseline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All that was decided and logged.

    Attributes:
        outcomes: One for each checkpoint.
        decisions: The round's first, then those of the others.
        logged: Where they are found.
        remarks: What could not be logged, for people.
    """

    outcomes: tuple[Outcome, ...] = ()
    decisions: tuple[RoundDecision, ...] = ()
    logged: tuple[Logged, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """Decides what a night knows.

    A quota is the night's: it is applied among those that passed or failed, so that one that is
    broken keeps nobody waiting.

    Attributes:
        round: The policy, and the baseline.
        services: The outside world.
    """

    round: Round
    services: Services

    def all(self, versions: Sequence[Version], known: Mapping[str, Known]) -> Settled:
        """Decides and logs everybody, and sorts them.

        Args:
            versions: The night's checkpoints.
            known: What their turns came to, by URI.
        """
        seen = {v.uri: self._flaky(v, known[v.uri]) for v in versions}
        flaky = {uri: how for uri, how in seen.items() if how is not None}
        found = self._all_logged(versions, known, flaky)
        results = [one for one in found if isinstance(one, RoundResult)]
        decided = {c.candidate: c for r in results for c in r.decision.candidates}
        urls = {one.candidate: one.url for r in results for one in r.logged}
        outcomes = [
            _outcome(
                v,
                self._sorted(known[v.uri], decided.get(v.uri), flaky.get(v.uri)),
                decided.get(v.uri),
                url=urls.get(v.uri, ""),
            )
            for v in versions
        ]
        return Settled(
            outcomes=tuple(self._best_first(outcomes, known)),
            decisions=tuple(r.decision for r in results),
            logged=tuple(one for r in results for one in r.logged),
            remarks=(*(one for one in found if isinstance(one, str)), *self._unsigned(results)),
        )

    def _all_logged(
        self, versions: Sequence[Version], known: Mapping[str, Known], flaky: Mapping[str, str]
    ) -> list[RoundResult | str]:
        """Those that are settled in one round, each other in one of its own."""
        settled = [v for v in versions if self._is_settled(v, known[v.uri])]
        together = tuple(v for v in settled if v.uri not in flaky)
        found = [self._logged(together, known)] if together else []
        alone = [v for v in versions if v not in together]
        return found + [self._logged((v,), known, instead=flaky.get(v.uri)) for v in alone]

    def _unsigned(self, results: Sequence[RoundResult]) -> tuple[str, ...]:
        """Where decisions are signed: that these are not, which no promotion would take."""
        last = results[-1].vouched if results else None
        if self.services.custody is None or last is None or last.why is None:
            return ()
        return (f"{count_words(last.unsigned, 'decisions')} could not be signed: {last.why}",)

    def _flaky(self, version: Version, known: Known) -> str | None:
        """How it answered or was decided differently; None when it is not known to."""
        if known.turn is None:
            return None
        if known.turn.differs is not None:
            return known.turn.differs
        if not self._is_settled(version, known):
            return None
        return turned(
            self._alone(version, known.turn),
            self.services.ledger.history(version),
            policy_sha256=self.round.file.policy.sha256,
            baseline=self.round.baseline.uri if self.round.baseline else None,
        )

    def _is_settled(self, version: Version, known: Known) -> bool:
        """Whether its stage 1 passes or fails by itself."""
        if known.turn is None or not known.turn.is_settled(self.round.file.policy):
            return False
        return self._alone(version, known.turn).stages[0].verdict is not Verdict.HOLD

    def _alone(self, version: Version, turn: Turn) -> CandidateDecision:
        round_ = replace(self.round, members=(version,))
        evidence = {version.uri: {StageName.OFFLINE: turn.evidence}}
        return decide(round_, evidence, self.services).candidates[0]

    def _logged(
        self,
        versions: tuple[Version, ...],
        known: Mapping[str, Known],
        *,
        instead: str | None = None,
    ) -> RoundResult | str:
        """The decision on some versions, logged; or why it could not be, as a remark."""
        turns = {v.uri: known[v.uri].turn for v in versions}
        evidence = {
            v.uri: {StageName.OFFLINE: self._evidence(v, known[v.uri], instead)} for v in versions
        }
        items = {uri: turn.items for uri, turn in turns.items() if turn is not None}
        round_ = replace(self.round, members=versions)
        logged = attempt(
            lambda _: log_round(round_, evidence, Seen(items=items), self.services), None
        )
        if isinstance(logged, Failed):
            named = ", ".join(v.uri for v in versions)
            return f"the decision on {named} could not be logged: {logged.reason}"
        return logged.value

    def _evidence(self, version: Version, known: Known, instead: str | None) -> Evidence:
        if known.turn is not None and instead is None:
            return known.turn.evidence
        reason = instead or known.fault or "nothing is known of it"
        return without_evidence(
            self.round.file.policy,
            StageName.OFFLINE,
            version.uri,
            baseline=self.round.baseline.uri if self.round.baseline else None,
            why=Unmeasured(reason, Cause.BROKEN),
        )

    def _sorted(
        self, known: Known, decision: CandidateDecision | None, flaky: str | None
    ) -> Sorted:
        if flaky is not None:
            return sort_flaky(flaky)
        if known.fault is not None:
            return replace(sort_fault(known.fault), needs_person=known.final)
        if decision is None:
            return sort_fault("its decision could not be logged")
        baseline = self.round.baseline.uri if self.round.baseline else None
        found = sort_decision(decision, baseline=baseline)
        if found.sort is Sort.WAITING and known.missing_baseline:
            return sort_fault("there are no answers of the baseline to compare it with")
        too_dear = None if known.turn is None else known.turn.too_dear
        if found.sort is Sort.WAITING and too_dear is not None:
            return replace(found, sentence=f"it waits for another night: {too_dear}")
        return found

    def _best_first(
        self, outcomes: Sequence[Outcome], known: Mapping[str, Known]
    ) -> Sequence[Outcome]:
        """By the metric of the policy's quota where it has one, else by their numbers."""
        policy = self.round.file.policy
        quota = policy.keep.get(StageName.OFFLINE.value)
        by_name = sorted(outcomes, key=lambda o: natural_order(o.candidate))
        if quota is None:
            return by_name
        metric = policy.plan.metrics()[quota.by]
        sign = -1.0 if metric.higher_is_better else 1.0

        def place(outcome: Outcome) -> float:
            turn = known[outcome.candidate].turn
            evidence = {} if turn is None else {StageName.OFFLINE: turn.evidence}
            value = standing_value(metric, evidence)
            return float("inf") if value is None else sign * value

        return sorted(by_name, key=place)


def _outcome(
    version: Version, found: Sorted, decision: CandidateDecision | None, *, url: str
) -> Outcome:
    return Outcome(
        candidate=version.uri,
        known_as=version.known_as,
        sort=found.sort,
        sentence=found.sentence,
        needs_person=found.needs_person,
        command=found.command,
        decision=decision,
        url=url,
    )
