"""Single questions as traces: written once, changed where opinions change, never in the way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.ledger.examples import By, Example, Examples, Opinion, Turn
from gates.ledger.ledger import LedgerDown, Logged, Page, Pages, Record
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.ledger.records import decode_record, encode_record
from stages.evidence.records import StageName
from tests.fakes import decisions

if TYPE_CHECKING:
    from mlflow.entities import Trace

PERSON = Opinion(name="preference", value="candidate", by=By.PERSON, who="person-1")
JUDGE = Opinion(name="preference", value="tie", by=By.JUDGE, who="judge_a", why="both say so")
NUMBER = Opinion(name="won", value=0.75, by=By.PROGRAM, who="gate")


def example(item: str = "p1", *opinions: Opinion) -> Example:
    return Example(
        task="side_by_side",
        item=item,
        preview="why?",
        asked=(Turn(role="system", text="be brief"), Turn(role="user", text="why?")),
        answer="because",
        rival=None,
        opinions=opinions,
    )


def showing(key: str, *shown: Example, left_out: int = 0) -> Record:
    page = Page(examples=Examples(shown=shown, left_out=left_out))
    pages = {decisions.CANDIDATE: Pages(stages={StageName.OFFLINE: page})}
    return decisions.one_candidate(decisions.record(key=key, pages=pages))


@pytest.fixture
def ledger(tmp_path: Path) -> MlflowLedger:
    return MlflowLedger(f"sqlite:///{tmp_path / 'mlflow.db'}")


def traces(ledger: MlflowLedger, run_id: str | None = None) -> "list[Trace]":
    client = ledger._connection.client
    experiment = client.get_experiment_by_name("release")
    assert experiment is not None
    found = client.search_traces(locations=[experiment.experiment_id], run_id=run_id)
    return list(found)


def said(trace: "Trace") -> dict[str, object]:
    return {
        f"{a.source.source_type} {a.source.source_id}": a.feedback.value
        for a in trace.info.assessments
    }


def tags(ledger: MlflowLedger, logged: Logged) -> dict[str, str]:
    run = ledger._connection.client.get_run(logged.stage_run_ids[StageName.OFFLINE])
    return dict(run.data.tags)


def test_a_question_is_a_trace_of_the_stage_and_of_the_candidate(ledger: MlflowLedger) -> None:
    (logged,) = ledger.log(showing("k1", example("p1", PERSON, JUDGE, NUMBER), left_out=3))
    (trace,) = traces(ledger)
    assert trace.data.spans[0].inputs == {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "why?"},
        ]
    }
    assert trace.data.spans[0].outputs == {"candidate": "because"}
    assert said(trace) == {
        "HUMAN person-1": "candidate",
        "LLM_JUDGE judge_a": "tie",
        "CODE gate": 0.75,
    }
    for run in (logged.run_id, logged.stage_run_ids[StageName.OFFLINE]):
        assert [t.info.trace_id for t in traces(ledger, run)] == [trace.info.trace_id]
    assert tags(ledger, logged)["gate_examples"] == "1 of 4, the worst first"


def test_the_same_question_in_two_decisions_is_one_trace_of_both(ledger: MlflowLedger) -> None:
    both = [ledger.log(showing(key, example("p1", PERSON)))[0] for key in ("k1", "k2")]
    (trace,) = traces(ledger)
    assert len(trace.info.assessments) == 1
    for logged in both:
        assert len(traces(ledger, logged.run_id)) == 1


def test_a_vote_more_is_an_assessment_more_and_one_taken_back_is_gone(
    ledger: MlflowLedger,
) -> None:
    again = replace(PERSON, who="person-2")
    ledger.log(showing("k1", example("p1", PERSON)))
    ledger.log(showing("k2", example("p1", PERSON, again)))
    assert len(said(traces(ledger)[0])) == 2
    ledger.log(showing("k3", example("p1", replace(again, value="tie"))))
    (trace,) = traces(ledger)
    assert said(trace) == {"HUMAN person-2": "tie"}


def test_what_a_reviewer_added_is_left_alone(ledger: MlflowLedger) -> None:
    from mlflow.entities import AssessmentSource, Feedback

    ledger.log(showing("k1", example("p1", PERSON)))
    (trace,) = traces(ledger)
    own = Feedback(name="mine", value=True, source=AssessmentSource("HUMAN", "reviewer"))
    ledger._connection.tracing.log_assessment(trace.info.trace_id, own)
    ledger.log(showing("k2", example("p1", JUDGE)))
    assert set(said(traces(ledger)[0])) == {"HUMAN reviewer", "LLM_JUDGE judge_a"}


def test_two_opinions_of_one_judge_are_two(ledger: MlflowLedger) -> None:
    ledger.log(showing("k1", example("p1", JUDGE, replace(JUDGE, value="candidate"))))
    assert len(traces(ledger)[0].info.assessments) == 2


@pytest.mark.parametrize("step", ["log_spans", "start_trace", "link_traces_to_run"])
def test_a_write_that_was_cut_off_is_finished_by_the_next(ledger: MlflowLedger, step: str) -> None:
    record = showing("k1", *(example(f"p{n}", PERSON) for n in range(3)))
    connection = ledger._connection
    client = connection.client if step.startswith("link") else connection.tracing
    whole = getattr(client, step)
    calls = iter(range(9))

    def broken(*args: object, **kwargs: object) -> object:
        if next(calls) == (1 if step == "start_trace" else 0):
            raise ConnectionError("the server went away")
        return whole(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, step, broken)
        with pytest.raises(LedgerDown):
            ledger.log(record)
    (logged,) = ledger.log(record)
    found = traces(ledger, logged.run_id)
    assert [len(t.info.assessments) for t in found] == [1, 1, 1]
    assert [len(t.data.spans) for t in found] == [1, 1, 1]
    assert len(traces(ledger)) == 3


class Refusing:
    """A client of traces that says no."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def search_traces(self, **_: object) -> Iterator[object]:
        raise self.error


def refusals() -> list[Exception]:
    from mlflow.exceptions import MlflowException, RestException

    return [
        NotImplementedError("the server is of 2024"),
        MlflowException.invalid_parameter_value("no such thing"),
        RestException({"error_code": "INTERNAL_ERROR", "message": "it broke"}),
    ]


@pytest.mark.parametrize("which", range(3))
def test_a_store_that_refuses_traces_still_takes_the_decision(
    ledger: MlflowLedger, which: int
) -> None:
    ledger._connection.__dict__["tracing"] = Refusing(refusals()[which])
    (logged,) = ledger.log(showing("k1", example()))
    assert tags(ledger, logged)["gate_examples"].startswith("none: MLflow refuses traces")
    assert ledger._connection.client.get_run(logged.run_id).data.tags["gate_complete"] == "yes"


def test_more_than_a_hundred_questions_are_linked(ledger: MlflowLedger) -> None:
    (logged,) = ledger.log(showing("k1", *(example(f"p{n}") for n in range(101))))
    assert len(traces(ledger, logged.run_id)) == 100 or len(traces(ledger)) == 101


def test_examples_wait_in_the_journal_as_they_are() -> None:
    record = showing("k1", example("p1", PERSON, NUMBER), left_out=2)
    assert decode_record(encode_record(record), where="here") == record
