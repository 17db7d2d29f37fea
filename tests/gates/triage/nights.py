"""A night as a value, for tests of what is said of it."""

from dataclasses import replace
from datetime import UTC, datetime

from gates.triage.allowance import Allowance
from gates.triage.outcome import Night, Outcome, Sort
from stages.evidence.records import Cost

NIGHT = Night(
    number=3,
    policy="nightly",
    policy_sha256="a" * 64,
    model="assistant",
    began=datetime(2026, 3, 4, 2, tzinfo=UTC),
    ended=datetime(2026, 3, 4, 2, 42, tzinfo=UTC),
    budget=Allowance(calls=500.0, usd=4.0, seconds=3600.0),
    cost=Cost(calls=120, usd=1.5),
    cost_so_far=Cost(calls=1200, usd=15.0),
    outcomes=(),
)


def outcome(number: int, sort: Sort, sentence: str = "it says why", **more: object) -> Outcome:
    name = f"assistant/{number}"
    made = Outcome(candidate=f"models:/{name}", known_as=name, sort=sort, sentence=sentence)
    return replace(made, **more)  # type: ignore[arg-type]


def of(*outcomes: Outcome, **more: object) -> Night:
    return replace(NIGHT, outcomes=outcomes, **more)  # type: ignore[arg-type]
