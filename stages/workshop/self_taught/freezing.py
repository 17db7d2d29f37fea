"""What the loop leaves behind, frozen: pairs, what each judge learned from, and the judges."""

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from policies.canonical import Json, canonical_json
from stages.engine.product import Product, freeze
from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.contrasting import Contrasted
from stages.workshop.self_taught.judging import Judge, Judgement
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.self_taught.rows import preference_rows, right_rows
from stages.workshop.self_taught.testing import Sat
from stages.workshop.training.data import write_preferred, write_taught
from stages.workshop.training.trainer import Trained
from stages.workshop.workroom import Workroom

PAIRS, DATA, JUDGE = "judge_pairs", "judge_data", "judge"
"""Kinds of products."""


def frozen_pairs(
    pairs: Contrasted,
    aside: Collection[str],
    recipe: SelfTaught,
    workroom: Workroom,
    *,
    instructions: str,
) -> Product:
    """All pairs, in `pairs.jsonl`: those that are learned from, and those that were set aside.

    Args:
        pairs: What was made.
        aside: Ids of those that nobody learns from.
        recipe: What they were made by.
        workroom: Where they are to stand.
        instructions: Digest of what they were made from.
    """
    lines: list[Json] = [
        {
            "id": contest.id,
            "messages": list(contest.messages),
            "chosen": contest.answer_a,
            "rejected": contest.answer_b,
            "modified": pairs.modified[contest.id],
            "held_out": contest.id in aside,
        }
        for contest in pairs.contests
    ]
    making = _begun(workroom, "pairs")
    _write_lines(making / "pairs.jsonl", lines)
    return freeze(
        making,
        workroom.folder / "pairs",
        kind=PAIRS,
        recipe=recipe.sha256,
        made_from={"instructions": instructions},
        facts={"pairs": len(lines), "held_out": len(aside)},
    )


def frozen_data(
    lessons: Lessons,
    judgements: Sequence[Judgement],
    iteration: int,
    recipe: SelfTaught,
    workroom: Workroom,
    *,
    pairs: Product,
) -> Product:
    """What an iteration learns from: `sft.jsonl`, `dpo.jsonl`, and all `judgements.jsonl`.

    Args:
        lessons: What was chosen.
        judgements: From what.
        iteration: From 1.
        recipe: What says how.
        workroom: Where it is to stand.
        pairs: What was judged.
    """
    making = _begun(workroom, f"data-{iteration}")
    write_taught(making / "sft.jsonl", right_rows(lessons))
    write_preferred(making / "dpo.jsonl", preference_rows(lessons))
    _write_lines(making / "judgements.jsonl", map(_judgement_json, judgements))
    return freeze(
        making,
        workroom.folder / f"data-{iteration}",
        kind=DATA,
        recipe=recipe.sha256,
        made_from={"pairs": pairs.sha256},
        facts={"sft": len(lessons.right), "dpo": len(lessons.preferences)},
    )


def frozen_judge(  # noqa: PLR0913 - what is frozen, and of what it is
    judge: Judge,
    trained: Trained,
    sat: Mapping[str, Sat],
    iteration: int,
    recipe: SelfTaught,
    workroom: Workroom,
    *,
    data: Product,
) -> Product:
    """A judge: `judge.json` says which model, asked in which words, and `tests/` what it said.

    Args:
        judge: As it is asked.
        trained: Its model, which stands beside it or behind an endpoint.
        sat: Its tests.
        iteration: From 1.
        recipe: What says how.
        workroom: Where it is to stand.
        data: What it learned from.
    """
    making = _begun(workroom, f"judge-{iteration}")
    folder = trained.folder
    said: Json = {
        "schema": "gate.judge/1",
        "recipe": recipe.recipe,
        "iteration": iteration,
        "brief": recipe.judging.brief.value,
        "rubric": recipe.judging.rubric.value,
        "brief_sha256": judge.briefing.digest,
        "model": {
            "folder": None if folder is None else folder.relative_to(workroom.folder).as_posix(),
            "name": trained.model,
            "sha256": trained.sha256,
        },
    }
    (making / "judge.json").write_text(canonical_json(said) + "\n")
    (making / "tests").mkdir()
    for name, one in sat.items():
        _write_lines(making / "tests" / f"{name}.jsonl", map(_judgement_json, one.heard.judgements))
    return freeze(
        making,
        workroom.folder / f"judge-{iteration}",
        kind=JUDGE,
        recipe=recipe.sha256,
        made_from={
            "data": data.sha256,
            "model": trained.sha256,
            **{f"test_{name}": one.exam.sha256 for name, one in sat.items()},
        },
        facts={"steps": trained.steps, "loss": trained.loss, "seconds": trained.seconds},
    )


def _begun(workroom: Workroom, name: str) -> Path:
    """An empty folder beside where a product is to stand; what a killed run left is gone."""
    making = workroom.folder / f".{name}.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    return making


def _judgement_json(judgement: Judgement) -> Json:
    return {
        "pair": judgement.shown.contest,
        "a_first": judgement.shown.a_first,
        "sample": judgement.shown.repeat,
        "reply": judgement.reply,
        "prefers_a": judgement.prefers_a,
        "unread": judgement.unread,
    }


def _write_lines(path: Path, records: Iterable[Json]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(canonical_json(record) + "\n" for record in records)
