"""A funnel as JSON."""

from gates.hindsight.flow import Flow, Known
from gates.hindsight.foretelling import Foretold
from gates.hindsight.funnel import Funnel
from gates.hindsight.past_json import past_json
from policies.canonical import Json
from stages.evidence.codec import measured_json

SCHEMA = "gate.funnel/1"


def funnel_json(funnel: Funnel) -> dict[str, Json]:
    """The object that `--json` prints."""
    saved = funnel.saved
    return {
        "schema": SCHEMA,
        **past_json(funnel.past),
        "stages": [_flow(flow) for flow in funnel.flows],
        "saved": {
            "stopped": saved.stopped,
            "compared": saved.compared,
            "votes": measured_json(saved.votes),
            "usd": measured_json(saved.usd),
        },
        "correlations": [_foretold(one) for one in funnel.foretold],
    }


def _flow(flow: Flow) -> dict[str, Json]:
    return {
        "stage": flow.stage.value,
        "in": flow.came,
        "out": flow.passed,
        "verdicts": {verdict.value: number for verdict, number in flow.verdicts.items()},
        "looks": {look.value: number for look, number in flow.looks.items()},
        "calls": flow.cost.calls,
        "prompt_tokens": flow.cost.prompt_tokens,
        "completion_tokens": flow.cost.completion_tokens,
        "votes": flow.cost.votes,
        "usd": _known(flow.usd),
        "gpu_minutes": _known(flow.gpu_minutes),
    }


def _known(known: Known) -> dict[str, Json]:
    return {"known": known.amount, "unknown_of": known.unknown}


def _foretold(one: Foretold) -> dict[str, Json]:
    return {
        "stage": one.stage.value,
        "metric": one.metric,
        "next_stage": one.next_stage.value,
        "target": one.target,
        "seen": measured_json(one.seen),
        "true": measured_json(one.true),
        "let_through": one.both,
        "stopped_by_it": one.alone,
        "holds_for": one.population.value,
        "ranked_by": one.ranked_by,
        "baseline": one.baseline,
        "left_out": {why.name.lower(): number for why, number in one.left_out},
        "derived_errors": one.derived,
    }
