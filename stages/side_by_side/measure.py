"""Stage 2 as the pipeline sees it: the evidence of blind comparisons with the baseline."""

from dataclasses import dataclass, replace
from pathlib import Path

from policies.benchmark_tasks import Stopping
from policies.canonical import sha256_of, sha256_of_bytes
from policies.errors import PolicyError
from policies.side_by_side import SideBySidePlan
from stages.engine.data import read_bytes, read_items, without_credentials
from stages.engine.program import code_version
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import (
    Cost,
    Evidence,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)
from stages.side_by_side.aggregate import Tally, both_bad, graded, tally, win_rate
from stages.side_by_side.vote import Vote, seen_from
from stages.side_by_side.votes import each_once, parse_votes

METRICS = {"win_rate": win_rate, "graded": graded, "both_bad": both_bad}
"""How each metric of the plan is made from a tally."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """What the plan's files hold.

    Attributes:
        votes: Every vote, on any pair, in order of appearance.
        prompts: Ids of the plan's items; None when the votes name the prompts.
        read: Name and digest of every file read, sorted.
        absent: Votes files that are not there yet.
    """

    votes: tuple[Vote, ...]
    prompts: frozenset[str] | None
    read: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What they say of one pair: a value for each of `METRICS`, in their order."""

    measured: tuple[Estimate | Unmeasured, ...]
    waits: tuple[Wait, ...] = ()
    votes: int = 0
    read: tuple[tuple[str, str], ...] = ()


class SideBySideStage:
    """Measures votes on a candidate against the baseline as its plan says; sees no threshold.

    Args:
        plan: The side-by-side plan.
        base: Folder of the policy, which relative paths start from.
    """

    def __init__(self, plan: SideBySidePlan, *, base: Path) -> None:
        self._plan = plan
        self._base = base

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None = None
    ) -> Evidence:
        """The evidence of all votes that are there; equal to `so_far` when none came.

        The votes files are the journal: every call reads them whole, so a killed one loses nothing
        and the same files give the same bytes. A votes file that does not exist yet is waited for.

        Raises:
            InputError: A file cannot be read, or a vote in it is wrong or stands twice; nothing of
                it is counted then.
            PolicyError: The plan's data holds fewer prompts than are planned.
        """
        del so_far
        outcome = self._outcome(candidate, baseline)
        return Evidence(
            stage=StageName.SIDE_BY_SIDE,
            candidate=candidate.uri,
            baseline=baseline.uri if baseline else None,
            measurements=tuple(
                self._measurement(name, measured)
                for name, measured in zip(METRICS, outcome.measured, strict=True)
            ),
            waits=outcome.waits,
            cost=Cost(votes=outcome.votes),
            provenance=Provenance(
                candidate=candidate.digest,
                baseline=baseline.digest if baseline else None,
                plan=sha256_of(self._plan.said()),
                data=outcome.read,
                code=code_version(),
            ),
        )

    def _outcome(self, candidate: Subject, baseline: Subject | None) -> _Outcome:
        if baseline is None:
            return _nothing(NO_BASELINE)
        if baseline.digest == candidate.digest:
            return _nothing(SAME_CHECKPOINT)
        if baseline.known_as == candidate.known_as:
            return _nothing(
                Unmeasured(f"votes know candidate and baseline alike as `{candidate.known_as}`")
            )
        files = self._read()
        pair = (seen_from(v, candidate.known_as, baseline.known_as) for v in files.votes)
        counted = tally(
            [vote for vote in pair if vote is not None],
            prompts=self._plan.prompts_planned,
            overlap=self._plan.overlap,
            among=files.prompts,
        )
        return _Outcome(
            measured=self._measured(counted, f"{candidate.known_as} with {baseline.known_as}"),
            waits=self._waits(counted, files),
            votes=counted.votes,
            read=files.read,
        )

    def _read(self) -> _Files:
        read: dict[str, str] = {}
        absent: list[str] = []
        votes: list[Vote] = []
        for url in self._plan.votes:
            shown = without_credentials(url)
            if "://" not in url and not (self._base / url).exists():
                absent.append(shown)
                continue
            data = read_bytes(url, base=self._base)
            read[shown] = sha256_of_bytes(data)
            votes += parse_votes(data, written_by=self._plan.format, where=shown)
        items = self._items(read)
        ids = {item.digest: item.id for item in items or ()}
        return _Files(
            votes=each_once(
                replace(vote, prompt=ids.get(vote.prompt, vote.prompt)) for vote in votes
            ),
            prompts=None if items is None else frozenset(item.id for item in items),
            read=tuple(sorted(read.items())),
            absent=tuple(absent),
        )

    def _items(self, read: dict[str, str]) -> tuple[Item, ...] | None:
        if self._plan.data is None:
            return None
        file = read_items(self._plan.data, base=self._base, cluster=None, sha256=None)
        if len(file.items) < self._plan.prompts_planned:
            raise PolicyError(
                f"cannot ask for {self._plan.prompts_planned} prompts",
                why=f"`side_by_side.data` ({file.url}) holds {len(file.items)} items; "
                f"votes_at_most {self._plan.votes_at_most} / overlap {self._plan.overlap} asks "
                f"for {self._plan.prompts_planned}",
                fix="add items, or lower `votes_at_most`",
            )
        read[file.url] = file.sha256
        return file.items

    def _measured(self, counted: Tally, pair: str) -> tuple[Estimate | Unmeasured, ...]:
        if not counted.prompts and not counted.begun:
            return _nothing(Unmeasured(f"no vote compares {pair} yet", Cause.WAITING)).measured
        stopping, level = self._plan.stopping, self._plan.level
        return tuple(of(counted, stopping=stopping, level=level) for of in METRICS.values())

    def _waits(self, counted: Tally, files: _Files) -> tuple[Wait, ...]:
        have, need = len(counted.prompts), self._plan.prompts_planned
        if have >= need:
            return ()
        each = f" ({self._plan.overlap} each)" if self._plan.overlap > 1 else ""
        absent = f"; not there yet: {', '.join(files.absent)}" if files.absent else ""
        return (
            Wait(
                cause=Cause.WAITING,
                who="annotators",
                what=f"votes on {need - have} more prompts{each}{absent}",
                have=have,
                need=need,
                command="gate run POLICY",
            ),
        )

    def _measurement(self, name: str, measured: Estimate | Unmeasured) -> Measurement:
        anytime = self._plan.stopping is Stopping.ANYTIME
        return Measurement(
            metric=f"side_by_side.{name}",
            quantity=Quantity.VALUE,
            measured=measured,
            validity=Validity.ANYTIME if anytime else Validity.FIXED,
            planned=None if anytime else self._plan.prompts_planned,
        )


def _nothing(why: Unmeasured) -> _Outcome:
    return _Outcome(measured=tuple(why for _ in METRICS))
