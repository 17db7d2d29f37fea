"""Prometheus text that its own parser reads, written in one step."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gates.triage.metrics import write_failure, write_night
from gates.triage.outcome import Sort
from policies.errors import Broken
from tests.gates.triage.nights import of, outcome

LABELS = {"policy": "nightly", "model": "assistant"}


def read(path: Path) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("sort", "")): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
        if LABELS.items() <= sample.labels.items()
    }


def test_every_number_of_a_night_is_there(tmp_path: Path) -> None:
    path = tmp_path / "gate.prom"
    night = of(outcome(1, Sort.ADVANCE), outcome(2, Sort.FLAKY, needs_person=True), waiting=4)
    write_night(path, night)
    found = read(path)
    assert found.pop(("gate_triage_timestamp_seconds", "")) == night.ended.timestamp()
    assert {name: value for name, value in found.items() if value} == {
        ("gate_triage_processed", ""): 1,
        ("gate_triage_checkpoints", "advance"): 1,
        ("gate_triage_checkpoints", "flaky"): 1,
        ("gate_triage_changed", ""): 2,
        ("gate_triage_needs_person", ""): 1,
        ("gate_triage_duration_seconds", ""): 42 * 60,
        ("gate_triage_calls", ""): 120,
        ("gate_triage_cost_usd", ""): 1.5,
        ("gate_triage_decisions_waiting", ""): 4,
    }
    assert {sort for name, sort in found if name == "gate_triage_checkpoints"} == set(Sort)
    assert [path.name for path in tmp_path.iterdir()] == ["gate.prom"]


def test_a_night_that_was_not_processed_says_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "gate.prom"
    write_night(path, of())
    write_failure(path, "nightly", "assistant", at=7.0)
    assert read(path) == {
        ("gate_triage_processed", ""): 0,
        ("gate_triage_timestamp_seconds", ""): 7,
    }


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cannot write"):
        write_failure(tmp_path / "nowhere" / "x.prom", "nightly", "assistant", at=0.0)
