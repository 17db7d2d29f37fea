"""Keys count while they are in force; policies move an alias while their digest is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.trust.trust import Trust, trust_of
from gates.trust.trust_document import AliasEntry, InForceEntry, ModelEntry, Role, Stage
from tests.gates.trust.documents import ANN, BOB, CAT, DIGEST, START, document, entry

FROM = datetime.fromisoformat(START)
HOUR = timedelta(hours=1)
THEFT = "2026-03-01T12:00:00+00:00"


def trust(*keys: object, **more: object) -> Trust:
    return trust_of(document(*keys, **more), sha256="0" * 64, signed_by=("ann",))  # type: ignore[arg-type]


def test_a_key_counts_from_its_beginning_to_its_end_itself_excluded() -> None:
    key = trust(entry(ANN, "ann", *Role, until="2026-02-01T00:00:00+00:00")).keys[0]
    end = datetime(2026, 2, 1, tzinfo=UTC)
    assert [key.counts(at) for at in (FROM - HOUR, FROM, end - HOUR, end)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_stolen_key_counts_for_nothing_from_the_theft_on_and_for_all_before() -> None:
    key = trust(
        entry(ANN, "ann", *Role),
        entry(BOB, "bob", Role.DECIDE, revoked={"at": THEFT, "reason": "stolen"}),
    ).keys[1]
    theft = datetime.fromisoformat(THEFT)
    assert [key.counts(at) for at in (theft - HOUR, theft, theft + HOUR)] == [True, False, False]


def test_a_thief_who_dates_back_is_stopped_by_where_the_record_stands() -> None:
    revoked = {"at": THEFT, "reason": "stolen", "heads": {"assistant": 41}}
    key = trust(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE, revoked=revoked)).keys[1]
    before = datetime.fromisoformat(THEFT) - HOUR
    assert key.counts_in_chain(before, model="assistant", sequence=41)
    assert not key.counts_in_chain(before, model="assistant", sequence=42)
    assert key.counts_in_chain(before, model="other", sequence=42)
    assert not key.counts_in_chain(before + HOUR, model="assistant", sequence=41)


@given(st.integers(-14, 14), st.integers(-400, 400))
def test_a_zone_changes_nothing_about_a_moment(zone: int, hours: int) -> None:
    key = trust(entry(ANN, "ann", *Role, until="2026-01-10T00:00:00+00:00")).keys[0]
    at = FROM + timedelta(hours=hours)
    elsewhere = at.astimezone(timezone(timedelta(hours=zone)))
    assert key.counts(at) == key.counts(elsewhere)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 5, 1)  # noqa: DTZ001 - the claim
    with pytest.raises(ValueError, match="zone"):
        trust().keys[0].counts(naive)
    with pytest.raises(ValueError, match="zone"):
        trust().in_force("assistant", "champion", policy="release", sha256=DIGEST, at=naive)


def test_only_keys_with_the_role_that_count_are_given_for_it() -> None:
    found = trust(
        entry(ANN, "ann", *Role),
        entry(BOB, "bob", Role.APPROVE),
        entry(CAT, "cat", Role.APPROVE, until=START),
    )
    assert [key.owner for key in found.keys_for(Role.APPROVE, FROM)] == ["ann", "bob"]
    assert [key.owner for key in found.keys_for(Role.ROOT, FROM)] == ["ann"]


def test_the_owner_of_an_ended_key_is_still_known() -> None:
    found = trust(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.DECIDE, until=START))
    owner = found.owner_of(BOB.public)
    assert owner is not None
    assert owner.owner == "bob"
    assert found.owner_of(CAT.public) is None


def aliases(*digests: InForceEntry) -> dict[str, ModelEntry]:
    return {
        "assistant": ModelEntry(aliases={"champion": AliasEntry(policies={"release": digests})})
    }


def test_a_policy_is_in_force_from_its_beginning_to_its_end() -> None:
    found = trust(
        models=aliases(
            InForceEntry(sha256=DIGEST, since=START, until="2026-02-01T00:00:00+00:00"),
            InForceEntry(sha256="e" * 64, since="2026-02-01T00:00:00+00:00"),
        )
    )
    end = datetime(2026, 2, 1, tzinfo=UTC)

    def in_force(sha256: str, at: datetime) -> bool:
        return found.in_force("assistant", "champion", policy="release", sha256=sha256, at=at)

    assert [in_force(DIGEST, at) for at in (FROM - HOUR, FROM, end - HOUR, end)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [in_force("e" * 64, at) for at in (end - HOUR, end, end + HOUR)] == [False, True, True]


@pytest.mark.parametrize(
    ("model", "alias", "policy", "sha256"),
    [
        ("other", "champion", "release", DIGEST),
        ("assistant", "canary", "release", DIGEST),
        ("assistant", "champion", "nightly", DIGEST),
        ("assistant", "champion", "release", "e" * 64),
    ],
)
def test_what_nobody_said_is_in_force_for_nothing(
    model: str, alias: str, policy: str, sha256: str
) -> None:
    assert not trust().in_force(model, alias, policy=policy, sha256=sha256, at=FROM)


def test_what_is_not_said_of_an_alias_asks_for_everything() -> None:
    found = trust().entry("assistant", "champion")
    assert found is not None
    assert (found.stages, found.approvals, found.decision_valid) == (
        tuple(Stage), 0, timedelta(days=30),
    )  # fmt: skip
    assert trust().entry("assistant", "canary") is None
