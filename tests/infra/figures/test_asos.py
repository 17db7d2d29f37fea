"""ASOS's A/Bs in a table: what the gate says of each, and what the naive rule would have done."""

from pathlib import Path

import pytest

from gates.decide.verdict import OnlineVerdict
from infra.examples.asos.verdicts import Replayed
from infra.figures import asos


def test_each_ab_has_a_row_with_both_answers() -> None:
    ship = Replayed(name="a_1", verdict=OnlineVerdict.SHIP, reason="won", naive_ships=True)
    tempted = Replayed(name="b_1", verdict=OnlineVerdict.STOP, reason="harm", naive_ships=True)
    neither = Replayed(name="c_1", verdict=OnlineVerdict.STOP, reason="harm", naive_ships=False)
    said = asos.table((ship, tempted, neither))
    assert "| a_1 | SHIP | SHIP | won |\n| b_1 | STOP | SHIP | harm |\n| c_1 | STOP |  |" in said
    assert "3 A/Bs: 1 SHIP, 2 STOP" in said
    assert "would have shipped 2; of these are not SHIP here: 1 STOP." in said


def test_a_folder_without_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"daily_moments_40_experiments\.csv"):
        asos.decided(tmp_path)
