"""What a version carries: recorded outputs or a packed model, brought here whole or not at all."""

import shutil
import tempfile
from pathlib import Path

from gates.ledger.ledger import Version
from gates.ledger.mlflow_ledger.connection import Connection
from policies.canonical import sha256_of_bytes
from policies.errors import Broken, InputError

FILE_TAG = "gate_file"
"""Tag of a version: name of its recorded-outputs file."""

LOGGED_MODEL_TAG = "gate_logged_model"
"""Tag of a version: MLflow's logged model that holds the file (the registry forgets the link)."""


def fetch_version_file(connection: Connection, version: Version, folder: Path) -> Path:
    """The recorded outputs of a version, or the folder of its pyfunc model, put into a folder.

    Recorded outputs are held against the digest of their registration. What stands in the folder is
    whole: it is fetched beside it and moved there.

    Raises:
        InputError: When the version carries nothing.
        Broken: When it is gone, or is not what was registered.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        if version.tags.get("gate_source") == "pyfunc":
            found = _fetch_model(connection, version, Path(scratch))
        else:
            found = _fetch_outputs(connection, version, Path(scratch))
            _check_digest(version, found)
        return _moved(found, folder)


def copy_file(file: Path, folder: Path) -> None:
    """A copy of a person's file.

    Raises:
        InputError: When it cannot be read.
    """
    try:
        shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise InputError(
            f"cannot read {file}", why=error.strerror or str(error), fix="check the path"
        ) from error


def _fetch_outputs(connection: Connection, version: Version, scratch: Path) -> Path:
    name, model_id = version.tags.get(FILE_TAG), version.tags.get(LOGGED_MODEL_TAG)
    if name is None or model_id is None or Path(name).name != name:
        raise InputError(
            f"{version.uri} has no recorded outputs",
            why=f"its tags `{FILE_TAG}` and `{LOGGED_MODEL_TAG}` name no file",
            fix=f"register a version of {version.name} with its file of recorded outputs",
        )
    with connection.answering(f"fetch the recorded outputs of {version.uri}"):
        files = connection.client.list_logged_model_artifacts(model_id)
        if name not in {file.path for file in files}:
            raise Broken(
                f"the recorded outputs of {version.uri} are gone",
                why=f"MLflow's logged model {model_id} has no {name}",
                fix="register the file again, as a new version",
            )
        place = str(connection.client.get_logged_model(model_id).artifact_location)
    return _download(connection, version, f"{place.rstrip('/')}/{name}", scratch / "file")


def _fetch_model(connection: Connection, version: Version, scratch: Path) -> Path:
    with connection.answering(f"find the model of {version.uri}"):
        place = connection.client.get_model_version_download_uri(version.name, version.version)
    return _download(connection, version, str(place), scratch / "model")


def _download(connection: Connection, version: Version, place: str, target: Path) -> Path:
    from mlflow.artifacts import download_artifacts

    target.mkdir()
    with connection.answering(f"fetch what {version.uri} carries"):
        return Path(
            download_artifacts(
                artifact_uri=place,
                dst_path=str(target),
                tracking_uri=connection.tracking_uri,
            )
        )


def _check_digest(version: Version, found: Path) -> None:
    expected = version.tags.get("gate_sha256")
    if expected is not None and sha256_of_bytes(found.read_bytes()) != expected:
        raise Broken(
            f"the recorded outputs of {version.uri} were changed",
            why=f"{found.name} in MLflow is not the file of its registration, whose sha256 is "
            f"{expected[:12]}",
            fix="register the file you mean as a new version",
        )


def _moved(found: Path, folder: Path) -> Path:
    if not folder.exists():
        whole = Path(tempfile.mkdtemp(dir=found.parent.parent))
        found.replace(whole / found.name)
        whole.replace(folder)
        return folder / found.name
    target = folder / found.name
    if target.is_dir():
        shutil.rmtree(target)
    found.replace(target)
    return target
