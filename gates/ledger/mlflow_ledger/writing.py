"""A record written to MLflow: an MLflow run per candidate, nested ones per stage and look."""

from collections.abc import Iterator, Mapping

from gates.decide.verdict import StageDecision
from gates.ledger.ledger import Document, Logged, Page, Pages, Record
from gates.ledger.mlflow_ledger import contents
from gates.ledger.mlflow_ledger.artifacts import write_files
from gates.ledger.mlflow_ledger.columns import column_metrics
from gates.ledger.mlflow_ledger.connection import Connection
from gates.ledger.mlflow_ledger.experiments import (
    compared_link,
    decisions_link,
    experiment_of_policy,
    nearest_link,
    verdicts_link,
)
from gates.ledger.mlflow_ledger.linking import link_version, run_link, version_link
from gates.ledger.mlflow_ledger.runs import (
    COMPLETE_TAG,
    Found,
    Kind,
    Place,
    Wanted,
    ensure_runs,
    finish,
    log_values,
    mark_complete,
)
from gates.ledger.mlflow_ledger.traces import write_examples
from gates.ledger.records import CandidateRecord, candidate_records, encode_candidate
from gates.ledger.references import parse_reference
from policies.canonical import sha256_of_bytes
from stages.evidence.codec import encode
from stages.evidence.records import Look, StageName


def write_record(connection: Connection, record: Record) -> tuple[Logged, ...]:
    """Writes what is missing of a record; called again, it changes nothing."""
    shares = candidate_records(record)
    if not shares:
        return ()
    experiment = experiment_of_policy(connection, record.policy.policy)
    wanted = [one for share in shares for one in _wanted(record, share)]
    found = ensure_runs(connection, experiment, wanted, decided_at=record.decided_at)
    for share in shares:
        if COMPLETE_TAG not in found[_own(share)].tags:
            _write_candidate(connection, record, share, found)
    return tuple(_logged(connection, share, found) for share in shares)


def run_url(connection: Connection, run: Found) -> str:
    """Address of an MLflow run's page; empty when the store has no UI."""
    return f"{connection.pages}{run_link(run)}" if connection.pages else ""


def _wanted(record: Record, share: CandidateRecord) -> Iterator[Wanted]:
    candidate = share.decision.candidate
    named = parse_reference(candidate)
    own = _own(share)
    yield Wanted(
        place=own,
        above=None,
        name=f"{named.name}/{named.version} {share.decision.verdict.value}",
        tags=contents.candidate_tags(share),
    )
    for stage in share.decision.stages:
        yield Wanted(
            place=_of_stage(share, stage.stage),
            above=own,
            name=f"{stage.stage.value} {stage.verdict.value}",
            tags=contents.stage_tags(share, stage),
        )
        look = _look(record, candidate, stage.stage)
        if look is not None:
            yield Wanted(
                place=_of_look(share, stage.stage),
                above=_of_stage(share, stage.stage),
                name=f"look {look.number} {stage.online or stage.verdict}",
                tags=contents.look_tags(share, stage, look),
            )


def _write_candidate(
    connection: Connection, record: Record, share: CandidateRecord, found: Mapping[Place, Found]
) -> None:
    for stage in share.decision.stages:
        _write_look(connection, record, share, stage, found)
        _write_stage(connection, record, share, stage, found)
    run, decision = found[_own(share)], share.decision
    page = record.pages.get(decision.candidate, Pages()).candidate
    body = encode_candidate(share)
    table = contents.findings_table(decision.stages)
    files: list[tuple[str, bytes] | Document] = [("record.json", body), (contents.TABLE, table)]
    write_files(connection, run.run_id, [*files, *page.documents])
    note = contents.description(
        page.description,
        verdict=decision.verdict.value,
        reason=decision.reason,
        stages=decision.stages,
        links=_candidate_links(run, decision.candidate),
    )
    log_values(
        connection,
        run.run_id,
        metrics=column_metrics(decision.verdict, decision.stages)
        | contents.finding_metrics(decision.stages),
        tags={contents.NOTE_TAG: note, "gate_record_sha256": sha256_of_bytes(body)},
        decided_at=share.decided_at,
    )
    finish(connection, run.run_id)
    link_version(connection, share, run, run_url(connection, run))
    mark_complete(connection, run.run_id)


def _candidate_links(run: Found, candidate: str) -> str:
    number = run.experiment_id
    links = (
        version_link(candidate),
        f"[Every decision on it]({decisions_link(number, candidate)})",
        f"[All verdicts]({verdicts_link(number)})",
        f"[Nearest to the limit]({nearest_link(number)})",
        f"[Side by side]({compared_link(number)})",
    )
    return " \u00b7 ".join(links)


def _write_stage(
    connection: Connection,
    record: Record,
    share: CandidateRecord,
    stage: StageDecision,
    found: Mapping[Place, Found],
) -> None:
    run = found[_of_stage(share, stage.stage)]
    candidate = share.decision.candidate
    page = record.pages.get(candidate, Pages()).stages.get(stage.stage, Page())
    files: list[tuple[str, bytes] | Document] = [
        (contents.TABLE, contents.findings_table([stage])),
        *page.documents,
    ]
    evidence = record.evidence.get(candidate, {}).get(stage.stage)
    if evidence is not None:
        files.append(("evidence.json", encode(evidence)))
    write_files(connection, run.run_id, files)
    shown = write_examples(connection, run, found[_own(share)], page.examples, at=share.decided_at)
    note = contents.description(
        page.description,
        verdict=stage.verdict.value,
        reason=stage.reason,
        stages=[stage],
        links=f"{version_link(candidate)} \u00b7 [All stages]({run_link(found[_own(share)])})",
    )
    log_values(
        connection,
        run.run_id,
        metrics=column_metrics(stage.verdict, [stage])
        | contents.finding_metrics([stage])
        | contents.cost_metrics(stage.cost),
        tags={contents.NOTE_TAG: note, **shown},
        decided_at=share.decided_at,
    )
    finish(connection, run.run_id)


def _write_look(
    connection: Connection,
    record: Record,
    share: CandidateRecord,
    stage: StageDecision,
    found: Mapping[Place, Found],
) -> None:
    look = _look(record, share.decision.candidate, stage.stage)
    if look is None:
        return
    run, candidate = found[_of_look(share, stage.stage)], share.decision.candidate
    page = record.pages.get(candidate, Pages()).look
    write_files(connection, run.run_id, page.documents)
    note = contents.description(
        page.description,
        verdict=(stage.online or stage.verdict).value,
        reason=stage.reason,
        stages=[stage],
        links=f"{version_link(candidate)} \u00b7 "
        f"[The stage]({run_link(found[_of_stage(share, stage.stage)])})",
    )
    log_values(
        connection,
        run.run_id,
        metrics=contents.look_metrics(look) | contents.finding_metrics([stage]),
        tags={contents.NOTE_TAG: note},
        decided_at=share.decided_at,
    )
    finish(connection, run.run_id)


def _logged(connection: Connection, share: CandidateRecord, found: Mapping[Place, Found]) -> Logged:
    own = found[_own(share)]
    stages = [stage.stage for stage in share.decision.stages]
    return Logged(
        candidate=share.decision.candidate,
        run_id=own.run_id,
        stage_run_ids={stage: found[_of_stage(share, stage)].run_id for stage in stages},
        url=run_url(connection, own),
    )


def _look(record: Record, candidate: str, stage: StageName) -> Look | None:
    evidence = record.evidence.get(candidate, {}).get(stage)
    return None if evidence is None else evidence.look


def _own(share: CandidateRecord) -> Place:
    return Place(kind=Kind.CANDIDATE, candidate=share.decision.candidate)


def _of_stage(share: CandidateRecord, stage: StageName) -> Place:
    return Place(kind=Kind.STAGE, candidate=share.decision.candidate, stage=stage)


def _of_look(share: CandidateRecord, stage: StageName) -> Place:
    return Place(kind=Kind.LOOK, candidate=share.decision.candidate, stage=stage)
