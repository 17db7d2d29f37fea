from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from stages.evidence.estimate import Unmeasured
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import Comparisons, collapse
from stages.stats.rating_errors import Quantity, Reach, Resamples, clustered, resample, two_way
from stages.stats.tie_models import Ties
from tests.stages.stats.games import Played, play

Generator = np.random.Generator


def fitted(games: Comparisons, ties: Ties = Ties.HALF) -> Fitted:
    found = fit(games, ties=ties)
    assert isinstance(found, Fitted), found.reason
    return found


def first_of(found: Fitted) -> Quantity:
    slope = np.zeros(len(found.players) + (found.tie_parameter is not None))
    slope[0] = 1
    return Quantity(of=lambda strengths, _: strengths[:, 0], slope=slope, players=(0,))


def design(played: Played, players: tuple[str, ...]) -> np.ndarray:
    """A column of +1 and -1 for each player but the last."""
    columns = np.zeros((len(played.first), len(players)))
    for row, (a, b) in enumerate(zip(played.first, played.second, strict=True)):
        columns[row, players.index(a)], columns[row, players.index(b)] = 1, -1
    return columns[:, :-1]


def test_the_sandwich_is_that_of_statsmodels_logistic_regression() -> None:
    played = play(ties=0.0, seed=11)
    found = fitted(played.collapsed)
    theirs = sm.Logit(played.outcomes, design(played, found.players)).fit(
        cov_type="cluster",
        cov_kwds={"groups": played.prompts, "use_correction": False},
        disp=False,
        tol=1e-12,
    )
    covariance = clustered(found, played.collapsed).covariance
    to_last = np.eye(5)[:-1] - np.eye(5)[-1]
    assert to_last @ found.strengths == pytest.approx(theirs.params, abs=1e-6)
    assert to_last @ covariance @ to_last.T == pytest.approx(theirs.cov_params(), rel=1e-5)


def test_ties_as_half_wins_have_the_sandwich_of_a_regression_on_shares() -> None:
    played = play(seed=12)
    found = fitted(played.collapsed)
    family = sm.families.Binomial()
    theirs = sm.GLM(played.outcomes, design(played, found.players), family=family).fit(
        cov_type="cluster", cov_kwds={"groups": played.prompts, "use_correction": False}, tol=1e-12
    )
    to_last = np.eye(5)[:-1] - np.eye(5)[-1]
    covariance = clustered(found, played.collapsed).covariance
    assert to_last @ covariance @ to_last.T == pytest.approx(theirs.cov_params(), rel=1e-5)


@pytest.mark.parametrize("ties", Ties)
def test_the_sandwich_is_close_to_leaving_each_cluster_out(ties: Ties) -> None:
    played = play(prompts=120, seed=13)
    games = played.collapsed
    found = fitted(games, ties)
    without = []
    for left_out in range(120):
        rows = [row for row, prompt in enumerate(played.prompts) if prompt != left_out]
        some = Played(
            [played.first[row] for row in rows],
            [played.second[row] for row in rows],
            [played.outcomes[row] for row in rows],
            [played.prompts[row] for row in rows],
        )
        one = fitted(some.collapsed, ties)
        order = [one.players.index(name) for name in found.players]
        without.append([*one.strengths[order], one.log_tie])
    moves = np.array(without) - np.mean(without, axis=0)
    jackknife = np.sqrt((moves**2).sum(axis=0) * 119 / 120)
    errors = np.sqrt(np.diag(clustered(found, games).covariance))
    assert errors == pytest.approx(jackknife[: len(errors)], rel=0.08)


def crossed(seed: int, workers: int = 30) -> tuple[Played, list[int]]:
    played = play(prompts=60, seed=seed)
    return played, np.random.default_rng(seed).integers(workers, size=len(played.first)).tolist()


def by(played: Played, groups: list[object]) -> Comparisons:
    return collapse(played.first, played.second, played.outcomes, groups)


def test_two_ways_add_both_and_subtract_what_they_share() -> None:
    played, workers = crossed(14)
    one, other = played.collapsed, by(played, list(workers))
    both = by(played, list(zip(played.prompts, workers, strict=True)))
    found = fitted(one)
    expected = (
        clustered(found, one).covariance
        + clustered(found, other).covariance
        - clustered(found, both).covariance
    )
    together = two_way(found, one=one, other=other, both=both)
    assert np.linalg.eigvalsh(expected).min() > -1e-12
    assert together.covariance == pytest.approx(expected)
    assert together.met.tolist() == np.minimum(one.met, other.met).tolist()


def test_two_ways_have_no_negative_variance() -> None:
    games = Played(["a"] * 4, ["b"] * 4, [1.0, 0.0, 0.0, 1.0], [0, 0, 1, 1])
    one, other = games.collapsed, by(games, [0, 1, 0, 1])
    both = by(games, [0, 1, 2, 3])
    found = fitted(one)
    plain = clustered(found, one).covariance[0, 0] + clustered(found, other).covariance[0, 0]
    assert plain < clustered(found, both).covariance[0, 0]
    together = two_way(found, one=one, other=other, both=both)
    assert np.linalg.eigvalsh(together.covariance).min() >= -1e-12
    reach = together.reach(first_of(found), found, level=0.95)
    assert isinstance(reach, Unmeasured)
    assert reach.reason == "the 2 clusters do not differ, which says nothing of their spread"


def test_two_ways_are_of_the_same_games() -> None:
    played, _ = crossed(15)
    fewer = Played(*(column[:-1] for column in vars(played).values()))
    one = played.collapsed
    with pytest.raises(ValueError, match="the same games"):
        two_way(fitted(one), one=one, other=fewer.collapsed, both=one)
    renamed = Played(
        [f"x{name}" for name in played.first],
        [f"x{name}" for name in played.second],
        played.outcomes,
        played.prompts,
    )
    with pytest.raises(ValueError, match="the same games"):
        two_way(fitted(one), one=one, other=renamed.collapsed, both=one)


def test_games_that_repeat_in_a_cluster_say_nothing_more() -> None:
    played = play(seed=16)
    thrice = Played(*(column * 3 for column in vars(played).values()))
    once, again = (clustered(fitted(p.collapsed), p.collapsed) for p in (played, thrice))
    assert again.covariance == pytest.approx(once.covariance, rel=1e-6)


def test_students_t_and_the_correction_are_those_of_the_rarest_player() -> None:
    found, games = fitted(play(seed=17).collapsed), play(seed=17).collapsed
    spread = replace(clustered(found, games), met=np.array([4, 40, 40, 40, 40]))
    reach = spread.reach(first_of(found), found, level=0.95)
    assert isinstance(reach, Reach)
    assert reach.clusters == 4
    assert reach.error == pytest.approx(np.sqrt(spread.covariance[0, 0] * 4 / 3))
    assert reach.range.high - found.strengths[0] == pytest.approx(3.18244631 * reach.error)


def test_one_cluster_has_no_spread() -> None:
    played = play(prompts=1, games=40, seed=18)
    found = fitted(played.collapsed)
    reach = clustered(found, played.collapsed).reach(first_of(found), found, level=0.95)
    assert isinstance(reach, Unmeasured)
    assert reach.reason == "games of 1 cluster cannot show a spread"


def drawn(played: Played, ties: Ties = Ties.HALF, number: int = 400) -> tuple[Fitted, Resamples]:
    found = fitted(played.collapsed, ties)
    random = np.random.default_rng(5)
    return found, resample(found, played.collapsed, resamples=number, random=random)


@pytest.mark.parametrize("ties", Ties)
def test_resamples_spread_as_the_sandwich_says(ties: Ties) -> None:
    played = play(prompts=150, seed=19)
    found, spread = drawn(played, ties, number=1_500)
    one = spread.reach(first_of(found), found, level=0.95)
    other = clustered(found, played.collapsed).reach(first_of(found), found, level=0.95)
    assert isinstance(one, Reach)
    assert isinstance(other, Reach)
    assert one.error == pytest.approx(other.error, rel=0.08)
    assert one.range.low == pytest.approx(other.range.low, abs=0.15 * other.error * 2)
    assert one.range.high == pytest.approx(other.range.high, abs=0.15 * other.error * 2)


def test_the_same_generator_draws_the_same() -> None:
    played = play(seed=20)
    assert np.array_equal(drawn(played)[1].strengths, drawn(played)[1].strengths)


def test_percentiles_are_wider_with_fewer_clusters() -> None:
    found, spread = drawn(play(seed=21))
    few = replace(spread, met=np.full(5, 6))
    many = replace(spread, met=np.full(5, 10_000))
    wide, narrow = (s.reach(first_of(found), found, level=0.9) for s in (few, many))
    assert isinstance(wide, Reach)
    assert isinstance(narrow, Reach)
    assert narrow.range.high == pytest.approx(
        np.quantile(spread.strengths[:, 0], 0.95, method="weibull"), abs=1e-3
    )
    assert wide.range.high > narrow.range.high + 0.02


def test_resamples_without_a_player_say_nothing_of_it() -> None:
    played = play(players=4, prompts=30, seed=22)
    rare = Played(
        [*played.first, *["rare"] * 10],
        [*played.second, *["m0"] * 10],
        [*played.outcomes, *[0.5, 1.0, 0.0, 1.0, 0.5] * 2],
        [*played.prompts, *[0, 1, 2, 3, 4] * 2],
    )
    found, spread = drawn(rare)
    place = found.players.index("rare")
    seen = spread.present[:, place]
    assert 0 < (~seen).sum() < 40
    slope = np.eye(5)[place]
    quantity = Quantity(of=lambda strengths, _: strengths @ slope, slope=slope, players=(place,))
    reach = spread.reach(quantity, found, level=0.5)
    assert isinstance(reach, Reach)
    assert reach.clusters == 5
    assert reach.error == pytest.approx(
        spread.strengths[seen, place].std(ddof=1) * np.sqrt(5 / 4), rel=1e-9
    )


def test_too_few_clusters_are_not_resampled() -> None:
    found, spread = drawn(play(prompts=4, games=40, seed=23))
    reach = spread.reach(first_of(found), found, level=0.95)
    assert isinstance(reach, Unmeasured)
    assert reach.reason == "games of 4 clusters are too few to resample"


def test_resamples_in_which_a_player_is_unbeaten_have_no_end() -> None:
    random = np.random.default_rng(24)
    outcomes = [0.0, *[1.0] * 19, *random.choice([0.0, 1.0], 20).tolist()]
    played = Played(["best"] * 20 + ["a"] * 20, ["a"] * 20 + ["b"] * 20, outcomes, list(range(40)))
    found, spread = drawn(played)
    place = found.players.index("best")
    slope = np.eye(3)[place]
    quantity = Quantity(of=lambda strengths, _: strengths @ slope, slope=slope, players=(place,))
    reach = spread.reach(quantity, found, level=0.95)
    assert isinstance(reach, Unmeasured)
    assert reach.reason.startswith("too many resamples have no finite strength")


def test_resamples_without_a_fit_are_not_passed_over() -> None:
    found, spread = drawn(play(seed=25))
    reach = replace(spread, lost=3).reach(first_of(found), found, level=0.95)
    assert isinstance(reach, Unmeasured)
    assert reach.reason == "3 resamples have no fit of 5 players"


def test_prompts_that_all_say_the_same_have_no_spread() -> None:
    swayed = Played(["a"] * 60, ["b"] * 60, [1.0, 0.0] * 30, [row // 2 for row in range(60)])
    found, spread = drawn(swayed)  # each prompt was won once by whoever was shown first
    for one in (spread, clustered(found, swayed.collapsed)):
        reach = one.reach(first_of(found), found, level=0.95)
        assert isinstance(reach, Unmeasured)
        assert reach.reason.startswith("the 30 clusters do not differ")


def test_few_resamples_have_no_percentiles() -> None:
    with pytest.raises(ValueError, match="99 resamples have no percentiles"):
        drawn(play(seed=26), number=99)
