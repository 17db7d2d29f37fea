"""What of the parsed instances is taught: none twice, and none that holds an item of a test."""

from collections.abc import Callable, Mapping, Sequence

from policies.benchmark_tasks import LeakTest
from stages.evidence.items import Item
from stages.offline.contamination.search import text_of
from stages.offline.contamination.trace import SHORTEST, Tracer
from stages.offline.contamination.verdict import Leak, leak
from stages.offline.contamination.words import words_of
from stages.workshop.generators.cells import Instance
from stages.workshop.generators.parsing import Waste

Repeated = Callable[[Sequence[str], Sequence[str]], Sequence[int | None]]
"""Which earlier text (or one of those known before) each text nearly repeats; None for none."""

Words = tuple[bytes, ...]


def sifted(
    parsed: Sequence[Instance], *, known: Sequence[str], tests: Sequence[Item], repeated: Repeated
) -> Mapping[str, Waste | None]:
    """What becomes of each instance, by id: None for those that are taught.

    An instance repeats another when its instruction has the same words, or nearly (as `repeated`
    says). It leaks when it holds a test item: the item's question word for word as its instruction
    (however short), an item of 8 to 12 words whole, or 13 words of one in a row (GPT-3's test).

    Args:
        parsed: In the order of the questions; ids are unique.
        known: Instructions that were shown to the generator as examples.
        tests: Items of all tests.
        repeated: Finds near duplicates.
    """
    leaks = _leaks(parsed, tests)
    instructions = [one.instruction for one in parsed]
    near = repeated(instructions, known) if parsed else ()
    seen = {_words(text) for text in known}
    found: dict[str, Waste | None] = {}
    for one, leaked, alike in zip(parsed, leaks, near, strict=True):
        own = _words(one.instruction)
        if own in seen or alike is not None:
            found[one.id] = Waste.REPEATED
        else:
            found[one.id] = Waste.LEAKED if leaked else None
        seen.add(own)
    return found


def _leaks(parsed: Sequence[Instance], tests: Sequence[Item]) -> list[bool]:
    texts = [f"{one.instruction}\n{one.response}" for one in parsed]
    items = [text_of(item) for item in tests]
    traces = Tracer(texts).trace((str(n), (text,)) for n, text in enumerate(items))
    runs = [leak(trace, LeakTest.NGRAM_13, dirty_at_least=0.5) is Leak.DIRTY for trace in traces]
    questions = {_words(_asked(item)) for item in tests} | {_words(text) for text in items}
    whole = {words for words in questions if len(words) >= SHORTEST}
    lengths = {len(words) for words in whole if len(words) < 13}  # noqa: PLR2004 - GPT-3's run
    return [
        run or _words(one.instruction) in questions or _holds(_words(text), whole, lengths)
        for one, text, run in zip(parsed, texts, runs, strict=True)
    ]


def _holds(words: Words, whole: set[Words], lengths: set[int]) -> bool:
    return any(
        words[start : start + length] in whole
        for length in lengths
        for start in range(len(words) - length + 1)
    )


def _asked(item: Item) -> str:
    content = item.messages[-1].get("content")
    return content if isinstance(content, str) else ""


def _words(text: str) -> Words:
    return tuple(words_of(text)) or (text.strip().encode("utf-8", "surrogatepass"),)
