"""A workspace: its settings, and the secrets that they point to.

Flag beats environment, environment beats `gate.toml`, `gate.toml` beats the default. The
environment is handed in; nothing here reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gates.gate_toml import (
    DataSection,
    EndpointSection,
    ModelSection,
    SettingsFile,
    TrustSection,
    parse_gate_toml,
)
from policies.catalogue import Catalogue
from policies.errors import WrongUsage
from stages.engine.ray_cluster import Actors
from stages.online.sources import SUFFIXES

_FLAG_AND_VARIABLE = {
    "mlflow.tracking_uri": ("--tracking-uri", "MLFLOW_TRACKING_URI"),
    "mlflow.registry_uri": ("", "MLFLOW_REGISTRY_URI"),
    "state.url": ("--state", "GATE_STATE"),
}
_WORDS_FOR_STORES = ("databricks", "databricks-uc")
"""Tracking URIs that look like paths and are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A value that won by precedence; never shown as it is, since it may hold a password."""

    value: str | None = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Settings of one folder, under flags and environment.

    Attributes:
        root: Folder of `gate.toml`, which relative paths in it start from; the folder that was
            named, where there is none.
        file: The `gate.toml`, if there is one.
        settings_file: What it says.
        environment: Variables as they were when the program started.
        tracking: The MLflow store that was chosen.
        registry: The registry that was chosen.
        state: The state that was chosen.
        local_state_allowed: Whether a folder may be the state under CI or Kubernetes.
    """

    root: Path
    file: Path | None
    settings_file: SettingsFile = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    tracking: Chosen
    registry: Chosen
    state: Chosen
    local_state_allowed: bool = False

    @property
    def tracking_uri(self) -> str:
        """Where MLflow is.

        Raises:
            WrongUsage: When nobody said.
        """
        if self.tracking.value is None:
            raise WrongUsage(
                "no MLflow store is set",
                why=f"neither --tracking-uri nor MLFLOW_TRACKING_URI nor {self._toml} names one",
                fix="add `[mlflow] tracking_uri = ...` to gate.toml, or begin with: gate init",
            )
        return self.tracking.value

    @property
    def registry_uri(self) -> str | None:
        """Where the model registry is, when it is not the tracking store."""
        return self.registry.value

    @property
    def state_url(self) -> str:
        """Where journals and locks are.

        Raises:
            WrongUsage: When nobody said, or when it is a folder that will not last.
        """
        if self.state.value is None:
            raise WrongUsage(
                "no state is set",
                why=f"neither --state nor GATE_STATE nor {self._toml} says where journals are kept",
                fix='add `[state] url = ".gate/state"` to gate.toml, or begin with: gate init',
            )
        if _is_folder(self.state.value) and not self.local_state_allowed:
            self._refuse_passing_machines(self.state.value)
        return self.state.value

    @property
    def cache(self) -> Path:
        """Where what can be fetched or computed again is kept; may be emptied at any time."""
        return self.root / (self.secret("GATE_CACHE") or ".gate/cache")

    @property
    def records(self) -> str:
        """Where signed records and what they rest on are kept, outside MLflow."""
        found = self.settings_file.content.state.records or ".gate/records"
        return _location(found, self.root)

    @property
    def retention_days(self) -> int | None:
        """Days that evidence is kept with the records; None: for ever."""
        return self.settings_file.content.state.retention_days

    @property
    def trust(self) -> TrustSection:
        """`[trust]`, as it is written."""
        return self.settings_file.content.trust

    @property
    def trust_file(self) -> Path | None:
        """The signed trust file; None when the workspace names none."""
        return None if self.trust.root is None else self.root / self.trust.root

    @property
    def anchor(self) -> str:
        """Where the newest record that was seen of every model is kept."""
        return _location(self.trust.anchor or ".gate/anchor.json", self.root)

    @property
    def models(self) -> Mapping[str, ModelSection]:
        """`[models.NAME]`, by the name of the registered model."""
        return self.settings_file.content.models

    @property
    def endpoints(self) -> Mapping[str, EndpointSection]:
        """`[endpoints.NAME]`, by name."""
        return self.settings_file.content.endpoints

    @property
    def harnesses(self) -> Mapping[str, str]:
        """Programs that `[harnesses]` names, by the harness."""
        said = self.settings_file.content.harnesses
        named = {"lm_eval": said.lm_eval, "inspect": said.inspect}
        return {harness: path for harness, path in named.items() if path is not None}

    @property
    def actors(self) -> Actors | None:
        """Ray's workers as `[compute]` says them; None when nothing is to be spread."""
        said = self.settings_file.content.compute
        if said.ray is None:
            return None
        return Actors(
            count=said.actors,
            address=None if said.ray == "local" else said.ray,
            cpus=said.cpus_each,
            gpus=said.gpus_each,
        )

    @property
    def data(self) -> Mapping[str, DataSection]:
        """`[data.NAME]`, by name, with its paths made absolute."""
        return {
            name: section.model_copy(
                update={
                    "connection": section.connection and _location(section.connection, self.root),
                    "exposures": self._traffic(section, section.exposures),
                    "events": self._traffic(section, section.events),
                }
            )
            for name, section in self.settings_file.content.data.items()
        }

    @property
    def data_as_written(self) -> Mapping[str, DataSection]:
        """The same with paths as they stand in the file: alike wherever the workspace is."""
        return self.settings_file.content.data

    @property
    def benchmarks(self) -> Catalogue:
        """The program's benchmarks, and the workspace's own in `policies/benchmarks/`."""
        return Catalogue(self.root / "policies" / "benchmarks")

    def policy_path(self, model: str, alias: str) -> Path | None:
        """The policy that may move an alias of a model; `None` when the workspace names none."""
        section = self.models.get(model)
        named = section.policies.get(alias) if section else None
        if named is None:
            return None
        if named.endswith((".yaml", ".yml")):
            return self.root / named
        return self.root / "policies" / f"{named}.yaml"

    def secret(self, variable: str) -> str | None:
        """Value of an environment variable; `None` when it is unset or empty."""
        return self.environment.get(variable) or None

    @property
    def _toml(self) -> str:
        return str(self.file) if self.file else "a gate.toml (there is none)"

    def _traffic(self, section: DataSection, text: str | None) -> str | None:
        """A file's path made absolute; a table's name as it is."""
        is_table = section.connection is not None and not (text or "").endswith(SUFFIXES)
        return text if text is None or is_table else _location(text, self.root)

    def _refuse_passing_machines(self, url: str) -> None:
        passing = [name for name in ("CI", "KUBERNETES_SERVICE_HOST") if self._says(name)]
        if passing:
            raise WrongUsage(
                f"will not keep state in the folder {url}",
                why=f"{passing[0]} is set: a folder ends with the job, and with it the answers and "
                "votes that were paid for",
                fix="set GATE_STATE to a store that lasts, or GATE_ALLOW_LOCAL_STATE=1 if this "
                "folder does",
            )

    def _says(self, variable: str) -> bool:
        return is_on(self.environment.get(variable))


def is_on(value: str | None) -> bool:
    """Whether a variable's value means yes: anything but nothing, `0`, `false` and `no`."""
    return (value or "").strip().lower() not in ("", "0", "false", "no")


def load_workspace(
    folder: Path,
    environment: Mapping[str, str],
    *,
    tracking_uri: str | None = None,
    state_url: str | None = None,
    allow_local_state: bool = False,
) -> Workspace:
    """The workspace of a folder: of the `gate.toml` in it, or in the nearest folder above.

    Args:
        folder: Where to look; relative values of flags and variables start from it too.
        environment: Environment variables.
        tracking_uri: Value of a flag, which wins.
        state_url: Value of a flag, which wins.
        allow_local_state: Whether a flag allows a folder as state under CI or Kubernetes.

    Raises:
        WrongUsage: When the folder is not there or its `gate.toml` cannot be used.
    """
    here = folder.resolve()
    if not here.is_dir():
        raise WrongUsage(
            f"there is no folder {folder}", why="--workspace names it", fix="name one that exists"
        )
    file = next((p / "gate.toml" for p in (here, *here.parents) if _is_file(p)), None)
    read = _read(file) if file else SettingsFile()
    root = file.parent if file else here
    chooser = _Chooser(here=here, root=root, environment=environment, read=read)
    mlflow, state = read.content.mlflow, read.content.state
    return Workspace(
        root=root,
        file=file,
        settings_file=read,
        environment=environment,
        tracking=chooser.choose("mlflow.tracking_uri", tracking_uri, mlflow.tracking_uri),
        registry=chooser.choose("mlflow.registry_uri", None, mlflow.registry_uri),
        state=chooser.choose("state.url", state_url, state.url),
        local_state_allowed=allow_local_state or is_on(environment.get("GATE_ALLOW_LOCAL_STATE")),
    )


def _is_file(folder: Path) -> bool:
    return (folder / "gate.toml").is_file()


def _read(file: Path) -> SettingsFile:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise WrongUsage(
            f"cannot read {file}", why=f"{file}: {why}", fix="make it a readable UTF-8 file"
        ) from error
    return parse_gate_toml(text, where=str(file))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chooser:
    """Precedence, and what a relative path is relative to."""

    here: Path
    root: Path
    environment: Mapping[str, str] = field(repr=False)
    read: SettingsFile

    def choose(self, name: str, flag: str | None, written: str | None) -> Chosen:
        """What wins for a setting; an empty flag or variable says nothing."""
        option, variable = _FLAG_AND_VARIABLE[name]
        exported = self.environment.get(variable)
        if flag:
            return Chosen(value=_location(flag, self.here), origin=option)
        if exported:
            return Chosen(value=_location(exported, self.here), origin=variable)
        if written is None:
            return Chosen(value=None, origin="default")
        line = self.read.line(tuple(name.split(".")))
        return Chosen(value=_location(written, self.root), origin=f"gate.toml:{line}")


def _location(text: str, base: Path) -> str:
    """A path, or the path of a SQLite URI, made absolute; other URLs as they are."""
    for scheme in ("sqlite:///", "sqlite+pysqlite:///", "duckdb:///"):
        path = text.removeprefix(scheme)
        if path != text:
            kept = not path or path.startswith((":memory:", "file:"))
            return text if kept else f"{scheme}{base / path}"
    return text if "://" in text or text in _WORDS_FOR_STORES else str(base / text)


def _is_folder(url: str) -> bool:
    return "://" not in url or url.startswith("file:")
