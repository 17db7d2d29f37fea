"""Whether a side-by-side plan can be measured as it is written."""

import math
from collections.abc import Iterator

from policies.benchmark_tasks import Stopping
from policies.problems import Path, Problem
from policies.side_by_side import SEGMENT, TOPIC, Counted, SideBySidePlan

AT: Path = ("plan", "side_by_side")

_SUM_TOLERANCE = 1e-6


def comparison_problems(plan: SideBySidePlan) -> Iterator[Problem]:
    """What in a side-by-side plan cannot be measured."""
    if plan.data is None:
        yield from _without_data(plan)
    if plan.count is not Counted.VOTES and not plan.judges:
        yield Problem(
            at=(*AT, "count"),
            found=f"`{plan.count}`, and no judges",
            expected="a panel",
            fix="add `judges: [judge_a]`, an `[endpoints.judge_a]` of the workspace",
        )
    if plan.count is Counted.FUSED and plan.stopping is Stopping.ANYTIME:
        yield Problem(
            at=(*AT, "stopping"),
            found="`anytime` with `count: fused`",
            expected="`fixed`: an interval that fuses people and judges holds at the planned n",
            fix="write `stopping: fixed`, or `count: votes`",
        )
    yield from _judging(plan)
    yield from _gold(plan)
    yield from _annotating(plan)
    yield from _user_mix(plan)


def _without_data(plan: SideBySidePlan) -> Iterator[Problem]:
    if not plan.votes:
        yield Problem(
            at=AT,
            found="neither `data` nor `votes`",
            expected="prompts to show, or files of votes",
            fix="add `data: prompts.jsonl` or `votes: [votes.jsonl]`",
        )
    needs = {
        "judges": plan.judges,
        "topic": plan.topic,
        "gold": plan.gold,
        "sha256": plan.sha256,
        "annotating": plan.annotating.said(),
    }
    for name, said in needs.items():
        if said:
            yield Problem(
                at=(*AT, name),
                found=f"`{name}` without `data`",
                expected="the prompts that it is about",
                fix="add `data: prompts.jsonl`",
            )


def _judging(plan: SideBySidePlan) -> Iterator[Problem]:
    judging, at = plan.judging, (*AT, "judging")
    if judging.said() and not plan.judges:
        yield Problem(
            at=at,
            found="`judging` without judges",
            expected="a panel that it tells how to judge",
            fix="add `judges: [judge_a]`, or remove `judging`",
        )
    if judging.rubrics and plan.topic is None:
        yield Problem(
            at=(*at, "rubrics"),
            found="rubrics by topic, and no topic",
            expected="the item's field that says the topic",
            fix="add `topic: FIELD` to `side_by_side`",
        )
    if judging.calibration_sha256 is not None and judging.calibration is None:
        yield Problem(
            at=(*at, "calibration_sha256"),
            found="a digest, and no calibration set",
            expected="the file that it is of",
            fix="add `calibration: pairs.jsonl`",
        )


def _gold(plan: SideBySidePlan) -> Iterator[Problem]:
    if plan.gold is None and "gold_share" in plan.said():
        yield Problem(
            at=(*AT, "gold_share"),
            found="a share of gold, and no gold",
            expected="pairs with a known answer",
            fix="add `gold: gold.jsonl`",
        )


def _annotating(plan: SideBySidePlan) -> Iterator[Problem]:
    how, at = plan.annotating, (*AT, "annotating")
    on_gold = {"qualification", "qualified_at", "gold_least", "warn_below", "pause_below"}
    for name in sorted(on_gold & how.said().keys()) if plan.gold is None else ():
        yield Problem(
            at=(*at, name),
            found=f"`{name}`, and no gold",
            expected="pairs with a known answer, which it is about",
            fix="add `gold: gold.jsonl`",
        )
    if how.warn_below < how.pause_below:
        yield Problem(
            at=(*at, "warn_below"),
            found=f"{how.warn_below:g}, below `pause_below` ({how.pause_below:g})",
            expected="a warning before a pause",
            fix="raise `warn_below`, or lower `pause_below`",
        )
    if "qualified_at" in how.said() and not how.qualification:
        yield Problem(
            at=(*at, "qualified_at"),
            found="`qualified_at`, and no qualification round",
            expected="the gold pairs that everybody is given first",
            fix="add `qualification: 5`, or remove `qualified_at`",
        )


def _user_mix(plan: SideBySidePlan) -> Iterator[Problem]:
    for trait, shares in plan.user_mix.items():
        at = (*AT, "user_mix", trait)
        if trait not in (SEGMENT, TOPIC):
            yield Problem(
                at=at,
                found=f"`{trait}`",
                expected=f"`{SEGMENT}` (of annotators) or `{TOPIC}` (of prompts)",
                fix="name one of the two",
            )
        elif trait == TOPIC and plan.topic is None:
            yield Problem(
                at=at,
                found="a mix of topics, and no topic",
                expected="the item's field that says the topic",
                fix="add `topic: FIELD` to `side_by_side`",
            )
        if not math.isclose(sum(shares.values()), 1, abs_tol=_SUM_TOLERANCE):
            yield Problem(
                at=at,
                found=f"shares that add up to {sum(shares.values()):g}",
                expected="1",
                fix="correct the shares of the users",
            )
