"""Traffic to prompts that may enter a bench: read, cleaned, masked, each once, known nowhere."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import sha256_of_bytes
from policies.errors import InputError
from stages.workshop.bench.cleaning import cleaned, fault
from stages.workshop.bench.excluding import leaks
from stages.workshop.bench.languages import language_teller
from stages.workshop.bench.masking import Secret, mask
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.prompts import TrafficReader
from stages.workshop.bench.recipe import BenchRecipe, Cleaning
from stages.workshop.workroom import Workroom

TWICE, NEARLY_TWICE, OTHER_LANGUAGE = "stands there already", "nearly stands there", "language"
MASKED = "little but what was masked"
"""Why a prompt is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt that may enter the bench.

    Attributes:
        id: Digest of its text: the same text has the same id in every month.
        text: Cleaned and masked.
        place: Number of its record in the traffic.
        language: ISO 639 code; empty where nobody told it.
    """

    id: str
    text: str
    place: int
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step left.

    Attributes:
        name: Of the step.
        left: How many prompts.
        out: How many it left out, by the reason.
    """

    name: str
    left: int
    out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Prompts, and how they came about.

    Attributes:
        prompts: In the traffic's order.
        records: Of the traffic.
        steps: In their order.
        masked: How many personal data and secrets were masked, by kind.
        languages: How many prompts of each, before others are left out; empty where not told.
        data: Name and digest of every file that was read.
    """

    prompts: tuple[Prompt, ...]
    records: int
    steps: tuple[Step, ...]
    masked: Mapping[Secret, int]
    languages: Mapping[str, int]
    data: tuple[tuple[str, str], ...]


def gather(recipe: BenchRecipe, room: Workroom) -> Gathered:
    """The prompts of a recipe's traffic that may enter its bench.

    Secrets are masked first of all: nothing that is masked is compared, journaled or shown to
    anybody.

    Raises:
        InputError: When a file cannot be read, or no prompt is left.
        Broken: When a library or the journal cannot be used.
    """
    reader = TrafficReader(recipe.traffic, room.base)
    read = _Read(recipe.cleaning)
    for record in reader.records():
        read.take(record.text, record.lacks, record.place)
    steps = [read.step()]
    prompts = read.prompts
    near = repeated([prompt.text for prompt in prompts], recipe.near_duplicates)
    prompts = _kept(
        steps, "near-duplicates", prompts, [NEARLY_TWICE if n is not None else "" for n in near]
    )
    found = leaks(
        [prompt.text for prompt in prompts],
        recipe.exclude,
        recipe.near_duplicates,
        base=room.base,
        state=room.state,
        progress=room.progress,
    )
    prompts = _kept(steps, "contamination", prompts, found.reasons)
    if not prompts:
        raise nothing_left(steps)
    return Gathered(
        prompts=tuple(prompts),
        records=read.records,
        steps=tuple(steps),
        masked=dict(read.masked),
        languages=dict(read.languages.most_common()),
        data=(*reader.digests.items(), *found.data),
    )


def nothing_left(steps: Sequence[Step]) -> InputError:
    """The error of steps that leave no prompt."""
    return InputError(
        "cannot build a bench: no prompt is left",
        why=_told(steps),
        fix="give more or other traffic, or loosen the step that leaves too much out",
    )


def demand_enough(gathered: Gathered, topic_at_least: int) -> None:
    """Returns when there are prompts for two topics, before anybody is asked about them.

    Raises:
        InputError: When there are fewer.
    """
    fewest = 2 * topic_at_least
    if len(gathered.prompts) < fewest:
        raise InputError(
            "cannot build a bench out of so few prompts",
            why=f"two topics of {topic_at_least} take {fewest:,}; {_told(gathered.steps)}",
            fix="give more or other traffic, or lower `clustering.topic_at_least`",
        )


def _told(steps: Sequence[Step]) -> str:
    return "; ".join(
        f"{step.name} left {step.left:,}"
        + (f" ({', '.join(f'{n:,} {why}' for why, n in step.out.items())})" if step.out else "")
        for step in steps
    )


class _Read:
    """Takes records one by one; memory grows with the prompts that are kept."""

    def __init__(self, rules: Cleaning) -> None:
        self.prompts: list[Prompt] = []
        self.records = 0
        self.masked: Counter[Secret] = Counter()
        self.languages: Counter[str] = Counter()
        self._rules = rules
        self._out: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._tell: Callable[[str], str] | None = language_teller() if rules.languages else None

    def take(self, text: str, lacks: str, place: int) -> None:
        self.records += 1
        reason = lacks or fault(text, self._rules) or self._keep(text, place)
        if reason:
            self._out[reason] += 1

    def step(self) -> Step:
        return Step(name="cleaning", left=len(self.prompts), out=dict(self._out.most_common()))

    def _keep(self, text: str, place: int) -> str:
        hidden = mask(cleaned(text), self._rules.mask)
        if hidden.found and len(hidden.beside) < self._rules.characters_at_least:
            return MASKED
        name = sha256_of_bytes(hidden.text.encode())[:16]
        if name in self._seen:
            return TWICE
        self._seen.add(name)
        language = self._tell(hidden.text) if self._tell else ""
        if self._tell:
            self.languages[language] += 1
            if language not in self._rules.languages:
                return OTHER_LANGUAGE
        self.masked.update(hidden.found)
        self.prompts.append(Prompt(id=name, text=hidden.text, place=place, language=language))
        return ""


def _kept(
    steps: list[Step], name: str, prompts: "list[Prompt]", reasons: "list[str] | tuple[str, ...]"
) -> list[Prompt]:
    kept = [prompt for prompt, reason in zip(prompts, reasons, strict=True) if not reason]
    out = Counter(reason for reason in reasons if reason)
    steps.append(Step(name=name, left=len(kept), out=dict(out.most_common())))
    return kept
