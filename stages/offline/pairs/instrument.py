"""Scores of a checkpoint that judges pairs: how often it is right, and how far it can be relied on.

Columns hold two places for every pair, one for each order in which it was shown. What is about the
pair as a whole stands at the first of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.errors import InputError
from policies.pairs_task import PairLabels, PairsTask
from stages.engine.data import ItemFile
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.items import Item
from stages.offline.about import is_about
from stages.offline.instrument import Answers, Column, ItemScore, Scores, scored_items
from stages.offline.pairs.pair import FIRST, SECOND, TIE, Pair, read_pairs
from stages.offline.pairs.replies import Judged, Said, Twice, judged
from stages.offline.pairs.rewardbench import SECTION_OF, strata_of
from stages.offline.pairs.showing import brief_of
from stages.stats.means import clustered_mean
from stages.stats.shares import SHARE

_WORTH: Mapping[Said, float] = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0, None: 0.0}
"""Of labelled pairs, whose a is the better answer: what cannot be read is wrong."""

_REWARDBENCH_WORTH: Mapping[Said, float] = {**_WORTH, None: 0.5}
"""RewardBench counts what it cannot read as half right."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Reads verdicts and holds them against labels or votes.

    Attributes:
        task: Says against which.
    """

    task: PairsTask

    def check(self, file: ItemFile) -> None:
        """Returns when every subset and every group has pairs.

        Raises:
            InputError: When one has not, or RewardBench has no such subset.
        """
        if self.task.pairs is PairLabels.REWARDBENCH:
            _check_subsets(file)
        groups = self.task.groups
        found = {str(i.fields.get(groups.field)) for i in file.items} if groups else set()
        absent = [value for value in groups.values if value not in found] if groups else []
        if absent and groups:
            raise InputError(
                f"cannot tell groups apart in {file.url}",
                why=f"no item has `{groups.field}: {absent[0]}`",
                fix="correct `groups`, or the items",
            )

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """Every metric of the task."""
        asked = ItemFile(url=self.task.data, sha256="", items=tuple(items[::2]))
        pairs = read_pairs(asked, self.task.pairs)
        return self.of_judged(items, tuple(judged(pairs, items, answers, brief_of(self.task).form)))

    def of_judged(self, items: Sequence[Item], found: Sequence[Judged]) -> Scores:
        """Every metric of the task, from verdicts that were read.

        Args:
            items: Two questions of every pair, one after the other.
            found: The pairs, in their order.
        """
        pairs = [each.pair for each in found]
        own = self._of_people(found) if self.task.pairs is PairLabels.PEOPLE else {}
        if self.task.pairs is not PairLabels.PEOPLE:
            own = self._of_labels(found)
        scores = Scores(
            items=scored_items(items),
            columns={
                **own,
                "position_consistency": _of_pairs(found, _mean_of(lambda t: float(t.consistent))),
                "readable": _of_orders(found, lambda said: float(said is not None)),
            },
            estimates={"first_bias": first_bias(found, level=self.task.level)},
        )
        if self.task.pairs is not PairLabels.REWARDBENCH:
            return scores
        return replace(scores, strata=strata_of([pair.subset for pair in _twice(pairs)]))

    def _of_labels(self, found: Sequence[Judged]) -> Mapping[str, Column]:
        accuracy = _of_orders(found, lambda said: _WORTH[said])
        columns = {"accuracy": accuracy}
        if self.task.pairs is PairLabels.REWARDBENCH:
            columns["score"] = _of_orders(found, lambda said: _REWARDBENCH_WORTH[said])
        pairs = _twice([each.pair for each in found])
        for metric in self.task.metrics(""):
            own = metric.name.removeprefix(".")
            whole = columns.get(own.partition(".")[0])
            if whole is not None and own not in columns:
                columns[own] = tuple(
                    score if is_about(self.task, own, pair.item) else None
                    for score, pair in zip(whole, pairs, strict=True)
                )
        return columns

    def _of_people(self, found: Sequence[Judged]) -> Mapping[str, Column]:
        return {
            "agreement": _of_pairs(found, _agreement),
            "agreement_decided": _of_pairs(found, _agreement_decided),
            "majority": _of_pairs(found, _with_majority),
            "people_agreement": _of_pairs(found, lambda each: _alike(each.pair.votes)),
            "people_agreement_decided": _of_pairs(
                found, lambda each: _alike(_decided(each.pair.votes))
            ),
        }


def first_bias(found: Sequence[Judged], *, level: float) -> Estimate | Unmeasured:
    """How far the place of an answer decides: 0 not at all, 1 when one place always wins.

    Twice the distance from a half of the share of verdicts for what stood first, ties being half.
    Replies that cannot be read count for the place that is preferred.
    """
    said = [(each, s) for each in found for twice in each.said for s in twice.shown_first]
    leaning = sum(s for _, s in said if s is not None)
    unread = 1.0 if leaning >= 0 else 0.0
    share = clustered_mean(
        [unread if s is None else (s + 1) / 2 for _, s in said],
        [each.pair.item.cluster for each, _ in said],
        level=level,
        unit=SHARE,
    )
    if isinstance(share, Unmeasured) or share.low is None or share.high is None:
        return share
    low, high = (2 * share.low - 1, 2 * share.high - 1)
    return replace(
        share,
        value=abs(2 * share.value - 1),
        low=0.0 if low <= 0 <= high else min(abs(low), abs(high)),
        high=max(abs(low), abs(high)),
        standard_error=None if share.standard_error is None else 2 * share.standard_error,
        method=f"{share.method}, of the share for what stood first",
    )


def _agreement(each: Judged) -> float:
    """Probability that a random voter says what it says; MT-bench's setup 1."""
    votes = each.pair.votes
    return _mean(votes.get(t.label, 0) if t.label is not None else 0 for t in each.said) / sum(
        votes.values()
    )


def _agreement_decided(each: Judged) -> float | None:
    """The same of votes for one of the two, where it prefers one; MT-bench's setup 2."""
    votes = _decided(each.pair.votes)
    labels = [twice.label for twice in each.said if twice.label != TIE]
    if not labels or not sum(votes.values()):
        return None
    return _mean(votes.get(s, 0) if s is not None else 0 for s in labels) / sum(votes.values())


def _with_majority(each: Judged) -> float:
    """Whether it says what most people say, who are tied when two sayings have most votes."""
    ordered = Counter(each.pair.votes).most_common()
    tied = len(ordered) > 1 and ordered[0][1] == ordered[1][1]
    plurality = TIE if tied else ordered[0][0]
    return _mean(float(twice.label == plurality) for twice in each.said)


def _alike(votes: Mapping[int, int]) -> float | None:
    """Probability that two voters say the same; None without two of them."""
    n = sum(votes.values())
    if n < 2:  # noqa: PLR2004 - a voter and another one
        return None
    return sum(count * (count - 1) for count in votes.values()) / (n * (n - 1))


def _decided(votes: Mapping[int, int]) -> Mapping[int, int]:
    return {said: number for said, number in votes.items() if said != TIE}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _mean_of(worth: Callable[[Twice], float]) -> Callable[[Judged], float]:
    return lambda each: _mean([worth(twice) for twice in each.said])


def _of_orders(found: Sequence[Judged], worth: Callable[[Said], float]) -> Column:
    """A score for each order."""
    return tuple(
        ItemScore(_mean([worth(twice.both[place]) for twice in each.said]), detail=each.why[place])
        for each in found
        for place in (0, 1)
    )


def _of_pairs(found: Sequence[Judged], worth: Callable[[Judged], float | None]) -> Column:
    """A score for each pair, at its first place; none where the metric is not about it."""
    column: list[ItemScore | None] = []
    for each in found:
        value = worth(each)
        column += [None if value is None else ItemScore(value, detail=each.why[0]), None]
    return tuple(column)


def _twice(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs for _ in (0, 1)]


def _check_subsets(file: ItemFile) -> None:
    found = {str(item.fields.get("subset")) for item in file.items}
    unknown, absent = sorted(found - set(SECTION_OF)), sorted(set(SECTION_OF) - found)
    if not unknown and not absent:
        return
    raise InputError(
        f"{file.url} is not RewardBench",
        why=f"RewardBench has no subset `{unknown[0]}`"
        if unknown
        else f"it has no pair of `{absent[0]}`, and its score weighs all {len(SECTION_OF)} subsets",
        fix="take all subsets as they are published, or write `pairs: labelled` and look at "
        "`accuracy`",
    )
