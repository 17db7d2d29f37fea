"""Evidence keeps its meaning and its digest through bytes, and nothing else is read."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import canonical_json
from policies.errors import InputError
from stages.evidence.codec import decode, encode, evidence_sha256, measured_json
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Cost,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)
from tests.stages.evidence.strategies import evidences

COMPAT = Path(__file__).parents[2] / "compat" / "evidence-1.json"

EVIDENCE = Evidence(
    stage=StageName.ONLINE,
    candidate="models:/assistant/12",
    baseline="models:/assistant/7",
    measurements=(
        Measurement(
            metric="online.resolved",
            quantity=Quantity.DIFFERENCE,
            measured=Estimate(
                value=0.0125,
                standard_error=0.004,
                low=0.0031,
                high=0.0219,
                level=0.95,
                n=20000,
                unit="share",
                method="Welch, repeated interval",
            ),
            validity=Validity.LOOK,
        ),
        Measurement(
            metric="online.cost",
            quantity=Quantity.DIFFERENCE,
            measured=Unmeasured("no event has a cost", Cause.BROKEN),
            validity=Validity.FIXED,
            planned=20000,
            p_worse=0.25,
        ),
    ),
    checks=(Check(name="sample_ratio", passed=None, sentence="moments cannot say — “no”"),),
    look=Look(
        number=2,
        planned=3,
        information=0.66,
        units=20000,
        run_days=9.5,
        minimum_days_reached=True,
        alpha_spent=0.007,
        conditional_power=0.81,
        final=False,
        primary="online.resolved",
    ),
    waits=(
        Wait(
            cause=Cause.WAITING,
            who="traffic",
            what="look 3 of 3",
            have=20000,
            need=30000,
            since="2026-01-05T00:00:00+00:00",
            expected="2026-01-19T00:00:00+00:00",
            command="gate run POLICY",
        ),
    ),
    cost=Cost(calls=3, prompt_tokens=100, completion_tokens=50, votes=0, usd=0.5),
    provenance=Provenance(
        candidate="c" * 64,
        baseline="b" * 64,
        plan="a" * 64,
        data=(("events", "e" * 64),),
        code="0.1.0",
        seeds=(("bootstrap", 7),),
        tools=(("duckdb", "2.0.0"),),
    ),
)


@given(evidences)
def test_what_is_written_is_read_back(evidence: Evidence) -> None:
    data = encode(evidence)
    assert decode(data, where="evidence.json") == evidence
    assert encode(decode(data, where="evidence.json")) == data
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1


@given(evidences, st.data())
def test_a_changed_byte_is_refused_or_is_other_evidence(
    evidence: Evidence, data: st.DataObject
) -> None:
    written = bytearray(encode(evidence))
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] ^= data.draw(st.integers(1, 255))
    try:
        read = decode(bytes(written), where="evidence.json")
    except InputError:
        return
    assert read != evidence
    assert evidence_sha256(read) != evidence_sha256(evidence)


def test_every_single_bit_of_a_whole_file_matters() -> None:
    written, digest = encode(EVIDENCE), evidence_sha256(EVIDENCE)
    for place in range(len(written)):
        changed = bytearray(written)
        changed[place] ^= 0x20
        try:
            read = decode(bytes(changed), where="evidence.json")
        except InputError:
            continue
        assert evidence_sha256(read) != digest


def test_equal_evidence_has_equal_bytes() -> None:
    wait = dataclasses.replace(EVIDENCE.waits[0], have=-0.0, need=30000)
    other = dataclasses.replace(wait, have=0, need=30000.0)
    one = dataclasses.replace(EVIDENCE, waits=(wait,))
    two = dataclasses.replace(EVIDENCE, waits=(other,))
    assert one == two
    assert encode(one) == encode(two)


def test_evidence_of_the_first_schema_is_read_for_ever() -> None:
    data = COMPAT.read_bytes()
    assert decode(data, where=COMPAT.name) == EVIDENCE
    assert encode(EVIDENCE) == data
    assert evidence_sha256(EVIDENCE) == (
        "0c3ce8e3211247948dc301b649a150d76f31daa469353ac39bdbaa274675728a"
    )


SHARED = dataclasses.replace(
    EVIDENCE.look, primaries=("online.resolved", "online.rating"), any_primary=True, hypotheses=4
)


def test_who_shares_alpha_is_written_only_where_it_is_shared() -> None:
    shared = dataclasses.replace(EVIDENCE, look=SHARED)
    written = json.loads(encode(shared))["look"]
    assert written["primaries"] == ["online.resolved", "online.rating"]
    assert written["any_primary"] is True
    assert written["hypotheses"] == 4
    assert decode(encode(shared), where="e.json") == shared
    assert "hypotheses" not in json.loads(encode(EVIDENCE))["look"]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("primaries", ["online.rating", "online.resolved"], "primaries are each named once"),
        ("primaries", ["online.resolved", "online.resolved"], "primaries are each named once"),
        ("hypotheses", 3, "3 hypotheses cannot be those of 2 primaries"),
        ("hypotheses", 0, "0 hypotheses"),
    ],
)
def test_sharing_that_cannot_be_is_refused(key: str, value: object, why: str) -> None:
    whole = json.loads(encode(dataclasses.replace(EVIDENCE, look=SHARED)))
    whole["look"][key] = value
    with pytest.raises(InputError, match=why):
        decode((canonical_json(whole) + "\n").encode(), where="e.json")


def test_a_measured_value_says_all_of_its_interval() -> None:
    assert measured_json(EVIDENCE.measurements[0].measured) == {
        "value": 0.0125,
        "standard_error": 0.004,
        "low": 0.0031,
        "high": 0.0219,
        "bounds": "two-sided",
        "level": 0.95,
        "n": 20000,
        "unit": "share",
        "method": "Welch, repeated interval",
    }


def test_an_unmeasured_value_says_reason_and_cause() -> None:
    assert measured_json(EVIDENCE.measurements[1].measured) == {
        "unmeasured": "no event has a cost",
        "cause": "broken",
    }


def _set(*path: str | int, to: object) -> Callable[[dict], None]:
    def change(whole: dict) -> None:
        for step in path[:-1]:
            whole = whole[step]
        whole[path[-1]] = to

    return change


def _drop(*path: str | int) -> Callable[[dict], None]:
    def change(whole: dict) -> None:
        for step in path[:-1]:
            whole = whole[step]
        del whole[path[-1]]

    return change


FIRST = ("measurements", 0, "measured")
BAD: dict[str, tuple[Callable[[dict], None], str]] = {
    "unknown key": (_set("note", to="x"), "has `note`"),
    "missing key": (_drop("cost"), "lacks `cost`"),
    "missing nested key": (_drop("cost", "votes"), "field `cost` lacks `votes`"),
    "unknown nested key": (_set("look", "extra", to=1), "field `look` has `extra`"),
    "other schema": (_set("schema", to="gate.evidence/2"), "gate.evidence/2"),
    "no schema": (_drop("schema"), "has schema None"),
    "unknown stage": (_set("stage", to="staging"), "field `stage` must be one of offline"),
    "stage is no text": (_set("stage", to=["online"]), "field `stage` must be one of offline"),
    "candidate is a number": (_set("candidate", to=12), "field `candidate` must be a text"),
    "measurements is no list": (_set("measurements", to={}), "`measurements` must be a list"),
    "measurement is no object": (_set("measurements", 0, to=1), "`measurements[0]` must be an obj"),
    "value is a text": (_set(*FIRST, "value", to="0.1"), "[0].measured.value` must be a number"),
    "value is true": (_set(*FIRST, "value", to=True), "[0].measured.value` must be a number"),
    "value is null": (_set(*FIRST, "value", to=None), "[0].measured.value` must be a number"),
    "absurd value": (_set(*FIRST, "value", to=1e300), "no number that could have been measured"),
    "absurd whole value": (_set(*FIRST, "value", to=10**400), "no number that could"),
    "low above high": (_set(*FIRST, "low", to=0.5), "low 0.5 is above high"),
    "no low": (_set(*FIRST, "low", to=None), "cannot be [None"),
    "level above one": (_set(*FIRST, "level", to=95.0), "level must lie between 0 and 1"),
    "no units": (_set(*FIRST, "n", to=0), "at least one unit"),
    "units as float": (_set(*FIRST, "n", to=20000.0), "must be a whole number"),
    "units are true": (_set(*FIRST, "n", to=True), "must be a whole number"),
    "too many units": (_set(*FIRST, "n", to=2**60), "must be a count"),
    "negative error": (_set(*FIRST, "standard_error", to=-0.1), "must not be negative"),
    "both measured and not": (_set(*FIRST, "unmeasured", to="x"), "lacks `cause`, has `bounds`"),
    "empty reason": (_set("measurements", 1, "measured", "unmeasured", to=""), "needs a reason"),
    "fixed without planned": (_set("measurements", 1, "planned", to=None), "says the planned n"),
    "p above one": (_set("measurements", 1, "p_worse", to=1.5), "p_worse must lie in [0, 1]"),
    "negative calls": (_set("cost", "calls", to=-1), "field `cost.calls` must be a count"),
    "negative cost": (_set("cost", "usd", to=-0.5), "field `cost.usd` must not be negative"),
    "check is a text": (_set("checks", 0, "passed", to="yes"), "must be true or false"),
    "check is a number": (_set("checks", 0, "passed", to=1), "must be true or false"),
    "spent too much": (_set("look", "alpha_spent", to=2.0), "must lie between 0 and 1, found 2"),
    "impossible power": (_set("look", "conditional_power", to=-0.1), "must lie between 0 and 1"),
    "digest without a name": (_set("provenance", "data", 0, to=["x"]), "must be a pair"),
    "seed is a float": (_set("provenance", "seeds", 0, 1, to=7.0), "must be a whole number"),
    "seed beyond 128 bits": (_set("provenance", "seeds", 0, 1, to=2**200), "larger than any seed"),
    "whole is a list": (lambda _: None, "has schema None"),
}


@pytest.mark.parametrize("name", BAD)
def test_evidence_that_was_not_written_here_is_refused(name: str) -> None:
    change, message = BAD[name]
    whole = json.loads(encode(EVIDENCE))
    change(whole)
    whole = [whole] if name == "whole is a list" else whole
    with pytest.raises(InputError) as caught:
        decode((canonical_json(whole) + "\n").encode(), where="evidence.json")
    assert message in caught.value.why
    assert caught.value.why.startswith("evidence.json: ")
    assert caught.value.fix


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff{}", "not UTF-8"),
        (encode(EVIDENCE)[:-20], "not valid JSON"),
        (encode(EVIDENCE).replace(b"0.0125", b"NaN"), "NaN"),
        (encode(EVIDENCE).replace(b"0.0125", b"1e999"), "too large"),
        (encode(EVIDENCE).replace(b'"stage":', b'"stage":"online","stage":'), "twice"),
        (encode(EVIDENCE).replace(b"0.0125", b"0.01250"), "canonical"),
        (encode(EVIDENCE).replace(b'"checks"', b' "checks"'), "canonical"),
        (encode(EVIDENCE).replace(b'"traffic"', b'"\\u0074raffic"'), "canonical"),
        (encode(EVIDENCE) + b"\n", "canonical"),
        (encode(EVIDENCE).rstrip(), "canonical"),
        (encode(EVIDENCE).replace(b'"traffic"', b'"\\ud800"'), "surrogate"),
        (b"[" * 100_000, "nested"),
        (encode(EVIDENCE).replace(b"0.0125", b"9" * 5000), "cannot be used"),
    ],
)
def test_bytes_in_another_form_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, where="evidence.json")
    assert message in str(caught.value)
    assert "evidence.json" in str(caught.value)


def test_half_a_character_cannot_be_written() -> None:
    broken = dataclasses.replace(EVIDENCE, candidate="\ud800")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode(broken)
