"""Two recorded judges against the people of llmfao, as the stage of comparisons counts them."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path

import pytest

from gates.side_by_side.agreeing import labels_of
from policies.canonical import canonical_json
from policies.pairs_task import PairLabels, PairsTask
from stages.engine.data import parse_items
from stages.evidence.estimate import Estimate
from stages.offline.instrument import Scores
from stages.offline.pairs.instrument import Pairs
from stages.offline.pairs.showing import questions_of
from stages.side_by_side.formats.llmfao import parse_llmfao
from stages.side_by_side.vote import Vote
from stages.stats.agreement import agreement_matrix

LLMFAO = Path(__file__).parents[5] / "shared" / "data" / "llmfao"
TASK = PairsTask(data="pairs.jsonl", pairs=PairLabels.PEOPLE)
CHOICES = {"a": ("A>B", "B>A"), "b": ("B>A", "A>B"), "tie": ("A=B", "A=B")}

pytestmark = pytest.mark.skipif(not LLMFAO.is_dir(), reason=f"no {LLMFAO}")

Unit = tuple[str, str]
"""A prompt, and the two models whose answers are compared."""


@cache
def votes(name: str) -> tuple[Vote, ...]:
    return parse_llmfao((LLMFAO / name).read_bytes(), where=name)


def labels(name: str) -> Mapping[Unit, Mapping[str, str]]:
    """What everybody said of a unit, the earlier of the two names being a."""
    found: dict[Unit, dict[str, str]] = defaultdict(dict)
    for vote, said in zip(votes(name), labels_of(votes(name)), strict=True):
        assert said != "both_bad"
        found[unit_of(vote)][vote.annotator] = said
    return found


def unit_of(vote: Vote) -> Unit:
    return (vote.prompt, " | ".join(sorted(vote.pair)))


@cache
def scored(judge: str) -> tuple[Scores, tuple[Unit, ...]]:
    """The instrument's scores of a judge that replies what was recorded."""
    people = labels("crowd-comparisons.csv")
    said = {unit: next(iter(by.values())) for unit, by in labels(f"{judge}.csv").items()}
    units = tuple(sorted(unit for unit in people if unit in said))
    rows = (
        {
            "id": f"{prompt} {names}",
            "prompt": f"prompt {prompt}",
            "answer_a": f"one of {names}",
            "answer_b": f"the other of {names}",
            "votes": dict(Counter(people[prompt, names].values())),
        }
        for prompt, names in units
    )
    data = "".join(f"{canonical_json(row)}\n" for row in rows).encode()
    asked = questions_of(TASK, parse_items(data, where="pairs.jsonl", cluster=None)).items
    replies = [
        (
            canonical_json(
                {
                    "case": item.fields["case"],
                    "reasoning": "as recorded",
                    "verdict": CHOICES[said[units[place // 2]]][place % 2],
                }
            ),
        )
        for place, item in enumerate(asked)
    ]
    return Pairs(TASK).score(asked, replies), units


def column(scores: Scores, name: str) -> list[float]:
    found = scores.column(name)
    assert isinstance(found, tuple)
    return [score.value for score in found if score is not None]


@pytest.mark.parametrize("judge", ["gpt4-crowd-comparisons", "gpt3-crowd-comparisons"])
def test_votes_that_agree_are_those_that_the_agreement_of_comparisons_counts(judge: str) -> None:
    scores, units = scored(judge)
    people = labels("crowd-comparisons.csv")
    mine = sum(
        share * len(people[unit])
        for share, unit in zip(column(scores, "agreement"), units, strict=True)
    )
    by_voter: dict[str, dict[Hashable, str]] = {"judge": {}}
    for unit, said in labels(f"{judge}.csv").items():
        by_voter["judge"][unit] = next(iter(said.values()))
    for unit, said in people.items():
        for worker, label in said.items():
            by_voter.setdefault(f"worker {worker}", {})[unit] = label
    theirs = sum(
        each.share.value * each.n
        for each in agreement_matrix(by_voter, level=0.95)
        if each.first == "judge" and isinstance(each.share, Estimate)
    )
    assert mine == pytest.approx(theirs)


FIGURES = {
    "gpt4-crowd-comparisons": (0.4136, 0.3871, 0.6209),
    "gpt3-crowd-comparisons": (0.3742, 0.3361, 0.5968),
}
"""Agreement with a random voter, with the majority, and with voters who decide."""


@pytest.mark.parametrize("judge", FIGURES)
def test_the_figures_of_two_judges_beside_those_of_people(judge: str) -> None:
    scores, units = scored(judge)
    found = {}
    for name in scores.columns:
        values = column(scores, name)
        found[name] = round(sum(values) / len(values), 4)
    assert len(units) == 2139
    assert tuple(found[n] for n in ("agreement", "majority", "agreement_decided")) == FIGURES[judge]
    assert (found["people_agreement"], found["people_agreement_decided"]) == (0.5286, 0.6737)
    assert found["readable"] == found["position_consistency"] == 1.0
