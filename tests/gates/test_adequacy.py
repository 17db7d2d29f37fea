"""What a plan can show beforehand: the figures are those of the intervals that will decide."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.adequacy import StageAdequacy, adequacy, unfrozen
from gates.expected_spread import DISAGREE, FLAGGED_BY_ONE, excess_kurtosis
from gates.power import POWER, Adequacy
from policies.errors import InputError
from policies.load import load_policy
from policies.policy import PolicyFile
from stages.stats.design import (
    Deviation,
    Discordance,
    detectable_margin,
    n_for_margin,
    n_for_rate,
    probability_equal_passes,
    probability_rate_passes,
    shown_rate,
)
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    Workplace,
    lines,
    policy_text,
    sums,
)

ACCURACY = "  - {metric: qa.accuracy, non_inferior: {margin: 0.05}, severity: blocking, because: b}"
TOXIC = "  - {metric: toxicity.rate, at_most: 0.01, severity: blocking, because: b}"


def found(
    folder: Path, *, plan: str, criteria: str, items: int = 200, size: int = 1
) -> tuple[StageAdequacy, ...]:
    """What `policy check` says; items stand in clusters of `size`."""
    lines = (
        {"id": f"i{i}", "prompt": f"{i}?", "target": "1", "ticket": f"t{i // size}"}
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
    spread = Deviation(deviation=deviation, excess=excess_kurtosis(DISAGREE, 4, deviation))
    wanted = probability_equal_passes(50, 0.05, spread=spread, level=0.95)
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


def test_a_stage_multiplies_what_is_known(tmp_path: Path) -> None:
    plan = f"  offline:\n    {QA}\n    {CLASSIFIER}"
    unknown = "  - {metric: qa.accuracy, at_least: 0.5, severity: blocking, because: b}"
    (stage,) = found(tmp_path, plan=plan, criteria=f"{ACCURACY}\n{TOXIC}\n{unknown}", items=400)
    first, second, third = (c.probability for c in stage.criteria)
    assert first is not None
    assert second is not None
    assert third is None
    assert stage.probability == pytest.approx(first * second)


RECITAL = "recital: {data: ../data/sums.jsonl, corpus: [../data/corpus.txt]}"
NARROW = "{metric: sums.accuracy, non_inferior: {margin: 0.03}, severity: blocking, because: x}"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def told(place: Workplace, *stages: str, criteria: tuple[str, ...]) -> tuple[StageAdequacy, ...]:
    return adequacy(place.policy(policy_text(stages or (PLAN,), criteria)))


def one(place: Workplace, *stages: str, criterion: str) -> Adequacy:
    """The one criterion's adequacy."""
    (stage,) = (s for s in told(place, *stages, criteria=(criterion,)) if s.criteria)
    (found,) = stage.criteria
    return found


def items(place: Workplace, count: int) -> None:
    lines(place.data / "sums.jsonl", sums(count))


def rate(limit: float) -> str:
    return f"{{metric: recital.rate, at_most: {limit}, severity: blocking, because: x}}"


def test_twenty_items_cannot_show_three_points_and_it_says_how_many_can(place: Workplace) -> None:
    items(place, 20)
    found = one(place, criterion=NARROW)
    spread = Discordance(share=DISAGREE)
    needed = n_for_margin(0.03, spread=spread, level=0.95, power=POWER)
    shown = detectable_margin(20, spread=spread, level=0.95, power=POWER)
    assert needed is not None
    assert shown is not None
    assert found.enough is False
    assert found.n == 20
    assert found.probability == probability_equal_passes(20, 0.03, spread=spread, level=0.95)
    assert found.sentence == (
        f"20 items can show a margin of {100 * shown:.1f} points, not of 3.0 points: {needed:,} "
        "items could"
    )


def test_the_number_it_names_is_enough_and_says_so(place: Workplace) -> None:
    items(place, 20)
    needed = n_for_margin(0.3, spread=Discordance(share=DISAGREE), level=0.95, power=POWER)
    assert needed is not None
    items(place, needed)
    found = one(place, criterion=NO_WORSE)
    assert found.enough is True
    assert "not of" not in found.sentence
    items(place, needed // 2)
    assert one(place, criterion=NO_WORSE).enough is False


def test_clusters_are_the_independent_units(place: Workplace) -> None:
    items(place, 400)
    alone = one(place, criterion=NARROW)
    clustered = PLAN.replace("numeric", "numeric, cluster: page")
    found = one(place, clustered, criterion=NARROW)
    assert (alone.n, found.n) == (400, 200)
    size = 400 / found.n
    deviation = (DISAGREE * (1 + (size - 1) * 0.1) / size) ** 0.5
    spread = Deviation(deviation=deviation, excess=excess_kurtosis(DISAGREE, size, deviation))
    expected = probability_equal_passes(found.n, 0.03, spread=spread, level=0.95)
    assert found.probability == pytest.approx(expected)
    assert found.sentence.startswith("400 items in 200 clusters can show")
    assert "correlation of 0.1 inside a cluster" in found.assumption
    needed = n_for_margin(0.03, spread=spread, level=0.95, power=POWER)
    assert needed is not None
    assert f"{round(needed * 2):,} items could" in found.sentence


def test_scores_vary_otherwise_than_right_and_wrong(place: Workplace) -> None:
    items(place, 100)
    plan = PLAN.replace("numeric", "token_f1")
    f1 = "{metric: sums.f1, non_inferior: {margin: 0.05}, severity: blocking, because: x}"
    found = one(place, plan, criterion=f1)
    spread = Deviation(deviation=0.3)
    assert found.probability == probability_equal_passes(100, 0.05, spread=spread, level=0.95)
    assert "scores differ by 0.3" in found.assumption


@pytest.mark.parametrize(("count", "limit"), [(20, 0.01), (400, 0.01)])
def test_a_rate_is_shown_by_enough_answers_without_an_event(
    place: Workplace, count: int, limit: float
) -> None:
    items(place, count)
    found = one(place, f"offline: {{{RECITAL}}}", criterion=rate(limit))
    level = 0.9  # two-sided, of a one-sided 0.95
    assert found.probability == probability_rate_passes(count, limit, true_rate=0, level=level)
    assert f"at most {shown_rate(count, level=level):.2%}" in found.sentence
    needed = n_for_rate(limit, true_rate=0, level=level, power=POWER)
    assert (f"{needed:,} answers would show it" in found.sentence) is (found.enough is False)
    assert found.enough is (count >= (needed or 0))


@pytest.mark.parametrize(
    ("stages", "criterion"),
    [
        ((PLAN,), SOUND),
        ((PLAN,), NO_WORSE.replace("margin", "relative_margin")),
        ((TRAFFIC,), SHIPS.replace("better: {}", "non_inferior: {margin: 0.01}")),
    ],
)
def test_what_depends_on_the_data_is_not_guessed(
    place: Workplace, stages: tuple[str, ...], criterion: str
) -> None:
    found = one(place, *stages, criterion=criterion)
    assert (found.probability, found.enough) == (None, None)
    assert found.sentence.startswith("cannot be told beforehand: it depends on")


def test_a_stage_of_which_nothing_is_known_has_no_probability(place: Workplace) -> None:
    (stage,) = told(place, criteria=(SOUND,))
    assert stage.probability is None


def test_one_item_shows_no_margin_of_any_size(place: Workplace) -> None:
    items(place, 2)
    clustered = PLAN.replace("numeric", "numeric, cluster: page")
    found = one(place, clustered, criterion=NO_WORSE)
    assert found.n == 1
    assert "can show a margin of no size" in found.sentence


def test_a_blocking_task_without_a_digest_is_named_with_the_one_that_freezes_it(
    place: Workplace,
) -> None:
    text = policy_text((PLAN,), (NO_WORSE,))
    (task,) = unfrozen(place.policy(text))
    assert task.task == "sums"
    frozen = text.replace("scorer: numeric", f"scorer: numeric, sha256: {task.sha256}")
    assert frozen != text
    assert unfrozen(place.policy(frozen)) == ()
    assert adequacy(place.policy(frozen)) == adequacy(place.policy(text))


def test_items_that_cannot_be_read_are_refused(place: Workplace) -> None:
    (place.data / "sums.jsonl").unlink()
    with pytest.raises(InputError, match=r"sums\.jsonl"):
        told(place, criteria=(NO_WORSE,))


def test_a_group_counts_its_own_items(place: Workplace) -> None:
    rows = [
        {"id": str(i), "prompt": f"{i}?", "target": 1, "language": "de" if i % 4 else "fr"}
        for i in range(400)
    ]
    (place.data / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    groups = "groups: {field: language, values: [de, fr]}"
    demand = (
        "{metric: sums.accuracy.fr, non_inferior: {margin: 0.2}, severity: blocking, because: x}"
    )
    found = one(place, PLAN.replace("numeric", f"numeric, {groups}"), criterion=demand)
    assert found.n == 100


def test_a_refusal_metric_counts_the_items_that_it_is_about(place: Workplace) -> None:
    rows = [
        {"id": str(i), "prompt": f"{i}?", "expects": "answer" if i < 250 else "refuse"}
        for i in range(450)
    ]
    (place.data / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    plan = "offline: {sums: {data: ../data/sums.jsonl, refusal: rules}}"
    demand = "{metric: sums.over_refusal, at_most: 0.0067, severity: blocking, because: x}"
    refused = one(place, plan, criterion=demand)
    assert (refused.n, refused.probability, refused.enough) == (250, 0.0, False)
    assert "no event in 250 answers" in refused.sentence
    assert one(place, plan, criterion=demand.replace("over_refusal", "compliance")).n == 200


CORPUS = "numeric, contamination: {corpus: [../data/c.txt]}"


@pytest.mark.parametrize("own", ["clean, at_least", "dirty, at_least", "contaminated, at_most"])
def test_what_a_search_will_tell_is_not_counted_before(place: Workplace, own: str) -> None:
    demand = f"{{metric: sums.{own}: 0.5, severity: blocking, because: x}}"
    found = one(place, PLAN.replace("numeric", CORPUS), criterion=demand)
    assert found.probability is None
    assert "the search of the corpus tells its items apart" in found.sentence


def test_items_that_a_search_may_leave_out_are_spoken_of(place: Workplace) -> None:
    without = CORPUS.replace("c.txt]", "c.txt], exclude: true")
    found = one(place, PLAN.replace("numeric", without), criterion=NO_WORSE)
    kept = one(place, PLAN.replace("numeric", CORPUS), criterion=NO_WORSE)
    assert found.n == kept.n
    assert found.assumption.startswith(kept.assumption)
    assert "fewer may remain" in found.assumption
    assert "fewer" not in kept.assumption


def test_a_task_that_stops_early_says_when(place: Workplace) -> None:
    items(place, 2_000)
    early = PLAN.replace("numeric", "numeric, stopping: anytime")
    demand = "{metric: sums.accuracy, non_inferior: {margin: 0.1}, severity: blocking, because: x}"
    found = one(place, early, criterion=demand)
    assert found.enough
    assert "half of the time after" in found.sentence
    never = one(place, early, criterion=demand.replace("0.1}", "0.001}"))
    assert never.probability is not None
    assert never.probability < 0.03
    assert "half of the time" not in never.sentence
