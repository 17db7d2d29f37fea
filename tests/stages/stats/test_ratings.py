import numpy as np
import pytest
from scipy.special import logit

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import collapse
from stages.stats.means import clustered_mean
from stages.stats.rating_errors import Resamples, Sandwich, clustered, resample
from stages.stats.ratings import Rating, ratings, tie_parameter, win_rates
from stages.stats.tie_models import Ties, expected_score
from tests.stages.stats.games import Played, play

LEVEL = 0.95


def spreads(played: Played, ties: Ties) -> tuple[Fitted, Sandwich, Resamples]:
    games = played.collapsed
    found = fit(games, ties=ties)
    assert isinstance(found, Fitted)
    random = np.random.default_rng(0)
    return found, clustered(found, games), resample(found, games, resamples=600, random=random)


def numbers(row: Rating) -> Estimate:
    assert isinstance(row.found, Estimate)
    return row.found


@pytest.mark.parametrize("ties", Ties)
def test_ratings_are_about_the_mean_or_from_an_anchor(ties: Ties) -> None:
    found, sandwich, resamples = spreads(play(seed=31), ties)
    for spread in (sandwich, resamples):
        mean = ratings(found, spread, level=LEVEL)
        assert [row.player for row in mean] == list(found.players)
        assert sum(numbers(row).value for row in mean) == pytest.approx(0, abs=1e-9)
        anchored = ratings(found, spread, level=LEVEL, anchor="m2")
        assert "m2" not in [row.player for row in anchored]
        zero = found.strengths[found.players.index("m2")]
        for row in anchored:
            place = found.players.index(row.player)
            estimate = numbers(row)
            assert estimate.value == pytest.approx(found.strengths[place] - zero)
            assert estimate.unit == "log-odds"
            assert estimate.n == min(spread.met[place], spread.met[found.players.index("m2")])
            assert estimate.low is not None
            assert estimate.high is not None
            assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize("ties", Ties)
def test_win_rates_are_expected_scores_with_the_interval_of_their_log_odds(ties: Ties) -> None:
    found, sandwich, resamples = spreads(play(prompts=150, seed=32), ties)
    zero = found.players.index("m0")
    exact = win_rates(found, sandwich, baseline="m0", level=LEVEL)
    for row in exact:
        gap = found.strengths[found.players.index(row.player)] - found.strengths[zero]
        score = expected_score(ties, np.array([gap]), np.array([found.log_tie]))[0]
        estimate = numbers(row)
        assert estimate.value == pytest.approx(score)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.standard_error is not None
        middle = (logit(estimate.low) + logit(estimate.high)) / 2
        assert middle == pytest.approx(logit(score), abs=1e-9)
    drawn = win_rates(found, resamples, baseline="m0", level=LEVEL)
    for one, other in zip(exact, drawn, strict=True):
        assert numbers(other).standard_error == pytest.approx(numbers(one).standard_error, rel=0.15)


@pytest.mark.parametrize("ties", Ties)
def test_the_error_of_a_win_rate_counts_that_of_the_tie_parameter(ties: Ties) -> None:
    found, sandwich, _ = spreads(play(prompts=150, ties=2.0, seed=38), ties)
    player, zero, step = found.players.index("m4"), found.players.index("m0"), 1e-6

    def score(gap: float, log_tie: float) -> float:
        return float(expected_score(ties, np.array([gap]), np.array([log_tie]))[0])

    gap = found.strengths[player] - found.strengths[zero]
    by_gap = (score(gap + step, found.log_tie) - score(gap - step, found.log_tie)) / (2 * step)
    by_tie = (score(gap, found.log_tie + step) - score(gap, found.log_tie - step)) / (2 * step)
    slope = np.zeros(len(sandwich.covariance))
    slope[player], slope[zero] = by_gap, -by_gap
    if ties is not Ties.HALF:
        assert abs(by_tie) > 0.01
        slope[-1] = by_tie
    rows = {row.player: row for row in win_rates(found, sandwich, baseline="m0", level=LEVEL)}
    groups = numbers(rows["m4"]).n
    naive = np.sqrt(slope @ sandwich.covariance @ slope * groups / (groups - 1))
    assert numbers(rows["m4"]).standard_error == pytest.approx(naive, rel=1e-5)


def test_two_players_have_the_win_rate_and_error_of_their_mean() -> None:
    random = np.random.default_rng(33)
    prompts = np.repeat(np.arange(80), 2).tolist()
    outcomes = random.choice([1.0, 0.5, 0.0], 160, p=[0.5, 0.2, 0.3]).tolist()
    found, sandwich, _ = spreads(Played(["new"] * 160, ["old"] * 160, outcomes, prompts), Ties.HALF)
    (rated,) = win_rates(found, sandwich, baseline="old", level=LEVEL)
    mean = clustered_mean(outcomes, prompts, level=LEVEL, unit="share")
    assert isinstance(mean, Estimate)
    assert numbers(rated).value == pytest.approx(mean.value)
    assert numbers(rated).standard_error == pytest.approx(mean.standard_error, rel=1e-9)


@pytest.mark.parametrize("ties", [Ties.DAVIDSON, Ties.RAO_KUPPER])
def test_the_tie_parameter_has_the_interval_of_its_logarithm(ties: Ties) -> None:
    found, sandwich, resamples = spreads(play(prompts=150, seed=34), ties)
    exact, drawn = (tie_parameter(found, spread, level=LEVEL) for spread in (sandwich, resamples))
    assert isinstance(exact, Estimate)
    assert isinstance(drawn, Estimate)
    assert exact.value == drawn.value == found.tie_parameter
    assert exact.low is not None
    assert exact.high is not None
    assert exact.low * exact.high == pytest.approx(exact.value**2)
    assert drawn.low == pytest.approx(exact.low, rel=0.15)
    assert drawn.high == pytest.approx(exact.high, rel=0.15)


def test_half_wins_have_no_tie_parameter() -> None:
    found, sandwich, _ = spreads(play(seed=35), Ties.HALF)
    assert isinstance(tie_parameter(found, sandwich, level=LEVEL), Unmeasured)


def test_a_reason_stands_where_there_is_no_interval() -> None:
    played = play(prompts=1, games=40, seed=36)
    found, sandwich, _ = spreads(played, Ties.HALF)
    for row in ratings(found, sandwich, level=LEVEL):
        assert row.found == Unmeasured(
            "games of 1 cluster cannot show a spread", Cause.UNDERPOWERED
        )


def test_who_did_not_play_is_no_anchor() -> None:
    found, sandwich, _ = spreads(play(seed=37), Ties.HALF)
    with pytest.raises(ValueError, match="`nobody` did not play"):
        ratings(found, sandwich, level=LEVEL, anchor="nobody")
    with pytest.raises(ValueError, match="`nobody` did not play"):
        win_rates(found, sandwich, baseline="nobody", level=LEVEL)


def test_more_wins_are_a_higher_rating() -> None:
    games = collapse(["a"] * 12, ["b"] * 12, [1.0] * 8 + [0.0] * 4, range(12))
    found = fit(games)
    assert isinstance(found, Fitted)
    a, b = ratings(found, clustered(found, games), level=LEVEL)
    assert numbers(a).value - numbers(b).value == pytest.approx(np.log(2))
