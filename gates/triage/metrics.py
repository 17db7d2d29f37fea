"""A night as Prometheus reads it, from a file that is replaced in one step."""

from pathlib import Path
from typing import TYPE_CHECKING

from gates.triage.outcome import Night, Sort
from policies.errors import Broken

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def write_night(path: Path, night: Night) -> None:
    """Writes a night's numbers.

    Args:
        path: A file of the node exporter's textfile collector, `gate.prom`.
        night: What happened.

    Raises:
        Broken: When the file cannot be written.
    """
    registry = _registry(night.policy, night.model, processed=True, at=night.ended.timestamp())
    said = _Gauges(registry, night)
    for sort in Sort:
        said.gauge("checkpoints", "Checkpoints of the last night.", len(night.of(sort)), sort=sort)
    said.gauge("changed", "Checkpoints that are new or sorted anew.", len(night.changed))
    needs = len(night.needs_person) + len(night.remarks)
    said.gauge("needs_person", "What no later night can help.", needs)
    seconds = (night.ended - night.began).total_seconds()
    said.gauge("duration_seconds", "How long the last night took.", seconds)
    said.gauge("calls", "Model calls of the last night.", night.cost.calls)
    if night.cost.usd is not None:
        said.gauge("cost_usd", "Cost of the last night in US dollars.", night.cost.usd)
    if night.cost.gpu_minutes is not None:
        minutes = night.cost.gpu_minutes
        said.gauge("gpu_minutes", "Accelerators times minutes of the last night.", minutes)
    said.gauge("decisions_waiting", "Decisions that wait for MLflow.", night.waiting)
    _write(path, registry)


def write_failure(path: Path, policy: str, model: str, *, at: float) -> None:
    """Writes that a night was not processed; the numbers of the one before are gone.

    Args:
        path: As `write_night`.
        policy: Name of the policy.
        model: Registered model name.
        at: Seconds since 1970.

    Raises:
        Broken: When the file cannot be written.
    """
    _write(path, _registry(policy, model, processed=False, at=at))


class _Gauges:
    """Numbers under names that begin alike, with the policy and the model as labels."""

    def __init__(self, registry: "CollectorRegistry", night: Night) -> None:
        self._registry = registry
        self._labels = {"policy": night.policy, "model": night.model}
        self._made: dict[str, object] = {}

    def gauge(self, name: str, what: str, value: float, **more: str) -> None:
        from prometheus_client import Gauge  # noqa: PLC0415 - only where --metrics is said

        labels = self._labels | {key: str(text) for key, text in more.items()}
        found = self._made.get(name)
        if not isinstance(found, Gauge):
            found = Gauge(f"gate_triage_{name}", what, list(labels), registry=self._registry)
            self._made[name] = found
        found.labels(**labels).set(value)


def _registry(policy: str, model: str, *, processed: bool, at: float) -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry, Gauge  # noqa: PLC0415 - only with --metrics

    registry = CollectorRegistry()
    labels = {"policy": policy, "model": model}
    said = (
        ("gate_triage_processed", "1 when the last night was processed, 0 when not.", processed),
        ("gate_triage_timestamp_seconds", "When the last night ended, since 1970.", at),
    )
    for name, what, value in said:
        Gauge(name, what, list(labels), registry=registry).labels(**labels).set(value)
    return registry


def _write(path: Path, registry: "CollectorRegistry") -> None:
    from prometheus_client import write_to_textfile  # noqa: PLC0415 - only with --metrics

    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise Broken(
            f"cannot write {path}", why=error.strerror or str(error), fix="name a file that can be"
        ) from error
