"""An override: two people let a version have an alias for a while, though nothing says PASS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.chain.bodies import Override, Promotion, Signatory
from gates.chain.chain import Chain
from gates.chain.custody import Entry
from gates.chain.record import Kept
from gates.ledger.chain_keeping import Lease
from gates.ledger.ledger import Version
from gates.notify.events import EventKind
from gates.promotion.aftermath import Aftermath, Moved, after_move
from gates.promotion.ending import ended_abs
from gates.promotion.judging import subject_now
from gates.promotion.moving import custody_of, endpoint_of, move
from gates.promotion.production import Patience, recognition_of
from gates.promotion.reasons import refuse_no_reason
from gates.promotion.stranding import Old, stranded
from gates.services import Services
from gates.trust.keys import Signer
from gates.trust.statement import Subject
from gates.trust.trust_document import Kind, Role
from policies.errors import WrongUsage

OVERRIDE_TAG = "gate_override"
"""Tag of a version: which alias it got without a PASS, and until when; an index, no proof."""

LONGEST = timedelta(days=30)
"""An override without an end would be a policy that nobody reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What two people ask for.

    Attributes:
        alias: The alias.
        reason: Why, in their words.
        lasts: How long it holds; at most `LONGEST`.
        second: The second person's key.
    """

    alias: str
    reason: str
    lasts: timedelta
    second: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Overridden:
    """What an override did.

    Attributes:
        version: The version that has the alias now, without a PASS.
        before: URI of the version behind the alias before; None when there was none.
        alias: The alias.
        given: The override's record.
        moved: The record of the move that rests on it.
        aftermath: What serves.
    """

    version: Version
    before: str | None
    alias: str
    given: Kept
    moved: Kept
    aftermath: Aftermath

    @property
    def expires(self) -> datetime:
        """From when on it lets nothing more."""
        body = self.given.record.body
        assert isinstance(body, Override)
        return body.expires


def override(reference: str, services: Services, asked: Leave, *, patience: Patience) -> Overridden:
    """Records an override that two people sign, then moves the alias.

    It overrules every check of a promotion, revocation included, and passes none of them.

    Args:
        reference: The version.
        services: The outside world.
        asked: What, why, and for how long.
        patience: How long production may take.

    Raises:
        WrongUsage: When there is no trust file, no reason, no end, or no second person.
        LedgerDown: When the store does not answer.
    """
    custody = custody_of(services)
    version = services.ledger.version(reference)
    refuse_no_reason(asked.reason, f"gate override {version.name}/{version.version}")
    _refuse_span(asked.lasts)
    if custody.trust.entry(version.name, asked.alias) is None:
        raise WrongUsage(
            f"no override may move {version.name}@{asked.alias}",
            why="the trust file does not name the alias",
            fix=f"gate trust allow {version.name} {asked.alias} POLICY, and have it signed",
        )
    second = _second(asked.second, services)
    subject = subject_now(version, services)
    left = services.ledger.holder(version.name, asked.alias)
    recognition = recognition_of(version, left, file=None, services=services)
    with custody.lease(version.name, intent=f"override: {version.uri} to {asked.alias}") as lease:
        chain = custody.chain(version.name)
        holder = services.ledger.holder(version.name, asked.alias)
        given = _given(subject, chain, services, asked, second=second, lease=lease)
        moved = _moved(version, subject, holder, services, given, lease=lease)
    done = Moved(
        version=version,
        alias=asked.alias,
        record=moved,
        kind=EventKind.OVERRIDDEN,
        how=f"OVERRIDE: {version.uri} was given {asked.alias} without a PASS",
        why=asked.reason,
    )
    aftermath = after_move(done, recognition, services=services, patience=patience)
    return Overridden(
        version=version,
        before=holder.uri if holder else None,
        alias=asked.alias,
        given=given,
        moved=moved,
        aftermath=aftermath,
    )


def _refuse_span(lasts: timedelta) -> None:
    if not timedelta(0) < lasts <= LONGEST:
        raise WrongUsage(
            "cannot override without an end that is near",
            why=f"an override lasts at most {LONGEST.days} days, and longer than no time",
            fix="--expires 7d",
        )


def _second(signer: Signer, services: Services) -> Signatory:
    """The second person, who must be another one."""
    custody = custody_of(services)
    first, at = custody.signatory(custody.signer), services.clock()
    key = custody.trust.owner_of(signer.public)
    if key is None or not key.counts(at) or key.kind is not Kind.PERSON:
        why = "the second key is no person's that counts now"
    elif Role.APPROVE not in key.roles:
        why = f"{key.owner} has not the role approve"
    elif key.owner == first.owner:
        why = f"both keys are {first.owner}'s"
    elif first.ci is not None:
        why = f"{first.owner} is a CI"
    else:
        return Signatory(owner=key.owner, keyid=signer.public.keyid)
    raise WrongUsage(
        "cannot override on the word of one person",
        why=why,
        fix="a person with the role release calls it; --second names the key of another with the "
        "role approve",
    )


def _given(
    subject: Subject,
    chain: Chain,
    services: Services,
    asked: Leave,
    *,
    second: Signatory,
    lease: Lease,
) -> Kept:
    """The override's record, signed by both."""
    decisions = chain.decisions(subject.sha256)
    body = Override(
        decision=decisions[-1].sha256 if decisions else None,
        alias=asked.alias,
        reason=asked.reason.strip(),
        second=second,
        expires=services.clock() + asked.lasts,
    )
    return custody_of(services).append(chain.model, subject, body, lease=lease, second=asked.second)


def _moved(
    version: Version,
    subject: Subject,
    holder: Version | None,
    services: Services,
    given: Kept,
    *,
    lease: Lease,
) -> Kept:
    custody, said = custody_of(services), given.record.body
    assert isinstance(said, Override)
    left = () if holder is None or holder.uri == version.uri else _ends(version, holder, services)
    body = Promotion(
        alias=said.alias,
        before=holder.uri if holder else None,
        decision=said.decision,
        override=given.sha256,
        endpoint=endpoint_of(version, services),
    )
    custody.may_append(body)
    move(version, said.alias, services, lease=lease)
    entries = (Entry(subject=subject, body=body), *left)
    record = custody.append_all(version.name, entries, lease=lease)[0]
    ends = said.expires.isoformat(timespec="minutes")
    services.ledger.tag(version, {OVERRIDE_TAG: f"{said.alias} until {ends}"})
    return record


def _ends(version: Version, holder: Version, services: Services) -> tuple[Entry, ...]:
    """The ends of A/Bs against the version that is replaced."""
    custody = custody_of(services)
    chain = custody.chain(version.name)
    entries = [e for (model, _), e in custody.trust.aliases.items() if model == version.name]
    old = Old(
        baseline=holder.uri,
        policies={each.policy for entry in entries for each in entry.policies},
        within=max(entry.decision_valid for entry in entries),
    )
    others = stranded(chain, old, candidate=version.uri, at=services.clock())
    return ended_abs(others, why=f"its baseline was replaced by {version.uri}, by an override")
