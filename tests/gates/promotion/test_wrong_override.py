"""Every way to an override that is none: open without its defence, closed with it.

Version 3 failed. A row wants to give it the alias by less than an override: two people, a reason,
an end that is near, and this checkpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gates.chain.bodies import Override, Promotion, Signatory
from gates.promotion.overriding import Leave, override
from gates.trust.keys import Signer
from gates.trust.trust_document import Kind, RevokedEntry, Role
from gates.trust.untrusted import Untrusted
from policies.errors import InputError, WrongUsage
from tests.fakes.workplace import NOW
from tests.gates.promotion.scene import AT_ONCE, Scene


@dataclass(frozen=True, kw_only=True)
class Row:
    attack: Callable[[Scene], None]
    says: str
    without: dict[str, object]
    """The defences by their full names, and what stands in their place."""


def ask(made: Scene, *, second: str = "bob", reason: str = "a fire", days: float = 7) -> None:
    signer = made.keyring.signers[second]
    asked = Leave(alias="champion", reason=reason, lasts=timedelta(days=days), second=signer)
    override("assistant/3", made.place.services, asked, patience=AT_ONCE)


def with_key(made: Scene, whose: str, **how: object) -> None:
    """One key of the trust file is another's, or may something else."""
    made.publish(
        keys=tuple(
            key.model_copy(update=how) if key.owner == whose else key
            for key in made.keyring.document.keys
        )
    )


def alone(made: Scene) -> None:
    ask(made, second="ann")


def with_an_own_second_key(made: Scene) -> None:
    with_key(made, "bob", owner="ann", roles=(Role.APPROVE,))
    ask(made)


def with_somebody_who_may_not_approve(made: Scene) -> None:
    with_key(made, "bob", roles=(Role.ONCALL,))
    ask(made)


def with_a_stolen_key(made: Scene) -> None:
    theft = RevokedEntry(at=(NOW - timedelta(days=1)).isoformat(), reason="stolen")
    with_key(made, "bob", revoked=theft)
    ask(made)


def with_a_machine(made: Scene) -> None:
    with_key(made, "bob", kind=Kind.CI, roles=(Role.DECIDE,))
    ask(made)


def by_somebody_who_may_release_nothing(made: Scene) -> None:
    with made.acting("bob"):
        ask(made, second="cleo")


def without_an_end(made: Scene) -> None:
    ask(made, days=3650)


def without_a_reason(made: Scene) -> None:
    ask(made, reason=" ")


def resting_on(made: Scene, *, about: str, lasts: timedelta, alias: str = "champion") -> None:
    """An override is given, and a day later the alias is moved to version 3 on it."""
    custody, ledger = made.custody, made.place.ledger
    with custody.lease("assistant", intent="test") as lease:
        given = custody.append(
            "assistant",
            made.subject(about),
            Override(
                decision=None,
                alias=alias,
                reason="a fire",
                second=custody.signatory(made.keyring.signers["bob"]),
                expires=made.place.now + lasts,
            ),
            lease=lease,
            second=made.keyring.signers["bob"],
        )
    made.place.later(days=1)
    custody = made.custody
    with custody.lease("assistant", intent="test") as lease:
        body = Promotion(
            alias="champion", before="models:/assistant/1", decision=None, override=given.sha256
        )
        custody.append("assistant", made.subject("assistant/3"), body, lease=lease)
    ledger.set_alias(ledger.version("assistant/3"), "champion")


def for_another_checkpoint(made: Scene) -> None:
    resting_on(made, about="assistant/2", lasts=timedelta(days=7))


def for_another_alias(made: Scene) -> None:
    resting_on(made, about="assistant/3", lasts=timedelta(days=7), alias="canary")


def expired(made: Scene) -> None:
    resting_on(made, about="assistant/3", lasts=timedelta(hours=24))


def anybody(signer: Signer, services: object) -> Signatory:
    """The second person, whoever it is."""
    del services
    return Signatory(owner="bob", keyid=signer.public.keyid)


SECOND = {
    "gates.promotion.overriding._second": anybody,
    "gates.chain.verifying.void": lambda *_: None,
}
FOUNDED = {"gates.chain.verifying._Reading._unfounded": lambda *_: iter(())}
ROWS = {
    "one person, one key": Row(
        attack=alone,
        says="both keys are ann's",
        without={**SECOND, "gates.chain.verifying._strangers": lambda *_, **__: iter(())},
    ),
    "one person, a second key of their own": Row(
        attack=with_an_own_second_key, says="both keys are ann's", without=SECOND
    ),
    "a second who may not approve": Row(
        attack=with_somebody_who_may_not_approve,
        says="bob has not the role approve",
        without=SECOND,
    ),
    "a second whose key was stolen": Row(
        attack=with_a_stolen_key, says="no person's that counts now", without=SECOND
    ),
    "a second that is a machine": Row(
        attack=with_a_machine, says="no person's that counts now", without=SECOND
    ),
    "a first who may not release": Row(
        attack=by_somebody_who_may_release_nothing,
        says="bob has not the role release",
        without={
            "gates.chain.verifying.void": lambda *_: None,
            "gates.chain.custody.void": lambda *_: None,
        },
    ),
    "no end": Row(
        attack=without_an_end,
        says="at most 30 days",
        without={"gates.promotion.overriding._refuse_span": lambda *_: None},
    ),
    "no reason": Row(
        attack=without_a_reason,
        says="without a reason",
        without={"gates.promotion.overriding.refuse_no_reason": lambda *_: None},
    ),
    "of another checkpoint": Row(
        attack=for_another_checkpoint, says="which is not there", without=FOUNDED
    ),
    "of another alias": Row(attack=for_another_alias, says="for canary", without=FOUNDED),
    "expired": Row(attack=expired, says="had ended", without=FOUNDED),
}


@pytest.fixture
def failing(made: Scene) -> Scene:
    """Version 3 failed."""
    made.place.recorded(wrong_every=2)
    made.run("assistant/3")
    return made


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


def test_without_its_defence_the_attack_succeeds(
    failing: Scene, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in row.without.items():
        monkeypatch.setattr(name, value)
    row.attack(failing)
    assert failing.champion == "3"
    assert failing.chain.serving("champion") == failing.chain.records[-1]


def test_with_its_defence_nothing_moves(failing: Scene, row: Row) -> None:
    moves = failing.chain.moves("champion")
    with pytest.raises((WrongUsage, InputError, Untrusted)) as refused:
        row.attack(failing)
    assert row.says in str(refused.value)
    assert failing.champion == "1"
    assert failing.chain.moves("champion") == moves
