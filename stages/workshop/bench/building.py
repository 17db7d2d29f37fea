"""A bench out of traffic: every step after the other, frozen whole at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.canonical import sha256_of
from policies.errors import Broken, InputError
from stages.engine.assessed import BENCH
from stages.engine.digests import sha256_of_file
from stages.engine.product import Product, open_product
from stages.engine.threads import Failed
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost
from stages.stats.krippendorff import Distance, krippendorff_alpha
from stages.stats.shares import wilson
from stages.workshop.bench.clustering import NO_TOPIC, Clustered, Topics, clustered
from stages.workshop.bench.criteria import CRITERIA, Graded, Met, graded
from stages.workshop.bench.drift import LEVEL, Drift, Month, drift
from stages.workshop.bench.embedding import embedded
from stages.workshop.bench.gathering import (
    Gathered,
    Prompt,
    Step,
    demand_enough,
    gather,
    nothing_left,
)
from stages.workshop.bench.naming import TopicName, named
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.bench.selecting import Selected, selected
from stages.workshop.bench.snapshot import Snapshot, snapshot
from stages.workshop.bench.topic_map import Topic
from stages.workshop.bench.vectors import Vectors
from stages.workshop.workroom import Workroom

KIND = BENCH
"""Kind of the product."""

NO_VECTOR, OUTSIDE, NO_GRADE = "no vector", "in no topic", "no readable grade"
"""Why a prompt is left out."""

_EMBEDDINGS = "embeddings"
"""What vectors are from, among what a bench was made from."""

_UNGRADED_AT_MOST = 0.2
"""Share of prompts without a grade from which on whoever grades cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A prompt of the bench.

    Attributes:
        prompt: The prompt.
        topic: Number of its topic.
        met: The criteria that it meets.
    """

    prompt: Prompt
    topic: int
    met: Met


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A bench, before it is frozen, and all that is told of it.

    Attributes:
        entries: The bench.
        steps: What every step left.
        gathered: The prompts that could enter it.
        method: How topics were found.
        topics: Every topic.
        places: Of each prompt with a vector on the map; shape (n, 2).
        numbers: Topic of each such prompt.
        chosen: Numbers of those in the bench.
        left_out: Why each other prompt is not in it, by id.
        criteria: Share of all graded prompts that meet each.
        graders: How far those who graded agree on scores; None with one of them.
        month: The traffic, for a later month.
        drift: Against an old bench; None without one.
        made_from: Digests of all that was read and of who was asked.
        cost: Of everybody who was asked.
    """

    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]
    gathered: Gathered
    method: str
    topics: tuple[Topic, ...]
    places: NDArray[np.float32]
    numbers: Topics
    chosen: tuple[int, ...]
    left_out: Mapping[str, str]
    criteria: Mapping[str, Estimate | Unmeasured]
    graders: Estimate | Unmeasured | None
    month: Snapshot
    drift: Drift | None
    made_from: Mapping[str, str]
    cost: Cost


def build(recipe: BenchRecipe, room: Workroom, *, after: Product | None = None) -> Built:
    """A bench out of traffic.

    Whatever is asked is journaled: a run that ends in the middle goes on by the same command.

    Args:
        recipe: How.
        room: Whom to ask, and where that is journaled.
        after: An old bench that overlap and drift are told of.

    Raises:
        InputError: When the traffic cannot be used or is too little, a bench of other traffic
            stands in the folder, or nothing passes.
        OutOfBudget: When the recipe's budget does not pay for a step.
        Broken: When somebody who is asked does not work, or cannot be read.
    """
    gathered = gather(recipe, room)
    demand_enough(gathered, recipe.clustering.topic_at_least)
    read = _read(gathered, recipe, room, after)
    _demand_same(read, room)
    placed = _placed(gathered, recipe, room)
    rated = _rated(placed, recipe, room)
    picked = _picked(rated.entries, recipe)
    steps = (
        *gathered.steps,
        *placed.steps,
        *rated.steps,
        _step("selection", picked.chosen, picked.reasons.values()),
    )
    if not picked.chosen:
        raise nothing_left(steps)
    month = snapshot(
        placed.vectors,
        placed.groups.topics,
        [each.name for each in placed.names],
        model=placed.model,
        seed=recipe.seed,
    )
    bench = tuple(rated.entries[n] for n in picked.chosen)
    reasons = {rated.entries[n].prompt.id: why for n, why in picked.reasons.items()}
    return Built(
        entries=bench,
        steps=steps,
        gathered=gathered,
        method=placed.groups.method,
        topics=_told(placed, picked, bench),
        places=placed.groups.map,
        numbers=placed.groups.topics,
        chosen=tuple(rated.numbers[n] for n in picked.chosen),
        left_out={**placed.left_out, **rated.left_out, **reasons},
        criteria=_shares(rated.entries),
        graders=rated.graders,
        month=month,
        drift=None if after is None else _drift(bench, month, placed.vectors, after, recipe),
        made_from={_EMBEDDINGS: placed.model, **read},
        cost=room.purse.spent(),
    )


def demand_room(recipe: BenchRecipe, room: Workroom) -> None:
    """Returns when the bench may be frozen where it is to stand, before anything is paid for.

    Raises:
        InputError: When what stands there was not made by this recipe.
    """
    if room.folder.exists() and open_product(room.folder, kind=KIND).recipe != recipe.sha256:
        raise InputError(
            f"cannot freeze a bench in {room.folder}",
            why="one of another recipe stands there, and what is frozen never changes",
            fix="name another folder with --to, or move the old one away",
        )


def _demand_same(read: Mapping[str, str], room: Workroom) -> None:
    """Returns when what stands in the folder was made from the same, before anybody is asked."""
    if not room.folder.exists():
        return
    stood = open_product(room.folder, kind=KIND).made_from
    known = {_EMBEDDINGS: stood.get(_EMBEDDINGS), **read}  # a model tells its own with an answer
    other = sorted(name for name in {*known, *stood} if known.get(name) != stood.get(name))
    if other:
        raise InputError(
            f"cannot freeze a bench in {room.folder}",
            why=f"the one that stands there was made from other inputs ({', '.join(other[:3])}), "
            "and what is frozen never changes",
            fix="name another folder with --to, or move the old one away",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """Prompts with a vector, in topics that have names."""

    prompts: tuple[Prompt, ...]
    vectors: Vectors
    model: str
    groups: Clustered
    names: tuple[TopicName, ...]
    left_out: Mapping[str, str]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rated:
    """Prompts with a topic and a score, and their numbers among those with a vector."""

    entries: tuple[Entry, ...]
    numbers: tuple[int, ...]
    graders: Estimate | Unmeasured | None
    left_out: Mapping[str, str]
    steps: tuple[Step, ...]


def _placed(gathered: Gathered, recipe: BenchRecipe, room: Workroom) -> _Placed:
    found = embedded(
        [prompt.text for prompt in gathered.prompts],
        [prompt.place for prompt in gathered.prompts],
        recipe.embeddings,
        room,
        records=gathered.records,
    )
    sound = [n for n in range(len(gathered.prompts)) if n not in found.lacking]
    prompts, vectors = tuple(gathered.prompts[n] for n in sound), found.vectors[sound]
    groups = clustered(vectors, recipe.clustering, seed=recipe.seed)
    names = named([p.text for p in prompts], groups.topics, vectors, recipe.naming, room)
    no_vector = {gathered.prompts[n].id: NO_VECTOR for n in found.lacking}
    outside = {
        prompt.id: OUTSIDE
        for prompt, topic in zip(prompts, groups.topics, strict=True)
        if topic == NO_TOPIC
    }
    return _Placed(
        prompts=prompts,
        vectors=vectors,
        model=found.model,
        groups=groups,
        names=names,
        left_out={**no_vector, **outside},
        steps=(
            _step("embedding", prompts, no_vector.values()),
            _step("topics", range(len(prompts) - len(outside)), outside.values()),
        ),
    )


def _rated(placed: _Placed, recipe: BenchRecipe, room: Workroom) -> _Rated:
    topics = placed.groups.topics
    inside = [n for n, topic in enumerate(topics) if topic != NO_TOPIC]
    grades = _grades([placed.prompts[n] for n in inside], recipe, room)
    entries = {
        n: Entry(prompt=placed.prompts[n], topic=int(topics[n]), met=met)
        for n, met in zip(inside, grades.met, strict=True)
        if isinstance(met, Met)
    }
    left_out = {placed.prompts[n].id: NO_GRADE for n in inside if n not in entries}
    return _Rated(
        entries=tuple(entries.values()),
        numbers=tuple(entries),
        graders=_agreement(grades, recipe.seed),
        left_out=left_out,
        steps=(_step("grading", entries, left_out.values()),),
    )


def _step(name: str, left: Sized, out: Iterable[str]) -> Step:
    return Step(name=name, left=len(left), out=dict(Counter(out).most_common()))


def _grades(prompts: Sequence[Prompt], recipe: BenchRecipe, room: Workroom) -> Graded:
    """The criteria of every prompt; a bench never rests on a server that was down."""
    found = graded({p.id: p.text for p in prompts}, recipe.grading.models, room)
    failed = [met for met in found.met if isinstance(met, Failed)]
    down = next((each for each in failed if each.unreached), None)
    if down is None and len(failed) <= _UNGRADED_AT_MOST * len(prompts):
        return found
    raise Broken(
        "cannot grade the prompts",
        why=f"{len(failed):,} of {len(prompts):,} have no grade: {(down or failed[0]).reason}",
        fix="mend the endpoint, or name another model in `grading.models`; then run the same "
        "command again: what was answered is journaled",
    )


def _picked(candidates: Sequence[Entry], recipe: BenchRecipe) -> Selected:
    return selected(
        [entry.met.score for entry in candidates],
        [entry.topic for entry in candidates],
        passes=recipe.passes,
        drawn=recipe.drawn,
        seed=recipe.seed,
    )


def _told(placed: _Placed, picked: Selected, bench: Sequence[Entry]) -> tuple[Topic, ...]:
    topics = placed.groups.topics
    sizes = np.bincount(topics[topics != NO_TOPIC], minlength=len(placed.names))
    chosen = Counter(entry.topic for entry in bench)
    return tuple(
        Topic(
            number=number,
            name=each.name,
            by=each.by,
            prompts=int(sizes[number]),
            score=picked.means.get(number),
            passed=number in picked.passed,
            chosen=chosen[number],
        )
        for number, each in enumerate(placed.names)
    )


def _shares(candidates: Sequence[Entry]) -> Mapping[str, Estimate | Unmeasured]:
    return {
        name: wilson(
            sum(entry.met.criteria[name] for entry in candidates), len(candidates), level=LEVEL
        )
        for name in CRITERIA
    }


def _agreement(grades: Graded, seed: int) -> Estimate | Unmeasured | None:
    if len(grades.of_each) == 1:
        return None
    said = [
        (float(met.score), number)
        for column in grades.of_each.values()
        for number, met in enumerate(column)
        if isinstance(met, Met)
    ]
    return krippendorff_alpha(
        [score for score, _ in said],
        [number for _, number in said],
        distance=Distance.INTERVAL,
        level=LEVEL,
        random=np.random.default_rng(seed),
    )


def _drift(
    bench: Sequence[Entry], month: Snapshot, vectors: Vectors, after: Product, recipe: BenchRecipe
) -> Drift:
    texts = [entry.prompt.text for entry in bench]
    new = Month(bench=texts, traffic=month, vectors=vectors)
    return drift(new, after, recipe.near_duplicates, seed=recipe.seed)


def _read(
    gathered: Gathered, recipe: BenchRecipe, room: Workroom, after: Product | None
) -> Mapping[str, str]:
    """Digests of all that was read and of who is asked."""
    given = recipe.embeddings.vectors
    return {
        **{f"data {name}": digest for name, digest in gathered.data},
        **{
            f"model {name}": sha256_of(dict(room.hand(name).client.identity))
            for name in recipe.models
        },
        **({_EMBEDDINGS: sha256_of_file(room.base / given)} if given else {}),
        **({} if after is None else {"old bench": after.sha256}),
    }
