import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from policies.side_by_side import SideBySidePlan
from stages.engine.folder_state import FolderState
from stages.engine.subject import Subject
from stages.evidence.estimate import Unmeasured
from stages.judges.purse import NO_CAP, Cap
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price, Prices
from stages.models.settings import EndpointSettings
from stages.side_by_side.judged import scoring
from stages.side_by_side.judged.bench import Bench
from stages.side_by_side.judged.panel import Judged, Panel
from stages.side_by_side.pairs import Pair
from stages.side_by_side.vote import CandidateVote
from tests.servers import judge
from tests.servers.batch_desk import BatchDesk
from tests.servers.openai_server import Behaviour, Call, OpenAIServer, Reaction, status

CANDIDATE = Subject(uri="models:/m/2", known_as="harbor-2", digest="c", client=None)
BASELINE = Subject(uri="models:/m/1", known_as="harbor-1", digest="b", client=None)


def pair(name: str, a: str, b: str, *, topic: str = "") -> Pair:
    return Pair(
        prompt=name,
        messages=({"role": "user", "content": f"question {name}"},),
        topic=topic,
        model_a=CANDIDATE.known_as,
        model_b=BASELINE.known_as,
        answer_a=a,
        answer_b=b,
    )


def turned(known: Pair) -> Pair:
    """The same with candidate and baseline exchanged."""
    return Pair(
        prompt=known.prompt,
        messages=known.messages,
        topic=known.topic,
        model_a=known.model_b,
        model_b=known.model_a,
        answer_a=known.answer_b,
        answer_b=known.answer_a,
    )


@dataclass
class Court:
    """A workspace with judges on a real server, each behaving by its model's name."""

    server: OpenAIServer
    desk: BatchDesk
    folder: Path
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    cap: Cap = NO_CAP
    round: str = "day-1"

    def react(self, call: Call) -> Reaction:
        names = {self.models.get(name, name): b for name, b in self.behaviours.items()}
        behaviour = names.get(str(call.body["model"]))
        return status(404, "no such model") if behaviour is None else behaviour(call)

    def seat(self, name: str, behaviour: Behaviour, *, model: str | None = None) -> None:
        self.behaviours[name] = behaviour
        self.models[name] = model or name

    def plan(self, **said: object) -> SideBySidePlan:
        whole = {"votes_at_most": 4, "judges": list(self.behaviours), **said}
        return SideBySidePlan.model_validate_json(json.dumps(whole))

    def bench(self) -> Bench:
        return Bench(
            base=self.folder,
            state=FolderState(self.folder / "state"),
            endpoints={
                name: EndpointSettings(
                    base_url=self.server.url, model=self.models[name], retries=0, attempts=1
                )
                for name in self.behaviours
            },
            prices=Prices(
                endpoints={n: Price(usd_input=0, usd_output=1e6, gpus=0) for n in self.behaviours}
            ),
            round=self.round,
            cap=self.cap,
        )

    def judge(
        self,
        pairs: Sequence[Pair],
        *,
        people: Sequence[CandidateVote] = (),
        subjects: tuple[Subject, Subject] = (CANDIDATE, BASELINE),
        lost: Collection[str] = (),
        **said: object,
    ) -> Judged:
        panel = Panel(plan=self.plan(**said), bench=self.bench())
        return panel.judge(*subjects, pairs, people=people, lost=lost)

    def calibration(self, lines: Sequence[Mapping[str, object]]) -> None:
        """Writes `calibration.jsonl`."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.folder / "calibration.jsonl").write_text(text)

    @property
    def asked(self) -> list[Call]:
        """What judges were asked, probes left out."""
        return [call for call in self.server.calls if not judge.is_probe(call)]


PAIRS = [
    pair("w", "a long answer", "short"),
    pair("l", "short", "a long answer"),
    pair("t", "same length", "length same"),
    pair("x", "a longer one still", "no"),
]


def lows(judged: Judged, score: scoring.Score = scoring.win) -> dict[str, tuple[float, float]]:
    rows = judged.rows(score)
    assert not isinstance(rows, Unmeasured), rows.reason
    return {row.prompt: (row.low, row.high) for row in rows}


def lacking(judged: Judged) -> Unmeasured:
    found = judged.rows(scoring.win)
    assert isinstance(found, Unmeasured)
    return found


def served(court: Court, model: str) -> Subject:
    client = OpenAICompatible(EndpointSettings(base_url=f"{court.server.url}/other", model=model))
    return Subject(uri="models:/m/2", known_as="harbor-2", digest="c", client=client)


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[OpenAIServer, BatchDesk]]:
    desk = BatchDesk()
    with OpenAIServer(routes=desk.routes) as server:
        desk.server = server
        yield server, desk


@pytest.fixture
def court(running: tuple[OpenAIServer, BatchDesk], tmp_path: Path) -> Court:
    """A panel of one judge, which prefers the longer answer."""
    server, desk = running
    court = Court(server=server, desk=desk, folder=tmp_path)
    server.behaviour = court.react
    server.calls.clear()
    for held in (desk.files, desk.batches, desk.refuse, desk.deaf, desk.asked):
        held.clear()
    desk.tamper = lambda lines: lines
    court.seat("longer", judge.comparing(judge.prefers_longer))
    return court
