import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import Json, canonical_json
from policies.errors import InputError
from stages.side_by_side.batch import Rules
from stages.side_by_side.batch_codec import decode_batch, encode_batch
from tests.fakes.batches import batch, pair

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(answer=TEXTS, harm=TEXTS, share=st.floats(0.001, 0.9), floor=st.floats(0, 1e6))
def test_what_was_written_is_read_back(answer: str, harm: str, share: float, floor: float) -> None:
    pairs = [pair(0, answer_a=answer), pair(1, answer_a=""), pair(2, harms=(harm,), topic=harm)]
    rules = Rules(floor_seconds=floor, qualification=1)
    made = batch(3, gold=2, gold_share=share, rules=rules, pairs=pairs)

    again = decode_batch(encode_batch(made), where="f")

    assert again == made
    assert again.digest == made.digest


def test_equal_rules_are_written_alike() -> None:
    whole = {"floor_seconds": 0, "qualified_at": 1, "warn_below": 1, "pause_below": 0}
    halves = {"floor_seconds": -0.0, "qualified_at": 1.0, "warn_below": 1.0, "pause_below": -0.0}
    made = batch(gold_share=0, rules=Rules(**whole))
    same = batch(gold_share=-0.0, rules=Rules(**halves))

    assert made == same
    assert made.digest == same.digest
    assert decode_batch(encode_batch(made), where="f") == made


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode_batch(data, where="f")
    return caught.value.why


def test_a_batch_of_another_schema_is_refused() -> None:
    data = encode_batch(batch()).replace(b"gate.batch/1", b"gate.batch/2")

    assert "must be `gate.batch/1`" in refused(data)


def test_only_what_the_writer_writes_is_read() -> None:
    data = encode_batch(batch())
    whole = json.loads(data)

    assert "canonical" in refused(data.replace(b'","', b'", "', 1))
    assert "canonical" in refused(data + b"\n")
    for key in ("terms", "pairs", "gold", "settled"):
        rest = {name: value for name, value in whole["batch"].items() if name != key}
        assert f"lacks `{key}`" in refused(line({**whole, "batch": rest}))


@pytest.mark.parametrize(
    ("field", "value"), [("overlap", 0), ("seed", "1"), ("gold_share", True), ("candidates", "new")]
)
def test_a_wrong_term_is_named(field: str, value: Json) -> None:
    whole = json.loads(encode_batch(batch()))
    whole["batch"]["terms"][field] = value

    assert "batch.terms" in refused(line(whole))


def test_a_wrong_message_is_named() -> None:
    whole = json.loads(encode_batch(batch()))
    whole["batch"]["pairs"][2]["messages"] = ["hello"]

    assert "batch.pairs[2].messages[0]" in refused(line(whole))


def line(value: Json) -> bytes:
    return f"{canonical_json(value)}\n".encode()
