"""What an A/B must show is written down once, when its candidate reaches it."""

from pathlib import Path

import pytest

from gates.preregistration import preregister
from policies.errors import Broken
from policies.policy import Policy
from stages.engine.state import Entry
from stages.evidence.records import StageName
from tests.fakes.workplace import NOW, PLAN, SHIPS, SOUND, TRAFFIC, Workplace, policy_text

TEXT = policy_text((PLAN, TRAFFIC), (SOUND, SHIPS))
CANDIDATE = "models:/assistant/2"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def policy(place: Workplace) -> Policy:
    return place.policy(TEXT).policy


def test_the_first_digest_and_time_stay(place: Workplace, policy: Policy) -> None:
    first = preregister(policy, CANDIDATE, place.services)
    assert (first.sha256, first.at) == (policy.stage_sha256(StageName.ONLINE), NOW)
    place.later(days=3)
    later = place.policy(TEXT.replace("planned_units: 8000", "planned_units: 4000")).policy
    assert later.stage_sha256(StageName.ONLINE) != first.sha256
    assert preregister(later, CANDIDATE, place.services) == first
    assert len(place.state.read("online/release")) == 1


def test_each_candidate_has_its_own(place: Workplace, policy: Policy) -> None:
    preregister(policy, CANDIDATE, place.services)
    place.later(days=3)
    assert preregister(policy, "models:/assistant/3", place.services).at == place.now


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
    place.state.append("online/release", [{"candidate": CANDIDATE, **entry}])
    with pytest.raises(Broken, match="preregistration of stream online/release"):
        preregister(policy, CANDIDATE, place.services)
