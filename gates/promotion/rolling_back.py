"""Rollback: an alias goes back to a version that is known to be good, at once and on record."""

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from gates.chain.bodies import AbEnded, Revocation, Rollback
from gates.chain.chain import Chain
from gates.chain.custody import Custody, Entry
from gates.chain.record import Kept
from gates.ledger.ledger import LedgerDown, Version
from gates.notify.events import EventKind
from gates.promotion.aftermath import Aftermath, Moved, after_move
from gates.promotion.ending import ended_abs
from gates.promotion.moving import custody_of, endpoint_of, move
from gates.promotion.production import Patience, recognition_of
from gates.promotion.reasons import refuse_no_reason
from gates.promotion.stranding import Old, stranded
from gates.services import Services
from gates.subjects import subject_of
from gates.trust.statement import Subject
from gates.trust.untrusted import Untrusted
from policies.errors import Broken, GateError, WrongUsage
from stages.models.client import ModelClient
from stages.models.fingerprint import served_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What is asked for.

    Attributes:
        alias: The alias to move back.
        reason: Why, in a person's words.
        to: Number of the version to go back to; None: the last that was good.
        dry_run: Answer only; nothing is changed.
    """

    alias: str
    reason: str
    to: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a rollback did, or would do.

    Attributes:
        target: The version gone back to.
        before: URI of the version left behind; None when the alias pointed to nothing.
        alias: The alias.
        warnings: What speaks against the target, in sentences; it was gone back to all the same.
        ended: MLflow URIs of the versions whose A/Bs ended.
        record: The record; None of a dry run.
        aftermath: What serves; None of a dry run.
    """

    target: Version
    before: str | None
    alias: str
    warnings: tuple[str, ...]
    ended: tuple[str, ...] = ()
    record: Kept | None = None
    aftermath: Aftermath | None = None


def roll_back(model: str, services: Services, back: Back, *, patience: Patience) -> RolledBack:
    """Moves an alias back, records it, and revokes the version that is left behind.

    No verdict is asked for: whatever served by the word of a signed record may serve again, unless
    it was revoked.

    Args:
        model: Registered model name.
        services: The outside world.
        back: Whereto, and why.
        patience: How long production may take.

    Raises:
        WrongUsage: When there is no trust file or reason, or nothing to go back to.
        LedgerDown: When MLflow does not answer; nothing was changed, and the error names the
            version and the endpoint of the last record.
    """
    custody = custody_of(services).passing_over_strangers()
    services = replace(services, custody=custody)
    refuse_no_reason(back.reason, f"gate rollback {model}")
    try:
        if back.dry_run:
            return _dry(model, services, back)
        return _rolled_back(model, services, back, patience=patience)
    except LedgerDown as error:
        raise _with_last_record(error, model, custody, back) from error


def _dry(model: str, services: Services, back: Back) -> RolledBack:
    holder = services.ledger.holder(model, back.alias)
    chain = custody_of(services).chain(model)
    target, recorded = _target(chain, holder, services, back)
    return RolledBack(
        target=target,
        before=holder.uri if holder else None,
        alias=back.alias,
        warnings=_warnings(target, recorded, services),
    )


def _rolled_back(model: str, services: Services, back: Back, *, patience: Patience) -> RolledBack:
    """Recorded first, then moved: cut off between, the next call knows where it was going.

    Whoever answers slowly is asked before the lease is taken.
    """
    custody = custody_of(services)
    left_at = services.ledger.holder(model, back.alias)
    target, recorded = _target(custody.chain(model), left_at, services, back)
    warnings = _warnings(target, recorded, services)
    recognition = recognition_of(target, left_at, file=None, services=services)
    with custody.lease(model, intent=f"roll {model}@{back.alias} back") as lease:
        chain = custody.chain(model)
        holder = services.ledger.holder(model, back.alias)
        _refuse_moved_meanwhile(left_at, holder, back)
        target, subject = _target(chain, holder, services, back)
        body = Rollback(
            alias=back.alias,
            before=holder.uri if holder else None,
            reason=back.reason.strip(),
            endpoint=endpoint_of(target, services),
        )
        left = () if holder is None else _left_behind(holder, subject, chain, services, back)
        entries = (Entry(subject=subject, body=body), *left)
        record = custody.append_all(model, entries, lease=lease)[0]
        move(target, back.alias, services, lease=lease)
    done = Moved(
        version=target,
        alias=back.alias,
        record=record,
        kind=EventKind.ROLLED_BACK,
        how=f"{model}@{back.alias} was rolled back to {target.uri}",
        why=back.reason,
    )
    aftermath = after_move(done, recognition, services=services, patience=patience)
    return RolledBack(
        target=target,
        before=body.before,
        alias=back.alias,
        warnings=warnings,
        ended=tuple(e.subject.name for e in left if isinstance(e.body, AbEnded)),
        record=record,
        aftermath=aftermath,
    )


def _refuse_moved_meanwhile(left_at: Version | None, holder: Version | None, back: Back) -> None:
    """Two who roll back at the same time go back once, not twice."""
    found, now = (version and version.uri for version in (left_at, holder))
    if found != now:
        raise Broken(
            f"`{back.alias}` was not rolled back: somebody moved it meanwhile",
            why=f"it pointed to {found or 'nothing'}, and now to {now or 'nothing'}",
            fix="look at gate status; if it must go back further, run the same command again",
        )


def _left_behind(
    holder: Version, target: Subject, chain: Chain, services: Services, back: Back
) -> tuple[Entry, ...]:
    """The version left is revoked, if it served by a record; A/Bs that rest on it end.

    Where a rollback is taken back, what that went to is left as good as it was; and so is what an
    alias points to without a record that is put back to where the records have it.
    """
    if holder.uri == target.name:
        return ()
    served = [k.record.subject for k in chain.moves(back.alias)]
    subject = next((one for one in reversed(served) if one.name == holder.uri), None)
    revoked: tuple[Entry, ...] = ()
    spared = _takes_back(target, holder, chain, back) or _puts_back(target, holder, chain, back)
    if subject is not None and not spared and chain.revoked(subject) is None:
        why = f"rolled back: {back.reason.strip()}"
        revoked = (Entry(subject=subject, body=Revocation(reason=why)),)
    entry = custody_of(services).trust.entry(chain.model, back.alias)
    old = Old(
        baseline=holder.uri,
        policies={each.policy for each in entry.policies} if entry else set(),
        within=entry.decision_valid if entry else timedelta(0),
    )
    others = stranded(chain, old, candidate=holder.uri, at=services.clock())
    return (*revoked, *ended_abs(others, why=f"its baseline {holder.uri} was rolled back"))


def _takes_back(target: Subject, holder: Version, chain: Chain, back: Back) -> bool:
    """Whether the alias is where a rollback put it that left, and revoked, the target."""
    revocation, last = chain.revoked(target), chain.serving(back.alias)
    if revocation is None or last is None or not chain.left_by_rollback(revocation):
        return False
    body = last.record.body
    left = body.before if isinstance(body, Rollback) else None
    return (last.record.subject.name, left) == (holder.uri, target.name)


def _puts_back(target: Subject, holder: Version, chain: Chain, back: Back) -> bool:
    """Whether the records have the alias at the target, and not by a rollback that was cut off."""
    last = chain.serving(back.alias)
    if last is None or last.record.subject.name != target.name:
        return False
    body = last.record.body
    return not (isinstance(body, Rollback) and body.before == holder.uri)


def _target(
    chain: Chain, holder: Version | None, services: Services, back: Back
) -> tuple[Version, Subject]:
    """The version to go back to, as it was recorded when it served."""
    if back.to is not None:
        uri = f"models:/{chain.model}/{back.to}"
        found = chain.last_earned(back.alias, uri)
        if found is None:
            served = any(kept.record.subject.name == uri for kept in chain.moves(back.alias))
            never = f"no record says that it ever was {chain.model}@{back.alias}"
            raise WrongUsage(
                f"cannot roll back to {uri}",
                why=f"it was {back.alias} by an override only" if served else never,
                fix=f"gate history {chain.model} shows what was; another version is promoted, or "
                "let in by gate override",
            )
        if holder is not None and holder.uri == uri and chain.serving(back.alias) == found:
            raise WrongUsage(
                f"there is nothing to roll back to {uri}",
                why=f"{back.alias} points to it, and so the last record says",
                fix=f"gate status {chain.model} shows what there is",
            )
        revocation = chain.revoked(found.record.subject)
        if revocation is not None and not chain.left_by_rollback(revocation):
            raise WrongUsage(
                f"cannot roll back to {uri}",
                why=f"it was revoked on {revocation.record.at.date().isoformat()} by "
                f"{revocation.record.by.owner}",
                fix="name another version, or let it in by gate override",
            )
    else:
        found = chain.last_good(back.alias, before=holder.uri if holder else "")
    if found is None:
        raise WrongUsage(
            f"there is nothing to roll {chain.model}@{back.alias} back to",
            why="no other version was adopted or promoted on a PASS and is not revoked",
            fix="--to N takes back a rollback from version N; gate override lets another one in on "
            "the word of two people",
        )
    return _there_still(found, chain, holder, services, back), found.record.subject


def _there_still(
    found: Kept, chain: Chain, holder: Version | None, services: Services, back: Back
) -> Version:
    """The version of a record, which somebody may have deleted in MLflow since.

    Raises:
        WrongUsage: When it is gone; named is what else may be gone back to.
    """
    uri, model = found.record.subject.name, chain.model
    versions = {version.uri: version for version in services.ledger.versions(model)}
    if uri in versions:
        return versions[uri]
    good = (
        kept.record.subject.name for kept in chain.good(back.alias, holder.uri if holder else "")
    )
    others = [versions[name].version for name in good if name in versions]
    said = f'gate rollback {model} --to {others[0]} --reason "..."' if others else ""
    more = f"; good before were also {', '.join(others[1:])}" if others[1:] else ""
    raise WrongUsage(
        f"cannot roll {model}@{back.alias} back to {uri}",
        why=f"record {found.record.sequence} says that it was good, and MLflow has it no more",
        fix=f"{said} goes back further{more}"
        if others
        else "restore it in MLflow, or let another version in by gate override",
    )


def _warnings(target: Version, recorded: Subject, services: Services) -> tuple[str, ...]:
    """What a person should know, and what keeps nobody from going back."""
    expired = custody_of(services).trust.expiry_warning(services.clock())
    said = () if expired is None else (expired,)
    return (*said, *_strangers(services), *_doubts(target, recorded, services))


def _strangers(services: Services) -> tuple[str, ...]:
    """What stands among the records and nobody of the trust file has signed for the model."""
    count = custody_of(services).strangers
    if not count:
        return ()
    said = (
        f"{count} of the records in MLflow were signed by nobody whom the trust file names, "
        "or copied from another model, and were passed over; nothing is promoted until they are "
        "deleted: see gate verify"
    )
    return (said,)


def _doubts(target: Version, recorded: Subject, services: Services) -> tuple[str, ...]:
    """What speaks against a target that answers no more, or is another than was recorded."""
    try:
        with TemporaryDirectory() as folder:  # as it is there now, not as a copy at hand says
            subject = subject_of(target, replace(services, cache=Path(folder)))
            other = _replaced(target, recorded, now=subject.digest)
            if subject.client is None:
                return (*other, f"nobody can ask {target.uri} whether it answers: it is external")
            with closing(subject.client):
                return (*other, *_silence(target, subject.client))
    except GateError as error:
        return (f"{target.uri} does not answer: {error.in_short}",)


def _silence(target: Version, client: ModelClient) -> tuple[str, ...]:
    try:
        served_identity(client)
    except GateError as error:
        return (f"{target.uri} does not answer: {error.in_short}",)
    return ()


def _replaced(target: Version, recorded: Subject, *, now: str) -> tuple[str, ...]:
    """A version written over, or deleted and registered again under its number, was never good."""
    if now == recorded.sha256:
        return ()
    said = (
        f"{target.uri} is NOT the checkpoint that was good: its digest is {now[:12]}, and "
        f"{recorded.sha256[:12]} was recorded; unless its endpoint was moved on purpose, restore "
        "it, or go back further with --to"
    )
    return (said,)


def _with_last_record(error: LedgerDown, model: str, custody: Custody, back: Back) -> LedgerDown:
    """The same error, with what a person needs who must act without MLflow."""
    said = "no record is at hand"
    with suppress(GateError):
        said = _last_words(model, custody, back) or said
    return LedgerDown(
        f"{model}@{back.alias} was not rolled back: {error.message}",
        why=f"{error.why}; {said}" if error.why else said,
        fix="deploy that version by hand if you must, and run the same command when MLflow answers",
    )


def _last_words(model: str, custody: Custody, back: Back) -> str | None:
    """What the last record says; None where there is none.

    Raises:
        Untrusted: When trust file or records cannot be believed.
    """
    unasked = ""
    try:
        chain = custody.remembered(model)
    except Untrusted:
        raise
    except Broken as error:
        chain = custody.remembered_without_state(model)
        unasked = (
            "; its signature counts by the trust file at hand, and the state could not be asked "
            f"for a newer one: {error.in_short}"
        )
    serving = chain.serving(back.alias)
    if serving is None:
        return None
    good = chain.last_good(back.alias, before=serving.record.subject.name)
    said = f"the last record says that {_there(serving)} serves"
    said += "" if good is None else f"; the last good one before it is {_there(good)}"
    return said + unasked


def _there(kept: Kept) -> str:
    endpoint = getattr(kept.record.body, "endpoint", None)
    where = f" at {endpoint}" if endpoint else " (no endpoint was recorded)"
    return f"{kept.record.subject.name}{where}"
