"""A judge that is run here sits on a panel as one behind an endpoint does."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.side_by_side import SideBySidePlan
from stages.engine.folder_state import FolderState
from stages.engine.subject import Subject
from stages.evidence.items import Response
from stages.models.chat import chat_client
from stages.models.client import Request
from stages.models.local_transformers import LocalTransformers
from stages.models.prices import Prices
from stages.models.settings import EndpointSettings
from stages.side_by_side.judged.bench import Bench
from stages.side_by_side.judged.panel import Judged, Panel
from tests.fakes.speaking_model import speaking
from tests.servers import judge
from tests.servers.openai_server import Call
from tests.stages.side_by_side.judged.conftest import (
    BASELINE,
    CANDIDATE,
    PAIRS,
    lacking,
    lows,
)


@dataclass
class Room:
    """A workspace whose one judge, `here`, lies in a folder and prefers what is longer."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    def plan(self, **judging: object) -> SideBySidePlan:
        said = {"votes_at_most": 4, "judges": ["here"], "judging": judging}
        return SideBySidePlan.model_validate_json(json.dumps(said))

    @property
    def settings(self) -> EndpointSettings:
        return EndpointSettings(folder=self.folder / "model", slots=4)

    def judge(self, *, candidate: Subject = CANDIDATE, **judging: object) -> Judged:
        bench = Bench(
            base=self.folder,
            state=FolderState(self.folder / "state"),
            endpoints={"here": self.settings},
            prices=Prices(),
            round="day-1",
        )
        return Panel(plan=self.plan(**judging), bench=bench).judge(
            candidate, BASELINE, PAIRS, people=(), lost=()
        )


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    found = Room(tmp_path)
    speaking(tmp_path / "model", "B>A", ["what", "?"])

    def answer(_: LocalTransformers, request: Request, **__: object) -> Response:
        call = Call(number=0, body={"messages": list(request.item.messages)}, headers={})
        if judge.is_probe(call):
            return Response(text=judge.verdict(call, "yes"))
        found.asked.append(request.key)
        texts = (judge.exhibit(call, "answer a"), judge.exhibit(call, "answer b"))
        return Response(text=judge.verdict(call, judge.prefers_longer(*texts)))

    monkeypatch.setattr(LocalTransformers, "answer", answer)
    return found


def test_it_judges_both_orders_and_is_asked_nothing_twice(room: Room) -> None:
    judged = room.judge()
    assert [low for low, _ in lows(judged).values()] == [1, 0, 0.5, 1]
    assert len(room.asked) == len(set(room.asked)) == 8
    assert room.judge().heard == judged.heard
    assert len(room.asked) == 8


def test_a_model_that_gives_no_verdict_leaves_every_pair_open(tmp_path: Path) -> None:
    speaking(tmp_path / "model", "B>A", ["what", "?"])
    assert set(lows(Room(tmp_path).judge()).values()) == {(0, 1)}


def test_a_candidate_does_not_judge_itself(room: Room) -> None:
    client = chat_client(room.settings)
    itself = Subject(uri="models:/m/2", known_as="harbor-2", digest="c", client=client)
    assert "is the candidate itself" in lacking(room.judge(candidate=itself)).reason
    assert not room.asked


def test_its_family_is_told_by_the_name_of_its_folder(room: Room) -> None:
    (room.folder / "model").rename(room.folder / "llama-8b")
    kin = replace(CANDIDATE, known_as="llama-70b")
    plan = room.plan(own_family="exclude")
    bench = Bench(
        base=room.folder,
        state=FolderState(room.folder / "state"),
        endpoints={"here": EndpointSettings(folder=room.folder / "llama-8b")},
        prices=Prices(),
        round="day-1",
    )
    judged = Panel(plan=plan, bench=bench).judge(kin, BASELINE, PAIRS, people=(), lost=())
    assert "is of the candidate's family" in judged.seats.left_out["here"]


def test_it_cannot_be_asked_in_batches(room: Room) -> None:
    with pytest.raises(InputError, match="cannot ask a judge in a folder in batches"):
        room.judge(batch=True)
