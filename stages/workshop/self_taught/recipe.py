"""What a recipe says of a judge that is taught without labels."""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from policies.base import Count, Name, OpenShare, Sha256, Strict, Text
from policies.pairs_task import PairLabels
from policies.side_by_side import PairRubric, VotesFormat
from policies.task import Sampling
from stages.workshop.recipe import Recipe
from stages.workshop.training.settings import Base, Training

_SORTING = """\
You see what somebody asked of an assistant. Say which kind of task its last message sets. Choose \
by what a good answer takes, not by the words it is asked in; where two kinds fit, take the one \
that most of the work is."""

_MODIFYING = """\
You see what somebody asked of an assistant. Write another last message in its place: of the same \
subject, length and tone, so like it that a hasty reader takes one for the other, and yet asking \
for something else, so that a good answer to yours is no good answer to the one you see. Change \
what is asked for, not how: another quantity, another case, another form, another condition. Do \
not answer it, and do not say what you changed."""


class Categories(Strict):
    """Which instructions are learned from, as a model sorts them."""

    by: Name
    """Who sorts, an `[endpoints.NAME]` of the workspace."""
    names: Annotated[tuple[Text, ...], Field(min_length=2)]
    """What they are sorted into."""
    keep: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Those that are learned from."""
    prompt: Text = _SORTING
    """What the model is told."""

    @model_validator(mode="after")
    def _keeps_what_there_is(self) -> Self:
        if len(set(self.names)) < len(self.names):
            raise ValueError("`names` holds a category twice")
        unknown = [name for name in self.keep if name not in self.names]
        if unknown:
            raise ValueError(f"`keep` holds {', '.join(unknown)}, which `names` does not")
        return self


class Writing(Strict):
    """How the two answers of a pair are written, one to what was asked, one beside it."""

    by: Name
    """Who writes, an `[endpoints.NAME]` of the workspace."""
    sampling: Sampling = Sampling(temperature=0.7, max_tokens=2048)
    """How answers and other instructions are drawn."""
    prompt: Text = _MODIFYING
    """What the model is told to write another instruction."""


class BriefKind(StrEnum):
    """In which words a judge is asked."""

    STAGE_2 = "stage_2"
    """As in a policy's `judges`: a judge that learned it can sit there."""
    SHORT = "short"
    """A line a text, for models that cannot read a page; such a judge is no judge of stage 2."""


class Judging(Strict):
    """How a judge is asked, and how often."""

    brief: BriefKind = BriefKind.STAGE_2
    rubric: PairRubric = PairRubric.GENERAL
    """What it looks for; the short brief knows one only."""
    samples: Count = 15
    """Judgements of a pair in each order (the paper draws 15)."""
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    max_tokens: Count = 2048
    seed: int = 0
    """Of the judgements, counted up, and of what is chosen from them."""
    majority_of: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Tests are also judged by what most of so many drawn judgements say (the paper's are 32)."""


class Method(StrEnum):
    """What a judge learns from its judgements."""

    SFT = "sft"
    """From those that are right."""
    DPO = "dpo"
    """To prefer right ones to wrong or unreadable ones."""
    SFT_THEN_DPO = "sft_then_dpo"
    """First one, then the other, as far as there are `rows_at_least` to prefer."""


class Start(StrEnum):
    """What an iteration trains."""

    SEED = "seed"
    """The model that nobody taught yet, anew each time, as the paper does."""
    PREVIOUS = "previous"
    """The judge of the iteration before."""


class Pupil(Strict):
    """The model that learns to judge, and how."""

    model: Base | None = None
    """A transformers model on this machine."""
    endpoint: Name | None = None
    """Or an `[endpoints.NAME]` of the workspace that offers fine-tuning."""
    iterations: Count = 2
    method: Method = Method.SFT
    start: Start = Start.SEED
    rows_at_least: Count = 8
    """Fewer rows teach nothing, and are refused."""
    sft: Training = Training()
    dpo: Training = Training(learning_rate=1e-6)

    @model_validator(mode="after")
    def _is_one_model(self) -> Self:
        if (self.model is None) == (self.endpoint is None):
            raise ValueError("give one of `model` and `endpoint`")
        return self


class Test(Strict):
    """Pairs that nobody learns from, on which every judge is tested as stage 1 tests a judge."""

    __test__: ClassVar[bool] = False  # no test of pytest's

    pairs: PairLabels
    """What is known of them: `labelled`, `rewardbench` or `people`."""
    data: Text | None = None
    """JSONL as of the offline task `pairs`."""
    votes: tuple[Text, ...] = ()
    """Or, of `people`: files of their votes, in place of `data`."""
    format: VotesFormat = VotesFormat.GATE
    """Who wrote the votes."""
    answers: tuple[Text, ...] = ()
    """The answers that were voted on: with `prompts` tables of `prompt`, `model` and `text`, else
    as Arena-Hard writes them."""
    prompts: Text | None = None
    """Table of `prompt` and `text`: what was asked."""
    sha256: Sha256 | None = None
    """Digest the pairs are frozen at, of several files of their bytes one after the other; a change
    is refused."""
    cluster: Text | None = None
    """The field that groups dependent pairs; those with votes are grouped by what was asked."""

    @property
    def files(self) -> tuple[str, ...]:
        """All that it reads, in this order, each once."""
        said = (*self.votes, *self.answers, self.prompts) if self.votes else (self.data,)
        return tuple(dict.fromkeys(name for name in said if name is not None))

    @model_validator(mode="after")
    def _has_pairs(self) -> Self:
        if (self.data is None) == (not self.votes):
            raise ValueError("give one of `data` and `votes`")
        if not self.votes and (self.answers or self.prompts or self.format is not VotesFormat.GATE):
            raise ValueError("`answers`, `prompts` and `format` belong to `votes`")
        if self.votes and self.pairs is not PairLabels.PEOPLE:
            raise ValueError("`votes` are what `pairs: people` know of answers")
        if self.votes and not self.answers:
            raise ValueError("`votes` need the `answers` that they are about")
        if self.votes and self.cluster is not None:
            raise ValueError("pairs with `votes` are grouped by what was asked, not by a field")
        return self


class SelfTaught(Recipe):
    """How a judge is taught without labels: the Self-Taught Evaluator.

    References:
        Wang et al. (2024), arXiv 2408.02666.
    """

    instructions: Text
    """JSONL, a line per instruction: `{"id", "prompt" or "messages"}`."""
    instructions_sha256: Sha256 | None = None
    """Digest they are frozen at; a change is refused."""
    instructions_at_most: Count | None = None
    """Only the first so many; None for all."""
    categories: Categories | None = None
    """Which of them are kept; None for all."""
    writer: Writing
    judging: Judging = Judging()
    pupil: Pupil
    held_out: OpenShare = 0.1
    """Share of the pairs that nobody learns from, for the test `held_out`."""
    tests: dict[Name, Test] = Field(default_factory=dict, max_length=20)
    """Further tests, by name."""
    level: OpenShare = 0.95
    """Two-sided level of all intervals."""
    not_worse_by: OpenShare = 0.05
    """The most by which a judge's accuracy may lie below that of the judge before (a share)."""

    @property
    def sha256(self) -> str:
        """Digest as of every recipe; how often it goes round is no part of it.

        Who wants one more iteration goes on with the judges that there are.
        """
        pupil = self.pupil.model_copy(
            update={"iterations": type(self.pupil).model_fields["iterations"].default}
        )
        return super(SelfTaught, self.model_copy(update={"pupil": pupil})).sha256

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if HELD_OUT in self.tests:
            raise ValueError(f"`{HELD_OUT}` is the test of the pairs that were set aside")
        most = self.judging.majority_of
        often = {f"{name}_of_{most}" for name in (HELD_OUT, *self.tests)} if most else set()
        if taken := often & set(self.tests):
            raise ValueError(f"`{min(taken)}` is the name of another test by `majority_of`")
        return self


HELD_OUT = "held_out"
"""Name of the test on pairs that the recipe made and set aside."""
