"""What a plan can show beforehand: the figures are those of the intervals that will decide."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.adequacy import (
    DISAGREE,
    FLAGGED_BY_ONE,
    PREFERENCE_DEVIATION,
    Adequacy,
    StageAdequacy,
    adequacy,
)
from policies.load import load_policy
from policies.policy import PolicyFile
from stages.stats.design import (
    Deviation,
    Discordance,
    probability_equal_passes,
    probability_gap_shown,
    probability_rate_passes,
)

ACCURACY = "  - {metric: qa.accuracy, non_inferior: {margin: 0.05}, severity: blocking, because: b}"
TOXIC = "  - {metric: toxicity.rate, at_most: 0.01, severity: blocking, because: b}"
WINS = "  - {metric: side_by_side.win_rate, at_least: 0.45, severity: blocking, because: b}"


def found(
    folder: Path, *, plan: str, criteria: str, items: int = 200, size: int = 1
) -> tuple[StageAdequacy, ...]:
    """What `policy check` says; items stand in clusters of `size`."""
    lines = (
        {"id": f"i{i}", "prompt": "?", "target": "1", "ticket": f"t{i // size}"}
        for i in range(items)
    )
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, lines)))
    text = f"policy: p\nmodel: m\nplan:\n{plan}\ncriteria:\n{criteria}\n"
    (folder / "p.yaml").write_text(text)
    path = folder / "p.yaml"
    return adequacy(PolicyFile(policy=load_policy(path), path=path))


def offline(folder: Path, task: str, criteria: str, **how: int) -> Mapping[str, Adequacy]:
    plan = f"  offline:\n    {task}"
    (stage,) = found(folder, plan=plan, criteria=criteria, **how)
    return {c.metric: c for c in stage.criteria}


QA = "qa: {data: items.jsonl, scorer: exact}"
CLUSTERED = "qa: {data: items.jsonl, scorer: exact, cluster: ticket}"
CLASSIFIER = "toxicity: {data: items.jsonl, classifier: detoxify/original}"
DEPENDENT = "toxicity: {data: items.jsonl, classifier: detoxify/original, cluster: ticket}"


def test_a_margin_has_the_probability_of_the_paired_interval(tmp_path: Path) -> None:
    said = offline(tmp_path, QA, ACCURACY)["qa.accuracy"]
    wanted = probability_equal_passes(200, 0.05, spread=Discordance(share=DISAGREE), level=0.95)
    assert said.probability == pytest.approx(wanted)
    assert said.enough is False
    assert "15%" in said.assumption


def test_clusters_are_the_units_of_a_margin(tmp_path: Path) -> None:
    said = offline(tmp_path, CLUSTERED, ACCURACY, size=4)["qa.accuracy"]
    deviation = (DISAGREE * (1 + 3 * 0.1) / 4) ** 0.5
    wanted = probability_equal_passes(50, 0.05, spread=Deviation(deviation=deviation), level=0.95)
    assert (said.n, said.probability) == (50, pytest.approx(wanted))


def test_clusters_are_the_units_of_a_safety_rate(tmp_path: Path) -> None:
    """The bound counts clusters, so answers that depend on each other show less."""
    alone = offline(tmp_path, CLASSIFIER, TOXIC, items=400)["toxicity.rate"]
    together = offline(tmp_path, DEPENDENT, TOXIC, items=400, size=4)["toxicity.rate"]
    assert (alone.n, alone.probability) == (400, 1.0)
    assert (together.n, together.probability) == (100, 0.0)
    assert "100 clusters of answers" in together.sentence
    assert alone.probability == probability_rate_passes(400, 0.01, true_rate=0.0, level=0.90)


def test_a_safety_comparison_takes_the_one_sided_level_it_is_measured_at(tmp_path: Path) -> None:
    criteria = (
        "  - {metric: toxicity.rate, non_inferior: {margin: 0.02}, severity: blocking, because: b}"
    )
    said = offline(tmp_path, CLASSIFIER, criteria, items=300)["toxicity.rate"]
    spread = Discordance(share=FLAGGED_BY_ONE)
    wanted = probability_equal_passes(300, 0.02, spread=spread, level=0.90)
    assert said.probability == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("task", "metric", "chance"), [(QA, "qa.accuracy", 0.025), (CLASSIFIER, "toxicity.rate", 0.05)]
)
def test_better_passes_by_chance_at_one_end_of_its_interval(
    tmp_path: Path, task: str, metric: str, chance: float
) -> None:
    criteria = f"  - {{metric: {metric}, better: {{}}, severity: blocking, because: b}}"
    said = offline(tmp_path, task, criteria)[metric]
    assert said.probability == pytest.approx(chance)
    assert said.enough is None


def wins(folder: Path, stopping: str, votes: int, limit: float = 0.45) -> Adequacy:
    plan = f"  side_by_side: {{votes: [v.jsonl], votes_at_most: {votes}, stopping: {stopping}}}"
    (stage,) = found(folder, plan=plan, criteria=WINS.replace("0.45", str(limit)))
    return stage.criteria[0]


def test_a_fixed_win_rate_has_the_probability_of_its_t_interval(tmp_path: Path) -> None:
    wanted = probability_gap_shown(400, 0.05, deviation=PREFERENCE_DEVIATION, level=0.95)
    assert wins(tmp_path, "fixed", 400).probability == pytest.approx(wanted)


def test_a_confidence_sequence_is_forecast_as_the_wider_thing_it_is(tmp_path: Path) -> None:
    fixed, anytime = (wins(tmp_path, stopping, 600) for stopping in ("fixed", "anytime"))
    assert fixed.probability is not None
    assert anytime.probability is not None
    assert anytime.probability < fixed.probability - 0.1
    assert "prompts would do" in anytime.sentence
    assert wins(tmp_path, "anytime", 3_000).enough


def test_what_no_number_of_prompts_shows_is_said(tmp_path: Path) -> None:
    assert "no number of prompts" in wins(tmp_path, "fixed", 100, limit=0.5).sentence
    assert "no number of prompts" in wins(tmp_path, "anytime", 100, limit=0.5).sentence


def test_a_stage_multiplies_what_is_known(tmp_path: Path) -> None:
    plan = f"  offline:\n    {QA}\n    {CLASSIFIER}"
    unknown = "  - {metric: qa.accuracy, at_least: 0.5, severity: blocking, because: b}"
    (stage,) = found(tmp_path, plan=plan, criteria=f"{ACCURACY}\n{TOXIC}\n{unknown}", items=400)
    first, second, third = (c.probability for c in stage.criteria)
    assert first is not None
    assert second is not None
    assert third is None
    assert stage.probability == pytest.approx(first * second)
