"""What signing another trust file changes, in sentences."""

from collections.abc import Iterator, Mapping

from gates.trust.changes import short_id
from gates.trust.trust_document import AliasEntry, KeyEntry, RevokedEntry, TrustDocument


def differences(old: TrustDocument | None, new: TrustDocument) -> tuple[str, ...]:
    """What signing the new one changes, a sentence each; without an old one, all that it says."""
    return tuple(_differences(old, new))


def _differences(old: TrustDocument | None, new: TrustDocument) -> Iterator[str]:
    for name in ("root_threshold", "expires"):
        was, now = getattr(old, name, None), getattr(new, name)
        if was != now:
            yield f"{name} {now}" if was is None else f"{name} {was} becomes {now}"
    before = {entry.public: entry for entry in old.keys} if old else {}
    after = {entry.public: entry for entry in new.keys}
    for public, entry in after.items():
        yield from _key_difference(before.get(public), entry)
    for public, gone in before.items():
        if public not in after:
            who = f"key {short_id(gone)} of {gone.owner}"
            yield f"{who} is gone: what it has signed counts no more"
    yield from _alias_differences(_by_alias(old) if old else {}, _by_alias(new))


def _key_difference(old: KeyEntry | None, new: KeyEntry) -> Iterator[str]:
    who = f"key {short_id(new)} of {new.owner}"
    if old is None:
        yield f"{who} ({new.kind}) is new: {', '.join(new.roles)}, from {new.since}"
    elif old != new:
        fields = [
            name for name in KeyEntry.model_fields if getattr(old, name) != getattr(new, name)
        ]
        said = ", ".join(f"{name} {_said(getattr(new, name))}" for name in fields)
        yield f"{who} changes: {said}"


def _alias_differences(
    old: Mapping[str, AliasEntry], new: Mapping[str, AliasEntry]
) -> Iterator[str]:
    for where in old:
        if where not in new:
            yield f"{where}: nothing may move it any more"
    for where, entry in new.items():
        was = old.get(where)
        if was != entry:
            yield f"{where}: " + "; ".join((*_demands(was, entry), *_digests(was, entry)))


def _demands(old: AliasEntry | None, new: AliasEntry) -> Iterator[str]:
    for name in ("stages", "approvals", "decision_valid_days"):
        if old is None or getattr(old, name) != getattr(new, name):
            yield f"{name} {_said(getattr(new, name))}"


def _digests(old: AliasEntry | None, new: AliasEntry) -> Iterator[str]:
    before, after = _in_force(old) if old else {}, _in_force(new)
    for (policy, sha256, since), until in after.items():
        if before.get((policy, sha256, since), "never") != until:
            end = f" until {until}" if until else ""
            yield f"policy {policy} {sha256[:12]} from {since}{end}"
    for policy, sha256, since in before:
        if (policy, sha256, since) not in after:
            yield f"policy {policy} {sha256[:12]} from {since} is gone"


def _in_force(entry: AliasEntry) -> dict[tuple[str, str, str], str | None]:
    return {
        (policy, each.sha256, each.since): each.until
        for policy, digests in entry.policies.items()
        for each in digests
    }


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, RevokedEntry):
        return f"at {value.at} ({value.reason})"
    return str(value)


def _by_alias(document: TrustDocument) -> dict[str, AliasEntry]:
    return {
        f"{model}@{alias}": entry
        for model, aliases in document.models.items()
        for alias, entry in aliases.aliases.items()
    }
