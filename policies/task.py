"""What every offline task says, whatever it measures."""

from typing import Annotated

from pydantic import Field

from policies.assessment import Assessment
from policies.base import Count, Name, OpenShare, Sha256, Strict, Text
from policies.canonical import Json
from policies.metric import Metric


class Sampling(Strict):
    """How an answer is drawn; part of the candidate's identity."""

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Count = 1024
    seed: int | None = 0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of probability that the tokens drawn from hold, the likeliest first; None: all."""

    def asked(self) -> dict[str, Json]:
        """All that it says, as JSON, without what was added later and is not set.

        Digests of questions are made of it: what was asked before a field was there stays asked.
        """
        left_out = {"top_p"} if self.top_p is None else None
        asked: dict[str, Json] = self.model_dump(mode="json", exclude=left_out)
        return asked


class Groups(Strict):
    """Items told apart by a field (a language, a length), each group with a metric of its own."""

    field: Text
    """The item's field."""
    values: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Its values that get a metric `NAME.METRIC.VALUE`; other items count in the whole only."""


class Task(Strict):
    """What every offline task says."""

    benchmark: Name | None = None
    """Entry of the catalogue; what it says is the default of what the task leaves out."""
    level: OpenShare = 0.95
    """Level of the interval: two-sided for scores, one-sided per end for safety rates."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """What the task called `name` measures; the first metric is the one it is about."""
        raise NotImplementedError


class AskedTask(Task):
    """A task whose items are put to the checkpoint: its items, and how answers are drawn."""

    data: Text
    """Items as JSONL: a path (relative to the policy) or an fsspec URL."""
    sha256: Sha256 | None = None
    """Digest the items are frozen at; a change is refused."""
    assessment: Assessment | None = None
    """That a bench of the workshop was judged before it is used; such a bench needs it."""
    cluster: Text | None = None
    """The item's field that groups dependent items (a passage, a ticket)."""
    sampling: Sampling = Sampling()
    generations: Count = 1
    """Answers drawn to every item, with seeds counted up from that of `sampling`."""


class Labelled(Strict):
    """Texts with a person's verdict, on which a detector's errors are counted."""

    data: Text
    """JSONL, a line per text: `{"id", "text", "label": true or false}`; true means harmful."""
    sha256: Sha256 | None = None
    """Digest the texts are frozen at; a change is refused."""


class DetectorTask(AskedTask):
    """Answers read by a detector of harm, which errs."""

    labelled: Labelled | None = None
    """Without it the detector is taken at its word, and `true_rate` is not measured."""
