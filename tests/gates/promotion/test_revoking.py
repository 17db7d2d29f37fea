"""A revoked version is not promoted, whatever was decided on it."""

import pytest

from gates.chain.bodies import Revocation
from gates.promotion.answer import Answer
from gates.promotion.revoking import revoke
from gates.trust.trust_document import Role
from policies.errors import InputError, WrongUsage
from tests.gates.promotion.scene import Scene


def test_it_is_recorded_once_and_moves_nothing(made: Scene) -> None:
    done = revoke("assistant@champion", made.place.services, reason="it leaks")
    assert done.serves == ("champion",)
    assert made.champion == "1"
    again = revoke("assistant/1", made.place.services, reason="again")
    assert again.record == done.record
    assert sum(isinstance(k.record.body, Revocation) for k in made.chain.records) == 1


def test_it_stops_a_promotion_and_so_does_that_of_the_same_checkpoint(made: Scene) -> None:
    revoke("assistant/2", made.place.services, reason="it leaks")
    assert made.promote().answer is Answer.NO


def test_without_a_reason_or_a_role_nothing_is_revoked(made: Scene) -> None:
    with pytest.raises(InputError, match="without a reason"):
        revoke("assistant/2", made.place.services, reason="")
    made.publish(keys=tuple(without_oncall(key) for key in made.keyring.document.keys))
    with made.acting("bob"), pytest.raises(WrongUsage, match="may not sign"):
        revoke("assistant/2", made.place.services, reason="it leaks")
    assert made.promote().answer is Answer.PROMOTED


def without_oncall(key: object) -> object:
    if key.owner != "bob":  # type: ignore[attr-defined]
        return key
    return key.model_copy(update={"roles": (Role.APPROVE,)})  # type: ignore[attr-defined]
