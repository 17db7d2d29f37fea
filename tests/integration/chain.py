"""A small workspace for the whole chain, and the `gate` command as a person calls it.

Checkpoints answer at an endpoint or from recorded files; votes and arm moments come from files.
`good` passes all three stages, `weak` fails offline, `old` is the baseline.
"""

import contextlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gates.cli.frame import framed
from gates.cli.main import gate
from gates.ledger.ledger import Ledger, NewVersion, Version
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.registration import Endpoint, Recorded, Registration, register
from stages.engine.state_url import open_state
from tests.trusting import trusted

QUESTIONS, PASSAGES, PROMPTS = 24, 24, 60
WRONG_BY = {"good": 12, "old": 6, "weak": 2}
"""Of a model: every n-th question is answered wrongly; others are as good as `good`."""

POLICY = """\
policy: {name}
model: {name}
plan:
  offline:
    sums: {{data: ../data/sums.jsonl, scorer: numeric}}
    recital: {{data: ../data/passages.jsonl, corpus: [../data/corpus.txt]}}
  side_by_side: {{votes: [../data/votes-{name}.jsonl], votes_at_most: {prompts}}}
  online:
    moments: ../data/moments-{name}.csv
    metrics: {{resolved: {{kind: proportion, column: resolved}}}}
    primary: resolved
    looks: [7, 14]
    planned_units: 8000
    retrospective: {retrospective}
criteria:
  - {{metric: recital.rate, at_most: 0.2, severity: blocking, because: the text is not ours}}
  - {{metric: sums.accuracy, at_least: {accuracy}, severity: blocking, because: sums must be right}}
  - metric: sums.accuracy
    non_inferior: {{margin: 0.3}}
    severity: blocking
    because: a third fewer right sums would be noticed
  - metric: side_by_side.win_rate
    at_least: 0.48
    severity: blocking
    because: people must not mind
  - {{metric: online.resolved, better: {{}}, severity: blocking, because: that is the product}}
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A workspace whose model bears the workspace's name.

    Attributes:
        folder: The workspace.
        name: Of the model, of the policy and so of the MLflow experiment.
        tracking_uri: The store.
        state: Where journals are kept.
    """

    folder: Path
    name: str
    tracking_uri: str
    state: Path

    @property
    def ledger(self) -> Ledger:
        return MlflowLedger(self.tracking_uri)

    @property
    def policy(self) -> Path:
        return self.folder / "policies" / f"{self.name}.yaml"

    @property
    def votes(self) -> Path:
        return self.folder / "data" / f"votes-{self.name}.jsonl"

    @property
    def moments(self) -> Path:
        return self.folder / "data" / f"moments-{self.name}.csv"

    def write(
        self,
        *,
        base_url: str | None = None,
        settings: str = "",
        accuracy: float = 0.6,
        retrospective: bool = False,
    ) -> None:
        """Writes policy, data, settings and who is trusted; votes and moments of version 2."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.policy.parent.mkdir(exist_ok=True)
        self.write_policy(accuracy=accuracy, retrospective=retrospective)
        endpoint = f'endpoint = "{base_url}"\nserved_as = "{{version}}"\n' if base_url else ""
        (self.folder / "gate.toml").write_text(
            f'[models.{self.name}]\npolicies = {{ champion = "{self.name}" }}\n{endpoint}{settings}'
        )
        if not (self.folder / "trust.json").exists():  # a second model promotes nothing
            trusted(self.folder, self.policy, model=self.name)
        _lines(data / "sums.jsonl", sums())
        _lines(data / "passages.jsonl", passages())
        (data / "corpus.txt").write_text("".join(f"{passage(n)}\n" for n in range(PASSAGES)))
        self.write_votes()
        self.write_moments()

    def write_policy(
        self, *, accuracy: float = 0.6, retrospective: bool = False, path: Path | None = None
    ) -> Path:
        path = path or self.policy
        path.write_text(
            POLICY.format(
                name=self.name,
                prompts=PROMPTS,
                accuracy=accuracy,
                retrospective=str(retrospective).lower(),
            )
        )
        return path

    def write_votes(
        self, versions: Iterable[int] = (2,), *, wins: int = 52, votes: int = PROMPTS
    ) -> None:
        """Votes on versions against version 1, one a prompt and version."""
        _lines(
            self.votes,
            (
                {
                    "prompt": f"p{n}",
                    "model_a": f"{self.name}/{version}",
                    "model_b": f"{self.name}/1",
                    "annotator": "ann",
                    "shown_first": "ab"[n % 2],
                    "verdict": "A>B" if n < wins else "B>A",
                }
                for version in versions
                for n in range(votes)
            ),
        )

    def write_moments(
        self, versions: Iterable[int] = (2,), *, days: Sequence[int] = (7, 14)
    ) -> None:
        """Both arms of versions that are truly better."""
        arms = [f"{part}_{arm}" for arm in ("champion", "challenger") for part in _PARTS]
        rows = [",".join(["experiment_id,look,days,metric", *arms])]
        for version in versions:
            for look, day in enumerate(days, start=1):
                n = 2000 * look
                arm = [f"{n},{p},{p * (1 - p) * n / (n - 1)!r}" for p in (0.6, 0.68)]
                rows.append(",".join([f"{self.name}/{version},{look},{day},resolved", *arm]))
        self.moments.write_text("\n".join(rows) + "\n")

    def register_endpoints(self, base_url: str, models: Sequence[str]) -> None:
        """A version per model at an endpoint; the first becomes the baseline."""
        for model in models:
            self.register_endpoint(base_url, model)
        self.adopt()

    def register_endpoint(self, base_url: str, model: str) -> Version:
        """One more version at an endpoint."""
        how = Endpoint(base_url=base_url, model_name=model)
        return register(self.ledger, Registration(name=self.name, how=how))

    def register_recorded(self, models: Sequence[str]) -> None:
        """A version per model from a file of its answers; the first becomes the baseline."""
        for model in models:
            self.register_file(model)
        self.adopt()

    def register_file(self, model: str, *, also: str = "") -> Version:
        """One more version from a file; `also` makes its bytes differ."""
        file = self.folder / "data" / f"{model}{also}.jsonl"
        prompts = {str(q["id"]): str(q["prompt"]) for q in (*sums(), *passages())}
        _lines(file, ({"id": i, "output": answer(model, p) + also} for i, p in prompts.items()))
        how = Recorded(file=file, format="jsonl")
        return register(self.ledger, Registration(name=self.name, how=how))

    def register_external(self) -> Version:
        """One more version that cannot be asked."""
        new = NewVersion(name=self.name, tags={"gate_source": "external"})
        return self.ledger.register(new)

    def adopt(self) -> None:
        reason = "in production before the gate"
        adopted = self.said("adopt", f"{self.name}/1", "--reason", reason)
        assert adopted.code == 0, adopted.err

    def champion(self) -> str:
        return self.ledger.version(f"{self.name}@champion").version

    def said(self, *arguments: str) -> Said:
        """The command in this process, with what it printed; a traceback fails the test."""
        where = ["--workspace", str(self.folder), "--tracking-uri", self.tracking_uri]
        given = [*arguments, *where, "--state", str(self.state)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = framed(gate, given)
        said = Said(code=int(code), out=out.getvalue(), err=err.getvalue())
        assert "Traceback" not in said.out + said.err
        assert "something broke that should not" not in said.err, said.err
        return said

    def run(self, *more: str) -> Said:
        return self.said("run", str(self.policy), *more)

    def promote(self, *more: str, version: int = 2) -> Said:
        return self.said("promote", f"{self.name}/{version}", *more)

    def journal(self, stream: str = "") -> list[dict[str, object]]:
        """Every entry of the streams below a name."""
        state = open_state(str(self.state))
        return [
            dict(entry)
            for path in sorted(self.state.rglob("*.jsonl"))
            if (name := path.relative_to(self.state).as_posix().removesuffix(".jsonl"))
            and name.startswith(stream)
            for entry in state.read(name)
        ]


_PARTS = ("n", "mean", "variance")


def sums() -> list[dict[str, str]]:
    """Questions with one right number each."""
    return [
        {"id": f"sum-{n}", "prompt": f"what is {n} + {n}?", "target": str(2 * n)}
        for n in range(1, QUESTIONS + 1)
    ]


def passages() -> list[dict[str, str]]:
    """Beginnings of passages of the corpus."""
    return [{"id": f"passage-{n}", "prompt": f"go on: {passage(n)[:30]}"} for n in range(PASSAGES)]


def passage(n: int) -> str:
    return f"Chapter {n:03d} tells of the keeper who lit the lamp {n} times before the ship came in"


def answer(model: str, prompt: str) -> str:
    """What a checkpoint of the tests says to a prompt."""
    words = prompt.split()
    if words[:2] == ["what", "is"]:
        number = int(words[2])
        return str(2 * number + (number % WRONG_BY.get(model, 12) == 0))
    return f"no, says {model}"


def parents(chain: Chain) -> list[Mapping[str, str]]:
    """Tags of every MLflow run of a candidate under the chain's policy, complete or not."""
    from mlflow import MlflowClient

    client = MlflowClient(chain.tracking_uri)
    experiments = [e.experiment_id for e in client.search_experiments()]
    found = client.search_runs(
        experiments,
        f"tags.gate_record = 'candidate' and tags.gate_policy = '{chain.name}'",
        order_by=["attributes.start_time ASC"],
    )
    return [dict(run.data.tags) for run in found]


def _lines(path: Path, records: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
