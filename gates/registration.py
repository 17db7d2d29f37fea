"""Checkpoints made known: a new candidate registered, the version in production adopted."""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from gates.ledger.ledger import Adoption, Ledger, NewVersion, Version
from policies.canonical import sha256_of, sha256_of_bytes
from policies.errors import InputError
from stages.models.local_files import look_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Answers through an OpenAI-compatible server.

    Attributes:
        base_url: Its address, `{version}` standing for the version's number; None when the
            workspace says it for the whole model.
        model_name: The model's name there; None when the workspace says it.
        api_key_env: Environment variable that holds the key; None when it needs none.
    """

    base_url: str | None = None
    model_name: str | None = None
    api_key_env: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Answers that were recorded before; the caller has read the file and found it sound.

    Attributes:
        file: The recorded outputs.
        format: `jsonl` or `alpaca_eval`.
    """

    file: Path
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyfunc:
    """Answers through an MLflow pyfunc model.

    Attributes:
        uri: Where MLflow has it: `models:/m-...`, `runs:/...` or `models:/other/3`.
    """

    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InFolder:
    """Answers through transformers, which run it where it lies.

    Attributes:
        folder: Its files, on this machine.
        named: Where its versions are looked for, as the tag says it: a path that is absolute, or
            relative to the workspace.
    """

    folder: Path
    named: str


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """Cannot be asked; known by votes and traffic only."""


How = Endpoint | Recorded | Pyfunc | InFolder | External


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a person says of a new candidate.

    Attributes:
        name: Registered model name.
        how: How it answers.
        known_as: Its name in votes and traffic; `name/version` when None.
        description: For people; may be empty.
    """

    name: str
    how: How
    known_as: str | None = None
    description: str = ""


def register(ledger: Ledger, registration: Registration) -> Version:
    """A new version of a model.

    Raises:
        InputError: When what is said of it cannot be so, or its name in votes and traffic is taken;
            nothing was registered then.
        LedgerDown: When the ledger does not answer.
    """
    return register_each(ledger, (registration,))[0]


def register_each(ledger: Ledger, registrations: Sequence[Registration]) -> tuple[Version, ...]:
    """New versions, in their order; all that is said of them is checked before the first is made.

    Raises:
        InputError: As `register`, and when two would be known by one name; nothing was registered
            then.
        LedgerDown: When the ledger does not answer; versions made until then stay.
    """
    new = tuple(_new_version(registration) for registration in registrations)
    for name in dict.fromkeys(registration.name for registration in registrations):
        _refuse_taken(ledger, name, [r.known_as for r in registrations if r.name == name])
    return tuple(ledger.register(version) for version in new)


def adopt(ledger: Ledger, reference: str, *, alias: str, reason: str, at: str) -> Version:
    """Makes the version that is already in production the baseline, without any PASS.

    Args:
        ledger: Where versions are kept.
        reference: The version.
        alias: The alias it gets, `champion`.
        reason: Why it may stand without a decision; kept and shown.
        at: ISO 8601 time of the adoption.

    Returns:
        The version, with its alias.

    Raises:
        InputError: When there is no reason, no such version, or the alias points elsewhere.
        LedgerDown: When the ledger does not answer.
    """
    _refuse_no_reason(reference, reason)
    version = ledger.version(reference)
    _refuse_promoted(ledger, version, alias)
    adoption = {"version": version.uri, "alias": alias, "reason": reason.strip()}
    if alias in version.aliases and version.tags.get("gate_adopted") == adoption["reason"]:
        return version
    ledger.log_adoption(
        Adoption(
            key=sha256_of(adoption),
            adopted_at=at,
            version=version,
            alias=alias,
            reason=adoption["reason"],
        )
    )
    ledger.tag(version, {"gate_adopted": adoption["reason"]})
    if alias not in version.aliases:
        ledger.set_alias(version, alias)
    return ledger.version(version.uri)


def _new_version(registration: Registration) -> NewVersion:
    name, how, known_as = registration.name, registration.how, registration.known_as
    if not name.strip() or set(name) & set("/:@"):
        raise InputError(
            f"{name!r} is no name of a model",
            why="a model's name says something and has none of `/`, `:` and `@`",
            fix="name it like assistant; its versions are numbered by MLflow",
        )
    return NewVersion(
        name=name,
        tags={**_tags(how), **({} if known_as is None else {"gate_known_as": known_as})},
        file=how.file if isinstance(how, Recorded) else None,
        source=how.uri if isinstance(how, Pyfunc) else None,
        description=registration.description,
    )


def _tags(how: How) -> Mapping[str, str]:
    match how:
        case Endpoint():
            return {"gate_source": "endpoint", **_endpoint_tags(how)}
        case Recorded():
            digest = sha256_of_bytes(_content(how.file))
            return {"gate_source": "recorded", "gate_format": how.format, "gate_sha256": digest}
        case Pyfunc():
            _check_model_uri(how.uri)
            return {"gate_source": "pyfunc"}
        case InFolder():
            digest = look_at(how.folder).digest()
            return {"gate_source": "local", "gate_folder": how.named, "gate_sha256": digest}
        case External():
            return {"gate_source": "external"}
        case _:
            assert_never(how)


def _endpoint_tags(endpoint: Endpoint) -> Mapping[str, str]:
    if endpoint.base_url is not None:
        _check_base_url(endpoint.base_url)
    key = endpoint.api_key_env
    if key is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        raise InputError(
            "cannot keep this API key",
            why="what is wanted is the name of an environment variable, not the key itself",
            fix="export the key, for example as ASSISTANT_KEY, and name that variable",
        )
    tags = {
        "gate_base_url": endpoint.base_url,
        "gate_model_name": endpoint.model_name,
        "gate_api_key_env": key,
    }
    return {name: value for name, value in tags.items() if value is not None}


def _check_base_url(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:  # whose words, like the address, may hold a password
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _refused_url("it is no http address", "write it like http://host:8000/v1")
    if "@" in parts.netloc:
        raise _refused_url("it holds a password, which tags would show", "name --api-key-env")
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(url) if field is not None}
    except ValueError as error:
        raise _refused_url(f"its braces do not match: {error}", "write {version}") from error
    if fields - {"version"}:
        raise _refused_url(
            f"nothing fills {', '.join(sorted('{' + field + '}' for field in fields))}",
            "the one placeholder is {version}",
        )


def _refused_url(why: str, fix: str) -> InputError:
    return InputError("cannot use this endpoint", why=why, fix=fix)


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {file}", why=error.strerror or str(error), fix="check the path"
        ) from error
    if not content.strip():
        raise InputError(
            f"{file} is empty",
            why="a candidate without answers cannot be measured",
            fix="record its answers first",
        )
    return content


def _check_model_uri(uri: str) -> None:
    if urlsplit(uri).scheme not in ("models", "runs"):
        raise InputError(
            f"{uri} is no MLflow model",
            why="a pyfunc candidate is one that MLflow has",
            fix="log it with mlflow.pyfunc.log_model, then name models:/m-... or runs:/...",
        )


def _refuse_taken(ledger: Ledger, name: str, wanted: Sequence[str | None]) -> None:
    """Refuses names in votes and traffic that say nothing, or would mean two versions."""
    counts = Counter(known_as for known_as in wanted if known_as is not None)
    taken = {v.known_as: v.uri for v in ledger.versions(name)} if counts else {}
    for known_as, count in counts.items():
        if not known_as.strip():
            raise InputError("cannot call a checkpoint nothing", why="--known-as is empty")
        if re.fullmatch(re.escape(name) + r"/\d+", known_as):
            raise InputError(
                f"cannot call a checkpoint {known_as}",
                why="that is what the version of this number is called by itself",
                fix="leave --known-as out, or choose another name",
            )
        if known_as in taken or count > 1:
            holder = taken.get(known_as, "more than one of these")
            raise InputError(
                f"{known_as} is taken",
                why=f"{holder} is known as {known_as} in votes and traffic",
                fix="choose another --known-as, so that no vote counts for two",
            )


def _refuse_no_reason(reference: str, reason: str) -> None:
    if not reason.strip():
        raise InputError(
            f"cannot adopt {reference} without a reason",
            why="an adopted version never passed the gate, so the record must say why it stands",
            fix=f'gate adopt {reference} --reason "in production since ..."',
        )


def _refuse_promoted(ledger: Ledger, version: Version, alias: str) -> None:
    others = [v for v in ledger.versions(version.name) if alias in v.aliases]
    if any(v.version != version.version for v in others):
        raise InputError(
            f"{version.name}@{alias} is taken by {others[0].uri}",
            why="only a model that nothing was promoted for yet can be adopted",
            fix=f"move it with gate promote {version.name}/{version.version}",
        )
