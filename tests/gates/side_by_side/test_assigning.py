"""What a policy says of annotating is what its batches are run by."""

from pathlib import Path

import pytest

from gates.side_by_side.assigning import assign
from policies.errors import InputError
from policies.policy import PolicyFile
from policies.side_by_side import Annotating
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.batch import Batch, Rules
from tests.fakes.comparing import PLAN, compared
from tests.fakes.workplace import Workplace


def drawn(place: Workplace, file: PolicyFile) -> Batch:
    with open_ballots(str(place.folder / "state")) as box:
        (one,) = assign(file, [], place.services, box)
        assert isinstance(one.found, Batch)
        return one.found


def test_a_policy_that_says_nothing_leaves_the_rules_as_they_are() -> None:
    assert Rules(**Annotating().model_dump()) == Rules()


def test_a_batch_is_run_as_the_policy_says(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    how = "annotating: {qualification: 3, qualified_at: 0.6, lease_minutes: 5, floor_seconds: 1}"
    file = compared(place, PLAN.replace("topic: kind", f"topic: kind, {how}"))
    assert drawn(place, file).terms.rules == Rules(
        qualification=3, qualified_at=0.6, lease_minutes=5, floor_seconds=1.0
    )


def test_a_qualification_round_longer_than_the_gold_is_refused(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    how = "annotating: {qualification: 4}"
    file = compared(place, PLAN.replace("topic: kind", f"topic: kind, {how}"))
    with pytest.raises(InputError) as refused:
        drawn(place, file)
    assert "takes 4 gold pairs, and there are 3" in refused.value.why
