"""Evidence as bytes: canonical JSON of schema `gate.evidence/1`, read back strictly.

The bytes depend on the evidence only, and only these bytes are read: whatever differs from them
by one bit is refused, or is other evidence with another digest.
"""

from typing import assert_never

from policies.canonical import Json, canonical_json, sha256_of_bytes
from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.fields import Field, read_json
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

SCHEMA = "gate.evidence/1"


def encode(evidence: Evidence) -> bytes:
    """Canonical JSON with a trailing newline; equal evidence gives equal bytes.

    Raises:
        ValueError: When a text holds a lone surrogate, which no UTF-8 can carry.
    """
    return (canonical_json(_evidence_json(evidence)) + "\n").encode()


def decode(data: bytes, *, where: str) -> Evidence:
    """The evidence that `encode` wrote.

    Args:
        data: The whole file.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and field, for anything that `encode` would not have written:
            unknown or missing keys, wrong kinds, NaN, duplicate keys, another schema version,
            counts below zero, or JSON that is not in canonical form.
    """
    whole = read_json(data, where=where)
    _check_schema(whole)
    evidence = _read_evidence(whole)
    if encode(evidence) != data:
        raise whole.refused("is not in canonical form, so its digest would not be the evidence's")
    return evidence


def evidence_sha256(evidence: Evidence) -> str:
    """SHA-256 of the encoded bytes, as 64 hexadecimal digits."""
    return sha256_of_bytes(encode(evidence))


def measured_json(measured: Estimate | Unmeasured) -> dict[str, Json]:
    """An estimate with its interval, or the reason and the cause of there being none."""
    match measured:
        case Unmeasured(reason, cause):
            return {"unmeasured": reason, "cause": cause.value}
        case Estimate():
            return {
                "value": _number(measured.value),
                "standard_error": _maybe_number(measured.standard_error),
                "low": _maybe_number(measured.low),
                "high": _maybe_number(measured.high),
                "bounds": measured.bounds.value,
                "level": _number(measured.level),
                "n": int(measured.n),
                "unit": measured.unit,
                "method": measured.method,
            }
        case _:
            assert_never(measured)


def read_measured(field: Field) -> Estimate | Unmeasured:
    """What `measured_json` wrote."""
    if field.has("unmeasured"):
        absent = field.keyed("unmeasured", "cause")
        return Unmeasured(absent["unmeasured"].text(), absent["cause"].one_of(Cause))
    f = field.keyed(
        "value", "standard_error", "low", "high", "bounds", "level", "n", "unit", "method"
    )
    return field.built(
        lambda: Estimate(
            value=f["value"].number(),
            standard_error=f["standard_error"].maybe(Field.amount),
            low=f["low"].maybe(Field.number),
            high=f["high"].maybe(Field.number),
            bounds=f["bounds"].one_of(Bounds),
            level=f["level"].number(),
            n=f["n"].count(),
            unit=f["unit"].text(),
            method=f["method"].text(),
        )
    )


def wait_json(wait: Wait) -> dict[str, Json]:
    """What is awaited, and whose move it is."""
    return {
        "cause": wait.cause.value,
        "who": wait.who,
        "what": wait.what,
        "have": _number(wait.have),
        "need": _maybe_number(wait.need),
        "since": wait.since,
        "expected": wait.expected,
        "command": wait.command,
    }


def read_wait(field: Field) -> Wait:
    """What `wait_json` wrote."""
    f = field.keyed("cause", "who", "what", "have", "need", "since", "expected", "command")
    return Wait(
        cause=f["cause"].one_of(Cause),
        who=f["who"].text(),
        what=f["what"].text(),
        have=f["have"].amount(),
        need=f["need"].maybe(Field.amount),
        since=f["since"].maybe(Field.text),
        expected=f["expected"].maybe(Field.text),
        command=f["command"].maybe(Field.text),
    )


def cost_json(cost: Cost) -> dict[str, Json]:
    """Calls, tokens, votes and money; minutes of accelerators where they are known."""
    minutes = cost.gpu_minutes
    return {
        "calls": int(cost.calls),
        "prompt_tokens": int(cost.prompt_tokens),
        "completion_tokens": int(cost.completion_tokens),
        "votes": int(cost.votes),
        "usd": _maybe_number(cost.usd),
        **({} if minutes is None else {"gpu_minutes": _maybe_number(minutes)}),
    }


def read_cost(field: Field) -> Cost:
    """What `cost_json` wrote."""
    timed = field.has("gpu_minutes")
    more = ("gpu_minutes",) if timed else ()
    f = field.keyed("calls", "prompt_tokens", "completion_tokens", "votes", "usd", *more)
    return Cost(
        calls=f["calls"].count(),
        prompt_tokens=f["prompt_tokens"].count(),
        completion_tokens=f["completion_tokens"].count(),
        votes=f["votes"].count(),
        usd=f["usd"].maybe(Field.amount),
        gpu_minutes=f["gpu_minutes"].amount() if timed else None,
    )


def _evidence_json(evidence: Evidence) -> dict[str, Json]:
    look = evidence.look
    return {
        "schema": SCHEMA,
        "stage": evidence.stage.value,
        "candidate": evidence.candidate,
        "baseline": evidence.baseline,
        "measurements": [_measurement_json(m) for m in evidence.measurements],
        "checks": [
            {"name": c.name, "passed": c.passed, "sentence": c.sentence} for c in evidence.checks
        ],
        "look": None if look is None else _look_json(look),
        "waits": [wait_json(wait) for wait in evidence.waits],
        "cost": cost_json(evidence.cost),
        "provenance": _provenance_json(evidence.provenance),
    }


def _measurement_json(measurement: Measurement) -> dict[str, Json]:
    return {
        "metric": measurement.metric,
        "quantity": measurement.quantity.value,
        "measured": measured_json(measurement.measured),
        "validity": measurement.validity.value,
        "planned": None if measurement.planned is None else int(measurement.planned),
        "p_worse": _maybe_number(measurement.p_worse),
    }


def _look_json(look: Look) -> dict[str, Json]:
    return {
        "number": int(look.number),
        "planned": int(look.planned),
        "information": _number(look.information),
        "units": int(look.units),
        "run_days": _number(look.run_days),
        "minimum_days_reached": look.minimum_days_reached,
        "alpha_spent": _number(look.alpha_spent),
        "conditional_power": _maybe_number(look.conditional_power),
        "final": look.final,
        "primary": look.primary,
        **_sharing_json(look),
        **({} if look.stopped_here is None else {"stopped_here": measured_json(look.stopped_here)}),
    }


def _sharing_json(look: Look) -> dict[str, Json]:
    """Who shares alpha; nothing where one hypothesis has it all, as in the first files."""
    if not look.primaries and not look.any_primary and look.hypotheses == 1:
        return {}
    return {
        "primaries": list(look.primaries),
        "any_primary": look.any_primary,
        "hypotheses": int(look.hypotheses),
    }


def _provenance_json(provenance: Provenance) -> dict[str, Json]:
    return {
        "candidate": provenance.candidate,
        "baseline": provenance.baseline,
        "plan": provenance.plan,
        "data": [[name, digest] for name, digest in provenance.data],
        "code": provenance.code,
        "seeds": [[name, int(seed)] for name, seed in provenance.seeds],
        "tools": [[name, version] for name, version in provenance.tools],
    }


def _number(value: float) -> float:
    return float(value) + 0.0  # -0.0 equals 0.0 and is written like it


def _maybe_number(value: float | None) -> float | None:
    return None if value is None else _number(value)


def _check_schema(whole: Field) -> None:
    found = whole.value.get("schema") if isinstance(whole.value, dict) else None
    if found != SCHEMA:
        raise whole.refused(f"has schema {found!r}; this version reads {SCHEMA}")


def _read_evidence(whole: Field) -> Evidence:
    f = whole.keyed(
        "schema",
        "stage",
        "candidate",
        "baseline",
        "measurements",
        "checks",
        "look",
        "waits",
        "cost",
        "provenance",
    )
    return Evidence(
        stage=f["stage"].one_of(StageName),
        candidate=f["candidate"].text(),
        baseline=f["baseline"].maybe(Field.text),
        measurements=f["measurements"].each(_read_measurement),
        checks=f["checks"].each(_read_check),
        look=f["look"].maybe(_read_look),
        waits=f["waits"].each(read_wait),
        cost=read_cost(f["cost"]),
        provenance=_read_provenance(f["provenance"]),
    )


def _read_measurement(field: Field) -> Measurement:
    f = field.keyed("metric", "quantity", "measured", "validity", "planned", "p_worse")
    return field.built(
        lambda: Measurement(
            metric=f["metric"].text(),
            quantity=f["quantity"].one_of(Quantity),
            measured=read_measured(f["measured"]),
            validity=f["validity"].one_of(Validity),
            planned=f["planned"].maybe(Field.count),
            p_worse=f["p_worse"].maybe(Field.number),
        )
    )


def _read_check(field: Field) -> Check:
    f = field.keyed("name", "passed", "sentence")
    return Check(
        name=f["name"].text(),
        passed=f["passed"].maybe(Field.flag),
        sentence=f["sentence"].text(),
    )


def _read_estimate(field: Field) -> Estimate:
    found = read_measured(field)
    if isinstance(found, Unmeasured):
        raise field.refused("is no estimate")
    return found


def _read_look(field: Field) -> Look:
    shared = field.has("hypotheses")
    stopped = field.has("stopped_here")
    more = (
        *(("primaries", "any_primary", "hypotheses") if shared else ()),
        *(("stopped_here",) if stopped else ()),
    )
    f = field.keyed(
        "number",
        "planned",
        "information",
        "units",
        "run_days",
        "minimum_days_reached",
        "alpha_spent",
        "conditional_power",
        "final",
        "primary",
        *more,
    )
    return field.built(
        lambda: Look(
            number=f["number"].count(),
            planned=f["planned"].count(),
            information=f["information"].amount(),
            units=f["units"].count(),
            run_days=f["run_days"].amount(),
            minimum_days_reached=f["minimum_days_reached"].flag(),
            alpha_spent=_probability(f["alpha_spent"]),
            conditional_power=f["conditional_power"].maybe(_probability),
            final=f["final"].flag(),
            primary=f["primary"].text(),
            primaries=f["primaries"].each(Field.text) if shared else (),
            any_primary=f["any_primary"].flag() if shared else False,
            hypotheses=f["hypotheses"].count() if shared else 1,
            stopped_here=_read_estimate(f["stopped_here"]) if stopped else None,
        )
    )


def _probability(field: Field) -> float:
    number = field.number()
    if not 0 <= number <= 1:
        raise field.refused(f"must lie between 0 and 1, found {number:g}")
    return number


def _read_provenance(field: Field) -> Provenance:
    f = field.keyed("candidate", "baseline", "plan", "data", "code", "seeds", "tools")
    return Provenance(
        candidate=f["candidate"].text(),
        baseline=f["baseline"].maybe(Field.text),
        plan=f["plan"].text(),
        data=f["data"].each(_text_pair),
        code=f["code"].text(),
        seeds=f["seeds"].each(_seed_pair),
        tools=f["tools"].each(_text_pair),
    )


def _text_pair(field: Field) -> tuple[str, str]:
    name, other = _pair(field)
    return name.text(), other.text()


def _seed_pair(field: Field) -> tuple[str, int]:
    name, seed = _pair(field)
    return name.text(), seed.seed()


def _pair(field: Field) -> tuple[Field, Field]:
    entries = field.each(lambda entry: entry)
    if len(entries) != 2:  # noqa: PLR2004 - a pair has two
        raise field.refused("must be a pair")
    return entries[0], entries[1]
