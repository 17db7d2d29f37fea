"""A workplace whose records say: 1 was adopted, 2 decided and promoted, 1 rolled back to."""

from pathlib import Path

from gates.chain.bodies import Adoption, Body, Promotion, Rollback
from gates.chain.custody import Custody
from gates.chain.record import Kept
from gates.promotion.judging import subject_now
from gates.trust.statement import Subject
from policies.canonical import sha256_of
from tests.fakes.chains import decision
from tests.fakes.workplace import Workplace, policy_text
from tests.trusting import Keyring, trusted


def custody(place: Workplace) -> Custody:
    found = place.services.custody
    assert found is not None
    return found


def keys(place: Workplace) -> Keyring:
    return trusted(place.folder, place.policy(policy_text()).path, people=["ben"], ci=["robot"])


def subject(version: int) -> Subject:
    name = f"models:/assistant/{version}"
    return Subject(name=name, sha256=sha256_of(name))


def known(place: Workplace, version: int) -> Subject:
    """The version with the digest of what it is."""
    return subject_now(place.ledger.version(f"assistant/{version}"), place.services)


def write(place: Workplace, version: int, body: Body) -> Kept:
    """A record, an hour after the one before."""
    place.later(hours=1)
    mine = custody(place)
    with mine.lease("assistant", intent="test") as lease:
        return mine.append("assistant", known(place, version), body, lease=lease)


def point(place: Workplace, version: int) -> None:
    """Moves the alias, with or without a record."""
    place.ledger.set_alias(place.ledger.version(f"assistant/{version}"), "champion")


def tell(place: Workplace) -> None:
    """The whole story; MLflow agrees with it."""
    for _ in range(3):
        place.recorded()
    write(place, 1, Adoption(alias="champion", reason="since May"))
    passed = write(place, 2, decision())
    promotion = Promotion(alias="champion", before="models:/assistant/1", decision=passed.sha256)
    write(place, 2, promotion)
    write(place, 1, Rollback(alias="champion", before="models:/assistant/2", reason="rude"))
    point(place, 1)


def records(place: Workplace) -> Path:
    return place.folder / ".gate" / "records"
