"""A bench frozen: items, datasheet, topics, map, and what a later month needs."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from policies.canonical import Json, canonical_json
from stages.engine.bench_mark import FIELD, mark_of
from stages.engine.product import Product, freeze
from stages.evidence.codec import cost_json, measured_json
from stages.evidence.estimate import Unmeasured
from stages.workshop.bench.building import KIND, Built
from stages.workshop.bench.drift import ITEMS, Drift
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.bench.snapshot import write_snapshot
from stages.workshop.bench.topic_map import Topic, map_png, page

DATASHEET, TOPICS, MAP, LEFT_OUT = (
    "datasheet.json",
    "topics.html",
    "topic_map.png",
    "left_out.jsonl",
)
"""Files of a bench, beside the items."""


def freeze_bench(built: Built, recipe: BenchRecipe, folder: Path) -> Product:
    """Freezes a bench: afterwards it stands whole in its folder, before not at all.

    Raises:
        InputError: When another product stands there.
    """
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)  # what a killed run left
    making.mkdir(parents=True)
    (making / ITEMS).write_text("".join(_items(built, recipe)), encoding="utf-8")
    (making / LEFT_OUT).write_text("".join(_left_out(built)), encoding="utf-8")
    (making / DATASHEET).write_text(
        canonical_json(datasheet(built, recipe)) + "\n", encoding="utf-8"
    )
    picture = map_png(built.places, built.numbers, built.chosen, built.topics)
    (making / MAP).write_bytes(picture)
    title = f"Topics of {recipe.recipe}"
    (making / TOPICS).write_text(page(title, built.topics, picture), encoding="utf-8")
    write_snapshot(built.month, making)
    return freeze(
        making,
        folder,
        kind=KIND,
        recipe=recipe.sha256,
        made_from=built.made_from,
        facts={"items": len(built.entries), "cost": cost_json(built.cost)},
    )


def datasheet(built: Built, recipe: BenchRecipe) -> Mapping[str, Json]:
    """Where a bench comes from, what every step left out and why, and what it is made of."""
    return {
        "schema": "gate.bench-datasheet/1",
        "recipe": recipe.said(),
        "source": recipe.traffic.source,
        "licence": recipe.traffic.licence,
        "data": [{"name": name, "sha256": digest} for name, digest in built.gathered.data],
        "records": built.gathered.records,
        "steps": [
            {"step": step.name, "left": step.left, "left_out": dict(step.out)}
            for step in built.steps
        ],
        "masked": {kind.value: n for kind, n in sorted(built.gathered.masked.items())},
        "languages": dict(built.gathered.languages),
        "topics_by": built.method,
        "topics": [topic_json(topic) for topic in built.topics],
        "criteria": {name: measured_json(share) for name, share in built.criteria.items()},
        "graders_alpha": None if built.graders is None else measured_json(built.graders),
        "items": len(built.entries),
        "drift": None if built.drift is None else drift_json(built.drift),
    }


def topic_json(topic: Topic) -> Mapping[str, Json]:
    """A topic as JSON."""
    return {
        "topic": topic.number,
        "name": topic.name,
        "named_by": topic.by,
        "prompts": topic.prompts,
        "score": topic.score,
        "passed": topic.passed,
        "items": topic.chosen,
    }


def drift_json(drift: Drift) -> Mapping[str, Json]:
    """What has changed since an old bench, as JSON."""
    shares: Json
    if isinstance(drift.shares, Unmeasured):
        shares = {"unmeasured": drift.shares.reason}
    else:
        shares = {
            "chi_square": drift.shares.statistic,
            "freedom": drift.shares.freedom,
            "p": drift.shares.p,
            "pooled": drift.shares.pooled,
        }
    moved = drift.vectors
    return {
        "old_bench": drift.old,
        "exact_overlap": measured_json(drift.exact),
        "near_overlap": measured_json(drift.near),
        "topic_shares": shares,
        "topics": [
            {"name": each.name, "before": each.before, "change": measured_json(each.change)}
            for each in drift.topics
        ],
        "embedding": measured_json(moved if isinstance(moved, Unmeasured) else moved.distance),
        "embedding_p": None if isinstance(moved, Unmeasured) else moved.p,
    }


def _items(built: Built, recipe: BenchRecipe) -> list[str]:
    names = {topic.number: topic.name for topic in built.topics}
    rows: list[Mapping[str, Json]] = [
        {
            "id": entry.prompt.id,
            "prompt": entry.prompt.text,
            FIELD: mark_of(recipe.recipe),
            "topic": entry.topic,
            "topic_name": names[entry.topic],
            "score": entry.met.score,
            "criteria": [name for name, met in entry.met.criteria.items() if met],
            **({"language": entry.prompt.language} if entry.prompt.language else {}),
        }
        for entry in built.entries
    ]
    return [canonical_json(row) + "\n" for row in rows]


def _left_out(built: Built) -> list[str]:
    return [canonical_json({"id": i, "why": w}) + "\n" for i, w in sorted(built.left_out.items())]
