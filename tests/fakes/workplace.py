"""A small workspace with a ledger in memory, and the services that commands work with."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gates.chain.opening import open_custody
from gates.ledger.ledger import NewVersion, Version
from gates.promotion.adopting import record_adoption
from gates.registration import Recorded, Registration, adopt, register
from gates.services import Services
from gates.workspace import load_workspace
from policies.load import load_policy
from policies.policy import PolicyFile
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from tests.fakes.memory_ledger import MemoryLedger

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
QUESTIONS = 40
PLAN = "offline: {sums: {data: ../data/sums.jsonl, scorer: numeric}}"
SOUND = "{metric: sums.accuracy, at_least: 0.6, severity: blocking, because: sums must be right}"
NO_WORSE = (
    "{metric: sums.accuracy, non_inferior: {margin: 0.3}, severity: blocking, because: it shows}"
)
VOTED = "side_by_side: {votes: [../data/votes.jsonl], votes_at_most: 40}"
WINS = "{metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: people mind}"
TRAFFIC = (
    "online: {moments: ../data/moments.csv, metrics: {resolved: {kind: proportion, column: r}}, "
    "primary: resolved, looks: [7, 14], planned_units: 8000}"
)
SHIPS = "{metric: online.resolved, better: {}, severity: blocking, because: it is the product}"


def policy_text(
    plan: Iterable[str] = (PLAN,), criteria: Iterable[str] = (SOUND,), more: str = ""
) -> str:
    """A policy in few words; one line per stage and criterion."""
    return "\n".join(
        [
            *("policy: release", "model: assistant", more, "plan:"),
            *(f"  {stage}" for stage in plan),
            "criteria:",
            *(f"  - {criterion}" for criterion in criteria),
            "",
        ]
    )


@dataclass
class Workplace:
    """A folder with policies and data; the clock stands until a test moves it."""

    folder: Path
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: datetime = NOW
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("policies", "data"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        lines(self.data / "sums.jsonl", sums())

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def state(self) -> FolderState:
        return FolderState(self.folder / "state")

    @property
    def services(self) -> Services:
        workspace = load_workspace(
            self.folder,
            self.environment,
            tracking_uri="memory:",
            state_url=str(self.folder / "state"),
            allow_local_state=True,
        )
        return Services(
            workspace=workspace,
            ledger=self.ledger,
            state=self.state,
            cache=self.folder / "cache",
            clock=lambda: self.now,
            progress=Silent(),
            custody=open_custody(workspace, self.ledger, self.state, clock=lambda: self.now),
        )

    def later(self, **how: float) -> None:
        self.now += timedelta(**how)

    def toml(self, text: str) -> None:
        (self.folder / "gate.toml").write_text(text)

    def policy(self, text: str | None = None, name: str = "release") -> PolicyFile:
        path = self.folder / "policies" / f"{name}.yaml"
        path.write_text(policy_text() if text is None else text)
        return PolicyFile(policy=load_policy(path), path=path)

    def recorded(self, *, wrong_every: int = 0, name: str = "assistant", note: str = "") -> Version:
        """A version that gets every n-th sum wrong; 0: none. A note makes its file differ."""
        number = len(self.ledger.models.get(name, [])) + 1
        file = self.data / f"{name}-{number}.jsonl"
        lines(file, answered(wrong_every, note=note or str(number)))
        how = Recorded(file=file, format="jsonl")
        return register(self.ledger, Registration(name=name, how=how))

    def endpoint(self, url: str | None, model: str = "toy") -> Version:
        """A version at an endpoint; None: at the workspace's."""
        said = {"gate_base_url": url, "gate_model_name": model} if url else {}
        tags = {"gate_source": "endpoint", **said}
        return self.ledger.register(NewVersion(name="assistant", tags=tags))

    def external(self) -> Version:
        return self.ledger.register(NewVersion(name="assistant", tags={"gate_source": "external"}))

    def champion(self, **how: int) -> Version:
        """A version adopted as the champion; signed, where somebody is trusted."""
        version = self.recorded(**how) if how else self.recorded(wrong_every=10)
        adopted = adopt(
            self.ledger, version.uri, alias="champion", reason="since May", at=NOW.isoformat()
        )
        record_adoption(adopted, self.services, alias="champion", reason="since May")
        return adopted

    def votes(self, *, candidate: str = "assistant/2", wins: int = 30, votes: int = 40) -> None:
        """A vote per prompt between a candidate and version 1."""
        lines(
            self.data / "votes.jsonl",
            (
                {
                    "prompt": f"p{n}",
                    "model_a": candidate,
                    "model_b": "assistant/1",
                    "annotator": "ann",
                    "shown_first": "ab"[n % 2],
                    "verdict": "A>B" if n < wins else "B>A",
                }
                for n in range(votes)
            ),
        )

    def moments(self, *, candidate: str = "assistant/2", shares: tuple[float, float]) -> None:
        """Both arms of an A/B at both planned looks."""
        head = "experiment_id,look,days,metric"
        arms = [f"{p}_{a}" for a in ("champion", "challenger") for p in ("n", "mean", "variance")]
        rows = [",".join([head, *arms])]
        for look, day in ((1, 7), (2, 14)):
            n = 2000 * look
            arm = [f"{n},{p},{p * (1 - p) * n / (n - 1)!r}" for p in shares]
            rows.append(",".join([f"{candidate},{look},{day},resolved", *arm]))
        (self.data / "moments.csv").write_text("\n".join(rows) + "\n")


def sums(count: int = QUESTIONS) -> list[dict[str, str]]:
    """Questions with one right number each, two to a page."""
    return [
        {
            "id": f"sum-{n}",
            "prompt": f"what is {n} + {n}?",
            "target": str(2 * n),
            "page": str(n // 2),
        }
        for n in range(count)
    ]


def answered(wrong_every: int, *, note: str = "") -> list[dict[str, str]]:
    """Recorded answers to the sums."""
    return [
        {"id": q["id"], "output": f"{note}: {'-1' if is_wrong(n, wrong_every) else q['target']}"}
        for n, q in enumerate(sums())
    ]


def is_wrong(number: int, wrong_every: int) -> bool:
    return bool(wrong_every) and number % wrong_every == 0


def lines(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def snapshot(folder: Path, keep: Callable[[Path], bool] = Path.is_file) -> dict[str, bytes]:
    """Every file below a folder, to be held against the same later."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if keep(path)
    }
