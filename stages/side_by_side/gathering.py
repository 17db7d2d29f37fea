"""The votes on a candidate and its baseline, wherever they were given: in files or in the box."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from policies.benchmark_tasks import Stopping
from policies.canonical import Json, sha256_of, sha256_of_bytes
from policies.side_by_side import SideBySidePlan
from stages.engine.data import read_bytes, without_credentials
from stages.engine.subject import Subject
from stages.side_by_side.answering import Prompts, read_prompts
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.batch import Batch, settled_votes
from stages.side_by_side.naming import batch_name
from stages.side_by_side.vote import PassedOver, Vote
from stages.side_by_side.votes import each_once, parse_votes

OpenBox = Callable[[], AbstractContextManager[BallotBox]]
"""Opens the ballot box of the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What there is of one comparison.

    Attributes:
        said: Every vote on any pair of the files, then those of the batch, in order of appearance;
            and, where the plan may stop at any time, each pair of the batch where it was first
            passed over.
        settled: What the rule says of pairs that nobody is shown, of the batch and of the files.
        batch: What people are shown; None when no batch was made.
        prompts: The plan's prompts; None when the votes name them.
        read: Name and digest of all that was read, sorted.
        absent: Votes files that are not there yet.
    """

    said: tuple[Vote | PassedOver, ...]
    settled: tuple[Vote, ...] = ()
    batch: Batch | None = None
    prompts: Prompts | None = None
    read: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The votes among what was said."""
        return tuple(each for each in self.said if isinstance(each, Vote))

    @property
    def among(self) -> frozenset[str] | None:
        """Ids of the prompts that the plan knows; None when it takes them from the votes."""
        return None if self.prompts is None else frozenset(i.id for i in self.prompts.items)


@dataclass(kw_only=True)
class Gathering:
    """Reads the votes of a policy's comparisons; files are read once.

    Attributes:
        plan: The side-by-side plan.
        base: Folder of the policy, which relative paths start from.
        policy: The policy's name.
        open_box: Opens the ballot box; None where there is none, and files hold all votes.
    """

    plan: SideBySidePlan
    base: Path
    policy: str
    open_box: OpenBox | None = None
    _files: Gathered | None = field(default=None, init=False)

    def of(self, candidate: Subject, baseline: Subject) -> Gathered:
        """What there is of a comparison now.

        Raises:
            InputError: A file cannot be read, or a vote in it is wrong or stands twice; nothing of
                it is counted then.
            PolicyError: The plan's data holds fewer prompts than are planned.
            Broken: The ballot box cannot be read.
        """
        if self._files is None:
            self._files = self._read()
        if self.open_box is None or self._files.prompts is None:
            return self._files
        name = batch_name(
            self.policy,
            candidate=candidate.digest,
            baseline=baseline.digest,
            plan=sha256_of(self.plan.said()),
        )
        with self.open_box() as box:
            if name not in box.batches.names():
                return self._files
            anytime = self.plan.stopping is Stopping.ANYTIME
            said = box.in_turn(name) if anytime else box.standing_votes(name)
            return _with_batch(self._files, box.batches.get(name), said)

    def _read(self) -> Gathered:
        prompts = read_prompts(self.plan, base=self.base) if self.plan.data else None
        read = {} if prompts is None else {prompts.url: prompts.sha256}
        absent: list[str] = []
        votes: list[Vote] = []
        for url in self.plan.votes:
            shown = without_credentials(url)
            if "://" not in url and not (self.base / url).exists():
                absent.append(shown)
                continue
            data = read_bytes(url, base=self.base)
            read[shown] = sha256_of_bytes(data)
            votes += parse_votes(data, written_by=self.plan.format, where=shown)
        ids = {item.digest: item.id for item in prompts.items} if prompts else {}
        once = each_once(replace(vote, prompt=ids.get(vote.prompt, vote.prompt)) for vote in votes)
        return Gathered(
            said=tuple(vote for vote in once if not vote.ruled),
            settled=tuple(vote for vote in once if vote.ruled),
            prompts=prompts,
            read=tuple(sorted(read.items())),
            absent=tuple(absent),
        )


def _with_batch(files: Gathered, batch: Batch, said: tuple[Vote | PassedOver, ...]) -> Gathered:
    read = {f"batch {batch.name}": batch.digest, f"votes of {batch.name}": _digest(said)}
    gathered = replace(
        files,
        said=(*files.said, *said),
        settled=(*files.settled, *settled_votes(batch)),
        batch=batch,
        read=tuple(sorted({**dict(files.read), **read}.items())),
    )
    each_once((*gathered.settled, *gathered.votes))
    return gathered


def _digest(said: tuple[Vote | PassedOver, ...]) -> str:
    """SHA-256 of the votes of a batch and of what was passed over, in their order."""
    return sha256_of([_json(each) for each in said])


def _json(vote: Vote | PassedOver) -> Mapping[str, Json]:
    if isinstance(vote, PassedOver):
        return {"passed over": vote.prompt, "models": [vote.model_a, vote.model_b]}
    return {
        "prompt": vote.prompt,
        "annotator": vote.annotator,
        "models": [vote.model_a, vote.model_b],
        "said": [vote.win_a, vote.graded_a, vote.both_bad],
        "first": vote.first,
        "at": vote.at,
        "record": dict(vote.record),
    }
