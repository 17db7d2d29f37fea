"""Versions in MLflow's registry: found, made, tagged, and pointed at by aliases."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gates.ledger.ledger import NewVersion, Version
from gates.ledger.mlflow_ledger.connection import Connection, absent, present, quoted
from gates.ledger.mlflow_ledger.experiments import experiment_of_model
from gates.ledger.mlflow_ledger.files import FILE_TAG, LOGGED_MODEL_TAG, copy_file
from gates.ledger.references import Reference, parse_reference
from policies.errors import Broken, InputError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

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


def find_holder(connection: Connection, name: str, alias: str) -> Version | None:
    """The version behind an alias, without the thousands beside it; None when there is none."""
    model = _model(connection, name)
    aliases = {} if model is None else {k: str(v) for k, v in model.aliases.items()}
    number = aliases.get(alias)
    found = None if number is None else _version(connection, name, number)
    return None if found is None else _seen(found, aliases)


def register_version(connection: Connection, new: NewVersion) -> Version:
    """A new version; its file is uploaded before the version exists."""
    tags = dict(new.tags)
    if new.file is not None:
        tags[FILE_TAG] = new.file.name
    source = new.source
    if source is None:
        tags[LOGGED_MODEL_TAG] = _logged_model(connection, new)
        source = f"models:/{tags[LOGGED_MODEL_TAG]}"
    _make_model(connection, new.name)
    with connection.answering(f"register a version of {new.name}"), connection.as_default():
        made = connection.client.create_model_version(
            new.name,
            source,
            tags=tags,
            description=new.description or None,
            await_creation_for=0,
            **_origin(source),
        )
    return find_version(connection, f"{new.name}/{made.version}")


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
            copy_file(new.file, Path(folder))
        with connection.answering(f"upload {new.file}" if new.file else f"describe {new.name}"):
            made = connection.client.create_logged_model(
                experiment, name=_plain(new.name), tags=tags, model_type="gate_candidate"
            )
            if new.file is not None:
                connection.client.log_model_artifacts(made.model_id, folder)
            connection.client.finalize_logged_model(made.model_id, "READY")
    return str(made.model_id)


def _origin(source: str) -> dict[str, str]:
    """What MLflow wants named beside a source that it keeps itself."""
    kind, _, place = source.partition(":/")
    match kind:
        case "models" if place.startswith("m-"):
            return {"model_id": place}
        case "runs":
            return {"run_id": place.partition("/")[0]}
        case _:
            return {}


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
