"""Judges of the tests, measured over HTTP on pairs that a test writes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from policies.canonical import sha256_of
from policies.pairs_task import PairsTask
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.engine.subject import Subject
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from stages.offline.measure import OfflineStage
from tests.servers.openai_server import Behaviour, Call, OpenAIServer, text

Row = Mapping[str, object]


def labelled(number: int, *, right: str = "right", **more: object) -> Row:
    """A pair whose better answer holds the word `right`."""
    wrong = "wrong" if right == "right" else right
    return {
        "id": f"p{number}",
        "prompt": f"question {number}",
        "chosen": f"the right answer {number}",
        "rejected": f"the {wrong} answer {number}",
        **more,
    }


def voted(number: int, a: int, b: int, tie: int = 0) -> Row:
    """A pair on which so many people prefer a, b, or neither."""
    return {
        "id": f"p{number}",
        "prompt": f"question {number}",
        "answer_a": f"answer A{number}",
        "answer_b": f"answer B{number}",
        "votes": {"a": a, "b": b, "tie": tie},
    }


def but_for_pinned(behaviour: Behaviour) -> Behaviour:
    """The same; what tells one checkpoint from another is answered always alike."""
    return lambda call: behaviour(call) if "Case " in call.prompt else text("as ever")


@dataclass
class Trial:
    """A folder with pairs, and a journal that outlives judges."""

    base: Path
    task: PairsTask
    rows: Sequence[Row]
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        lines = "".join(f"{json.dumps(row)}\n" for row in self.rows)
        (self.base / self.task.data).write_text(lines)

    @property
    def stage(self) -> OfflineStage:
        return OfflineStage(
            {"pairs": self.task},
            order=("pairs",),
            base=self.base,
            state=FolderState(self.base / "state"),
            progress=Silent(),
        )

    def measure(self, judge: Behaviour, baseline: Behaviour | None = None) -> Evidence:
        """Evidence of a judge, beside that of a baseline."""
        with ExitStack() as open_:
            server = open_.enter_context(OpenAIServer(but_for_pinned(judge)))
            candidate = open_.enter_context(served(server, version=2))
            other = None
            if baseline is not None:
                behind = open_.enter_context(OpenAIServer(but_for_pinned(baseline)))
                other = open_.enter_context(served(behind, version=1))
            found = self.stage.measure_next(candidate, other, None)
            self.calls = [call for call in server.calls if "Case " in call.prompt]
        return found


@contextmanager
def served(server: OpenAIServer, *, version: int) -> Iterator[Subject]:
    """A version of a judge behind a server."""
    client = OpenAICompatible(EndpointSettings(base_url=server.url, model="judge", retries=0))
    try:
        yield Subject(
            uri=f"models:/judge/{version}",
            known_as=f"judge {version}",
            digest=sha256_of([dict(client.identity), version]),
            client=client,
        )
    finally:
        client.close()


def measured(
    evidence: Evidence, metric: str, quantity: Quantity = Quantity.VALUE
) -> Estimate | Unmeasured:
    """What the evidence says of a metric of the task."""
    [found] = [
        m.measured
        for m in evidence.measurements
        if m.metric == f"pairs.{metric}" and m.quantity is quantity
    ]
    return found


def value(evidence: Evidence, metric: str) -> float:
    """The metric's value, which there must be."""
    found = measured(evidence, metric)
    assert isinstance(found, Estimate), found
    return found.value
