import pytest

from gates.reports.plan_words import plan_words
from policies.benchmark_tasks import (
    BenchmarkTask,
    Contamination,
    Harness,
    HarnessTask,
    Scorer,
    Stopping,
)
from policies.graded_task import GradedTask
from policies.plan import OfflineTask, Plan
from policies.safety_tasks import ToxicityTask
from policies.side_by_side import Counted, SideBySidePlan
from policies.task import Groups, Labelled, Sampling

PLAIN = BenchmarkTask(data="d.jsonl", scorer=Scorer.EXACT)
SEARCHED = Contamination(corpus=("web.txt",))
RUN = HarnessTask(harness=Harness.LM_EVAL, task="gsm8k")


def words(task: OfflineTask) -> str:
    (line,) = plan_words(Plan(offline={"task": task}), "offline")
    return line


def test_what_is_usual_is_not_said() -> None:
    assert words(PLAIN) == "task: answers to d.jsonl, scored by exact"


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (
            PLAIN.model_copy(update={"groups": Groups(field="language", values=("de", "fr"))}),
            "told apart by language: de and fr have a score each",
        ),
        (
            PLAIN.model_copy(update={"stopping": Stopping.ANYTIME}),
            "asked in portions, until intervals that hold at any time decide",
        ),
        (
            PLAIN.model_copy(update={"contamination": SEARCHED}),
            "items that stand in web.txt are told apart, by longest; they stay in the score",
        ),
        (
            PLAIN.model_copy(
                update={"contamination": SEARCHED.model_copy(update={"exclude": True})}
            ),
            "those that are not clean are left out of the score",
        ),
        (
            PLAIN.model_copy(update={"generations": 4, "sampling": Sampling(temperature=0.7)}),
            (
                "4 answers each to d.jsonl, scored by exact; drawn at temperature 0.7, "
                "which count by their mean"
            ),
        ),
        (
            ToxicityTask(
                data="d.jsonl",
                classifier="detoxify/original",
                generations=25,
                labelled=Labelled(data="said.jsonl"),
            ),
            (
                "of which the worst counts for a rate of harm; true_rate counts the "
                "detector's errors on the texts labelled in said.jsonl"
            ),
        ),
        (RUN, "gsm8k of lm-eval, which the gate runs against the checkpoint's endpoint"),
        (
            RUN.model_copy(update={"calls_at_most": 3000, "metric": "acc", "items_at_least": 100}),
            (
                "endpoint, 3,000 requests at most; its score is acc; fewer than 100 samples are "
                "refused"
            ),
        ),
        (
            RUN.model_copy(update={"results": "out/{version}"}),
            "which others have run; its results are read from out/{version}",
        ),
    ],
)
def test_what_changes_how_a_task_is_read_is_said(task: OfflineTask, sentence: str) -> None:
    assert sentence in words(task)


def test_a_comparison_says_all_that_is_beside_the_usual() -> None:
    plan = SideBySidePlan.model_validate(
        {
            "data": "p.jsonl",
            "votes_at_most": 40,
            "overlap": 2,
            "topic": "kind",
            "gold": "g.jsonl",
            "count": Counted.FUSED,
            "judges": ["j", "k"],
            "judging": {"repeats": 3, "batch": True, "calibration": "c.jsonl"},
            "user_mix": {"topic": {"a": 0.5, "b": 0.5}},
        }
    )
    (said,) = plan_words(Plan(side_by_side=plan), "side_by_side")
    assert said == (
        "40 votes on 20 prompts (2 each), deciding once all are in; prompts drawn by their kind; "
        "10% of everybody's tasks are gold of g.jsonl; j, k judge every pair in both orders, "
        "3 times; people's votes correct them, and both count together; none judges its own "
        "family; they are asked in batches, within a day; their drift is seen on c.jsonl; raked "
        "to the user mix by topic"
    )


def test_where_judges_decide_alone_no_votes_are_spoken_of() -> None:
    plan = SideBySidePlan.model_validate(
        {"data": "p.jsonl", "votes_at_most": 20, "count": Counted.JUDGES, "judges": ["j"]}
    )
    (said,) = plan_words(Plan(side_by_side=plan), "side_by_side")
    assert said.startswith("verdicts of judges on 20 prompts, deciding once all are in")


def test_a_grade_is_told_with_the_recipe_that_must_have_made_it() -> None:
    plain = GradedTask(graded="grades/{version}")
    assert words(plain) == "task: how well it teaches, read from its grade in grades/{version}"
    pinned = GradedTask(graded="grades/{version}", recipe="agora", recipe_sha256="a" * 64)
    assert words(pinned).endswith(", made by the recipe agora with sha256 aaaaaaaaaaaa")
