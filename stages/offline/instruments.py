"""The instrument of every kind of task."""

from typing import assert_never

from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    Contamination,
    GroundingTask,
    RewardTask,
    RubricTask,
)
from policies.pairs_task import PairsTask
from policies.plan import Asked
from policies.safety_tasks import (
    ExtractionTask,
    HarmTask,
    MemorizationTask,
    RefusalTask,
    ToxicityTask,
)
from stages.offline.benchmark import Benchmark
from stages.offline.code.instrument import Code
from stages.offline.contamination.instrument import Contaminated
from stages.offline.harm.instrument import Harm
from stages.offline.instrument import Instrument
from stages.offline.judged.grounding import Grounding
from stages.offline.judged.rubric import RubricJudge
from stages.offline.memorization.extraction import Extraction
from stages.offline.memorization.instrument import Memorization
from stages.offline.pairs.instrument import Pairs
from stages.offline.refusal.instrument import Refusal
from stages.offline.reward.instrument import Reward
from stages.offline.tools import Tools
from stages.offline.toxicity.instrument import Toxicity


def instrument_for(  # noqa: C901, PLR0911, PLR0912 - a line per kind of task
    task: Asked, tools: Tools
) -> Instrument:
    """What scores the answers to a task."""
    match task:
        case BenchmarkTask(contamination=Contamination() as contamination):
            return Contaminated(
                benchmark=Benchmark(task), task=task, contamination=contamination, tools=tools
            )
        case BenchmarkTask():
            return Benchmark(task)
        case PairsTask():
            return Pairs(task)
        case ToxicityTask():
            return Toxicity(task=task, tools=tools)
        case MemorizationTask():
            return Memorization(task=task, tools=tools)
        case ExtractionTask():
            return Extraction(task=task, tools=tools)
        case CodeTask():
            return Code(task=task, tools=tools)
        case HarmTask():
            return Harm(task=task, tools=tools)
        case RefusalTask():
            return Refusal(task=task, tools=tools)
        case RewardTask():
            return Reward(task=task, tools=tools)
        case RubricTask():
            return RubricJudge(task=task, tools=tools)
        case GroundingTask():
            return Grounding(task=task, tools=tools)
        case _:
            assert_never(task)
