"""What a whole decision with 200 metrics takes, beside MLflow's client logging these one by one."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from gates.decide.verdict import Verdict
from gates.ledger.ledger import NewVersion
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from tests.fakes import decisions
from tests.servers.mlflow_server import running_mlflow_server

METRICS = 200
PER_FINDING = 4
ROUNDS = 5


def main() -> None:
    """Prints the times against one server, and their ratios."""
    with tempfile.TemporaryDirectory() as folder, running_mlflow_server(Path(folder)) as server:
        ledger = MlflowLedger(server)
        for _ in range(3):  # the decisions are about versions 2 and 3
            ledger.register(NewVersion(name="assistant", tags={"gate_source": "external"}))
        log_decision(ledger, -1)  # imports, connects, makes the experiment
        pairs = [
            (timed(lambda n=n: log_decision(ledger, n)), timed(lambda: log_singly(server)))
            for n in range(ROUNDS)
        ]
    whole, singly = (median(taken) for taken in zip(*pairs, strict=True))
    print(f"{METRICS} metrics, one call each, by MLflow's client: {singly:.2f} s")
    print(
        f"a whole round, one candidate with {METRICS} metrics and one in its A/B, with MLflow "
        f"runs, tags, tables and links: {whole:.2f} s, ratio {whole / singly:.2f}"
    )


def log_decision(ledger: MlflowLedger, number: int) -> None:
    """Logs a round of two candidates, one with the metrics; every number is another round."""
    findings = tuple(
        decisions.finding(f"task_{number}_{n}.f1", Verdict.PASS)
        for n in range(METRICS // PER_FINDING)
    )
    ledger.log(decisions.record(findings=findings, key=f"{number + 1:064x}"))


def log_singly(server: str) -> None:
    """The same number of metrics, one call each."""
    from mlflow import MlflowClient

    client = MlflowClient(server)
    run = client.create_run("0")
    for n in range(METRICS):
        client.log_metric(run.info.run_id, f"task_{n}/value", 0.5)


def timed(call: Callable[[], None]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
