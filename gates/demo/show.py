"""The demo: a workspace is written, checkpoints are registered, decided on and one is promoted."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import numpy as np

from gates.chain.opening import open_custody
from gates.decide.verdict import Verdict
from gates.demo.bundle import DATA, SEED
from gates.demo.checkpoints import CANDIDATES, CHAMPION
from gates.demo.traffic import traffic, write
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.pipeline import RoundResult, run_round
from gates.promotion.adopting import record_adoption
from gates.promotion.answer import Promotion
from gates.promotion.judging import Request
from gates.promotion.production import Patience
from gates.promotion.promoting import promote
from gates.registration import Recorded, Registration, adopt, register
from gates.services import Services
from gates.trust_upkeep.beginning import begin_trust
from gates.workspace import load_workspace
from policies.errors import WrongUsage
from policies.load import load_policy
from policies.policy import Policy, PolicyFile
from stages.engine.progress import Progress
from stages.engine.state_url import open_state
from stages.evidence.records import StageName

MODEL = "assistant"
ALIAS = "champion"
OWNER = "demo"
"""Whose key signs everything here."""
STORE = "sqlite:///mlflow.db"
RUN_TIME = timedelta(days=15)
"""How long the A/B has run when the demo looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo shows.

    Attributes:
        before: The round before there was traffic.
        after: The round after the A/B.
        promotion: The winner's promotion; None when nobody won.
        policy: What was demanded.
        names: Name of each checkpoint by its MLflow URI.
        tracking_uri: The store everything was logged to.
    """

    before: RoundResult
    after: RoundResult
    promotion: Promotion | None
    policy: Policy
    names: dict[str, str]
    tracking_uri: str


def run_demo(
    folder: Path,
    *,
    now: datetime,
    progress: Progress,
    say: Callable[[str], None],
    store: str = STORE,
) -> Demo:
    """Runs the whole funnel in a new folder, with a real MLflow store in it.

    The A/B is preregistered fifteen days before `now` and analysed at `now`: its plan stands before
    its first exposure, as it must.

    Args:
        folder: Where its workspace goes.
        now: When the A/B is looked at.
        progress: Where to show how far it is.
        say: Told what happens now.
        store: The MLflow tracking URI; without one, a file in the folder.

    Raises:
        WrongUsage: When the folder exists already.
    """
    file = _write_workspace(folder, store)
    clock = _Clock(now - RUN_TIME)
    begin_trust(load_workspace(folder, {}), owner=OWNER, at=clock.time)
    services = _services(folder, clock, progress)
    say(f"registering {len(CANDIDATES) + 1} checkpoints of one assistant")
    names = _register(folder, services)
    _write_traffic(folder, clock.time, set())
    say("stages 1 and 2: benchmarks and safety checks, then the recorded votes")
    before = run_round(file, [], services)
    say(f"stage 3: {RUN_TIME.days} days of generated traffic, then the A/B")
    _write_traffic(folder, clock.time, _in_an_ab(before, names))
    clock.time = now
    after = run_round(file, [], services)
    return Demo(
        before=before,
        after=after,
        promotion=_promote_winner(after, file, services),
        policy=file.policy,
        names=names,
        tracking_uri=services.ledger.uri,
    )


class _Clock:
    """A clock that the demo sets."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time


def _write_workspace(folder: Path, store: str) -> PolicyFile:
    if folder.exists():
        raise WrongUsage(
            f"{folder} exists already",
            why="the demo writes a workspace of its own and overwrites nothing",
            fix=f"remove {folder}, or name another folder: gate demo FOLDER",
        )
    try:
        shutil.copytree(DATA, folder / "data")
    except OSError as error:
        raise WrongUsage(
            f"cannot write a demo to {folder}",
            why=f"{error.filename or folder}: {error.strerror}",
            fix="name a folder that can be written to: gate demo FOLDER",
        ) from error
    (folder / "policies").mkdir()
    policy = folder / "policies" / "demo.yaml"
    policy.write_bytes((resources.files("policies") / "demo.yaml").read_bytes())
    (folder / "gate.toml").write_text(
        "# The workspace of `gate demo`: everything stands in this folder.\n"
        f'[mlflow]\ntracking_uri = "{store}"\n\n'
        '[state]\nurl = ".gate/state"\n\n'
        f'[models.{MODEL}]\npolicies = {{ {ALIAS} = "demo" }}\n',
        encoding="utf-8",
    )
    return PolicyFile(policy=load_policy(policy), path=policy)


def _services(folder: Path, clock: _Clock, progress: Progress) -> Services:
    workspace = load_workspace(folder, {}, allow_local_state=True)
    ledger = MlflowLedger(workspace.tracking_uri)
    state = open_state(workspace.state_url)
    return Services(
        workspace=workspace,
        ledger=ledger,
        state=state,
        cache=workspace.cache,
        clock=clock,
        progress=progress,
        custody=open_custody(workspace, ledger, state, clock=clock),
    )


def _register(folder: Path, services: Services) -> dict[str, str]:
    names = {}
    for checkpoint in (CHAMPION, *CANDIDATES):
        answers = folder / "data" / "answers" / f"{checkpoint.name}.jsonl"
        version = register(
            services.ledger,
            Registration(
                name=MODEL,
                how=Recorded(file=answers, format="jsonl"),
                known_as=checkpoint.name,
                description=f"A made-up checkpoint: {checkpoint.story}.",
            ),
        )
        names[version.uri] = checkpoint.name
    reason, at = "in production before there was a gate", services.clock().isoformat()
    adopted = adopt(services.ledger, f"{MODEL}/1", alias=ALIAS, reason=reason, at=at)
    record_adoption(adopted, services, alias=ALIAS, reason=reason)
    return names


def _in_an_ab(before: RoundResult, names: dict[str, str]) -> set[str]:
    """Names of the checkpoints whose A/B was preregistered."""
    return {
        names[c.candidate]
        for c in before.decision.candidates
        if any(s.stage is StageName.ONLINE for s in c.stages)
    }


def _write_traffic(folder: Path, start: datetime, challengers: set[str]) -> None:
    """Traffic of the challengers, from the minute after their preregistration; none, no rows."""
    chosen = [c for c in CANDIDATES if c.name in challengers]
    rng = np.random.default_rng(SEED)
    found = traffic(chosen, start=start + timedelta(minutes=1), rng=rng)
    write(found, folder / "data" / "traffic")


def _promote_winner(after: RoundResult, file: PolicyFile, services: Services) -> Promotion | None:
    winners = [c for c in after.decision.candidates if c.verdict is Verdict.PASS]
    if not winners:
        return None
    return promote(
        winners[0].candidate,
        file,
        services,
        request=Request(alias=ALIAS),
        patience=Patience(seconds=0, pause=lambda _: None),
    )
