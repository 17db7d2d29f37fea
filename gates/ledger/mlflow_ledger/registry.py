"""Versions in MLflow's registry: found, made, tagged, and pointed at by aliases."""

import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gates.ledger.ledger import NewVersion, Version
from gates.ledger.mlflow_ledger.connection import Connection, absent, present, quoted
from gates.ledger.mlflow_ledger.experiments import experiment_of_model
from gates.ledger.references import Reference, parse_reference
from policies.canonical import sha256_of_bytes
from policies.errors import Broken, InputError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

FILE_TAG = "gate_file"
"""Tag of a version: name of its recorded-outputs file."""

LOGGED_MODEL_TAG = "gate_logged_model"
"""Tag of a version: MLflow's logged model that holds the file (the registry forgets the link)."""

_SHOWN = 10


def find_version(connection: Connection, reference: str) -> Version:
    """The version behind a reference.

    Raises:
        InputError: When there is none, naming those that exist.
        LedgerDown: When the store does not answer.
    """
    named = parse_reference(reference)
    model = _model(connection, named.name)
    if model is None:
        raise _no_model(connection, named.name)
    aliases: Mapping[str, str] = {k: str(v) for k, v in model.aliases.items()}
    number = aliases.get(named.alias) if named.alias else named.version
    found = None if number is None else _version(connection, named.name, number)
    if found is None:
        raise _no_version(named, aliases, find_versions(connection, named.name))
    return _seen(found, aliases)


def find_versions(connection: Connection, name: str) -> tuple[Version, ...]:
    """Every version of a model, oldest first; empty when the model does not exist."""
    model = _model(connection, name)
    if model is None:
        return ()
    aliases = {k: str(v) for k, v in model.aliases.items()}
    found: list[ModelVersion] = []
    token: str | None = ""
    with connection.answering(f"list the versions of {name}"):
        while token is not None:
            page = connection.client.search_model_versions(
                f"name={quoted(name)}", max_results=200, page_token=token or None
            )
            found += page
            token = page.token or None
    return tuple(_seen(v, aliases) for v in sorted(found, key=lambda v: int(v.version)))


def register_version(connection: Connection, new: NewVersion) -> Version:
    """A new version; its file is uploaded before the version exists."""
    tags = dict(new.tags)
    source, model_id = new.source, None
    if new.file is not None:
        tags[FILE_TAG] = new.file.name
    if source is None:
        model_id = _logged_model(connection, new)
        source, tags[LOGGED_MODEL_TAG] = f"models:/{model_id}", model_id
    _make_model(connection, new.name)
    with connection.answering(f"register a version of {new.name}"), connection.as_default():
        made = connection.client.create_model_version(
            new.name,
            source,
            tags=tags,
            description=new.description or None,
            await_creation_for=0,
            model_id=model_id,
        )
    return find_version(connection, f"{new.name}/{made.version}")


def fetch_version_file(connection: Connection, version: Version, folder: Path) -> Path:
    """The recorded-outputs file of a version, copied into a folder and held against its digest.

    Raises:
        InputError: When the version has none.
        Broken: When it is gone, or is not the file that was registered.
    """
    name, model_id = version.tags.get(FILE_TAG), version.tags.get(LOGGED_MODEL_TAG)
    if name is None or model_id is None or Path(name).name != name:
        raise InputError(
            f"{version.uri} has no recorded outputs",
            why=f"its tags `{FILE_TAG}` and `{LOGGED_MODEL_TAG}` name no file",
            fix=f"gate register {version.name} --file OUTPUTS.jsonl",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = _downloaded(connection, version, folder)
    expected = version.tags.get("gate_sha256")
    if expected is not None and sha256_of_bytes(path.read_bytes()) != expected:
        raise Broken(
            f"the recorded outputs of {version.uri} were changed",
            why=f"{name} in MLflow is not the file with sha256 {expected[:12]} of its registration",
            fix=f"register the file you mean as a new version: gate register {version.name}",
        )
    return path


def tag_version(connection: Connection, version: Version, tags: Mapping[str, str]) -> None:
    """Sets tags on a version."""
    with connection.answering(f"tag {version.uri}"):
        for key, value in tags.items():
            connection.client.set_model_version_tag(version.name, version.version, key, value)


def point_alias(connection: Connection, version: Version, alias: str) -> None:
    """Points an alias at a version and reads it back.

    Raises:
        InputError: When MLflow reserves the name or does not allow it.
        Broken: When it does not point there afterwards.
    """
    from mlflow.exceptions import MlflowException

    with connection.answering(f"point {alias} at {version.uri}"):
        try:
            connection.client.set_registered_model_alias(version.name, alias, version.version)
        except MlflowException as error:
            if error.error_code == "INVALID_PARAMETER_VALUE":
                raise InputError(
                    f"cannot use the alias {alias}", why=error.message, fix="choose another name"
                ) from error
            raise
    model = _model(connection, version.name)
    found = None if model is None else model.aliases.get(alias)
    if found is None or str(found) != version.version:
        raise Broken(
            f"{version.name}@{alias} was not moved",
            why=f"it was pointed at version {version.version} and reads back as {found}",
            fix="see who else moves it, then run again",
        )


def _model(connection: Connection, name: str) -> "RegisteredModel | None":
    from mlflow.exceptions import MlflowException

    with connection.answering(f"find the model {name}"):
        try:
            return connection.client.get_registered_model(name)
        except MlflowException as error:
            if absent(error):
                return None
            raise


def _version(connection: Connection, name: str, number: str) -> "ModelVersion | None":
    from mlflow.exceptions import MlflowException

    with connection.answering(f"find models:/{name}/{number}"):
        try:
            return connection.client.get_model_version(name, number)
        except MlflowException as error:
            if absent(error):
                return None
            raise


def _seen(found: "ModelVersion", aliases: Mapping[str, str]) -> Version:
    number = str(found.version)
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    return Version(
        name=found.name,
        version=number,
        aliases=tuple(sorted(alias for alias, version in aliases.items() if version == number)),
        tags=dict(found.tags),
        created=created.isoformat(timespec="milliseconds"),
        source=found.source or "",
    )


def _make_model(connection: Connection, name: str) -> None:
    from mlflow.exceptions import MlflowException

    with connection.answering(f"make the model {name}"):
        try:
            connection.client.create_registered_model(name)
        except MlflowException as error:
            if not present(error):
                raise


def _logged_model(connection: Connection, new: NewVersion) -> str:
    """MLflow's entity that a version stands on: with the file, or marked as kept elsewhere."""
    experiment = experiment_of_model(connection, new.name)
    tags = {} if new.file else {"mlflow.model.isExternal": "true"}
    with tempfile.TemporaryDirectory() as folder:
        if new.file is not None:
            _copy(new.file, Path(folder))
        with connection.answering(f"upload {new.file}" if new.file else f"describe {new.name}"):
            made = connection.client.create_logged_model(
                experiment, name=_plain(new.name), tags=tags, model_type="gate_candidate"
            )
            if new.file is not None:
                connection.client.log_model_artifacts(made.model_id, folder)
            connection.client.finalize_logged_model(made.model_id, "READY")
    return str(made.model_id)


def _copy(file: Path, folder: Path) -> None:
    try:
        shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise InputError(
            f"cannot read {file}", why=error.strerror or str(error), fix="check the path"
        ) from error


def _downloaded(connection: Connection, version: Version, folder: Path) -> Path:
    from mlflow.artifacts import download_artifacts

    name, model_id = version.tags[FILE_TAG], version.tags[LOGGED_MODEL_TAG]
    with connection.answering(f"fetch the recorded outputs of {version.uri}"):
        files = connection.client.list_logged_model_artifacts(model_id)
        if name not in {file.path for file in files}:
            raise Broken(
                f"the recorded outputs of {version.uri} are gone",
                why=f"MLflow's logged model {model_id} has no {name}",
                fix=f"register the file again: gate register {version.name}",
            )
        place = connection.client.get_logged_model(model_id).artifact_location
        return Path(
            download_artifacts(
                artifact_uri=f"{place.rstrip('/')}/{name}",
                dst_path=str(folder),
                tracking_uri=connection.tracking_uri,
            )
        )


def _plain(name: str) -> str:
    """A logged model's name, which may not have some characters that a registered one may."""
    return "".join("_" if c in "/:.%\"'" else c for c in name)


def _no_model(connection: Connection, name: str) -> InputError:
    with connection.answering("list the models"):
        names = [m.name for m in connection.client.search_registered_models(max_results=_SHOWN)]
    return InputError(
        f"there is no model {name}",
        why=f"{connection.uri} has {', '.join(names) or 'none at all'}",
        fix=f"gate register {name} ..., or check the name and [mlflow] tracking_uri",
    )


def _no_version(
    named: Reference, aliases: Mapping[str, str], versions: tuple[Version, ...]
) -> InputError:
    numbers = [v.version for v in versions[-_SHOWN:]]
    pointers = [f"{alias} -> {number}" for alias, number in sorted(aliases.items())]
    what = f"alias {named.alias}" if named.alias else f"version {named.version}"
    return InputError(
        f"{named.name} has no {what}",
        why=f"its last versions are {', '.join(numbers) or 'none'}; "
        f"its aliases are {', '.join(pointers) or 'none'}",
        fix="name one of these, or make it with gate register or gate adopt",
    )
