"""How a bench is built from traffic, as its recipe says it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from policies.base import Count, Name, OpenShare, Strict, Text
from policies.benchmark_tasks import LeakTest
from policies.safety_tasks import Columns
from stages.workshop.bench.masking import Secret
from stages.workshop.recipe import Recipe

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""ISO 639 code in small letters: `en`, `de`, `zh`."""

Share = Annotated[float, Field(gt=0, le=1)]

Score = Annotated[float, Field(ge=0, le=7)]
"""How many of the seven criteria a prompt meets, or a topic's prompts do on average."""


class Traffic(Strict):
    """Where prompts are read."""

    files: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Paths or globs, relative to the recipe: JSON lines (also `.gz`), CSV or Parquet."""
    field: Text | None = None
    """Field of the prompt, or of the conversation; without it the first of `prompt`, `messages`
    and `conversation` that a record has. Of a conversation the first user turn is taken."""
    source: Text = "not said"
    """Whose traffic it is, for the datasheet."""
    licence: Text = "not said"
    """Under which terms it may be used, for the datasheet."""


class Cleaning(Strict):
    """Which prompts are fit at all."""

    characters_at_least: Count = 16
    characters_at_most: Count = 8_000
    languages: tuple[Language, ...] = ()
    """Those that stay; none given: every language, and none is told."""
    mask: tuple[Secret, ...] = tuple(Secret)
    """What is masked wherever it stands; masking one kind less takes a reason."""


class NearDuplicates(Strict):
    """When a prompt says what an earlier one says."""

    similarity: Share = 0.8
    """Jaccard similarity of the sets of word runs, from which on the later one is left out."""
    words: Count = 3
    """Length of such a run."""


class Exclude(Strict):
    """What a bench must not hold."""

    benches: tuple[Text, ...] = ()
    """Earlier benches: item files, relative to the recipe."""
    corpus: tuple[Text, ...] = ()
    """Training data: files, folders or globs of text, Parquet or JSON lines."""
    columns: Columns = Columns()
    test: LeakTest = LeakTest.NGRAM_13
    dirty_at_least: OpenShare = 0.5
    """For `longest`: the share of a prompt's words in one run."""


class Embeddings(Strict):
    """Where a prompt's place among others comes from; exactly one of the first three."""

    endpoint: Name | None = None
    """An `[endpoints.NAME]` of gate.toml that answers `/v1/embeddings`."""
    folder: Text | None = None
    """A transformers model, relative to the recipe: mean pooling, as sentence-transformers does."""
    vectors: Text | None = None
    """A `.npy` file, relative to the recipe: a row for every record of the traffic, in order."""
    batch: Count = 64
    """Texts of one request, or of one pass through the model."""

    @model_validator(mode="after")
    def _one_of_three(self) -> "Embeddings":
        given = [name for name in ("endpoint", "folder", "vectors") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("say exactly one of `endpoint`, `folder` and `vectors`")
        return self


class Method(StrEnum):
    """How prompts are grouped into topics."""

    UMAP_HDBSCAN = "umap_hdbscan"
    """As BERTopic does by default."""
    KMEANS = "kmeans"
    """Mini-batch k-means on principal components: linear, every prompt has a topic."""
    BERTOPIC = "bertopic"
    """BERTopic itself (`checkpoint-gate[bertopic]`)."""


class Clustering(Strict):
    """How prompts are grouped into topics."""

    by: Method = Method.UMAP_HDBSCAN
    topic_at_least: Annotated[int, Field(ge=2)] = 8
    """Prompts of the smallest topic."""
    topics: Annotated[int, Field(ge=2)] | None = None
    """For `kmeans`: how many; without it a topic for every 100 prompts."""
    neighbours: Annotated[int, Field(ge=2)] = 15
    """UMAP's neighbours."""
    dimensions: Annotated[int, Field(ge=2)] = 5
    """Of the space in which topics are found."""
    fitted_on_at_most: Annotated[int, Field(ge=100)] = 10_000
    """UMAP and HDBSCAN see so many prompts, drawn at random; the others take the topic of the
    nearest of them, which is approximate and linear."""


class Naming(Strict):
    """Who names topics."""

    model: Name
    """An `[endpoints.NAME]` of gate.toml."""
    prompts: Count = 10
    """How many of a topic it is shown."""


class Grading(Strict):
    """Who says which of the seven criteria a prompt meets."""

    models: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Each an `[endpoints.NAME]`; a criterion counts where more than half of them see it met."""


class Passes(Strict):
    """What a prompt and its topic must score, out of seven."""

    first_prompt: Score = 5
    first_topic: Score = 3
    prompt: Score = 6
    topic: Score = 6


class Allocation(StrEnum):
    """How many prompts each topic gives."""

    EQUAL = "equal"
    """As many as every other, as far as it has them."""
    TRAFFIC = "traffic"
    """By its share of the traffic."""


class Drawn(Strict):
    """How the bench is drawn from what passed."""

    prompts: Count = 500
    """At most."""
    topics_at_most: Count | None = None
    """Drawn at random where there are more."""
    allocation: Allocation = Allocation.EQUAL


class BenchRecipe(Recipe):
    """How a bench is built from traffic."""

    traffic: Traffic
    cleaning: Cleaning = Cleaning()
    near_duplicates: NearDuplicates = NearDuplicates()
    exclude: Exclude = Exclude()
    embeddings: Embeddings
    clustering: Clustering = Clustering()
    naming: Naming | None = None
    """Without it a topic is called by the words that set it apart."""
    grading: Grading
    passes: Passes = Passes()
    drawn: Drawn = Drawn()
    seed: Annotated[int, Field(ge=0)] = 0
    """Of everything that is drawn at random."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every endpoint that it names."""
        named = (self.embeddings.endpoint, self.naming and self.naming.model, *self.grading.models)
        return tuple(dict.fromkeys(name for name in named if name))
