"""What a policy measures, and how precisely; never what it demands."""

from typing import Annotated

from pydantic import Discriminator, Tag, model_validator

from policies.base import Name, Strict
from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    GroundingTask,
    HarnessTask,
    RewardTask,
    RubricTask,
)
from policies.graded_task import GradedTask
from policies.metric import Metric
from policies.online import OnlinePlan
from policies.pairs_task import PairsTask
from policies.safety_tasks import (
    ExtractionTask,
    HarmTask,
    MemorizationTask,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import SideBySidePlan
from policies.task import AskedTask, Task

KINDS: dict[str, type[Task]] = {
    "pairs": PairsTask,
    "scorer": BenchmarkTask,
    "language": CodeTask,
    "harness": HarnessTask,
    "graded": GradedTask,
    "reward": RewardTask,
    "rubric": RubricTask,
    "grounding": GroundingTask,
    "classifier": ToxicityTask,
    "harm": HarmTask,
    "refusal": RefusalTask,
    "corpus": MemorizationTask,
    "extraction_tokens": ExtractionTask,
}
"""The key that says which kind of task a mapping is."""


def _task_kind(value: object) -> str:
    keys = vars(value) if isinstance(value, Task) else value
    if not isinstance(keys, dict):
        return "scorer"
    return next((key for key in KINDS if key in keys), "scorer")


OfflineTask = Annotated[
    Annotated[BenchmarkTask, Tag("scorer")]
    | Annotated[PairsTask, Tag("pairs")]
    | Annotated[CodeTask, Tag("language")]
    | Annotated[HarnessTask, Tag("harness")]
    | Annotated[GradedTask, Tag("graded")]
    | Annotated[RewardTask, Tag("reward")]
    | Annotated[RubricTask, Tag("rubric")]
    | Annotated[GroundingTask, Tag("grounding")]
    | Annotated[ToxicityTask, Tag("classifier")]
    | Annotated[HarmTask, Tag("harm")]
    | Annotated[RefusalTask, Tag("refusal")]
    | Annotated[MemorizationTask, Tag("corpus")]
    | Annotated[ExtractionTask, Tag("extraction_tokens")],
    Discriminator(_task_kind),
]


Asked = (
    BenchmarkTask
    | PairsTask
    | CodeTask
    | RewardTask
    | RubricTask
    | GroundingTask
    | ToxicityTask
    | HarmTask
    | RefusalTask
    | MemorizationTask
    | ExtractionTask
)
"""The tasks whose items are put to the checkpoint; a harness asks for itself."""


class Plan(Strict):
    """The stages a policy demands, in order; a stage that is absent is not demanded."""

    offline: dict[Name, OfflineTask] | None = None
    side_by_side: SideBySidePlan | None = None
    online: OnlinePlan | None = None

    @model_validator(mode="after")
    def _something(self) -> "Plan":
        if not (self.offline or self.side_by_side or self.online):
            raise ValueError("the plan measures nothing; name a task or a stage")
        return self

    def stages(self) -> tuple[str, ...]:
        """Names of the demanded stages, cheapest first."""
        return tuple(name for name in ("offline", "side_by_side", "online") if getattr(self, name))

    def asked(self) -> dict[str, AskedTask]:
        """The offline tasks whose items are put to checkpoints; a harness asks for itself."""
        tasks = (self.offline or {}).items()
        return {name: task for name, task in tasks if isinstance(task, AskedTask)}

    def metrics(self) -> dict[str, Metric]:
        """Every metric this plan measures, by its full name."""
        found = [m for name, task in (self.offline or {}).items() for m in task.metrics(name)]
        found += self.side_by_side.metrics() if self.side_by_side else ()
        found += self.online.to_metrics() if self.online else ()
        return {metric.name: metric for metric in found}
