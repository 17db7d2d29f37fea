"""How often a comparison ends as `gate status` foretells it; full size: `make simulate`."""

from dataclasses import dataclass

import numpy as np
import pytest

from stages.stats.betting import first_shown
from stages.stats.votes_needed import StillNeeded, Voting, still_needed

LIMIT, LEVEL, SEEN, PLANNED = 0.48, 0.95, 60, 400
VOTING = Voting(ties=0.2)
SMALL, FULL = 30, 200


@dataclass(frozen=True, slots=True)
class Course:
    """Probabilities that the limit is shown to be kept, and missed."""

    kept: float
    missed: float


def foretold(least: float, most: float, candidates: int) -> tuple[Course, Course]:
    """What is said after `SEEN` prompts of candidates that are open then, and what comes true."""
    random = np.random.default_rng(3)
    said, came = [], []
    while len(said) < candidates:
        values = VOTING.draw(float(random.uniform(least, most)), (PLANNED,), random)
        kept = float(first_shown(values, LIMIT, level=LEVEL, planned=PLANNED))
        missed = float(first_shown(1 - values, 1 - LIMIT, level=LEVEL, planned=PLANNED))
        if min(kept, missed) <= SEEN:
            continue
        seen = values[:SEEN].tolist()
        found = still_needed(seen, seen, limit=LIMIT, planned=PLANNED, level=LEVEL)
        assert isinstance(found, StillNeeded)
        said.append([found.shown, found.excluded])
        came.append([kept < missed, missed < kept])
    return Course(*np.mean(said, axis=0)), Course(*np.mean(came, axis=0))


@pytest.mark.parametrize(
    ("candidates", "off"), [(SMALL, 0.2), pytest.param(FULL, 0.12, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("least", "most"), [(0.3, 0.7), (0.45, 0.55)])
def test_what_is_foretold_comes_true_about_as_often(
    least: float, most: float, candidates: int, off: float
) -> None:
    said, came = foretold(least, most, candidates)
    print(f"win rates of {least} to {most}: said {said}, came {came}")
    assert abs(said.kept - came.kept) <= off
    assert abs(said.missed - came.missed) <= off
