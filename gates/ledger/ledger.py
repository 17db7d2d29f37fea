"""What the gate needs of the place where checkpoints and decisions are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gates.decide.verdict import CandidateDecision, RoundDecision
from policies.errors import Broken
from policies.policy import Policy
from stages.evidence.records import Evidence, StageName


class LedgerDown(Broken):
    """The store does not answer; decisions stay in the journal and nothing is promoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered model version.

    Attributes:
        name: Registered model name.
        version: Its number, as text.
        aliases: Aliases that point to it now.
        tags: Its tags; those of the gate begin with `gate_`.
        created: ISO 8601 time of registration.
        source: Where MLflow says it comes from.
    """

    name: str
    version: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    created: str
    source: str

    @property
    def uri(self) -> str:
        """`models:/assistant/12`."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What `gate register` makes a version from.

    Attributes:
        name: Registered model name; created when it does not exist.
        tags: `gate_*` tags that say how the version answers (see stages/models).
        file: A recorded-outputs file stored as the version's artifact; None for an endpoint.
        description: For people; may be empty.
    """

    name: str
    tags: Mapping[str, str]
    file: Path | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is logged of a round, at one point in time.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        decided_at: ISO 8601 time.
        policy: The policy decided under, whole.
        decision: The round's decision.
        evidence: Evidence of every stage that has some, by candidate URI.
        tool_version: Version of the program.
    """

    key: str
    decided_at: str
    policy: Policy
    decision: RoundDecision
    evidence: Mapping[str, Mapping[StageName, Evidence]]
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Where a candidate's decision is found.

    Attributes:
        candidate: MLflow URI of the version.
        run_id: MLflow run of the candidate.
        stage_run_ids: MLflow runs of its stages.
        url: Address of the run's page; empty when the store has no UI.
    """

    candidate: str
    run_id: str
    stage_run_ids: Mapping[StageName, str]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A decision read back, with the evidence it rests on.

    Attributes:
        run_id: MLflow run it was read from.
        decided_at: ISO 8601 time.
        policy_name: Name of the policy it was made under.
        policy_sha256: Digest of that policy.
        round_id: The round it belongs to.
        baseline: URI of the baseline it assumed.
        decision: The candidate's decision as stored; never trusted for promotion.
        evidence: Evidence of every member of the round, by candidate URI and stage, each checked
            against its digest.
    """

    run_id: str
    decided_at: str
    policy_name: str
    policy_sha256: str
    round_id: str
    baseline: str | None
    decision: CandidateDecision
    evidence: Mapping[str, Mapping[StageName, Evidence]]


class Ledger(Protocol):
    """A model registry and a record of decisions."""

    @property
    def uri(self) -> str:
        """Tracking URI, without credentials."""
        ...

    def ping(self) -> None:
        """Returns when the store answers.

        Raises:
            LedgerDown: When it does not.
        """
        ...

    def version(self, reference: str) -> Version:
        """The version behind `assistant/12`, `assistant@champion` or `models:/...`.

        Raises:
            InputError: When there is no such version, naming those that exist.
            LedgerDown: When the store does not answer.
        """
        ...

    def versions(self, name: str) -> tuple[Version, ...]:
        """Every version of a model, oldest first; empty when the model does not exist."""
        ...

    def register(self, new: NewVersion) -> Version:
        """A new version; the file is uploaded before the version exists."""
        ...

    def fetch_file(self, version: Version, folder: Path) -> Path:
        """The recorded-outputs file of a version, copied into a folder."""
        ...

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Sets tags on a version."""
        ...

    def set_alias(self, version: Version, alias: str) -> None:
        """Points an alias at a version."""
        ...

    def log(self, record: Record) -> tuple[Logged, ...]:
        """Writes a round; idempotent by the record's key."""
        ...

    def latest(self, version: Version, policy_name: str) -> Stored | None:
        """The newest decision on a version under a policy, with verified evidence.

        Raises:
            Broken: When an artifact is missing or does not match its digest.
        """
        ...

    def history(self, version: Version) -> Sequence[Stored]:
        """Every decision on a version under any policy, newest first."""
        ...
