"""Votes are drawn from what people truly prefer."""

from collections import Counter

import numpy as np
import pytest

from gates.demo.checkpoints import CANDIDATES
from gates.demo.votes import OVERLAP, PROMPTS, TIES, votes

WARM = next(c for c in CANDIDATES if c.name == "harbor-10-warm")
PROMPT_IDS = [f"p{n}" for n in range(PROMPTS + 50)]


def test_every_prompt_is_voted_on_by_two_different_people() -> None:
    found = list(votes([WARM], PROMPT_IDS, np.random.default_rng(3)))
    assert len(found) == PROMPTS * OVERLAP
    assert len({(v["prompt"], v["annotator"]) for v in found}) == len(found)
    assert Counter(Counter(v["prompt"] for v in found).values()) == {OVERLAP: PROMPTS}


def test_preferences_sides_and_ties_are_the_truth() -> None:
    found = list(votes([WARM], PROMPT_IDS, np.random.default_rng(3)))
    verdicts = Counter(str(v["verdict"]) for v in found)
    ties = verdicts["A=B"] + verdicts["both_bad"]
    wins = verdicts["A>B"] + verdicts["A>>B"]
    assert ties / len(found) == pytest.approx(TIES, abs=0.05)
    assert wins / (len(found) - ties) == pytest.approx(WARM.preferred, abs=0.06)
    assert sum(v["shown_first"] == "a" for v in found) / len(found) == pytest.approx(0.5, abs=0.07)
    assert set(verdicts) == {"A=B", "both_bad", "A>B", "A>>B", "B>A", "B>>A"}
