"""What an A/B must show is written down once, when its candidate reaches it."""

from pathlib import Path

import pytest

from gates.ledger.ledger import Version
from gates.preregistration import CLAIMS, content_of, own_traffic, preregister
from policies.canonical import Json
from policies.errors import Broken, PolicyError
from policies.policy import Policy
from stages.engine.state import Entry
from stages.evidence.records import StageName
from tests.fakes.workplace import NOW, PLAN, SHIPS, SOUND, TRAFFIC, Workplace, policy_text

TEXT = policy_text((PLAN, TRAFFIC), (SOUND, SHIPS))
CANDIDATE, OTHER = (
    Version(name="assistant", version=number, aliases=(), tags={}, created="", source="")
    for number in "23"
)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def policy(place: Workplace) -> Policy:
    return place.policy(TEXT).policy


def test_the_first_digest_and_time_stay(place: Workplace, policy: Policy) -> None:
    first = preregister(policy, CANDIDATE, place.services, baseline=None)
    assert (first.sha256, first.at) == (policy.stage_sha256(StageName.ONLINE), NOW)
    place.later(days=3)
    later = place.policy(TEXT.replace("planned_units: 8000", "planned_units: 4000")).policy
    assert later.stage_sha256(StageName.ONLINE) != first.sha256
    assert preregister(later, CANDIDATE, place.services, baseline=None) == first
    assert len(place.state.read("online/release")) == 1


def test_each_candidate_has_its_own(place: Workplace, policy: Policy) -> None:
    preregister(policy, CANDIDATE, place.services, baseline=None)
    place.later(days=3)
    assert preregister(policy, OTHER, place.services, baseline=None).at == place.now


@pytest.mark.parametrize(
    "entry",
    [
        {"sha256": "a"},
        {"at": NOW.isoformat()},
        {"sha256": 1, "at": NOW.isoformat()},
        {"sha256": "a", "at": 5},
        {"sha256": "a", "at": "soon"},
        {"sha256": "a", "at": "2026-03-01T10:00:00"},
    ],
)
def test_an_entry_that_says_neither_digest_nor_time_is_broken(
    place: Workplace, policy: Policy, entry: Entry
) -> None:
    place.state.append("online/release", [{"candidate": CANDIDATE.uri, **entry}])
    with pytest.raises(Broken, match="preregistration of stream online/release"):
        preregister(policy, CANDIDATE, place.services, baseline=None)


ONE_ARM = (
    "online: {exposures: e.csv, events: v.csv, metrics: {resolved: {kind: proportion}}, "
    "primary: resolved, looks: [7, 14], planned_units: 8000, flag: new-model}"
)


def with_plan(place: Workplace, plan: str) -> Policy:
    return place.policy(policy_text((PLAN, plan), (SOUND, SHIPS))).policy


def test_no_candidate_is_registered_on_another_ones_traffic(place: Workplace) -> None:
    shared = with_plan(place, ONE_ARM)
    preregister(shared, CANDIDATE, place.services, baseline=None)
    with pytest.raises(PolicyError, match="another candidate") as refused:
        preregister(shared, OTHER, place.services, baseline=None)
    assert "`flag`" in refused.value.fix
    assert "`variants.challenger`" in refused.value.fix
    assert len(place.state.read("online/release")) == 1
    assert preregister(shared, CANDIDATE, place.services, baseline=None).at == NOW


def test_a_registration_that_tells_its_plan_alone_claims_what_the_plan_reads(
    place: Workplace,
) -> None:
    shared = with_plan(place, ONE_ARM)
    said: Entry = {"candidate": CANDIDATE.uri, "sha256": "a", "at": NOW.isoformat()}
    place.state.append("online/release", [{**said, "content": content_of(shared)}])
    with pytest.raises(PolicyError, match="another candidate"):
        preregister(shared, OTHER, place.services, baseline=None)


def test_a_registration_of_old_on_anothers_traffic_is_not_gone_on_with(place: Workplace) -> None:
    shared = with_plan(place, ONE_ARM)
    preregister(shared, CANDIDATE, place.services, baseline=None)
    (entry,) = place.state.read("online/release")
    place.state.append("online/release", [{**entry, "candidate": OTHER.uri}])
    with pytest.raises(PolicyError, match="another candidate"):
        preregister(shared, OTHER, place.services, baseline=None)


@pytest.mark.parametrize(
    "plan",
    [
        ONE_ARM.replace("flag: new-model", "flag: 'new-{candidate}'"),
        ONE_ARM.replace("flag: new-model", "flag: f, variants: {challenger: '{candidate}'}"),
    ],
)
def test_candidates_with_a_flag_or_an_arm_of_their_own_are_registered(
    place: Workplace, plan: str
) -> None:
    each = with_plan(place, plan)
    preregister(each, CANDIDATE, place.services, baseline=None)
    preregister(each, OTHER, place.services, baseline=None)
    assert len(place.state.read("online/release")) == 2


def test_the_next_candidate_may_have_another_flag(place: Workplace) -> None:
    preregister(with_plan(place, ONE_ARM), CANDIDATE, place.services, baseline=None)
    preregister(
        with_plan(place, ONE_ARM.replace("new-model", "newer")),
        OTHER,
        place.services,
        baseline=None,
    )
    assert len(place.state.read("online/release")) == 2


@pytest.mark.parametrize("content", [None, "nothing", {"plan": None}, {"plan": {"looks": "soon"}}])
def test_an_entry_that_says_no_traffic_claims_none(place: Workplace, content: Json) -> None:
    said: Entry = {"candidate": CANDIDATE.uri, "sha256": "a", "at": NOW.isoformat()}
    place.state.append(
        "online/release", [said if content is None else {**said, "content": content}]
    )
    assert preregister(with_plan(place, ONE_ARM), OTHER, place.services, baseline=None).at == NOW


def test_no_candidate_is_registered_on_traffic_of_another_policy(place: Workplace) -> None:
    first = with_plan(place, ONE_ARM)
    other = first.model_copy(update={"policy": "other"})
    preregister(first, CANDIDATE, place.services, baseline=None)
    with pytest.raises(PolicyError, match="another candidate"):
        preregister(other, OTHER, place.services, baseline=None)
    assert place.state.read("online/other") == ()
    assert preregister(other, CANDIDATE, place.services, baseline=None).at == NOW


def test_of_two_policies_at_once_the_first_claim_holds(place: Workplace) -> None:
    shared = with_plan(place, ONE_ARM)
    quicker: Entry = {"candidate": OTHER.uri, "traffic": own_traffic(shared, OTHER, place.state)}
    preregister(shared, CANDIDATE, place.services, baseline=None)
    place.state.append(CLAIMS, [quicker])
    with pytest.raises(PolicyError, match="another candidate"):
        own_traffic(shared, OTHER, place.state)
    assert preregister(shared, CANDIDATE, place.services, baseline=None).at == NOW


def test_the_baseline_is_written_down_and_stays(place: Workplace, policy: Policy) -> None:
    first = preregister(policy, CANDIDATE, place.services, baseline="models:/assistant/1")
    again = preregister(policy, CANDIDATE, place.services, baseline="models:/assistant/4")
    assert first.baseline == again.baseline == "models:/assistant/1"
