"""A batch: the pairs that people are to compare, drawn once and never changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import chain

from policies.canonical import Json, sha256_of
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

RULE = "rule"
"""Who judged the pairs that nobody was shown, in votes and in the gate's own files of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a batch is run with people.

    Attributes:
        lease_minutes: How long a pair is kept for the person who was given it.
        floor_seconds: Votes in less time are flagged, and count all the same.
        qualification: Gold pairs that everybody is given first; 0 for none.
        qualified_at: Share of these, 0 to 1, that must be read rightly.
        gold_least: Gold votes before a person's gold accuracy says anything.
        warn_below: The lead is warned once gold shows, beyond chance, that a person's accuracy is
            below this (`gold_alarm`).
        pause_below: A person is paused once gold shows the same of this.
    """

    lease_minutes: int = 30
    floor_seconds: float = 3.0
    qualification: int = 0
    qualified_at: float = 0.7
    gold_least: int = 5
    warn_below: float = 0.7
    pause_below: float = 0.5

    def __post_init__(self) -> None:
        _as_floats(self, "floor_seconds", "qualified_at", "warn_below", "pause_below")
        shares = (self.qualified_at, self.warn_below, self.pause_below)
        if not all(0 <= share <= 1 for share in shares) or self.pause_below > self.warn_below:
            raise ValueError("shares lie between 0 and 1, and a warning comes before a pause")
        if self.lease_minutes < 1 or self.gold_least < 1:
            raise ValueError("a lease lasts a minute or more, and gold says something from one on")
        if self.qualification < 0 or not 0 <= self.floor_seconds < float("inf"):
            raise ValueError("a number of pairs and a time are 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a batch is made by.

    Attributes:
        name: Its name; unique where its votes are kept.
        policy: Name of the policy whose plan asks for it.
        candidates: Names of the candidates, as the pairs know them.
        baseline: Name of what they are compared with.
        prompts: How many prompts are drawn.
        overlap: How many people vote on each pair.
        seed: Decides which prompts are drawn, who sees what in which order and on which side.
        gold_share: Share of a person's tasks that are gold, 0 to below 1.
        guidelines: What annotators are told, Markdown; may be published anew later.
        rules: How it is run.
    """

    name: str
    policy: str
    candidates: tuple[str, ...]
    baseline: str
    prompts: int
    overlap: int
    seed: int
    gold_share: float = 0.0
    guidelines: str = ""
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        _as_floats(self, "gold_share")
        if not self.name or not self.candidates:
            raise ValueError("a batch has a name and a candidate")
        if len({*self.candidates, self.baseline}) <= len(self.candidates):
            raise ValueError("every candidate is compared once, and not with itself")
        if self.prompts < 1 or self.overlap < 1 or self.seed < 0:
            raise ValueError("a batch has a prompt, a vote on each, and a seed of 0 or more")
        if not 0 <= self.gold_share < 1:
            raise ValueError(f"a share of gold is 0 to below 1, not {self.gold_share}")


@dataclass(frozen=True, slots=True)
class Settled:
    """A pair that nobody is shown, and what it is worth by the rule."""

    pair: Pair
    preference: Preference


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pairs to be compared by people; valid from birth.

    Attributes:
        terms: What it was made by.
        pairs: Pairs to be shown, in the order drawn; a is a candidate, b the baseline.
        gold: Pairs with a known answer, to be mixed in.
        settled: Pairs that the rule decides (identical or empty answers, and those written to win),
            in the order drawn.
    """

    terms: Terms
    pairs: tuple[Pair, ...]
    gold: tuple[Pair, ...] = ()
    settled: tuple[Settled, ...] = ()

    def __post_init__(self) -> None:
        drawn = [*self.pairs, *(known.pair for known in self.settled)]
        if any(
            pair.model_a not in self.terms.candidates or pair.model_b != self.terms.baseline
            for pair in drawn
        ):
            raise ValueError("a pair compares a candidate, as a, with the baseline")
        if any(pair.gold is not None for pair in drawn) or any(p.gold is None for p in self.gold):
            raise ValueError("gold pairs, and they alone, have a known answer")
        if len({pair.id for pair in chain(drawn, self.gold)}) < len(drawn) + len(self.gold):
            raise ValueError("a pair stands twice")
        if len(self.gold) < self.terms.rules.qualification:
            raise ValueError("a qualification round needs as many gold pairs")

    @property
    def name(self) -> str:
        """Its name."""
        return self.terms.name

    @property
    def votes_needed(self) -> int:
        """Votes that it takes, gold excluded."""
        return len(self.pairs) * self.terms.overlap

    @property
    def lost(self) -> tuple[Pair, ...]:
        """Pairs among those settled whose answer a is there, and was written to win."""
        return tuple(
            known.pair
            for known in self.settled
            if known.preference is Preference.B_MUCH_BETTER and known.pair.answer_a.strip()
        )

    @cached_property
    def shown(self) -> Mapping[str, Pair]:
        """Every pair that may be shown, gold included, by id."""
        return {pair.id: pair for pair in chain(self.pairs, self.gold)}

    @cached_property
    def json(self) -> Json:
        """All of it, as JSON."""
        return {
            "terms": asdict(self.terms),
            "pairs": [_pair_json(pair) for pair in self.pairs],
            "gold": [_pair_json(pair) for pair in self.gold],
            "settled": [
                {"pair": _pair_json(known.pair), "preference": known.preference.value}
                for known in self.settled
            ],
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all of it, as 64 hexadecimal digits."""
        return sha256_of(self.json)


def settled_votes(batch: Batch) -> tuple[Vote, ...]:
    """What the rule says of the pairs that nobody is shown: one vote each, in the order drawn."""
    return tuple(
        _settled_vote(known, where=f"batch {batch.name}, settled pair {number}")
        for number, known in enumerate(batch.settled, start=1)
    )


def _as_floats(made: Rules | Terms, *names: str) -> None:
    """Makes 0, 0.0 and -0.0 one value: equal terms have equal digests."""
    for name in names:
        object.__setattr__(made, name, float(getattr(made, name)) + 0.0)


def _settled_vote(known: Settled, *, where: str) -> Vote:
    pair, worth = known.pair, known.preference.worth
    return Vote(
        prompt=pair.prompt,
        annotator=RULE,
        model_a=pair.model_a,
        model_b=pair.model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=pair.model_a,
        where=where,
        answer_a=pair.answer_a,
        answer_b=pair.answer_b,
        ruled=True,
        record={"pair": pair.id},
    )


def _pair_json(pair: Pair) -> Json:
    return {
        "prompt": pair.prompt,
        "messages": [dict(message) for message in pair.messages],
        "topic": pair.topic,
        "harms": list(pair.harms),
        "model_a": pair.model_a,
        "model_b": pair.model_b,
        "answer_a": pair.answer_a,
        "answer_b": pair.answer_b,
        "gold": pair.gold.value if pair.gold else None,
    }
