"""Prompts that earlier benches or training data hold already."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.engine.data import read_items
from stages.engine.progress import Progress
from stages.engine.state import State
from stages.evidence.items import Item
from stages.offline.contamination.search import search, text_of
from stages.offline.contamination.trace import Trace, Tracer
from stages.offline.contamination.verdict import Leak, leak
from stages.offline.memorization.corpus import Corpus
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import Exclude, NearDuplicates

IN_BENCH, IN_CORPUS = "in an earlier bench", "in the corpus"
"""Why a prompt is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """What of some prompts is elsewhere already.

    Attributes:
        reasons: One per prompt; empty where it is nowhere.
        data: Name and digest of everything that was looked through.
    """

    reasons: tuple[str, ...]
    data: tuple[tuple[str, str], ...]


def leaks(
    texts: Sequence[str],
    rules: Exclude,
    alike: NearDuplicates,
    *,
    base: Path,
    state: State,
    progress: Progress,
) -> Leaks:
    """Which prompts stand in earlier benches or in a corpus.

    A bench holds a prompt that is nearly one of its own, or that shares a run of words with one as
    the test says; a corpus one that shares such a run.

    Args:
        texts: The prompts.
        rules: Where to look, and the test.
        alike: When two prompts are nearly the same.
        base: Folder that relative paths start from.
        state: Where searches of the corpus are journaled.
        progress: Where to show how far it is.

    Raises:
        InputError: When a file cannot be read.
    """
    reasons, data = [""] * len(texts), []
    for file in rules.benches:
        read = read_items(file, base=base, cluster=None, sha256=None)
        data.append((read.url, read.sha256))
        known = [text_of(item) for item in read.items]
        near = repeated(texts, alike, known=known)
        traces = Tracer(texts).trace((item.id, [text_of(item)]) for item in read.items)
        for number, (like, trace) in enumerate(zip(near, traces, strict=True)):
            if (like is not None and like < 0) or _dirty(trace, rules):
                reasons[number] = IN_BENCH
    if rules.corpus and texts:
        corpus = Corpus(rules.corpus, base=base, columns=rules.columns)
        found = search([_item(t) for t in texts], corpus, state=state, progress=progress)
        data += found.data
        for number, trace in enumerate(found.traces):
            if _dirty(trace, rules):
                reasons[number] = reasons[number] or IN_CORPUS
    return Leaks(reasons=tuple(reasons), data=tuple(data))


def _dirty(trace: Trace, rules: Exclude) -> bool:
    verdict = leak(trace, rules.test, dirty_at_least=rules.dirty_at_least)
    return verdict in (Leak.DIRTY, Leak.BETWEEN)


def _item(text: str) -> Item:
    return Item(id="", messages=({"role": "user", "content": text},), cluster="")
