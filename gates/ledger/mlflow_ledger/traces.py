"""Single questions as MLflow traces: a row each in the table of traces, opinions as assessments.

Ids are digests of what is shown, so that a trace or an assessment that is written again is the
same one: a write that was cut off is repeated, and nothing stands twice.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gates.ledger.examples import By, Example, Examples, Opinion
from gates.ledger.ledger import LedgerDown
from gates.ledger.mlflow_ledger.connection import Connection, quoted
from gates.ledger.mlflow_ledger.runs import Found, milliseconds
from policies.canonical import Json, sha256_of
from policies.errors import Broken

if TYPE_CHECKING:
    from mlflow.entities import Assessment, Span, TraceInfo

SHOWN_TAG = "gate_examples"
"""Tag of a stage's MLflow run: how many single questions it shows, of how many; or why none."""

MOST_LINKED = 100
"""Traces that MLflow links to an MLflow run, and that we write, at once."""

_SAID_TAG = "gate_said"
"""Tag of a trace: digest of the opinions it carries."""

_OURS = "gate_opinion"
"""Metadata of an assessment that we wrote; those of a reviewer lack it."""

_SOURCES = {By.PERSON: "HUMAN", By.JUDGE: "LLM_JUDGE", By.PROGRAM: "CODE"}


def write_examples(
    connection: Connection, stage: Found, above: Found, examples: Examples, *, at: str
) -> dict[str, str]:
    """Writes what is missing of a stage's examples and links them to its MLflow run.

    Args:
        connection: The store.
        stage: The MLflow run of the stage.
        above: The candidate's own.
        examples: What to show.
        at: ISO 8601 time of the decision.

    Returns:
        Tags of the stage's MLflow run that say what is shown; a store that refuses traces still
        takes the decision, and the tag says why it has none.

    Raises:
        LedgerDown: When the store does not answer.
    """
    if not examples.shown:
        return {}
    try:
        _write(connection, stage, above, examples.shown, at=at)
    except (Broken, NotImplementedError) as error:
        if isinstance(error, LedgerDown) and not _answered(error):
            raise
        return {SHOWN_TAG: f"none: MLflow refuses traces: {error}"[:500]}
    shown = len(examples.shown)
    return {SHOWN_TAG: f"{shown:,} of {shown + examples.left_out:,}, the worst first"}


def _answered(error: LedgerDown) -> bool:
    """Whether a server said no, if only that something in it broke."""
    from mlflow.exceptions import RestException

    return isinstance(error.__cause__, RestException)


def _write(
    connection: Connection, stage: Found, above: Found, examples: Sequence[Example], *, at: str
) -> None:
    wanted = {_trace_id(stage, example): example for example in examples}
    known = {info.trace_id: info for info in _known(connection, stage)}
    changed = {
        trace: example
        for trace, example in wanted.items()
        if trace not in known or known[trace].tags.get(_SAID_TAG) != _said(example)
    }
    unseen = [trace for trace in changed if trace not in known]
    for some in _portions(unseen):
        with connection.answering("write traces"):
            connection.tracing.log_spans(
                stage.experiment_id, [_span(trace, wanted[trace], at) for trace in some]
            )
    places = {trace: place for place, trace in enumerate(wanted)}
    for trace, example in changed.items():
        info = _info(trace, example, stage, milliseconds(at) - places[trace])
        with connection.answering("write a trace"):
            connection.tracing.start_trace(info)
        if trace in known:
            _withdraw(connection, known[trace], info)
    for some in _portions(list(wanted)):
        for run in (stage, above):
            with connection.answering("link traces"):
                connection.client.link_traces_to_run(some, run.run_id)


def _known(connection: Connection, stage: Found) -> Iterator["TraceInfo"]:
    """Traces of the stage and candidate that this store has, whole or not."""
    about = (
        f"tags.gate_candidate = {quoted(stage.place.candidate)}"
        f" AND tags.gate_stage = '{stage.tags['gate_stage']}'"
    )
    token: str | None = ""
    while token is not None:
        with connection.answering("search the traces"):
            page = connection.tracing.search_traces(
                locations=[stage.experiment_id],
                filter_string=about,
                max_results=500,
                page_token=token or None,
                include_spans=False,
            )
        yield from (trace.info for trace in page)
        token = page.token or None


def _withdraw(connection: Connection, before: "TraceInfo", now: "TraceInfo") -> None:
    """Takes away opinions of ours that are no more: votes that were taken back."""
    kept = {assessment.assessment_id for assessment in now.assessments}
    for old in before.assessments:
        number = old.assessment_id
        if _OURS in (old.metadata or {}) and number is not None and number not in kept:
            with connection.answering("withdraw an assessment"):
                connection.tracing.delete_assessment(before.trace_id, number)


def _trace_id(stage: Found, example: Example) -> str:
    """Opinions are no part of it: a vote more is no trace more."""
    shown: dict[str, Json] = {
        "experiment": stage.experiment_id,
        "candidate": stage.place.candidate,
        "task": example.task,
        "item": example.item,
        "asked": [[turn.role, turn.text] for turn in example.asked],
        "answers": [example.answer, example.rival],
    }
    return f"tr-{sha256_of(shown)[:32]}"


def _said(example: Example) -> str:
    return sha256_of([[o.name, o.value, o.by, o.who, o.why] for o in example.opinions])


def _span(trace: str, example: Example, at: str) -> "Span":
    from mlflow.entities import Span

    moment, number = milliseconds(at) * 1_000_000, bytes.fromhex(trace.removeprefix("tr-"))
    asked = {"messages": [{"role": turn.role, "content": turn.text} for turn in example.asked]}
    answers = {"candidate": example.answer, "baseline": example.rival}
    attributes: Mapping[str, object] = {
        "mlflow.traceRequestId": trace,
        "mlflow.spanType": "UNKNOWN",
        "mlflow.spanInputs": asked,
        "mlflow.spanOutputs": {k: v for k, v in answers.items() if v is not None},
    }
    return Span.from_dict(
        {
            "trace_id": b64encode(number).decode(),
            "span_id": b64encode(number[:8]).decode(),
            "parent_span_id": "",
            "name": example.task,
            "start_time_unix_nano": moment,
            "end_time_unix_nano": moment,
            "status": {"code": "STATUS_CODE_OK", "message": ""},
            "attributes": {key: json.dumps(value) for key, value in attributes.items()},
        }
    )


def _info(trace: str, example: Example, stage: Found, time: int) -> "TraceInfo":
    """A page shows the newest first: `time`, in milliseconds, puts traces into an order."""
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    return TraceInfo(
        trace_id=trace,
        trace_location=TraceLocation.from_experiment_id(stage.experiment_id),
        request_time=time,
        execution_duration=0,
        state=TraceState.OK,
        request_preview=example.preview,
        response_preview=(example.answer or "")[:200],
        trace_metadata={"mlflow.sourceRun": stage.run_id},
        tags={
            "mlflow.traceName": example.task,
            "gate_candidate": stage.place.candidate,
            "gate_stage": stage.tags["gate_stage"],
            "gate_item": example.item,
            _SAID_TAG: _said(example),
        },
        assessments=list(_assessments(trace, example.opinions)),
    )


def _assessments(trace: str, opinions: Sequence[Opinion]) -> Iterator["Assessment"]:
    from mlflow.entities import AssessmentSource, Feedback

    before: dict[tuple[str, str, str], int] = {}
    for opinion in opinions:
        whose = (opinion.name, opinion.by.value, opinion.who)
        before[whose] = before.get(whose, 0) + 1
        feedback = Feedback(
            name=opinion.name,
            value=opinion.value,
            source=AssessmentSource(_SOURCES[opinion.by], opinion.who),
            trace_id=trace,
            rationale=opinion.why or None,
            metadata={_OURS: "yes"},
        )
        feedback.assessment_id = f"a-{sha256_of([trace, *whose, before[whose]])[:32]}"
        yield feedback


def _portions(traces: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(traces), MOST_LINKED):
        yield list(traces[start : start + MOST_LINKED])
