"""Every setting in force, where it came from, and nothing that is secret."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gates.masking import shown_setting
from gates.workspace import Workspace
from policies.canonical import Json

UNSET = "not set"

_SHOWN_VARIABLES = ("MLFLOW_", "GATE_", "HF_", "AWS_", "GOOGLE_APPLICATION_CREDENTIALS", "NO_COLOR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting in force.

    Attributes:
        name: As in `gate.toml`, dotted; `environment.NAME` for a variable.
        value: What may be shown of it: secrets are masked.
        origin: `--flag`, a variable's name, file and line, or `default`.
    """

    name: str
    value: str
    origin: str


def settings_in_force(workspace: Workspace) -> tuple[Setting, ...]:
    """Every setting of a workspace, with its origin and without its secrets."""
    return (*_stores(workspace), *_written(workspace), *_variables(workspace.environment))


def _stores(workspace: Workspace) -> Iterator[Setting]:
    for name, chosen in (
        ("mlflow.tracking_uri", workspace.tracking),
        ("mlflow.registry_uri", workspace.registry),
        ("state.url", workspace.state),
    ):
        value = UNSET if chosen.value is None else shown_setting(name, chosen.value)
        yield Setting(name=name, value=value, origin=chosen.origin)


def _written(workspace: Workspace) -> Iterator[Setting]:
    """What `gate.toml` says beside the stores, and the defaults of what it names."""
    content = workspace.settings_file.content
    whole: dict[str, Json] = content.model_dump(mode="json", exclude={"mlflow", "state"})
    kept = content.state
    whole["state"] = {"records": kept.records, "retention_days": kept.retention_days}
    given = content.model_dump(mode="json", exclude_unset=True)
    for at, value in _leaves((), whole):
        name = ".".join(at)
        line = workspace.settings_file.line(at)
        origin = f"gate.toml:{line}" if _holds(given, at) else "default"
        if at[-1].endswith("_env"):
            state = "set" if workspace.secret(str(value)) else UNSET
            yield Setting(name=name, value=f"{value} ({state})", origin=origin)
        else:
            yield Setting(name=name, value=shown_setting(name, str(value)), origin=origin)


def _leaves(at: tuple[str, ...], value: Json) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, Mapping):
        for key, inside in value.items():
            yield from _leaves((*at, key), inside)
    elif value not in (None, []):
        yield at, value


def _holds(given: Json, at: tuple[str, ...]) -> bool:
    for step in at:
        if not isinstance(given, Mapping) or step not in given:
            return False
        given = given[step]
    return True


def _variables(environment: Mapping[str, str]) -> Iterator[Setting]:
    for name in sorted(environment):
        if name.startswith(_SHOWN_VARIABLES) or name in ("CI", "KUBERNETES_SERVICE_HOST"):
            value = shown_setting(name, environment[name])
            yield Setting(name=f"environment.{name}", value=value, origin=name)
