"""What the gate needs of the place where checkpoints and decisions are kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Protocol

from gates.decide.verdict import CandidateDecision, RoundDecision
from gates.ledger.chain_keeping import ChainKeeper
from gates.ledger.examples import Examples
from gates.ledger.night_report import ReportKeeper
from gates.ledger.product_report import ProductKeeper
from policies.errors import Broken
from policies.policy import Policy
from stages.evidence.records import Evidence, StageName

STARTED_TAG = "gate_online_registered"
"""Tag of a version: digest of plan and criteria of its A/B, and since when."""


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

    @property
    def known_as(self) -> str:
        """Its name in votes and traffic: the tag `gate_known_as`, or `assistant/12`."""
        return self.tags.get("gate_known_as", f"{self.name}/{self.version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What `gate register` makes a version from.

    Attributes:
        name: Registered model name; created when it does not exist.
        tags: `gate_*` tags that say how the version answers (see stages/models).
        file: A recorded-outputs file stored as the version's artifact; None for an endpoint.
        source: URI of an MLflow model the version stands for; None when the gate itself makes one.
        description: For people; may be empty.
    """

    name: str
    tags: Mapping[str, str]
    file: Path | None = None
    source: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A rendered file to be kept with a decision: a report, a plot, the decision's JSON.

    Attributes:
        path: Where it stands among the MLflow run's artifacts, `plots/toxicity.png`; relative, and
            none of the names that the ledger writes itself (`OWN_DOCUMENTS`).
        content: Its bytes.
    """

    path: str
    content: bytes

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or str(path) != self.path or path == _HERE:
            raise ValueError(f"a document's path is plain and relative, not {self.path!r}")
        if self.path in OWN_DOCUMENTS:
            raise ValueError(f"{self.path} is written by the ledger itself")


OWN_DOCUMENTS = ("record.json", "evidence.json", "findings.json")
"""Artifacts that the ledger writes from the record: digests' table, evidence, table of findings."""

_HERE = PurePosixPath()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a reader sees on an MLflow run's page.

    Attributes:
        description: Markdown; the verdict and the worst findings first, since the page shows a few
            lines only. Empty: the ledger writes reason and findings itself.
        documents: Files kept with the MLflow run.
        examples: Single questions, as MLflow's table of traces shows and compares them.
    """

    description: str = ""
    documents: tuple[Document, ...] = ()
    examples: Examples = field(default_factory=Examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pages of one candidate.

    Attributes:
        candidate: On the candidate's own MLflow run.
        stages: On those of its stages.
        look: On that of the look at its A/B.
    """

    candidate: Page = field(default_factory=Page)
    stages: Mapping[StageName, Page] = field(default_factory=dict)
    look: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is logged of a round, at one point in time.

    Attributes:
        key: Unique key of letters, digits and `._:/-`; logging the same key twice changes nothing.
        decided_at: ISO 8601 time.
        policy: The policy decided under, whole.
        decision: The round's decision.
        evidence: Evidence of every stage that has some, by candidate URI.
        tool_version: Version of the program.
        pages: What is shown of each candidate, by its URI; may lack some.
    """

    key: str
    decided_at: str
    policy: Policy
    decision: RoundDecision
    evidence: Mapping[str, Mapping[StageName, Evidence]]
    tool_version: str
    pages: Mapping[str, Pages] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A version that was in production before the gate: accepted for a reason, never passed.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        adopted_at: ISO 8601 time.
        version: The version.
        alias: The alias it gets.
        reason: Why it may stand as the baseline, in the release manager's words.
    """

    key: str
    adopted_at: str
    version: Version
    alias: str
    reason: str

    def __post_init__(self) -> None:
        _refuse_key(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAb:
    """An A/B whose plan and criteria were written down before its exposures.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        started_at: ISO 8601 time of the registration.
        version: The candidate.
        policy: Name of the policy.
        plan_sha256: Digest of plan and criteria together.
        source_sha256: Digest of what says where the data are.
        by: Who did it.
        alpha: The alpha of SHIP.
        documents: What was registered, as files.
    """

    key: str
    started_at: str
    version: Version
    policy: str
    plan_sha256: str
    source_sha256: str
    by: str
    alpha: float
    documents: tuple[Document, ...] = ()

    def __post_init__(self) -> None:
        _refuse_key(self.key)


def _refuse_key(key: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._:/-]{1,200}", key):
        raise ValueError(f"a key has letters, digits and `._:/-` only, not {key!r}")


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
class Decided:
    """A decision read back.

    Attributes:
        run_id: MLflow run it was read from.
        decided_at: ISO 8601 time.
        policy_name: Name of the policy it was made under.
        policy_sha256: Digest of that policy.
        policy: That policy, whole.
        round_id: The round it belongs to.
        baseline: URI of the baseline it assumed.
        decision: The candidate's decision as stored; never trusted for promotion.
    """

    run_id: str
    decided_at: str
    policy_name: str
    policy_sha256: str
    policy: Policy
    round_id: str
    baseline: str | None
    decision: CandidateDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Decided):
    """A decision read back, with the evidence it rests on.

    Attributes:
        evidence: Evidence of every member of the round, by candidate URI and stage, each checked
            against its digest.
    """

    evidence: Mapping[str, Mapping[StageName, Evidence]]

    @classmethod
    def of(cls, decided: Decided, evidence: Mapping[str, Mapping[StageName, Evidence]]) -> "Stored":
        """A decision, joined with its evidence."""
        said = {field.name: getattr(decided, field.name) for field in fields(decided)}
        return cls(**said, evidence=evidence)


class Ledger(ChainKeeper, ReportKeeper, ProductKeeper, Protocol):
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

    def holder(self, name: str, alias: str) -> Version | None:
        """The version behind an alias; None when there is none, or no such model."""
        ...

    def register(self, new: NewVersion) -> Version:
        """A new version; the file is uploaded before the version exists."""
        ...

    def fetch_file(self, version: Version, folder: Path) -> Path:
        """The recorded outputs of a version, or the folder of its pyfunc model, put into a folder.

        Raises:
            InputError: When the version carries nothing.
            Broken: When it is gone, or is not what was registered.
        """
        ...

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Sets tags on a version."""
        ...

    def set_alias(self, version: Version, alias: str) -> None:
        """Points an alias at a version, and reads it back.

        Raises:
            InputError: When the name is reserved or not allowed.
            Broken: When the alias does not point there afterwards.
        """
        ...

    def log_adoption(self, adoption: Adoption) -> str:
        """Writes an adoption, its verdict being ADOPTED; idempotent by its key.

        Returns:
            The MLflow run it is found in.
        """
        ...

    def log_start(self, started: StartedAb) -> str:
        """Writes what was registered of an A/B; idempotent by its key.

        Returns:
            The MLflow run it is found in.
        """
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

    def stored(self, decided: Decided) -> Stored:
        """A decision that was read back, with verified evidence.

        Raises:
            Broken: When an artifact is missing or does not match its digest.
        """
        ...

    def record_file(self, decided: Decided) -> bytes:
        """The file `record.json` that a decision was read back from.

        Raises:
            Broken: When it is missing or does not match its digest.
        """
        ...

    def found(self, decided: Decided) -> Logged:
        """Where a decision that was read back is found; a stage's run that is gone is absent.

        Raises:
            Broken: When the run it was read from is gone.
        """
        ...

    def history(self, version: Version, *, most: int | None = None) -> Sequence[Decided]:
        """Decisions on a version under any policy, newest first, without their evidence.

        Args:
            version: The version.
            most: How many; None for all.

        Raises:
            Broken: When a record is missing or does not match its digest.
        """
        ...
