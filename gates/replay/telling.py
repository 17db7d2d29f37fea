"""What a replay is told as: lines for people, JSON for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gates.decide.spoken import count_words, metric_words
from gates.replay.judging import CriterionChange, Outcome
from gates.replay.replaying import Proposal, Replayed
from policies.canonical import Json

SCHEMA = "gate.policy-replay/1"


class Tally:
    """How many decisions came to what; filled as they are replayed."""

    def __init__(self) -> None:
        self.changed: list[Replayed] = []
        self._counts = Counter[Outcome]()

    def count(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """The same, counted; what changes is kept."""
        for one in replayed:
            self._counts[one.again.outcome] += 1
            if one.again.outcome is not Outcome.UNCHANGED:
                self.changed.append(one)
            yield one

    def of(self, outcome: Outcome) -> tuple[Replayed, ...]:
        """The decisions of an outcome that changes something."""
        return tuple(one for one in self.changed if one.again.outcome is outcome)

    def number(self, outcome: Outcome) -> int:
        """How many came to it."""
        return self._counts[outcome]

    @property
    def nothing(self) -> bool:
        """Whether no decision was replayed, and so nothing is known of the proposal."""
        return not self._counts

    @property
    def words(self) -> str:
        """The counts in one line."""
        if self.nothing:
            return (
                "0 decisions replayed: none is recorded under that name in that time, so nothing "
                "is known; --instead-of names the policy that is replaced"
            )
        total = count_words(sum(self._counts.values()), "decisions")
        flips, lacks, same = (self._counts[outcome] for outcome in Outcome)
        return f"{total} replayed: {flips} flip, {lacks} lack evidence, {same} stay as they are"


def lines_of(one: Replayed) -> Iterator[str]:
    """A decision that flips or lacks evidence; nothing of one that stays."""
    again, decided = one.again, one.decided
    if again.outcome is Outcome.UNCHANGED:
        return
    when = f"{decided.decided_at[:10]}, {decided.policy_name} {decided.policy_sha256[:12]}"
    yield f"{again.outcome.upper():<6} {decided.decision.candidate}: {moved(one)} (of {when})"
    yield f"       {again.reason}"
    for change in again.criteria:
        if change.sentence not in again.reason:
            yield f"       {change_words(change)}"
    yield from (f"       {remark}" for remark in remarks(one))


def moved(one: Replayed) -> str:
    """What becomes of the verdict."""
    before, after = one.again.before, one.again.after
    return f"stays {after}" if before is after else f"{before} becomes {after}"


def change_words(change: CriterionChange) -> str:
    """A criterion whose verdict is another, with both demands."""
    before, after = change.demanded or "nothing demanded", change.demands or "nothing demanded"
    demand = after if before == after else f"{before}, now {after}"
    verdicts = f"{change.before or 'not decided'} becomes {change.after or 'not decided'}"
    return f"{metric_words(change.metric)} ({demand}): {verdicts}"


def remarks(one: Replayed) -> Iterator[str]:
    """What else must be known of a decision made again."""
    if one.again.keeps_ab:
        yield "its A/B keeps the plan and criteria that were registered before it began"
    if one.again.other_rules:
        yield (
            "today's program decides it otherwise under its own policy too: not the proposal "
            "alone makes the difference"
        )


def replay_json(proposal: Proposal, tally: Tally) -> dict[str, Json]:
    """The object that `--json` prints."""
    return {
        "schema": SCHEMA,
        "policy": {"name": proposal.policy.policy, "sha256": proposal.policy.sha256},
        "instead_of": proposal.instead_of,
        "since": None if proposal.since is None else proposal.since.isoformat(),
        "unchanged": tally.number(Outcome.UNCHANGED),
        "flips": _decisions(tally.of(Outcome.FLIPS)),
        "lacks": _decisions(tally.of(Outcome.LACKS)),
    }


def _decisions(replayed: Sequence[Replayed]) -> list[Json]:
    return [
        {
            "candidate": one.decided.decision.candidate,
            "decided_at": one.decided.decided_at,
            "run_id": one.decided.run_id,
            "policy_sha256": one.decided.policy_sha256,
            "before": one.again.before.value,
            "after": one.again.after.value,
            "reason": one.again.reason,
            "keeps_ab": one.again.keeps_ab,
            "other_rules": one.again.other_rules,
            "criteria": [
                {
                    "metric": change.metric,
                    "demanded": change.demanded,
                    "demands": change.demands,
                    "before": None if change.before is None else change.before.value,
                    "after": None if change.after is None else change.after.value,
                    "sentence": change.sentence,
                }
                for change in one.again.criteria
            ],
        }
        for one in replayed
    ]
