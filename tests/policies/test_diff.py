"""A change of a policy says in which direction it moves what is demanded."""

import pytest

from policies.diff import Change, Effect, diff
from policies.load import parse_policy
from policies.policy import Policy

TEXT = """\
policy: release
model: assistant
budget: {usd_at_most: 600}
plan:
  offline:
    qa: {data: qa.jsonl, scorer: exact, level: 0.95}
    toxicity: {data: red.jsonl, classifier: detoxify/original, threshold: 0.5}
    recitation: {data: p.jsonl, corpus: [a.txt], verbatim_characters_at_least: 50}
  side_by_side: {votes: [v.jsonl], votes_at_most: 600, overlap: 2}
  online:
    moments: m.csv
    metrics: {sales: {}}
    primary: sales
    looks: [7, 14]
    planned_units: 1000
    alpha: 0.025
    harm_alpha: 0.05
criteria:
  - {metric: toxicity.rate, at_most: 0.005, severity: blocking, because: rule}
  - {metric: qa.accuracy, non_inferior: {margin: 0.03}, severity: blocking, because: unnoticed}
  - {metric: side_by_side.win_rate, at_least: 0.48, severity: blocking, because: people}
  - {metric: side_by_side.both_bad, at_most: 0.2, severity: advisory, because: hard prompts}
  - {metric: online.sales, better: {}, severity: blocking, because: the product}
keep: {offline: {most: 3, by: qa.accuracy}}
"""

RELATIVE = "non_inferior: {relative_margin: 0.1}"
RECITING = "  - {metric: recitation.rate, at_most: 0.01, severity: blocking, because: law}\nkeep:"


def policy(text: str = TEXT) -> Policy:
    return parse_policy(text, where="release.yaml")


def changes(old: str, new: str) -> tuple[Change, ...]:
    assert TEXT.count(old) == 1
    return diff(policy(), policy(TEXT.replace(old, new)))


def test_a_policy_does_not_differ_from_itself() -> None:
    assert diff(policy(), policy()) == ()


@pytest.mark.parametrize(
    ("old", "new", "path", "effect"),
    [
        ("0.005", "0.004", "criteria[toxicity.rate at_most].at_most", "tightens"),
        ("plan:\n", "whole_picture: true\nplan:\n", "whole_picture", "changes"),
        ("0.48", "0.47", "criteria[side_by_side.win_rate at_least].at_least", "loosens"),
        ("0.03", "0.04", "criteria[qa.accuracy non_inferior].non_inferior.margin", "loosens"),
        ("because: rule", "because: law", "criteria[toxicity.rate at_most].because", "changes"),
        (
            "0.005, severity: blocking",
            "0.005, severity: advisory",
            "criteria[toxicity.rate at_most].severity",
            "loosens",
        ),
        (
            "severity: advisory",
            "severity: blocking",
            "criteria[side_by_side.both_bad at_most].severity",
            "tightens",
        ),
        ("keep:", RECITING, "criteria[recitation.rate at_most]", "tightens"),
        (
            "keep:",
            RECITING.replace("blocking", "advisory"),
            "criteria[recitation.rate at_most]",
            "changes",
        ),
        ("600, overlap", "400, overlap", "plan.side_by_side.votes_at_most", "loosens"),
        ("planned_units: 1000", "planned_units: 2000", "plan.online.planned_units", "tightens"),
        ("alpha: 0.025", "alpha: 0.05", "plan.online.alpha", "loosens"),
        ("harm_alpha: 0.05", "harm_alpha: 0.1", "plan.online.harm_alpha", "tightens"),
        ("level: 0.95", "level: 0.9", "plan.offline.qa.level", "loosens"),
        ("threshold: 0.5", "threshold: 0.6", "plan.offline.toxicity.threshold", "loosens"),
        ("at_least: 50", "at_least: 60", "recitation.verbatim_characters_at_least", "loosens"),
        ("overlap: 2", "overlap: 3", "plan.side_by_side.overlap", "changes"),
        ("[7, 14]", "[7, 10, 14]", "plan.online.looks", "changes"),
        ("detoxify/original", "detoxify/unbiased", "plan.offline.toxicity.classifier", "changes"),
        ("most: 3", "most: 2", "keep.offline.most", "tightens"),
        ("most: 3, by: qa.accuracy", "most: 3, by: toxicity.rate", "keep.offline.by", "changes"),
        ("keep: {offline: {most: 3, by: qa.accuracy}}", "", "keep.offline", "loosens"),
        ("usd_at_most: 600", "usd_at_most: 700", "budget.usd_at_most", "changes"),
        ("model: assistant", "model: other", "model", "changes"),
        (
            "scorer: exact,",
            f"scorer: exact, sha256: {'a' * 64},",
            "plan.offline.qa.sha256",
            "tightens",
        ),
    ],
)
def test_a_change_says_its_direction_and_its_undoing_says_the_opposite(
    old: str, new: str, path: str, effect: str
) -> None:
    [change] = changes(old, new)
    assert change.path.endswith(path)
    assert change.effect.value == effect
    [undone] = diff(policy(TEXT.replace(old, new)), policy())
    assert (undone.path, undone.old, undone.new) == (change.path, change.new, change.old)
    assert undone.effect is change.effect.undone


def test_another_kind_of_margin_is_a_change_without_a_direction() -> None:
    found = changes("non_inferior: {margin: 0.03}", RELATIVE)
    assert {c.path.rsplit(".", 1)[-1] for c in found} == {"margin", "relative_margin"}
    assert {c.effect for c in found} == {Effect.CHANGES}


def test_another_demand_on_a_metric_is_one_criterion_gone_and_one_come() -> None:
    found = changes("non_inferior: {margin: 0.03}", "at_least: 0.7")
    assert {(c.path, c.effect.value) for c in found} == {
        ("criteria[qa.accuracy non_inferior]", "loosens"),
        ("criteria[qa.accuracy at_least]", "tightens"),
    }


def test_the_order_of_criteria_is_no_change() -> None:
    lines = TEXT.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if "toxicity.rate" in line)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    assert diff(policy(), policy("".join(lines))) == ()


def test_a_stage_that_is_dropped_loosens() -> None:
    online = TEXT[TEXT.index("  online:") : TEXT.index("criteria:")]
    better = next(line for line in TEXT.splitlines(keepends=True) if "better" in line)
    found = diff(policy(), policy(TEXT.replace(online, "").replace(better, "")))
    assert {(c.path, c.effect.value) for c in found} == {
        ("plan.online", "loosens"),
        ("criteria[online.sales better]", "loosens"),
    }


def test_a_task_that_is_added_demands_nothing_yet() -> None:
    [change] = changes("  side_by", "    more: {data: m.jsonl, scorer: exact}\n  side_by")
    assert (change.path, change.old, change.effect) == (
        "plan.offline.more",
        None,
        Effect.CHANGES,
    )


JUDGED = "{folder: q, at_least: {a.separability: 0.5}, at_most: {a.people.brier: 0.2}}"


@pytest.mark.parametrize(
    ("new", "effects"),
    [
        (JUDGED.replace("0.5", "0.6"), {"at_least.a.separability": "tightens"}),
        (JUDGED.replace("q,", "q, level: 0.9,"), {"level": "loosens"}),
        (JUDGED.replace("q,", "q, level: 0.99,"), {"level": "tightens"}),
        (JUDGED.replace("0.2", "0.3"), {"at_most.a.people.brier": "loosens"}),
        (
            "{folder: q, sha256: " + "a" * 64 + ", at_least: {a.separability: 0.5}}",
            {"sha256": "tightens", "at_most.a.people.brier": "loosens"},
        ),
        (
            "{waived: in a hurry}",
            {
                "folder": "loosens",
                "at_least.a.separability": "loosens",
                "at_most.a.people.brier": "loosens",
                "waived": "changes",
            },
        ),
    ],
)
def test_what_is_demanded_of_a_bench_moves_in_its_direction(
    new: str, effects: dict[str, str]
) -> None:
    before = TEXT.replace("qa: {data: qa.jsonl,", f"qa: {{data: qa.jsonl, assessment: {JUDGED},")
    found = diff(policy(before), policy(before.replace(JUDGED, new)))
    at = "plan.offline.qa.assessment."
    assert {change.path.removeprefix(at): change.effect for change in found} == effects
