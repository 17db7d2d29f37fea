"""An alias is moved: under a lease, read back, and recorded."""

from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.ledger.chain_keeping import Lease
from gates.ledger.ledger import Version
from gates.services import Services
from gates.subjects import subject_of
from gates.trust.statement import Subject
from policies.errors import Broken, WrongUsage

PROMOTED_TAG = "gate_promoted"
"""Tag of a version: the alias that was moved to it last; an index, no proof."""


def custody_of(services: Services) -> Custody:
    """Who signs and believes records.

    Raises:
        WrongUsage: When the workspace names no trust file: nothing may move anything then.
    """
    if services.custody is None:
        raise WrongUsage(
            "nothing says who may move an alias",
            why="gate.toml has no `[trust] root`",
            fix="gate trust init, then gate trust allow MODEL ALIAS POLICY and gate trust sign",
        )
    return services.custody


def move(version: Version, alias: str, services: Services, *, lease: Lease) -> None:
    """Points an alias at a version and reads it back.

    Raises:
        LeaseLost: When somebody else may be moving it; nothing was changed.
        Broken: When it reads back as another.
    """
    lease.check()
    services.ledger.set_alias(version, alias)
    after = services.ledger.holder(version.name, alias)
    if after is None or after.uri != version.uri:
        raise Broken(
            f"`{alias}` was not moved to {version.uri}",
            why=f"after moving it, it reads back as {after.uri if after else 'nothing'}",
            fix="someone else moved it at the same time; look at gate status, then try again",
        )


def endpoint_of(version: Version, services: Services) -> str | None:
    """Address that a version answers at, as its tags or the workspace say; None without one."""
    section = services.workspace.models.get(version.name)
    said = version.tags.get("gate_base_url", section.endpoint if section else None)
    return None if said is None else said.replace("{version}", version.version)


def known_subject(version: Version, chain: Chain, services: Services) -> Subject:
    """A version with its checkpoint's digest as it was recorded last or, never recorded, as it is.

    Raises:
        GateError: When it was never recorded and cannot be read.
    """
    recorded = [k.record.subject for k in chain.counting if k.record.subject.name == version.uri]
    if recorded:
        return recorded[-1]
    found = subject_of(version, services)
    if found.client is not None:
        found.client.close()
    return Subject(name=version.uri, sha256=found.digest)


def tag_moved(version: Version, alias: str, services: Services) -> None:
    """Says on the version's page when it got the alias, unless it does."""
    if version.tags.get(PROMOTED_TAG) == alias:
        return
    at = services.clock().isoformat()
    services.ledger.tag(version, {PROMOTED_TAG: alias, "gate_promoted_at": at})
