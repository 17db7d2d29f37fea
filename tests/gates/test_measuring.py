"""From a plan to the stage that measures it."""

from pathlib import Path

import pytest

from gates.measuring import (
    judging_endpoints,
    online_sources,
    stage_of,
    without_evidence,
)
from gates.membership import assemble
from gates.subjects import plan_digest
from stages.engine.program import code_version
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Quantity, StageName
from stages.offline.measure import OfflineStage
from stages.online.measure import OnlineStage
from stages.online.sources import Tables
from stages.side_by_side.measure import SideBySideStage
from tests.fakes.workplace import (
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)

WHOLE = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, WINS, SHIPS))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_a_judge_is_asked_where_the_workspace_says_with_its_own_key(place: Workplace) -> None:
    place.environment = {"JUDGE_KEY": "open-sesame", "MODEL_KEY": "another"}
    place.toml(
        '[models.assistant]\napi_key_env = "MODEL_KEY"\n'
        '[endpoints.judge]\nbase_url = "http://judge.example/v1"\nmodel = "m"\nretries = 1\n'
        'api_key_env = "JUDGE_KEY"\nslots = 3\nrequests_per_minute = 30\n'
        '[endpoints.open]\nbase_url = "http://open.example/v1"\nmodel = "o"\n'
    )
    found = judging_endpoints(place.services)
    assert sorted(found) == ["judge", "open"]
    judge = found["judge"]
    assert (judge.base_url, judge.model, judge.api_key) == (
        "http://judge.example/v1",
        "m",
        "open-sesame",
    )
    assert (judge.retries, judge.slots, judge.requests_per_minute) == (1, 3, 30)
    assert found["open"].api_key is None
    assert "open-sesame" not in repr(found)


def test_each_stage_is_the_one_of_its_name(place: Workplace) -> None:
    place.champion()
    place.recorded()
    round_ = assemble(place.policy(WHOLE), [], place.services)
    kinds = {
        name: type(stage_of(name, round_, place.services, candidate="models:/assistant/2"))
        for name in StageName
    }
    assert kinds == {
        StageName.OFFLINE: OfflineStage,
        StageName.SIDE_BY_SIDE: SideBySideStage,
        StageName.ONLINE: OnlineStage,
    }
    (entry,) = place.state.read("online/release")
    assert entry["candidate"] == "models:/assistant/2"


def test_no_checkpoint_alone_may_be_asked_more_than_the_round(place: Workplace) -> None:
    place.champion()
    place.recorded()
    file = place.policy(policy_text(more="budget: {calls_at_most: 7}"))
    round_ = assemble(file, [], place.services)
    stage = stage_of(StageName.OFFLINE, round_, place.services, candidate="models:/assistant/2")
    assert isinstance(stage, OfflineStage)
    assert stage._asking.calls_at_most == 7


def test_traffic_that_the_workspace_names_is_found_from_its_folder(place: Workplace) -> None:
    place.toml('[data.product]\nexposures = "t/e.parquet"\nevents = "/abs/v.parquet"\n')
    found = online_sources(place.services)
    assert found == {
        "product": Tables(exposures=place.folder / "t/e.parquet", events=Path("/abs/v.parquet"))
    }


def test_evidence_of_nothing_says_so_of_every_metric_of_its_stage(place: Workplace) -> None:
    policy = place.policy(WHOLE).policy
    why = Unmeasured("the file is gone", Cause.BROKEN)
    found = without_evidence(
        policy, StageName.OFFLINE, "models:/assistant/2", baseline=None, why=why
    )
    assert {(m.metric, m.quantity) for m in found.measurements} == {
        ("sums.accuracy", quantity) for quantity in Quantity
    }
    assert all(m.measured == why for m in found.measurements)
    assert found.provenance.plan == plan_digest(policy, StageName.OFFLINE)
    assert found.provenance.code == code_version()
