"""A policy: a plan and criteria for one model, valid as a whole."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from policies.base import Name, Strict, Text
from policies.canonical import sha256_of
from policies.criteria import AtLeast, Criterion, Quota
from policies.plan import Plan


class Kind(StrEnum):
    """What a policy is for."""

    RELEASE = "release"
    NIGHTLY = "nightly"
    JUDGE = "judge"
    """Whether a model may judge: pairs only, and nothing else admits a judge to stage 2."""


class Budget(Strict):
    """What a round may cost; a cap that is reached holds the candidate."""

    usd_at_most: Annotated[float, Field(gt=0)] | None = None
    calls_at_most: Annotated[int, Field(ge=1)] | None = None
    gpu_minutes_at_most: Annotated[float, Field(gt=0)] | None = None


class Policy(Strict):
    """Everything a release manager demands of a checkpoint."""

    policy: Name
    kind: Kind = Kind.RELEASE
    model: Text
    """Name of the registered model in MLflow."""
    baseline: Text = "champion"
    """Alias of the version that candidates are compared with."""
    budget: Budget = Budget()
    whole_picture: bool = False
    """Whether all offline tasks are measured although a candidate is blocked already."""
    plan: Plan
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    keep: Annotated[
        dict[Literal["offline", "side_by_side", "online"], Quota], Field(default_factory=dict)
    ]

    @property
    def sha256(self) -> str:
        """Digest of the policy's canonical JSON: equal policies have equal digests."""
        return sha256_of(self.said())

    def stage_sha256(self, stage: str) -> str:
        """Digest of one stage's plan and criteria together; registered before an A/B starts."""
        metrics = {m.name for m in self.plan.metrics().values() if m.stage == stage}
        plan = self.plan.said().get(stage)
        criteria = [c.said() for c in self.criteria if c.metric in metrics]
        return sha256_of({"plan": plan, "criteria": criteria})

    def criteria_of(self, stage: str) -> tuple[Criterion, ...]:
        """The criteria on metrics of one stage, in the policy's order."""
        metrics = self.plan.metrics()
        return tuple(c for c in self.criteria if metrics[c.metric].stage == stage)

    def least(self, metric: str) -> tuple[float, ...]:
        """Every value that a criterion says a metric must reach, in the policy's order."""
        demands = [c.demand for c in self.criteria if c.metric == metric]
        return tuple(demand.limit for demand in demands if isinstance(demand, AtLeast))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy and where it was read: paths in it are relative to its folder."""

    policy: Policy
    path: Path

    @property
    def folder(self) -> Path:
        """The folder that the plan's relative paths start from."""
        return self.path.resolve().parent
