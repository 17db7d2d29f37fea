"""A workspace with a judge of its own: version 1 passed its gate and is the champion."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gates.admission import Admission, admissions
from gates.ledger.ledger import NewVersion, Version
from gates.measuring import judging_endpoints
from gates.pipeline import run_round
from gates.promotion.answer import Promotion
from gates.promotion.judging import Request
from gates.promotion.production import Patience
from gates.promotion.promoting import promote
from gates.trust.trust_document import Stage
from policies.policy import PolicyFile
from tests.fakes.workplace import Workplace, lines
from tests.servers import judge
from tests.servers.openai_server import Call, OpenAIServer, Reaction, status, text
from tests.trusting import trusted

PAIRS = 12
POLICY = """\
policy: {name}
kind: {kind}
model: support_judge
plan:
  offline:
    bench: {{data: ../data/pairs.jsonl, pairs: labelled}}
criteria:
  - {{metric: bench.accuracy, at_least: 0.7, severity: blocking, because: it must know}}
  - {{metric: bench.readable, at_least: 0.7, severity: blocking, because: it must be read}}
"""


def right(first: str, second: str) -> str:
    """Knows the right answer, and prefers the longer of two others."""
    if ("right" in first) != ("right" in second):
        return "A>B" if "right" in first else "B>A"
    return judge.prefers_longer(first, second)


@dataclass
class Mind:
    """What a judge's server thinks now; a test may change it."""

    choose: Callable[[str, str], str] = right
    canary: str = "as ever"
    model: str = "judge-served"
    down: bool = False

    def __call__(self, call: Call) -> Reaction:
        if self.down:
            return status(503)
        if not judge.is_probe(call):
            return judge.comparing(self.choose)(call)
        if "Reply with" in call.prompt:
            return text(judge.verdict(call, "yes"))
        return text(self.canary, model=self.model)


@dataclass
class Court:
    """The workspace, and the judge's server.

    Attributes:
        place: The workspace.
        server: Serves the judge.
        mind: What it thinks.
        file: The judge's policy.
    """

    place: Workplace
    server: OpenAIServer
    mind: Mind
    file: PolicyFile

    def run(self, reference: str = "support_judge/1") -> None:
        run_round(self.file, [reference], self.place.services)

    def promote(self, reference: str = "support_judge/1") -> Promotion:
        return promote(
            reference,
            self.file,
            self.place.services,
            request=Request(alias="champion"),
            patience=Patience(seconds=0, pause=lambda _: None),
        )

    def register(self, url: str, model: str = "judge-a") -> Version:
        tags = {"gate_source": "endpoint", "gate_base_url": url, "gate_model_name": model}
        return self.place.ledger.register(NewVersion(name="support_judge", tags=tags))

    def settings(self, *, url: str, model: str = "judge-a", alias: str = "champion") -> None:
        """Names the judge's endpoint in gate.toml, and who admits it."""
        kept = self.place.folder / "gate.toml"
        trust = kept.read_text().partition("[trust]") if kept.exists() else ("", "", "")
        kept.write_text(
            f'[endpoints.judge_a]\nbase_url = "{url}"\nmodel = "{model}"\n'
            f'admitted = "support_judge@{alias}"\n\n{trust[1]}{trust[2]}'
        )

    def admitted(self) -> Admission:
        services = self.place.services
        return admissions(["judge_a"], judging_endpoints(services), services)["judge_a"]


@contextmanager
def court(folder: Path, *, signs: bool, kind: str = "judge") -> Iterator[Court]:
    """A judge that is registered, named in gate.toml, and neither measured nor admitted."""
    mind = Mind()
    with OpenAIServer(mind) as server:
        place = Workplace(folder)
        file = place.policy(POLICY.format(name=f"{kind}_gate", kind=kind), name=f"{kind}_gate")
        lines(
            place.data / "pairs.jsonl",
            (
                {
                    "id": f"p{n}",
                    "prompt": f"question {n}",
                    "chosen": f"the right answer {n}",
                    "rejected": f"a wrong answer {n}",
                }
                for n in range(PAIRS)
            ),
        )
        found = Court(place=place, server=server, mind=mind, file=file)
        found.settings(url=server.url)
        if signs:
            trusted(folder, file.path, model="support_judge", stages=(Stage.OFFLINE,))
        found.register(server.url)
        yield found
