import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.stats.comparisons import collapse

GAMES = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0])
    ).filter(lambda game: game[0] != game[1]),
    min_size=1,
    max_size=40,
)


@given(GAMES, st.integers(1, 4))
def test_every_game_is_counted_once_for_each_side(
    games: list[tuple[str, str, float]], clusters: int
) -> None:
    first, second, outcomes = (list(column) for column in zip(*games, strict=True))
    groups = [number % clusters for number in range(len(games))]
    found = collapse(first, second, outcomes, groups)
    k = len(found.players)
    won, tied = found.won.toarray().reshape(-1, k, k), found.tied.toarray().reshape(-1, k, k)
    for group in range(found.clusters):
        for a, name in enumerate(found.players):
            for b, other in enumerate(found.players):
                here = [
                    outcome if x == name else 1 - outcome
                    for (x, y, outcome), g in zip(games, groups, strict=True)
                    if {x, y} == {name, other} and g == group
                ]
                assert won[group, a, b] == here.count(1.0)
                assert tied[group, a, b] == here.count(0.5)
    assert found.games == len(games)
    assert found.ties.sum() == outcomes.count(0.5)


def test_rows_are_unique_pairs_of_a_cluster_in_order_of_appearance() -> None:
    found = collapse(["x", "y", "x"], ["y", "x", "z"], [1, 1, 0.5], ["p", "p", "q"])
    assert found.players == ("x", "y", "z")
    assert found.counts.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0], [1, 2])
    assert found.cluster.tolist() == [0, 1]
    assert found.met.tolist() == [2, 1, 1]


def test_clusters_may_be_crossed() -> None:
    found = collapse(["x"] * 3, ["y"] * 3, [1, 0, 0], [("p", 1), ("p", 2), ("p", 1)])
    assert found.clusters == 2


def test_no_games_are_no_clusters() -> None:
    found = collapse([], [], [], [])
    assert (found.games, found.clusters, found.players) == (0, 0, ())


@pytest.mark.parametrize("outcome", [0.7, -1, 2, float("nan")])
def test_a_game_is_won_tied_or_lost(outcome: float) -> None:
    with pytest.raises(ValueError, match="a game is won, tied or lost"):
        collapse(["x"], ["y"], [outcome], ["p"])


def test_nobody_plays_against_himself() -> None:
    with pytest.raises(ValueError, match="`x` is compared with itself"):
        collapse(["x"], ["x"], [1], ["p"])


def test_every_game_is_whole() -> None:
    with pytest.raises(ValueError, match="two players, an outcome and a cluster"):
        collapse(["x"], ["y"], [1], [])


def test_sides_carry_no_meaning() -> None:
    one = collapse(["x", "x"], ["y", "z"], [1, 0.5], [0, 0])
    other = collapse(["x", "z"], ["y", "x"], [1, 0.5], [0, 0])
    assert np.array_equal(one.won.toarray(), other.won.toarray())
    assert np.array_equal(one.tied.toarray(), other.tied.toarray())
