"""The offline task that a checkpoint solves as a judge: which of two answers is better."""

from enum import StrEnum

from pydantic import model_validator

from policies.metric import Metric, offline_metric
from policies.side_by_side import PairRubric
from policies.task import AskedTask, Groups, Sampling

REWARDBENCH_SECTIONS = ("chat", "chat_hard", "safety", "reasoning")
"""Sections of RewardBench, each a quarter of its score."""


class PairLabels(StrEnum):
    """What is known of two answers."""

    LABELLED = "labelled"
    """Which one is better: `chosen`, not `rejected`."""
    REWARDBENCH = "rewardbench"
    """The same, of RewardBench's 23 subsets, which are weighed as it weighs them."""
    PEOPLE = "people"
    """What people said of `answer_a` and `answer_b`: `votes`, by `a`, `b` and `tie`."""


class PairsTask(AskedTask):
    """Pairs of answers that the checkpoint judges, in both orders, as a judge of stage 2 would."""

    pairs: PairLabels
    rubric: PairRubric = PairRubric.GENERAL
    """What it is told to look for; the one of the `judging` that it is to sit in."""
    structured: bool = True
    """Whether its replies are held to a JSON schema, as in stage 2 where an endpoint takes one."""
    groups: Groups | None = None
    """Labelled pairs told apart by a field, each group with an `accuracy.VALUE` of its own."""
    sampling: Sampling = Sampling(max_tokens=2048)

    @model_validator(mode="after")
    def _groups_of_labelled(self) -> "PairsTask":
        if self.groups is not None and self.pairs is not PairLabels.LABELLED:
            raise ValueError("`groups` belong to `pairs: labelled`")
        return self

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """How often it is right, or agrees with people; then how far it can be relied on.

        A reply that cannot be read is wrong in all of them but `score`, which counts it as
        RewardBench does: half.
        """
        return (
            *self._own(name),
            offline_metric(name, "position_consistency", better=True),
            offline_metric(name, "first_bias", better=False, paired=False),
            offline_metric(name, "readable", better=True),
        )

    def _own(self, name: str) -> tuple[Metric, ...]:
        groups = self.groups.values if self.groups else ()
        compared = {
            PairLabels.REWARDBENCH: _OF_REWARDBENCH,
            PairLabels.LABELLED: ("accuracy", *_parts(groups)),
            PairLabels.PEOPLE: ("agreement", "majority"),
        }
        alone = _OF_PEOPLE if self.pairs is PairLabels.PEOPLE else ()
        return (
            *(offline_metric(name, metric, better=True) for metric in compared[self.pairs]),
            *(offline_metric(name, metric, better=True, paired=False) for metric in alone),
        )


def _parts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"accuracy.{value}" for value in values)


_OF_REWARDBENCH = (
    "score",
    "accuracy",
    *_parts(REWARDBENCH_SECTIONS),
    *(f"score.{section}" for section in REWARDBENCH_SECTIONS),
)

_OF_PEOPLE = ("agreement_decided", "people_agreement", "people_agreement_decided")
"""Not compared: about pairs that another judge does not decide, or about people alone."""
