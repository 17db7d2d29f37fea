"""The page on the policy language says every field and its true default."""

from enum import StrEnum
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from policies.assessment import Assessment
from policies.base import Strict
from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    Contamination,
    GroundingTask,
    Guarantee,
    Harness,
    HarnessTask,
    LeakTest,
    RewardTask,
    Rubric,
    RubricTask,
    Scorer,
    Stopping,
)
from policies.criteria import Criterion, NonInferior, Quota, Severity
from policies.graded_task import GradedTask
from policies.load import load_policy
from policies.online import (
    Covariate,
    OnlineKind,
    OnlineMetric,
    OnlinePlan,
    Phase,
    Spending,
    Variants,
)
from policies.pairs_task import PairLabels, PairsTask
from policies.plan import Plan
from policies.policy import Budget, Kind, Policy
from policies.safety_tasks import (
    Columns,
    ExtractionTask,
    HarmDetector,
    HarmTask,
    Lane,
    MemorizationTask,
    Precision,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import (
    Annotating,
    Counted,
    Judge,
    Judging,
    OwnFamily,
    PairRubric,
    SideBySidePlan,
    VotesFormat,
)
from policies.task import AskedTask, DetectorTask, Groups, Labelled, Sampling, Task
from tests.docs.page import files, read, rows, section, write_files

PAGE = read("policies.md")
SECTIONS: dict[str, type[Strict]] = {
    "Policy": Policy,
    "Budget": Budget,
    "Plan": Plan,
    "Offline: every task": Task,
    "Offline: tasks that ask": AskedTask,
    "Assessment": Assessment,
    "Sampling": Sampling,
    "Benchmarks": BenchmarkTask,
    "Groups": Groups,
    "Contamination": Contamination,
    "Code": CodeTask,
    "Harness": HarnessTask,
    "Graded": GradedTask,
    "Reward model": RewardTask,
    "Pairs": PairsTask,
    "Rubric": RubricTask,
    "Grounding": GroundingTask,
    "Detectors of harm": DetectorTask,
    "Labelled texts": Labelled,
    "Toxicity": ToxicityTask,
    "Harm": HarmTask,
    "Refusal": RefusalTask,
    "Recital of training text": MemorizationTask,
    "Columns of a corpus": Columns,
    "Extraction of training text": ExtractionTask,
    "Side by side": SideBySidePlan,
    "Annotating": Annotating,
    "Judge": Judge,
    "Judging": Judging,
    "Online": OnlinePlan,
    "Online metric": OnlineMetric,
    "Covariate": Covariate,
    "Variants": Variants,
    "Phase": Phase,
    "Criteria": Criterion,
    "Margin": NonInferior,
    "Quota": Quota,
}
OWN_SECTION = ("Budget", "Sampling")


def described(field: FieldInfo) -> str:
    """A default as the page says it."""
    if field.is_required():
        return "required"
    match field.get_default(call_default_factory=True):
        case None | () | {}:
            return "none"
        case Strict():
            return "see below"
        case bool(value):
            return str(value).lower()
        case value:
            return str(value)


@pytest.mark.parametrize("title", SECTIONS)
def test_every_field_is_described_with_its_default(title: str) -> None:
    model = SECTIONS[title]
    inherited = {n for base in model.__mro__[1:] for n in getattr(base, "model_fields", ())}
    fields = {n: described(f) for n, f in model.model_fields.items() if n not in inherited}
    said = {name: cells[0] for name, cells in rows(section(PAGE, title)).items()}
    scorers = set(Scorer) if title == "Benchmarks" else set()
    assert {name: said[name] for name in said if name not in scorers} == fields


def test_no_model_of_a_policy_is_left_out() -> None:
    seen, left = set(SECTIONS.values()), [Strict]
    for kind in left:
        left.extend(kind.__subclasses__())
    modules = (
        "assessment",
        "plan",
        "policy",
        "metric",
        "task",
        "benchmark_tasks",
        "safety_tasks",
        "side_by_side",
        "online",
    )
    language = {k for k in left if k.__module__.removeprefix("policies.") in modules}
    unsaid = {k.__name__ for k in language - seen}
    assert unsaid == {"Metric"}, "a metric is what a plan gives, not what a person writes"


@pytest.mark.parametrize(
    "choices",
    [
        Guarantee,
        Harness,
        HarmDetector,
        Kind,
        Lane,
        LeakTest,
        OnlineKind,
        Spending,
        Precision,
        Rubric,
        Scorer,
        Severity,
        Stopping,
        VotesFormat,
        Counted,
        OwnFamily,
        PairLabels,
        PairRubric,
    ],
)
def test_every_choice_is_named(choices: type[StrEnum]) -> None:
    for choice in choices:
        assert f"`{choice}`" in PAGE


def test_every_policy_shown_is_valid(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    paths = [tmp_path / path for path in files(PAGE)]
    assert len(paths) == 2
    for path in paths:
        assert load_policy(path).policy == path.stem
