"""Batches as bytes: canonical JSON of schema `gate.batch/1`, read back strictly."""

from collections.abc import Mapping
from typing import cast

from policies.canonical import Json, canonical_json
from stages.evidence.fields import Field, read_json
from stages.side_by_side.batch import Batch, Rules, Settled, Terms
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference

SCHEMA = "gate.batch/1"


def encode_batch(batch: Batch) -> bytes:
    """Canonical JSON with a trailing newline; equal batches give equal bytes."""
    return f"{canonical_json({'schema': SCHEMA, 'batch': batch.json})}\n".encode()


def decode_batch(data: bytes, *, where: str) -> Batch:
    """The batch that `encode_batch` wrote.

    Args:
        data: The whole file.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and field, for anything that `encode_batch` would not have written.
    """
    whole = read_json(data, where=where).keyed("schema", "batch")
    if whole["schema"].text() != SCHEMA:
        raise whole["schema"].refused(f"must be `{SCHEMA}`")
    field = whole["batch"]
    keys = field.keyed("terms", "pairs", "gold", "settled")
    terms, pairs = _terms(keys["terms"]), keys["pairs"].each(_pair)
    gold, settled = keys["gold"].each(_pair), keys["settled"].each(_settled)
    batch = field.built(lambda: Batch(terms=terms, pairs=pairs, gold=gold, settled=settled))
    if encode_batch(batch) != data:
        raise field.refused("is not in canonical form, so its digest would not be the batch's")
    return batch


def _terms(field: Field) -> Terms:
    keys = field.keyed(*Terms.__slots__)
    candidates = keys["candidates"].each(Field.text)
    rules = _rules(keys["rules"])
    return field.built(
        lambda: Terms(
            name=keys["name"].text(),
            policy=keys["policy"].text(),
            candidates=candidates,
            baseline=keys["baseline"].text(),
            prompts=keys["prompts"].count(),
            overlap=keys["overlap"].count(),
            seed=keys["seed"].seed(),
            gold_share=keys["gold_share"].amount(),
            guidelines=keys["guidelines"].text(),
            rules=rules,
        )
    )


def _rules(field: Field) -> Rules:
    keys = field.keyed(*Rules.__slots__)
    return field.built(
        lambda: Rules(
            lease_minutes=keys["lease_minutes"].count(),
            floor_seconds=keys["floor_seconds"].amount(),
            qualification=keys["qualification"].count(),
            qualified_at=keys["qualified_at"].amount(),
            gold_least=keys["gold_least"].count(),
            warn_below=keys["warn_below"].amount(),
            pause_below=keys["pause_below"].amount(),
        )
    )


def _pair(field: Field) -> Pair:
    keys = field.keyed(*Pair.__slots__)
    return field.built(
        lambda: Pair(
            prompt=keys["prompt"].text(),
            messages=keys["messages"].each(_message),
            topic=keys["topic"].text(),
            harms=keys["harms"].each(Field.text),
            model_a=keys["model_a"].text(),
            model_b=keys["model_b"].text(),
            answer_a=keys["answer_a"].text(),
            answer_b=keys["answer_b"].text(),
            gold=keys["gold"].maybe(lambda known: known.one_of(Preference)),
        )
    )


def _settled(field: Field) -> Settled:
    keys = field.keyed("pair", "preference")
    return Settled(_pair(keys["pair"]), keys["preference"].one_of(Preference))


def _message(field: Field) -> Mapping[str, Json]:
    if not isinstance(field.value, dict):
        raise field.refused("must be an object")
    return cast("Mapping[str, Json]", field.value)
