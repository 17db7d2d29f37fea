"""The record that a version was in production before the gate."""

from gates.chain.bodies import Adoption
from gates.chain.record import Kept
from gates.ledger.ledger import Version
from gates.promotion.judging import subject_now
from gates.promotion.moving import endpoint_of
from gates.services import Services
from policies.errors import WrongUsage


def refuse_adoption(version: Version, services: Services, *, alias: str, reason: str) -> None:
    """Refuses an adoption that could not be recorded, before anything is changed.

    An alias that the records know is moved by promotion, rollback or override: else whoever can
    take it away in MLflow could have any version adopted.

    Raises:
        WrongUsage: When the records give the alias to another version, or the key may not adopt.
    """
    if services.custody is None:
        return
    services.custody.may_append(Adoption(alias=alias, reason=reason))
    serving = services.custody.chain(version.name).serving(alias)
    if serving is not None and serving.record.subject.name != version.uri:
        number = serving.record.subject.name.rpartition("/")[2]
        raise WrongUsage(
            f"{version.uri} cannot be adopted as {version.name}@{alias}",
            why=f"the last record says that {serving.record.subject.name} serves",
            fix=f'gate rollback {version.name} --alias {alias} --to {number} --reason "..." puts '
            "the alias back",
        )


def record_adoption(
    version: Version, services: Services, *, alias: str, reason: str
) -> Kept | None:
    """Signs the adoption of a version that has its alias; a second one changes nothing.

    Args:
        version: The version.
        services: The outside world.
        alias: The alias.
        reason: Why it may stand without a decision.

    Returns:
        The record; None where the workspace names no trust file.

    Raises:
        WrongUsage: As `refuse_adoption`.
        LedgerDown: When the ledger does not answer.
    """
    custody = services.custody
    if custody is None:
        return None
    subject = subject_now(version, services)
    endpoint = endpoint_of(version, services)
    with custody.lease(version.name, intent=f"adopt {version.uri} as {alias}") as lease:
        refuse_adoption(version, services, alias=alias, reason=reason)
        serving = custody.chain(version.name).serving(alias)
        if serving is not None and serving.record.subject == subject:
            return serving
        body = Adoption(alias=alias, reason=reason.strip(), endpoint=endpoint)
        return custody.append(version.name, subject, body, lease=lease)
