"""An A/B from its registration to the promotion of its candidate, and what becomes of it."""

import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from gates.trust.trust_document import InForceEntry
from policies.errors import GateError
from policies.load import load_policy
from stages.online.look_journal import stream_of
from tests.fakes.shell import Said, said
from tests.fakes.workplace import PLAN, SOUND, VOTED, WINS, Workplace, policy_text
from tests.stages.online.traffic_of import START, Traffic, until, write
from tests.trusting import LONG_AGO, Keyring, trusted

if TYPE_CHECKING:
    from tests.faults.world import Inject, Outcome, World

URI = "models:/assistant/2"
NAME = "assistant/2"
RIVAL = "assistant/3"
UNITS = 800
DAYS = 7.4
"""Traffic goes on for so long; the last look is at day 7."""

POLICY = "release"
REGISTRATIONS = f"online/{POLICY}"
WEALTH = f"online/wealth/{POLICY}"
JOURNAL = stream_of(POLICY, URI)

TOML = (
    '[mlflow]\ntracking_uri = "sqlite:///never-opened.db"\n[state]\nurl = "state"\n'
    '[models.assistant]\npolicies = { champion = "release" }\n'
)

BETTER = {"metric": "online.resolved", "better": {}}
QUICK = {"metric": "online.seconds", "non_inferior": {"relative_margin": 0.3}}

Columns = dict[str, list[Any]]


@dataclass(kw_only=True)
class Ab:
    """Both stages before, passed; traffic in which the challenger wins; a policy that asks for it.

    Attributes:
        place: The workspace.
        plan: The online plan, as a policy writes it.
        criteria: What is demanded of the A/B.
        traffic: Every row that is ever written.
        toml: More of `gate.toml`.
        looked_on: Days on which somebody looks, and the command with which.
        registered_on: Day on which `gate run` first reaches the A/B and registers it.
        rivals: Further candidates.
        spoils: Done to the rows that are written, each time.
        happens: What happens before the look of a day; before the promotion under None.
        store: Puts the rows where the plan says; None: into the two files.
        command: With which looks are taken.
        tables: What a store writes beside the rows, by name.
        environment: More of the environment.
        may_ship: Whether it ships all the same, and only nothing may be promoted by it.
        keyring: Who is trusted, and with which policies.
    """

    place: Workplace
    plan: dict[str, Any] = field(default_factory=dict)
    criteria: list[dict[str, Any]] = field(default_factory=lambda: [BETTER, QUICK])
    traffic: Traffic
    toml: str = ""
    looked_on: tuple[float, ...] = (DAYS,)
    registered_on: float = -1.0
    rivals: int = 0
    spoils: list[Callable[[Traffic], object]] = field(default_factory=list)
    happens: list[tuple[float | None, Callable[[], object]]] = field(default_factory=list)
    store: Callable[[Traffic], object] | None = None
    command: tuple[str, ...] = ("run", POLICY)
    tables: dict[str, list[list[Any]]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    may_ship: bool = False
    keyring: Keyring | None = None

    def run(self) -> "Outcome":
        """Registers, looks and asks for the promotion; what was shipped or promoted passes."""
        with _commands(self.place, self.environment):
            return self._course()

    def _course(self) -> "Outcome":
        from tests.faults.world import Outcome

        self.place.champion()
        for _ in range(1 + self.rivals):
            self.place.recorded()
        for number in range(1 + self.rivals):
            votes = self.place.data / "votes.jsonl"
            before = votes.read_text() if votes.exists() else ""
            self.place.votes(candidate=f"assistant/{number + 2}")
            votes.write_text(before + votes.read_text())
        self.write_policy()
        told = [self._at(self.registered_on, "run", POLICY)]
        told += [self._at(day, *self.command) for day in self.looked_on]
        shipped = self._shipped()
        told.append(self._at(None, "promote", NAME))
        decided = self._decided()
        if self.place.ledger.version(NAME).aliases or (shipped and not self._late):
            said = decided.reason if decided is not None else "without a decision"
            return Outcome(verdict=Verdict.PASS, sentence=said)
        return self._outcome(told)

    def _outcome(self, told: list[Said]) -> "Outcome":
        from tests.faults.world import Outcome

        found = self._decided()
        errors = [one.err for one in told[1:] if one.err]
        if self._late:
            words = [told[-1].out.partition("CANNOT TELL")[2] or told[-1].out, *errors]
            return Outcome(verdict="HOLD", sentence=" ".join(words))
        if found is None:
            return Outcome(verdict="REFUSED", sentence=" ".join(errors))
        reasons = dict.fromkeys((found.reason, *errors))
        name = found.verdict if found.online is None else found.online
        return Outcome(verdict=str(name), sentence=" ".join(reasons))

    @property
    def _late(self) -> bool:
        """Whether what goes wrong does so after a SHIP that was right."""
        return self.may_ship or any(day is None for day, _ in self.happens)

    def _at(self, day: float | None, *command: str) -> Said:
        if day is not None:
            self.place.now = START + timedelta(days=day)
        for when, happens in self.happens:
            if when == day:
                happens()
        if day is not None:
            self.write_rows(day)
        return said(*command)

    def _decided(self) -> StageDecision | None:
        found = [
            stage
            for record in self.place.ledger.records.values()
            for candidate in record.decision.candidates
            if candidate.candidate == URI
            for stage in candidate.stages[-1:]
        ]
        return found[-1] if found else None

    def _shipped(self) -> bool:
        return any(
            stage.online is OnlineVerdict.SHIP
            for record in self.place.ledger.records.values()
            for candidate in record.decision.candidates
            if candidate.candidate == URI
            for stage in candidate.stages
        )

    def write_rows(self, day: float) -> None:
        """The rows that had been written by a day, spoiled."""
        rows = until(copy.deepcopy(self.traffic), day)
        for spoil in self.spoils:
            spoil(rows)
        if self.store is not None:
            self.store(rows)
        else:
            write(rows, self.place.data)

    def write_policy(self) -> None:
        """Writes the policy and `gate.toml` as they are now."""
        blocking = [{"severity": "blocking", "because": "it matters", **c} for c in self.criteria]
        text = policy_text(
            (PLAN, VOTED, f"online: {json.dumps(self.plan)}"),
            (SOUND, WINS, *(json.dumps(one) for one in blocking)),
        )
        (self.place.folder / "policies" / f"{POLICY}.yaml").write_text(text)
        self.place.toml(f"{TOML}{self.toml}")
        with suppress(GateError):  # a policy that is none is in force nowhere
            self._put_in_force()

    def _put_in_force(self) -> None:
        """The operator signs the policy as it is now, beside what it was."""
        folder = self.place.folder
        path = folder / "policies" / f"{POLICY}.yaml"
        if self.keyring is None:
            self.keyring = trusted(folder, path)
            return
        document = self.keyring.document
        model = document.models["assistant"]
        entry = model.aliases["champion"]
        now = InForceEntry(sha256=load_policy(path).sha256, since=LONG_AGO)
        known = entry.policies[POLICY]
        policies = {POLICY: known if now in known else (*known, now)}
        changed = model.model_copy(
            update={"aliases": {"champion": entry.model_copy(update={"policies": policies})}}
        )
        self.keyring = self.keyring.publish(
            document.model_copy(
                update={"version": document.version + 1, "models": {"assistant": changed}}
            )
        )
        self.place.toml(f"{TOML}{self.toml}{self.keyring.settings}")

    def before(self, day: float | None, happens: Callable[[], object]) -> None:
        """Something happens before the look of a day, or before the promotion."""
        self.happens.append((day, happens))

    def stream(self, name: str) -> Path:
        """File of a stream of the state."""
        return self.place.folder / "state" / f"{name}.jsonl"


def sound(world: "World") -> Ab:
    """An A/B that ships on day 7, and whose candidate is then promoted."""
    world.ab = Ab(
        place=world.place,
        traffic=copy.deepcopy(_traffic()),
        plan={
            "exposures": "../data/exposures.parquet",
            "events": "../data/events.parquet",
            "metrics": {
                "resolved": {"kind": "proportion"},
                "seconds": {"higher_is_better": False},
            },
            "primary": "resolved",
            "looks": [7],
            "days": 7,
            "window_days": 0.5,
            "planned_units": 700,
        },
    )
    return world.ab


def simple(world: "World") -> None:
    """Looked at once, when it is over."""
    sound(world)


def twice(world: "World") -> None:
    """Looked at on day 3, and when it is over."""
    ab = sound(world)
    ab.plan["looks"] = [3, 7]
    ab.looked_on = (3.2, DAYS)


def changed(inject: Callable[[Ab], object]) -> "Inject":
    """Something done to the A/B of a world."""

    def to(world: "World") -> None:
        assert world.ab is not None
        inject(world.ab)

    return to


def rows(spoil: Callable[[Traffic], object]) -> "Inject":
    """Rows written otherwise."""
    return changed(lambda ab: ab.spoils.append(spoil))


def before(day: float | None, happens: Callable[[Ab], object]) -> "Inject":
    """Something happens before the look of a day, or before the promotion."""
    return changed(lambda ab: ab.before(day, lambda: happens(ab)))


@contextmanager
def _commands(place: Workplace, more: Mapping[str, str]) -> Iterator[None]:
    """`gate` works in the workspace, at its time, with its ledger; without pages."""
    gone = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "MLFLOW_TRACKING_URI", "GATE_STATE")
    environment = {k: v for k, v in os.environ.items() if k not in gone} | dict(more)
    folder = Path.cwd()
    with (
        mock.patch.dict(os.environ, environment | {"GATE_ALLOW_LOCAL_STATE": "1"}, clear=True),
        mock.patch(
            "gates.ledger.mlflow_ledger.ledger.MlflowLedger", side_effect=lambda *_: place.ledger
        ),
        mock.patch("gates.cli.clock.now", side_effect=lambda: place.now),
        mock.patch("gates.pipeline.pages_of", return_value={}),
    ):
        os.chdir(place.folder)
        try:
            yield
        finally:
            os.chdir(folder)


@cache
def _traffic() -> Traffic:
    """800 units, half in each arm; of the challenger's far more are resolved."""
    rng = np.random.default_rng(5)
    exposures: Columns = {
        n: [] for n in ("unit_id", "timestamp", "experiment_id", "variation_id", "staff", "country")
    }
    events: Columns = {
        n: [] for n in ("unit_id", "timestamp", "resolved", "seconds", "sessions", "opened")
    }
    times = np.sort(rng.uniform(0, DAYS, UNITS))
    times[0] = 0.0
    for i, time in enumerate(times):
        arm, seen = ("champion", "challenger")[i % 2], START + timedelta(days=float(time))
        row = (f"u{i}", seen, NAME, arm, "no", ("pe", "fr")[i // 2 % 2])
        for name, value in zip(exposures, row, strict=True):
            exposures[name].append(value)
        resolved, habit = rng.random() < (0.65 if i % 2 else 0.35), float(rng.gamma(4.0, 0.5))
        for hours in (-20, 1, 3):
            event = (
                *(f"u{i}", seen + timedelta(hours=hours), float(resolved and hours == 3)),
                *(habit + float(rng.gamma(4.0, 0.25)), float(rng.poisson(2.0) + 1), 1.0),
            )
            for name, value in zip(events, event, strict=True):
                events[name].append(value)
    return Traffic(exposures=exposures, events=events)
