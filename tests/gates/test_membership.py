"""Who takes part in a round, and when a baseline is needed."""

from pathlib import Path

import pytest

from gates.membership import assemble, needs_baseline
from policies.errors import InputError, WrongUsage
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)

BETTER = "{metric: sums.accuracy, better: {}, severity: advisory, because: hope}"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (policy_text(), False),
        (policy_text(criteria=(NO_WORSE,)), True),
        (policy_text(criteria=(SOUND, BETTER)), True),
        (policy_text((PLAN, VOTED), (SOUND, WINS)), True),
        (policy_text((PLAN, TRAFFIC), (SOUND, SHIPS)), True),
    ],
)
def test_a_baseline_is_needed_by_whatever_compares(
    place: Workplace, text: str, *, needed: bool
) -> None:
    assert needs_baseline(place.policy(text).policy) is needed


def test_a_baseline_that_nothing_compares_with_is_pinned_all_the_same(place: Workplace) -> None:
    champion = place.champion()
    place.recorded()
    assert assemble(place.policy(), [], place.services).baseline == champion


def test_the_alias_of_the_policy_names_the_baseline(place: Workplace) -> None:
    place.champion()
    place.ledger.set_alias(place.recorded(), "stable")
    place.recorded()
    file = place.policy(policy_text(criteria=(NO_WORSE,), more="baseline: stable"))
    round_ = assemble(file, [], place.services)
    assert round_.baseline is not None
    assert round_.baseline.version == "2"
    assert [v.version for v in round_.members] == ["3"]


def test_versions_are_ordered_by_number_not_by_text(place: Workplace) -> None:
    for _ in range(11):
        place.recorded()
    members = assemble(place.policy(), [], place.services).members
    assert [v.version for v in members] == [str(n) for n in range(1, 12)]


def test_a_version_that_is_not_there_is_refused(place: Workplace) -> None:
    place.recorded()
    for reference in ("assistant/99", "assistant@nobody", "models:/x", "assistant"):
        with pytest.raises(InputError):
            assemble(place.policy(), [reference], place.services)


def test_without_a_champion_the_message_says_how_to_adopt_one(place: Workplace) -> None:
    place.recorded()
    with pytest.raises(WrongUsage) as refused:
        assemble(place.policy(policy_text(criteria=(NO_WORSE,))), [], place.services)
    assert "carries the alias `champion`" in refused.value.why
    assert "gate adopt" in refused.value.fix
