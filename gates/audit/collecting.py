"""What a dossier is made of, taken from the records, their mirror and MLflow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from gates.audit.material import Need, evidence_of, from_ledger, needs_of, plans_of
from gates.audit.retention import erased_in
from gates.chain.bodies import Decision
from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.chain.record import Kept
from gates.ledger.ledger import LedgerDown
from gates.ledger.references import model_of, parse_reference
from gates.services import Services
from policies.canonical import sha256_of_bytes
from policies.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that was found.

    Attributes:
        chain: The model's records.
        about: URI of the version that the dossier is about; None: every version.
        decisions: Decisions on it, or on another version with the same checkpoint.
        files: Files by their place in the dossier.
        missing: Places of files that nobody has any more.
        erased: Places of files that were erased under retention.
        remarks: What a reader must know, in sentences.
    """

    chain: Chain
    about: str | None
    decisions: tuple[Kept, ...]
    files: Mapping[str, bytes] = field(repr=False)
    missing: tuple[str, ...]
    erased: tuple[str, ...]
    remarks: tuple[str, ...]


def collect(reference: str, services: Services, custody: Custody) -> Material:
    """All that the decisions on a model or a version rest on.

    Args:
        reference: `MODEL`, `MODEL/VERSION` or `MODEL@ALIAS`; an alias is taken from the records.
        services: The outside world.
        custody: The records.

    Raises:
        InputError: When the records know nothing of it.
        Untrusted: When a record cannot be believed.
    """
    chain, remarks = _chain(model_of(reference), custody)
    about = _about(reference, chain)
    decisions = _decisions(chain, about)
    shelf = _Shelf(services=services, custody=custody)
    for kept in decisions:
        shelf.add(kept)
    return Material(
        chain=chain,
        about=about,
        decisions=decisions,
        files={**shelf.files, **_records(chain), **shelf.statements},
        missing=tuple(sorted(shelf.missing)),
        erased=tuple(sorted(shelf.erased)),
        remarks=remarks,
    )


def _chain(model: str, custody: Custody) -> tuple[Chain, tuple[str, ...]]:
    try:
        chain, remarks = custody.chain(model), tuple[str, ...]()
    except LedgerDown:
        chain = custody.remembered(model)
        remarks = ("MLflow did not answer: records that it alone has are not here",)
    if not chain.records:
        raise InputError(
            f"there are no records of {model}",
            why="neither MLflow nor the mirror has any",
            fix="gate history MODEL shows what is recorded; check the name and [state] records",
        )
    return chain, remarks


def _about(reference: str, chain: Chain) -> str | None:
    if reference.strip() == chain.model:
        return None
    named = parse_reference(reference)
    uri = f"models:/{chain.model}/{named.version}"
    if named.alias is not None:
        serving = chain.serving(named.alias)
        uri = "" if serving is None else serving.record.subject.name
    if any(kept.record.subject.name == uri for kept in chain.records):
        return uri
    raise InputError(
        f"there are no records of {reference}",
        why=f"none of the {len(chain.records)} records of {chain.model} is about it",
        fix=f"gate history {chain.model} shows what is recorded",
    )


def _decisions(chain: Chain, about: str | None) -> tuple[Kept, ...]:
    subjects = [kept.record.subject for kept in chain.records]
    checkpoints = {each.sha256 for each in subjects if about in (None, each.name)}
    return tuple(
        kept
        for kept in chain.records
        if isinstance(kept.record.body, Decision) and kept.record.subject.sha256 in checkpoints
    )


def _records(chain: Chain) -> Mapping[str, bytes]:
    return {f"records/{kept.record.sequence:06}.json": kept.envelope for kept in chain.records}


@dataclass(kw_only=True)
class _Shelf:
    """Files that were looked for so far."""

    services: Services
    custody: Custody
    files: dict[str, bytes] = field(default_factory=dict)
    statements: dict[str, bytes] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)

    def add(self, kept: Kept) -> None:
        """Everything that a decision rests on."""
        body = kept.record.body
        assert isinstance(body, Decision)
        known: Mapping[str, bytes] = {}
        needs = needs_of(body, self.custody.blob)
        if any(self.custody.blob(each.sha256) is None for each in needs):
            known = from_ledger(kept, self.services.ledger)
            table = known.get(body.members_sha256)
            found = evidence_of(body, lambda _: table) if table else ()
            needs = tuple(dict.fromkeys((*needs, *(Need("evidence", each) for each in found))))
        for each in needs:
            self._put(each, known)
        policy = self.files.get(Need("policies", body.policy_sha256).path)
        if policy is not None:
            for sha256, plan in plans_of(policy, body.plan_sha256):
                self.files[Need("plans", sha256).path] = plan

    def _put(self, need: Need, known: Mapping[str, bytes]) -> None:
        if self._erased(need.sha256):
            self.erased.add(need.path)
            return
        data = self.custody.blob(need.sha256) or known.get(need.sha256)
        if data is None:
            self.missing.add(need.path)
        else:
            self.files[need.path] = data

    def _erased(self, sha256: str) -> bool:
        """Whether a statement says so, which goes into the dossier; MLflow is not asked then."""
        if self.custody.blob(sha256) is not None:
            return False
        for statement in self.custody.erasures:
            if sha256 in _said(statement):
                self.statements[f"erasures/{sha256_of_bytes(statement)}.json"] = statement
                return True
        return False


def _said(statement: bytes) -> Collection[str]:
    return erased_in(statement, what="a statement on erased evidence")
