from dataclasses import replace
from itertools import pairwise

import choix
import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats import bradley_terry
from stages.stats.bradley_terry import RIDGE, Fitted, fit, fit_samples
from stages.stats.comparisons import collapse
from stages.stats.tie_models import Ties
from tests.stages.stats.games import Played, naive_fit, play

WINNERS = {1.0: evalica.Winner.X, 0.5: evalica.Winner.Draw, 0.0: evalica.Winner.Y}


def fitted(played: Played, ties: Ties = Ties.HALF, ridge: float = 0.0) -> Fitted:
    found = fit(played.collapsed, ties=ties, ridge=ridge)
    assert isinstance(found, Fitted), found.reason
    return found


def refused(*games: tuple[str, str, float], ties: Ties = Ties.HALF) -> Unmeasured:
    first, second, outcomes = (list(column) for column in zip(*games, strict=True))
    found = fit(collapse(first, second, outcomes, range(len(games))), ties=ties)
    assert isinstance(found, Unmeasured)
    return found


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_strengths_are_those_of_the_naive_twin(ties: Ties, ridge: float) -> None:
    played = play(seed=1)
    found, naive = fitted(played, ties, ridge), naive_fit(played, ties, ridge)
    assert found.strengths == pytest.approx(naive[:-1], abs=1e-4)
    if ties is not Ties.HALF:
        assert found.log_tie == pytest.approx(naive[-1], abs=1e-4)


def test_half_wins_are_evalicas_bradley_terry() -> None:
    played = play(players=12, prompts=80, seed=2)
    theirs = evalica.bradley_terry(
        played.first,
        played.second,
        [WINNERS[outcome] for outcome in played.outcomes],
        tolerance=1e-13,
        limit=10_000,
    ).scores
    found = fitted(played)
    logs = np.log(theirs[list(found.players)].to_numpy())
    assert found.strengths == pytest.approx(logs - logs.mean(), abs=1e-8)


def test_davidsons_ties_are_newmans_of_evalica() -> None:
    played = play(players=12, prompts=80, seed=3)
    theirs = evalica.newman(
        played.first,
        played.second,
        [WINNERS[outcome] for outcome in played.outcomes],
        tolerance=1e-14,
        limit=10_000,
    )
    found = fitted(played, Ties.DAVIDSON)
    logs = np.log(theirs.scores[list(found.players)].to_numpy())
    assert found.strengths == pytest.approx(logs - logs.mean(), abs=1e-8)
    assert found.tie_parameter == pytest.approx(theirs.v, abs=1e-8)


def test_games_without_ties_have_the_strengths_of_choix() -> None:
    played = play(ties=0.0, seed=4)
    found = fitted(played)
    number = {name: place for place, name in enumerate(found.players)}
    won = [
        (number[a], number[b]) if outcome else (number[b], number[a])
        for a, b, outcome in zip(played.first, played.second, played.outcomes, strict=True)
    ]
    theirs = choix.ilsr_pairwise(len(number), won, max_iter=1_000, tol=1e-12)
    assert found.strengths == pytest.approx(theirs - theirs.mean(), abs=1e-6)
    assert found.tie_parameter is None


def test_ridge_is_that_of_choix() -> None:
    played = play(ties=0.0, seed=5)
    found = fitted(played, ridge=2.0)
    number = {name: place for place, name in enumerate(found.players)}
    won = [
        (number[a], number[b]) if outcome else (number[b], number[a])
        for a, b, outcome in zip(played.first, played.second, played.outcomes, strict=True)
    ]
    theirs = choix.opt_pairwise(len(number), won, alpha=1.0, tol=1e-12)
    assert found.strengths == pytest.approx(theirs, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000), ties=st.sampled_from(list(Ties)))
def test_turning_every_game_round_turns_the_strengths_round(seed: int, ties: Ties) -> None:
    played = play(players=3, prompts=12, seed=seed)
    turned = replace(played, outcomes=[1 - outcome for outcome in played.outcomes])
    one, other = (fit(p.collapsed, ties=ties, ridge=0.1) for p in (played, turned))
    assert isinstance(one, Fitted)
    assert isinstance(other, Fitted)
    assert one.strengths == pytest.approx(-other.strengths, abs=1e-7)
    assert one.log_tie == pytest.approx(other.log_tie, abs=1e-7)
    assert one.strengths.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("ties", Ties)
def test_playing_everything_twice_changes_nothing(ties: Ties) -> None:
    played = play(seed=6)
    twice = Played(played.first * 2, played.second * 2, played.outcomes * 2, played.prompts * 2)
    assert fitted(twice, ties).strengths == pytest.approx(fitted(played, ties).strengths)


@pytest.mark.parametrize("ties", Ties)
def test_many_samples_are_fitted_as_each_alone(ties: Ties) -> None:
    played = play(players=4, prompts=15, seed=7)
    start = replace(fitted(played, ties), ridge=RIDGE)
    weights = np.random.default_rng(0).multinomial(15, np.full(15, 1 / 15), 40).astype(float)
    found = fit_samples(played.collapsed, weights, start=start)
    assert found.found.all()
    for number in (0, 17, 39):
        rows = [
            row
            for row, prompt in enumerate(played.prompts)
            for _ in range(int(weights[number, prompt]))
        ]
        drawn = Played(
            *([column[row] for row in rows] for column in (played.first, played.second)),
            [played.outcomes[row] for row in rows],
            [played.prompts[row] for row in rows],
        )
        alone = fitted(drawn, ties, ridge=RIDGE)
        order = [alone.players.index(name) for name in start.players]
        assert found.strengths[number] == pytest.approx(alone.strengths[order], abs=1e-6)
        assert found.log_tie[number] == pytest.approx(alone.log_tie, abs=1e-6)


def test_strengths_that_lie_far_apart_are_found() -> None:
    played = Played(
        ["a"] * 10_001 + ["b"] * 10_001,
        ["b"] * 10_001 + ["c"] * 10_001,
        [*[1.0] * 10_000, 0.0, *[1.0] * 10_000, 0.0],
        [0] * 20_002,
    )
    gaps = np.diff(fitted(played).strengths)
    assert gaps == pytest.approx([-np.log(10_000)] * 2, rel=1e-6)


def one_sided(wins: int, ties: int, losses: int) -> list[float]:
    return [*[1.0] * wins, *[0.5] * ties, *[0.0] * losses]


def test_a_sample_far_from_where_it_begins_is_found() -> None:
    outcomes = [*one_sided(400, 0, 1), *one_sided(1, 0, 400)]
    games = collapse(["a"] * 802, ["b"] * 802, outcomes, [0] * 401 + [1] * 401)
    middle = fit(games)
    assert isinstance(middle, Fitted)
    start = replace(middle, strengths=np.log([20.0, 1 / 20]))
    found = fit_samples(games, np.array([[0.0, 1.0], [1.0, 0.0]]), start=start)
    assert found.found.all()
    gaps = found.strengths[:, 0] - found.strengths[:, 1]
    assert gaps == pytest.approx([-np.log(400), np.log(400)])


def test_a_sample_without_ties_is_rated_by_its_wins() -> None:
    outcomes = [*one_sided(6, 0, 3), *one_sided(2, 7, 1)]
    games = collapse(["a"] * 19, ["b"] * 19, outcomes, [0] * 9 + [1] * 10)
    for ties in (Ties.DAVIDSON, Ties.RAO_KUPPER):
        whole = fit(games, ties=ties)
        assert isinstance(whole, Fitted)
        found = fit_samples(games, np.array([[1.0, 0.0]]), start=replace(whole, ridge=RIDGE))
        assert found.found.all()
        assert found.strengths[0, 0] - found.strengths[0, 1] == pytest.approx(np.log(2), abs=1e-4)
        assert 0 < np.exp(found.log_tie[0]) < 1 + 1e-4


def test_a_player_who_never_lost_has_no_strength_but_with_a_penalty() -> None:
    games = [("a", "b", 1.0), ("a", "c", 1.0), ("b", "c", 1.0), ("c", "b", 1.0)]
    found = refused(*games)
    assert found.reason.startswith("`a` never lost to the other players")
    assert found.cause is Cause.UNDERPOWERED
    first, second, outcomes = (list(column) for column in zip(*games, strict=True))
    with_penalty = fit(collapse(first, second, outcomes, range(4)), ridge=0.01)
    assert isinstance(with_penalty, Fitted)
    assert 2 < with_penalty.strengths[0] < 10


def test_a_player_who_never_won_has_no_strength() -> None:
    found = refused(("a", "z", 1.0), ("b", "z", 1.0), ("a", "b", 1.0), ("b", "a", 1.0))
    assert found.reason.startswith("`z` never won against the other players")


def test_players_who_never_met_are_not_compared() -> None:
    found = refused(
        *(("a", "b", x) for x in (0.0, 1.0)),
        *(("v", "w", x) for x in (0.0, 1.0)),
        *(("w", "x", x) for x in (0.0, 1.0)),
    )
    assert found.reason.startswith("`a`, `b` never met the other players")


def test_many_who_never_lost_are_counted() -> None:
    ring = [(p, q, 0.5) for part in ("abcde", "uvwxyz") for p, q in pairwise(part)]
    found = refused(*ring, ("a", "v", 1.0))
    assert "`a`, `b`, `c` and 2 more never lost" in found.reason


def test_a_tie_connects() -> None:
    found = fit(collapse(["a", "a"], ["b", "b"], [1, 0.5], [0, 1]))
    assert isinstance(found, Fitted)
    assert found.strengths[0] - found.strengths[1] == pytest.approx(np.log(3))


@pytest.mark.parametrize("ties", [Ties.DAVIDSON, Ties.RAO_KUPPER])
@pytest.mark.parametrize("outcomes", [(0.0, 1.0), (0.5, 0.5)])
def test_a_model_of_ties_needs_ties_and_other_games(
    ties: Ties, outcomes: tuple[float, float]
) -> None:
    found = refused(*(("a", "b", outcome) for outcome in outcomes), ties=ties)
    assert "of 2 games were tied" in found.reason


def test_no_games_are_waited_for() -> None:
    assert fit(collapse([], [], [], [])) == Unmeasured("no games were played", Cause.WAITING)


def test_too_many_steps_are_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bradley_terry, "LIMIT", 2)
    found = fit(play().collapsed)
    assert isinstance(found, Unmeasured)
    assert "in 2 steps" in found.reason
