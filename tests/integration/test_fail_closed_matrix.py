"""Every fault of the fail-closed matrix keeps a candidate from passing that passes without it."""

from collections import Counter

import pytest

from tests.faults.matrix import FAULTS, HARMLESS, row, sound, unchanged
from tests.faults.world import Fault, Harmless, Scene

pytestmark = pytest.mark.integration

NAMES = [f"{fault.where}: {fault.name}" for fault in FAULTS]
HARMLESS_NAMES = [f"{harmless.where}: {harmless.name}" for harmless in HARMLESS]


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_blocks_for_what_it_is(fault: Fault) -> None:
    found = row(fault)

    assert not found.outcome.passes, found.outcome.sentence
    assert fault.said in found.outcome.sentence
    assert found.blocks


@pytest.mark.parametrize("harmless", HARMLESS, ids=HARMLESS_NAMES)
def test_what_is_harmless_changes_nothing(harmless: Harmless) -> None:
    found = unchanged(harmless)

    assert found.outcome == found.without
    assert found.holds


@pytest.mark.parametrize("scene", dict.fromkeys(f.scene for f in FAULTS), ids=lambda s: s.__name__)
def test_the_same_candidate_passes_without_a_fault(scene: Scene) -> None:
    found = sound(scene)

    assert found.passes, found.sentence


def test_every_fault_has_a_name_of_its_own() -> None:
    assert Counter([*NAMES, *HARMLESS_NAMES]).most_common(1)[0][1] == 1
    assert all(fault.said for fault in FAULTS)
