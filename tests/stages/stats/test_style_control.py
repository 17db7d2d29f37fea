from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.bradley_terry import Fitted, fit
from stages.stats.comparisons import collapse
from stages.stats.style_control import StyleControlled, StyledGame, style_controlled

STRENGTHS = {"old": 0.0, "new": 0.4, "wordy": 0.0}
WORDS = {"old": 0.0, "new": 0.0, "wordy": 0.5}
FEATURES = ("length", "lists")


def games(prompts: int = 400, seed: int = 0) -> list[StyledGame]:
    """`wordy` is no better than `old`, but longer, and length wins."""
    random = np.random.default_rng(seed)
    played = []
    for prompt in range(prompts):
        for _ in range(2):
            a, b = random.choice(list(STRENGTHS), 2, replace=False)
            style = np.tanh(np.array([WORDS[a] - WORDS[b], 0.0]) + random.normal(0, 0.4, 2))
            chance = expit(STRENGTHS[a] - STRENGTHS[b] + 1.5 * style[0])
            played.append(
                StyledGame(
                    first=str(a),
                    second=str(b),
                    outcome=float(random.choice([0.5, random.binomial(1, chance)], p=[0.1, 0.9])),
                    cluster=prompt,
                    style=(float(style[0]), float(style[1])),
                )
            )
    return played


def controlled(played: list[StyledGame]) -> StyleControlled:
    found = style_controlled(played, features=FEATURES, anchor="old", level=0.95)
    assert isinstance(found, StyleControlled), found.reason
    return found


def numbers(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def plain(played: list[StyledGame]) -> Fitted:
    found = fit(
        collapse(
            [game.first for game in played],
            [game.second for game in played],
            [game.outcome for game in played],
            [game.cluster for game in played],
        )
    )
    assert isinstance(found, Fitted)
    return found


def test_ratings_and_effects_are_those_of_a_regression() -> None:
    played = games()
    found = controlled(played)
    names = [row.player for row in found.ratings]
    style = np.array([game.style for game in played])
    columns = np.column_stack(
        [
            *(
                [float(game.first == name) - float(game.second == name) for game in played]
                for name in names
            ),
            style / np.sqrt((style**2).mean(axis=0)),
        ]
    )
    theirs = sm.GLM([game.outcome for game in played], columns, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": [game.cluster for game in played]}, tol=1e-12
    )
    told = [*(numbers(row.found) for row in found.ratings), *(row.found for row in found.effects)]
    told = [numbers(one) for one in told]
    assert [one.value for one in told] == pytest.approx(theirs.params)
    errors = [one.standard_error for one in told]
    few = np.sqrt(799 / 796)  # statsmodels' correction also counts rows and columns
    assert errors == pytest.approx(theirs.bse / few, rel=1e-6)


def test_what_is_only_style_is_taken_out() -> None:
    played = games(prompts=1_500)
    before = plain(played)
    wordy = before.strengths[before.players.index("wordy")]
    old = before.strengths[before.players.index("old")]
    assert wordy - old > 0.4
    rated = {row.player: numbers(row.found) for row in controlled(played).ratings}
    assert rated["wordy"].value == pytest.approx(0, abs=3 * (rated["wordy"].standard_error or 0))
    assert rated["new"].value == pytest.approx(0.4, abs=0.2)
    length, lists = controlled(played).effects
    assert (numbers(length.found).low or 0) > 0.3
    assert numbers(lists.found).value == pytest.approx(0, abs=0.15)


def test_turning_every_game_round_changes_nothing() -> None:
    played = games(prompts=60)
    turned = [
        replace(
            game,
            first=game.second,
            second=game.first,
            outcome=1 - game.outcome,
            style=(-game.style[0], -game.style[1]),
        )
        for game in played
    ]
    one, other = controlled(played), controlled(turned)
    assert {row.player: numbers(row.found).value for row in one.ratings} == pytest.approx(
        {row.player: numbers(row.found).value for row in other.ratings}
    )
    assert [numbers(row.found).value for row in one.effects] == pytest.approx(
        [numbers(row.found).value for row in other.effects]
    )


def test_a_player_of_one_prompt_has_no_interval() -> None:
    rare = [
        StyledGame(first="rare", second="old", outcome=o, cluster=0, style=(s, -s))
        for o, s in ((1.0, 0.3), (0.0, 0.2), (0.5, -0.4))
    ]
    found = controlled([*games(prompts=60), *rare])
    rated = {row.player: row.found for row in found.ratings}
    assert isinstance(rated["rare"], Unmeasured)
    assert isinstance(rated["new"], Estimate)


def test_prompts_that_all_say_the_same_have_no_spread() -> None:
    swayed = [
        StyledGame(
            first="new", second="old", outcome=won, cluster=prompt, style=(shape, -(shape**2))
        )
        for prompt in range(20)
        for won, shape in ((1.0, 0.1 * prompt), (0.0, 0.1 * prompt))
    ]
    found = controlled(swayed)
    assert [type(row.found) for row in (*found.ratings, *found.effects)] == [Unmeasured] * 3


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_a_feature_in_which_answers_do_not_differ_is_none(value: float) -> None:
    played = [replace(game, style=(game.style[0], value)) for game in games(prompts=20)]
    found = style_controlled(played, features=FEATURES, anchor="old", level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.reason.startswith("lists: answers do not differ")


def test_style_that_tells_every_outcome_leaves_no_rating() -> None:
    played = [replace(game, outcome=float(game.style[0] > 0)) for game in games(prompts=60)]
    found = style_controlled(played, features=FEATURES, anchor="old", level=0.95)
    assert isinstance(found, Unmeasured)


def test_players_without_a_plain_rating_have_none() -> None:
    played = [
        replace(game, outcome=float(game.first == "new" or game.second == "wordy"))
        for game in games(prompts=30)
    ]
    found = style_controlled(played, features=FEATURES, anchor="old", level=0.95)
    assert isinstance(found, Unmeasured)
    assert "never" in found.reason


def test_every_game_has_every_feature() -> None:
    with pytest.raises(ValueError, match="a value of each of length"):
        style_controlled(games(prompts=20), features=("length",), anchor="old", level=0.95)


def test_the_anchor_plays() -> None:
    with pytest.raises(ValueError, match="`nobody` did not play"):
        style_controlled(games(prompts=20), features=FEATURES, anchor="nobody", level=0.95)
