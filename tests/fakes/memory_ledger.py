"""A ledger in memory that keeps every promise of the protocol."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gates.decide.verdict import CandidateDecision
from gates.ledger.chain_keeping import Known, Lease, LeaseHeld, LeaseLost, Sealed
from gates.ledger.ledger import (
    STARTED_TAG,
    Adoption,
    Decided,
    LedgerDown,
    Logged,
    NewVersion,
    Record,
    StartedAb,
    Stored,
    Version,
)
from gates.ledger.night_report import NightReport
from gates.ledger.product_report import ProductReport
from gates.ledger.records import candidate_records, encode_candidate
from gates.ledger.references import parse_reference
from policies.errors import InputError

RESERVED = ("latest",)


@dataclass
class MemoryLease:
    """Held until it is given back, or until a test takes it away by `is_held`."""

    ledger: "MemoryLedger"
    model: str
    number: int
    holder: str
    intent: str
    abandoned: str | None = None
    is_held: bool = True

    def check(self, *, within: float = 0.0) -> None:
        del within
        self.ledger.ping()
        if not self.is_held or self.ledger.leases[self.model] is not self:
            raise LeaseLost(f"{self.holder} writes the records of {self.model} no more")


@dataclass
class MemoryLedger:
    """Everything in dictionaries; set `is_down` to pull the plug."""

    models: dict[str, list[Version]] = field(default_factory=dict)
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    adoptions: dict[str, Adoption] = field(default_factory=dict)
    nights: dict[str, NightReport] = field(default_factory=dict)
    products: dict[str, ProductReport] = field(default_factory=dict)
    starts: dict[str, StartedAb] = field(default_factory=dict)
    envelopes: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    leases: dict[str, "MemoryLease"] = field(default_factory=dict)
    is_down: bool = False

    @property
    def uri(self) -> str:
        return "memory:"

    def ping(self) -> None:
        if self.is_down:
            raise LedgerDown("cannot reach the server: the ledger in memory is down")

    def version(self, reference: str) -> Version:
        self.ping()
        named = parse_reference(reference)
        aliases = self.aliases.get(named.name, {})
        number = aliases.get(named.alias) if named.alias else named.version
        versions = self.versions(named.name)
        found = next((v for v in versions if v.version == number), None)
        if found is None:
            numbers = ", ".join(v.version for v in versions) or "none"
            models = ", ".join(self.models) or "none at all"
            raise InputError(
                f"there is no {reference}",
                why=f"{named.name} has versions {numbers}; the models are {models}",
                fix="gate register",
            )
        return found

    def versions(self, name: str) -> tuple[Version, ...]:
        self.ping()
        aliases = self.aliases.get(name, {})
        return tuple(
            replace(v, aliases=tuple(sorted(a for a, n in aliases.items() if n == v.version)))
            for v in self.models.get(name, [])
        )

    def holder(self, name: str, alias: str) -> Version | None:
        return next((v for v in self.versions(name) if alias in v.aliases), None)

    def register(self, new: NewVersion) -> Version:
        self.ping()
        tags = dict(new.tags)
        content = None
        if new.file is not None:
            content, tags["gate_file"] = new.file.read_bytes(), new.file.name
        versions = self.models.setdefault(new.name, [])
        made = Version(
            name=new.name,
            version=str(len(versions) + 1),
            aliases=(),
            tags=tags,
            created=f"2026-01-01T00:00:00.{len(versions):03}+00:00",
            source=new.source or "memory:",
        )
        versions.append(made)
        if content is not None:
            self.files[made.uri] = content
        return made

    def fetch_file(self, version: Version, folder: Path) -> Path:
        self.ping()
        if version.uri not in self.files:
            raise InputError(f"{version.uri} has no recorded outputs")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / version.tags["gate_file"]
        path.write_bytes(self.files[version.uri])
        return path

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        self.ping()
        versions = self.models[version.name]
        place = int(version.version) - 1
        versions[place] = replace(versions[place], tags={**versions[place].tags, **tags})

    def set_alias(self, version: Version, alias: str) -> None:
        self.ping()
        if alias in RESERVED:
            raise InputError(f"cannot use the alias {alias}")
        self.aliases.setdefault(version.name, {})[alias] = version.version

    def log_adoption(self, adoption: Adoption) -> str:
        self.ping()
        self.adoptions.setdefault(adoption.key, adoption)
        return f"adoption-{adoption.key}"

    def log_start(self, started: StartedAb) -> str:
        self.ping()
        self.starts.setdefault(started.key, started)
        self.tag(
            started.version,
            {STARTED_TAG: f"{started.plan_sha256} {started.started_at}"},
        )
        return f"start-{started.key}"

    def log_night(self, report: NightReport) -> str:
        self.ping()
        self.nights.setdefault(report.key, report)
        return f"memory:/nights/{report.key}"

    def log_product(self, report: ProductReport) -> str:
        """Keeps what was made."""
        self.ping()
        self.products.setdefault(report.key, report)
        return f"memory:/products/{report.key}"

    def log(self, record: Record) -> tuple[Logged, ...]:
        self.ping()
        if record.key not in self.records:
            self.records[record.key] = record
            for decision in record.decision.candidates:
                self._tag_decided(record, decision)
        return tuple(
            _logged(_run_id(record, decision.candidate), decision)
            for decision in record.decision.candidates
        )

    def latest(self, version: Version, policy_name: str) -> Stored | None:
        found = [s for s in self._decided(version) if s.policy_name == policy_name]
        return found[0] if found else None

    def history(self, version: Version, *, most: int | None = None) -> Sequence[Decided]:
        return self._decided(version)[:most]

    def stored(self, decided: Decided) -> Stored:
        self.ping()
        key = decided.run_id.removesuffix(f":{decided.decision.candidate}")
        return _stored(self.records[key], decided.decision)

    def record_file(self, decided: Decided) -> bytes:
        self.ping()
        key = decided.run_id.removesuffix(f":{decided.decision.candidate}")
        shares = candidate_records(self.records[key])
        (mine,) = [s for s in shares if s.decision.candidate == decided.decision.candidate]
        return encode_candidate(mine)

    def found(self, decided: Decided) -> Logged:
        self.ping()
        return _logged(decided.run_id, decided.decision)

    @contextmanager
    def lease(
        self, model: str, *, holder: str, intent: str, patience: float, above: int = 0
    ) -> Iterator[Lease]:
        del patience  # nobody else is there who could give it back
        self.ping()
        before = self.leases.get(model)
        if before is not None and before.is_held:
            raise LeaseHeld(f"{before.holder} writes the records of {model}")
        number = max(above, before.number if before else 0) + 1
        mine = MemoryLease(ledger=self, model=model, number=number, holder=holder, intent=intent)
        self.leases[model] = mine
        try:
            yield mine
        finally:
            mine.is_held = False

    def unfinished(self, model: str) -> str | None:
        self.ping()
        newest = self.leases.get(model)
        return f"{newest.intent} ({newest.holder})" if newest and newest.is_held else None

    def chain(self, model: str, *, after: Known | None = None) -> tuple[bytes, ...]:
        self.ping()
        known = 0 if after is None else after.sequence
        kept = sorted(self.envelopes.get(model, []))
        return tuple(dict.fromkeys(envelope for sequence, envelope in kept if sequence > known))

    def append(self, model: str, sealed: Sequence[Sealed], *, first: int, lease: Lease) -> None:
        for sequence, one in enumerate(sealed, first):
            lease.check()
            self.envelopes.setdefault(model, []).append((sequence, one.envelope))

    def _decided(self, version: Version) -> tuple[Stored, ...]:
        self.ping()
        newest = sorted(
            enumerate(self.records.values()), key=lambda r: (r[1].decided_at, r[0]), reverse=True
        )
        return tuple(
            _stored(record, decision)
            for _, record in newest
            for decision in record.decision.candidates
            if decision.candidate == version.uri
        )

    def _tag_decided(self, record: Record, decision: CandidateDecision) -> None:
        named = parse_reference(decision.candidate)
        found = [v for v in self.versions(named.name) if v.version == named.version]
        for version in found:
            stages = {
                f"gate_{s.stage.value}": s.verdict.value
                + (f" ({s.online.value})" if s.online else "")
                for s in decision.stages
            }
            self.tag(
                version,
                {
                    **stages,
                    "gate_verdict": decision.verdict.value,
                    "gate_policy": record.policy.policy,
                    "gate_run": _run_id(record, decision.candidate),
                },
            )


def _run_id(record: Record, candidate: str) -> str:
    return f"{record.key}:{candidate}"


def _logged(run_id: str, decision: CandidateDecision) -> Logged:
    return Logged(
        candidate=decision.candidate,
        run_id=run_id,
        stage_run_ids={s.stage: f"{run_id}/{s.stage}" for s in decision.stages},
        url="",
    )


def _stored(record: Record, decision: CandidateDecision) -> Stored:
    return Stored(
        run_id=_run_id(record, decision.candidate),
        decided_at=record.decided_at,
        policy_name=record.policy.policy,
        policy_sha256=record.policy.sha256,
        policy=record.policy,
        round_id=record.decision.round_id,
        baseline=record.decision.baseline,
        decision=decision,
        evidence=record.evidence,
    )
