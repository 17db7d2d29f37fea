import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.stats.crossed import numbered
from stages.stats.labelled_sample import Labelled, Sample, Unlabelled
from tests.stages.stats.labelled import simulated


def sampled(
    seed: int, *, strata: int = 1, people: int | None = None, votes: int = 1, n: int = 60
) -> tuple[Labelled, Unlabelled, Sample]:
    random = np.random.default_rng(seed)
    labelled, unlabelled = simulated(random, n=n, strata=strata, people=people, votes=votes)
    return labelled, unlabelled, Sample.of(labelled, unlabelled, None)


def fitted(sample: Sample) -> tuple[float, float]:
    found = sample.fitted(sample.votes[None], sample.sums[None])
    return float(found.value[0]), float(found.power[0])


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_lambda_is_the_textbooks_less_what_chance_gives(seed: int) -> None:
    labelled, unlabelled, sample = sampled(seed)
    human, judge, rest = map(np.array, (labelled.human, labelled.judge, unlabelled.judge))
    (vy, both), (_, vf) = np.cov(human, judge)
    t_squared = (60 - 2) * both**2 / (vy * vf) / (1 - both**2 / (vy * vf))
    power = np.clip(both / ((1 + 60 / 300) * vf), 0, 1) * max(0, 1 - 1 / t_squared) * (both > 0)
    value, found = fitted(sample)
    assert found == pytest.approx(power)
    assert value == pytest.approx(human.mean() + power * (rest.mean() - judge.mean()))


def test_strata_add_up_with_their_shares_of_all_prompts() -> None:
    labelled, unlabelled, sample = sampled(3, strata=3)
    _, power = fitted(sample)
    naive = 0.0
    for topic in ("topic 0", "topic 1", "topic 2"):
        mine = [s == topic for s in labelled.strata]
        rest = [s == topic for s in unlabelled.strata]
        human, judge = np.array(labelled.human)[mine], np.array(labelled.judge)[mine]
        moved = np.array(unlabelled.judge)[rest].mean() - judge.mean()
        naive += (sum(mine) + sum(rest)) / 360 * (human.mean() + power * moved)
    assert fitted(sample)[0] == pytest.approx(naive)


def test_a_judge_who_says_the_opposite_is_not_listened_to() -> None:
    labelled, unlabelled, sample = sampled(1)
    against = Sample.of(
        Labelled(
            human=labelled.human,
            judge=tuple(1 - x for x in labelled.judge),
            prompts=labelled.prompts,
            annotators=None,
            strata=labelled.strata,
        ),
        unlabelled,
        None,
    )
    assert fitted(sample)[1] > 0.3
    assert fitted(against) == (pytest.approx(np.mean(labelled.human)), 0)


def test_people_alone_are_their_mean_by_prompt() -> None:
    labelled, _, sample = sampled(5, people=7, votes=3)
    means = np.array(labelled.human).reshape(60, 3).mean(axis=1)
    assert fitted(sample.alone) == (pytest.approx(means.mean()), 0)
    assert sample.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("strata", [1, 3])
def test_leaving_out_an_annotator_is_fitting_the_prompts_of_the_others_anew(strata: int) -> None:
    labelled, unlabelled, sample = sampled(8, n=24, strata=strata, people=4)
    assert labelled.annotators is not None
    groups = numbered(labelled.annotators)
    found = sample.leaving_out(groups)
    for group in range(4):
        kept = np.flatnonzero(groups != group)
        rest = Labelled(
            human=tuple(labelled.human[i] for i in kept),
            judge=tuple(labelled.judge[i] for i in kept),
            prompts=tuple(labelled.prompts[i] for i in kept),
            annotators=None,
            strata=tuple(labelled.strata[i] for i in kept),
        )
        shares = dict(zip(dict.fromkeys(labelled.strata), sample.shares, strict=True))
        whole = Sample.of(rest, unlabelled, shares)
        assert found[group] == pytest.approx(fitted(whole)[0])


def test_a_prompt_weighs_as_many_votes_as_it_has_left() -> None:
    labelled, _, sample = sampled(8, n=24, people=5, votes=2)
    assert labelled.annotators is not None
    groups = numbered(labelled.annotators)
    found = sample.alone.leaving_out(groups)
    human = np.array(labelled.human)
    assert found == pytest.approx([human[groups != group].mean() for group in range(5)])


def test_the_jackknife_of_strata_is_the_stratified_variance() -> None:
    labelled, _, sample = sampled(2, strata=3)
    found = sample.alone.leaving_out(sample.rows)
    jackknife = 59 / 60 * float(((found - found.mean()) ** 2).sum())
    naive = 0.0
    for topic, share in zip(dict.fromkeys(labelled.strata), sample.shares, strict=True):
        human = np.array(labelled.human)[[s == topic for s in labelled.strata]]
        naive += share**2 * human.var(ddof=1) / len(human)
    assert jackknife == pytest.approx(naive)


def test_more_groups_than_are_held_at_a_time_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, sample = sampled(2)
    whole = sample.leaving_out(sample.rows)
    monkeypatch.setattr("stages.stats.labelled_sample._AT_ONCE", 7)
    assert sample.leaving_out(sample.rows) == pytest.approx(whole)


def test_the_judges_error_rests_on_the_unlabelled_prompts_only() -> None:
    _, unlabelled, sample = sampled(2)
    found = sample.error_of_others(0.5)
    assert found.variance == pytest.approx(0.25 * np.var(unlabelled.judge, ddof=1) / 300)
    assert found.degrees == 299


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"human": (1.0,)}, "lengths"),
        ({"judge": (1.0, 0.0)}, "two verdicts"),
        ({"strata": ("x", "y")}, "two topics"),
    ],
)
def test_votes_that_contradict_themselves_are_refused(
    change: dict[str, tuple[float, ...]], message: str
) -> None:
    fine = {"human": (1.0, 0.0), "judge": (1.0, 1.0), "strata": ("x", "x")}
    with pytest.raises(ValueError, match=message):
        Labelled(**{**fine, **change}, prompts=("p", "p"), annotators=None)  # type: ignore[arg-type]


def test_unlabelled_prompts_stand_once() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Unlabelled(judge=(1.0,), prompts=(), strata=())
    with pytest.raises(ValueError, match="twice"):
        Unlabelled(judge=(1.0, 0.0), prompts=("p", "p"), strata=("x", "x"))


def test_shares_must_be_those_of_the_topics() -> None:
    labelled, unlabelled, _ = sampled(1, strata=2)
    with pytest.raises(ValueError, match="for the topics"):
        Sample.of(labelled, unlabelled, {"topic 0": 1.0})
    with pytest.raises(ValueError, match="for the topics"):
        Sample.of(labelled, unlabelled, {"topic 0": 0.5, "topic 1": 0.4})
