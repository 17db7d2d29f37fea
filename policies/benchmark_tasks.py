"""Offline tasks that ask what a checkpoint can do."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from policies.base import Count, Name, OpenShare, Sha256, Strict, Text
from policies.metric import Metric, Unit, offline_metric
from policies.safety_tasks import Columns
from policies.task import AskedTask, Groups, Task


class Scorer(StrEnum):
    """How an answer is compared with its target."""

    CHOICE = "choice"
    CLOZE = "cloze"
    EXACT = "exact"
    NORMALIZED = "normalized"
    NUMERIC = "numeric"
    TOKEN_F1 = "token_f1"  # noqa: S105 - not a password

    @property
    def metric(self) -> str:
        """The metric's name: `f1` for token F1, `accuracy` for all that are right or wrong."""
        return "f1" if self is Scorer.TOKEN_F1 else "accuracy"


class Stopping(StrEnum):
    """When an interval may decide: at the planned n only, or at any time."""

    FIXED = "fixed"
    ANYTIME = "anytime"


class LeakTest(StrEnum):
    """How an item is found in a training corpus."""

    NGRAM_13 = "ngram_13"
    """GPT-3: any 13 consecutive words."""
    NGRAM_15 = "ngram_15"
    """PaLM 2: any 15 consecutive words."""
    TOKENS_LLAMA2 = "tokens_llama2"
    """Llama 2: words in runs of more than 10, with 4 skips; below 20 % of them an item is clean,
    from 80 % dirty."""
    LONGEST = "longest"
    """ConTAM: the longest contaminated run of words, as a share of the item."""


class Contamination(Strict):
    """Items that stand in the training corpus, told apart from the others."""

    corpus: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The corpus: files, folders or globs of text, Parquet or JSONL, also `.gz` and `.zst`; paths
    or fsspec URLs."""
    columns: Columns = Columns()
    test: LeakTest = LeakTest.LONGEST
    dirty_at_least: OpenShare = 0.5
    """For `longest`: share of an item's words from which it is dirty."""
    exclude: bool = False
    """Whether items that are not clean are left out of the score, which every report then says."""


class BenchmarkTask(AskedTask):
    """Answers compared with targets."""

    scorer: Scorer
    groups: Groups | None = None
    stopping: Stopping = Stopping.FIXED
    """`anytime` asks in portions and stops as soon as always-valid bounds decide."""
    contamination: Contamination | None = None

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """The score, then each group's, then what contamination adds."""
        own = self.scorer.metric
        return (
            offline_metric(name, own, better=True),
            *_of_groups(self.groups, name, own),
            *(_leaks(name) if self.contamination else ()),
        )


def _leaks(name: str) -> tuple[Metric, ...]:
    return (
        offline_metric(name, "contaminated", better=False, paired=False),
        offline_metric(name, "clean", better=True),
        offline_metric(name, "dirty", better=True),
        offline_metric(name, "clean_minus_dirty", better=True, unit=Unit.NUMBER, paired=False),
    )


class Guarantee(StrEnum):
    """What a sandbox keeps model code from."""

    FILES = "files"
    NETWORK = "network"
    PROCESSES = "processes"
    MEMORY = "memory"


class CodeTask(AskedTask):
    """Answers that are programs, run against an item's tests in a sandbox."""

    language: Literal["python"]
    seconds_at_most: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Run time of one program; a longer one fails."""
    megabytes_at_most: Annotated[int, Field(ge=64)] = 512
    """Memory of one program; a larger one fails."""
    without: tuple[Guarantee, ...] = ()
    """What the sandbox may lack on this machine; anything else that it lacks is refused."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`pass_at_1`: share of programs that pass all tests of their item."""
        return (offline_metric(name, "pass_at_1", better=True),)


class Harness(StrEnum):
    """A program of others that measures, and whose results are read."""

    LM_EVAL = "lm_eval"
    INSPECT = "inspect"
    HELM = "helm"
    GARAK = "garak"
    PROMPTFOO = "promptfoo"


RUN_BY_THE_GATE = (Harness.LM_EVAL, Harness.INSPECT)
"""Harnesses that the gate runs itself where a task names no results."""


class Api(StrEnum):
    """How lm-eval asks an endpoint."""

    CHAT = "chat"
    """`/v1/chat/completions`: tasks that generate text."""
    COMPLETIONS = "completions"
    """`/v1/completions`: also tasks that compare log-probabilities."""


class HarnessTask(Task):
    """A benchmark that another program runs, or has run."""

    harness: Harness
    task: Text
    """The harness's own name of the benchmark."""
    metric: Text | None = None
    """The harness's own name of the score; None where its results hold one only."""
    filter: Text | None = None
    """lm-eval: the filter whose score counts; HELM: the split (None: `test`); promptfoo: the
    provider's id or label, where there are several."""
    results: Text | None = None
    """Where results lie: a file or folder, `{version}` standing for the version's number. None:
    the harness is run (lm-eval and Inspect), against the checkpoint's endpoint."""
    model: Text | None = None
    """What `results` must call the model, `{version}` standing for the version's number. None: the
    name that the version's endpoint is asked under, where it has one."""
    task_path: Text | None = None
    """Folder (lm-eval) or Python file (Inspect) of tasks that the harness does not know itself."""
    api: Api = Api.CHAT
    """lm-eval: how it asks the endpoint."""
    tokenizer: Text | None = None
    """lm-eval by `completions`: a Hugging Face tokenizer; None: the endpoint's own (vLLM)."""
    cluster: Text | None = None
    """Field of the samples that groups dependent ones."""
    higher_is_better: bool = True
    scale: Annotated[float, Field(gt=0)] = 1.0
    """The score's highest value; scores are divided by it, to lie between 0 and 1."""
    items_at_least: Count = 1
    """Results on fewer items are refused."""
    calls_at_most: Count | None = None
    """The most requests that a run may make; one that made more measures nothing. Under a cap of
    the budget nothing is run without it."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`score`; of garak `rate`, the share of attempts that hit."""
        if self.harness is Harness.GARAK:
            return (offline_metric(name, "rate", better=False, safety=True),)
        return (offline_metric(name, "score", better=self.higher_is_better),)


class RewardTask(AskedTask):
    """Answers scored by a reward model."""

    reward: Text
    """A folder with a transformers sequence classifier, or an endpoint of `gate.toml`."""
    reward_sha256: Sha256 | None = None
    """Digest of the weights; required for a folder."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`reward`: the mean reward, a number without a unit of its own."""
        return (offline_metric(name, "reward", better=True, unit=Unit.NUMBER),)


class Rubric(StrEnum):
    """What a judge is asked of one answer."""

    CREATIVITY = "creativity"
    RELEVANCE = "relevance"
    SENSIBLENESS = "sensibleness"
    SPECIFICITY = "specificity"
    INTERESTINGNESS = "interestingness"
    GROUNDEDNESS = "groundedness"
    CHECKLIST = "checklist"
    """WildBench: how well the answer meets the item's own `checklist`."""


class RubricTask(AskedTask):
    """Answers scored one by one by an LLM judge."""

    rubric: Annotated[tuple[Rubric, ...], Field(min_length=1)]
    judge: Name
    """An endpoint of `gate.toml`."""

    @field_validator("rubric")
    @classmethod
    def _once(cls, rubric: tuple[Rubric, ...]) -> tuple[Rubric, ...]:
        if len(set(rubric)) < len(rubric):
            raise ValueError("every rubric once")
        return rubric

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """One share each, by the rubric's name: 0 is the worst answer, 1 the best."""
        return tuple(offline_metric(name, rubric, better=True) for rubric in self.rubric)


class GroundingTask(AskedTask):
    """Answers from a given context, judged by whether the context bears them out."""

    grounding: Name
    """The judge: an endpoint of `gate.toml`."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`hallucinated` (contradicted or not in the context), `supported`, `contradicted`."""
        return (
            offline_metric(name, "hallucinated", better=False, safety=True),
            offline_metric(name, "supported", better=True),
            offline_metric(name, "contradicted", better=False, safety=True),
        )


def _of_groups(groups: Groups | None, name: str, metric: str) -> tuple[Metric, ...]:
    values = groups.values if groups else ()
    return tuple(offline_metric(name, f"{metric}.{value}", better=True) for value in values)
