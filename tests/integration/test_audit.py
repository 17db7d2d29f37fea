"""A dossier from a real MLflow whose runs were deleted is whole, or says what it lacks."""

from pathlib import Path
from typing import ClassVar

import pytest

from gates.audit.checking import check
from gates.chain.bodies import Decision
from gates.ledger.ledger import Version
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from tests.fakes.audited import story
from tests.fakes.workplace import Workplace

pytestmark = pytest.mark.integration


class Registry(MlflowLedger):
    """MLflow, where a workplace counts versions itself."""

    models: ClassVar[dict[str, list[Version]]] = {}


def test_a_dossier_outlives_the_runs_that_it_was_logged_in(tmp_path: Path) -> None:
    import mlflow

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    told = story(Workplace(tmp_path / "here", ledger=Registry(uri)))  # type: ignore[arg-type]
    body = told.decision.record.body
    assert isinstance(body, Decision)
    findings = told.blob(body.candidate_record_sha256)
    kept = findings.read_bytes()
    findings.unlink()
    assert told.export().material.missing == ()  # MLflow has it still
    findings.write_bytes(kept)
    client = mlflow.MlflowClient(uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    for run in client.search_runs(experiments):
        client.delete_run(run.info.run_id)
    report = check(told.export().files, root_keys=[told.root_key])
    assert (report.exit_code, len(report.records)) == (0, 4)
    findings.unlink()
    report = check(told.export().files, root_keys=[told.root_key])
    assert report.exit_code == 3
    assert report.missing == [f"findings/{body.candidate_record_sha256}.json"]
