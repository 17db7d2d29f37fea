import numpy as np
import pytest

from stages.stats.bradley_terry import Fitted, information
from stages.stats.tie_models import Ties, expected_score, scores
from tests.stages.stats.games import chances, log_likelihood, play

POINTS = [(0.3, 0.4), (-1.2, 0.1), (0.0, 1.0), (2.5, 0.7)]


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize(("difference", "log_tie"), POINTS)
def test_scores_are_the_derivatives_of_the_log_likelihood(
    ties: Ties, difference: float, log_tie: float
) -> None:
    counts, step = np.array([[3.0, 2.0, 5.0]]), 1e-6

    def value(d: float, t: float) -> float:
        win, tie, loss = chances(ties, d, t)
        if ties is Ties.HALF:
            return float(4 * np.log(win) + 6 * np.log(loss))
        return float(3 * np.log(win) + 2 * np.log(tie) + 5 * np.log(loss))

    found = scores(ties, counts, np.array([difference]), log_tie)[0]
    by_difference = value(difference + step, log_tie) - value(difference - step, log_tie)
    by_tie = value(difference, log_tie + step) - value(difference, log_tie - step)
    assert found == pytest.approx([by_difference / (2 * step), by_tie / (2 * step)], abs=1e-6)


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize(("difference", "log_tie"), POINTS)
def test_a_tie_is_half_a_win_of_the_expected_score(
    ties: Ties, difference: float, log_tie: float
) -> None:
    win, tie, _ = chances(ties, difference, log_tie)
    found = expected_score(ties, np.array([difference]), np.array([log_tie]))
    assert found[0] == pytest.approx(win + tie / 2)


@pytest.mark.parametrize("ties", Ties)
def test_information_is_the_curvature_of_the_log_likelihood(ties: Ties) -> None:
    played = play(players=4, prompts=6, seed=3)
    at = np.array([0.3, -0.4, 0.6, -0.5, 0.35])
    at = at[:4] if ties is Ties.HALF else at
    fitted = Fitted(
        players=played.collapsed.players,
        ties=ties,
        strengths=at[:4],
        log_tie=0.0 if ties is Ties.HALF else 0.35,
        ridge=0.0,
        iterations=0,
    )

    def value(x: np.ndarray) -> float:
        return log_likelihood(played, ties, x[:4], float(x[4]) if len(x) > 4 else 0.0)

    step, unit = 1e-4, np.eye(len(at))
    curvature = np.array(
        [
            [
                (
                    value(at + step * (a + b))
                    - value(at + step * (a - b))
                    - value(at - step * (a - b))
                    + value(at - step * (a + b))
                )
                / (4 * step**2)
                for a in unit
            ]
            for b in unit
        ]
    )
    found = information(played.collapsed, fitted)
    found[:4, :4] -= found[:4, :4].sum() / 16  # the constant along the free direction
    assert found == pytest.approx(-curvature, abs=1e-4)
