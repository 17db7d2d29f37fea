"""`gate.toml`: where things are, without thresholds and without secrets."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from gates.masking import MASK, is_secret_name, mask_secrets
from policies.base import Count, Name, Sha256, Strict, Text
from policies.errors import WrongUsage
from policies.problems import Path, Problem, nearest_line
from policies.shape import problems_of


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^/@\s]+(/[^@\s]*)?", text):
        raise ValueError("an address with http:// or https://, without user or password")
    return text


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        raise ValueError("the name of an environment variable, in capitals; never its value")
    return text


def _connection(text: str) -> str:
    found = re.fullmatch(r"[a-z][a-z0-9+]*://([^/@\s]*@)?([^@\s]*)", text)
    if not found:
        raise ValueError("an address such as postgresql://user@host/database")
    if ":" in (found[1] or "") or mask_secrets(found[2]) != found[2]:
        raise ValueError("an address without a password, which `password_env` names")
    return text


def _alias(text: str) -> str:
    if not re.fullmatch(r"[^@/:\s]+@[^@/:\s]+", text):
        raise ValueError("a registered model and its alias, such as support_judge@champion")
    return text


def _path_of_key(text: str) -> str:
    if "PRIVATE KEY" in text:
        raise ValueError("the path of a private key's file; never the key")
    return text


Connection = Annotated[str, AfterValidator(_connection)]
"""A database's address without a password."""

Address = Annotated[str, AfterValidator(_address)]
"""An HTTP address without user or password; may hold `{version}`."""

Variable = Annotated[str, AfterValidator(_variable)]
"""Name of an environment variable, in capitals: a key pasted in its place is refused."""

Admitted = Annotated[str, AfterValidator(_alias)]
"""A registered model and an alias of it."""

Dollars = Annotated[float, Field(ge=0)]


class MlflowSection(Strict):
    """Where checkpoints and decisions are kept."""

    tracking_uri: Text | None = None
    registry_uri: Text | None = None


class StateSection(Strict):
    """Where journals, locks and signed records are kept."""

    url: Text | None = None
    records: Text | None = None
    retention_days: Count | None = None


class Price(Strict):
    """US dollars for a million tokens."""

    input: Dollars
    output: Dollars


class Asking(Strict):
    """How hard an endpoint may be pressed, and what it costs."""

    usd_per_million_tokens: Price | None = None
    gpus: Annotated[float, Field(ge=0)] | None = None
    """Accelerators that serve it; 0 for a service of others."""
    tokens_per_second: Annotated[float, Field(gt=0)] | None = None
    """Prompt and answer tokens that all of them work through together."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    retries: Annotated[int, Field(ge=0)] = 3
    slots: Annotated[Count, Field(le=1024)] = 16
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None


class ModelSection(Asking):
    """A registered model: which policy may move which alias, and how its versions answer."""

    policies: dict[Text, Text] = Field(default_factory=dict)
    """Policy (a name in `policies/`, or a path) by the alias it may move."""
    endpoint: Address | None = None
    """Address up to `/v1`; `{version}` stands for the version's number."""
    served_as: Text | None = None
    """Model name to ask the endpoint for; may hold `{version}`."""
    api_key_env: Variable | None = None
    serve: Text | None = None
    """Script called with `start|health|stop VERSION`."""
    serve_healthy_within_seconds: Annotated[float, Field(gt=0)] = 900.0
    """How long a version may take from its start until `health` says that it answers."""
    deploy: Text | None = None
    """Script called with `MODEL VERSION ALIAS` after an alias moved."""
    deploy_seconds_at_most: Annotated[float, Field(gt=0)] = 600.0
    """After which the script is ended."""
    production: Address | None = None
    """What must then answer."""
    production_as: Text | None = None
    """Model name to ask it for; None: as the version's own; may hold `{version}`."""


class EndpointSection(Asking):
    """A judge, a guard or a service: an OpenAI-compatible endpoint, or a model in a folder."""

    base_url: Address | None = None
    model: Text | None = None
    folder: Text | None = None
    """Instead of both: folder of a transformers model that is run here."""
    chat_template: Text | None = None
    """File with the Jinja template of a model in a folder whose tokenizer has none."""
    api_key_env: Variable | None = None
    admitted: Admitted | None = None
    """Registered judge and alias, `support_judge@champion`: it judges only while it is that."""

    @model_validator(mode="after")
    def _one_place(self) -> "EndpointSection":
        reached = (self.base_url, self.model)
        if (None in reached) if self.folder is None else reached != (None, None):
            raise ValueError("give `base_url` and `model`, or `folder`")
        if self.chat_template is not None and self.folder is None:
            raise ValueError("`chat_template` belongs to a `folder`")
        return self


class DataSection(Strict):
    """Exposures and events of an A/B: files, or tables or queries of a database."""

    connection: Connection | None = None
    """Address of a database that Ibis reaches; None: files, read by DuckDB."""
    password_env: Variable | None = None
    """Variable that holds its password."""
    exposures: Text | None = None
    """A Parquet or CSV file, or a table of the database."""
    exposures_sql: Text | None = None
    """Instead: a query of the database."""
    events: Text | None = None
    events_sql: Text | None = None
    columns: dict[Text, Text] = Field(default_factory=dict)
    """What the tables call a column, by the name that the gate or the plan gives it."""

    @model_validator(mode="after")
    def _one_place_each(self) -> "DataSection":
        for what, named, sql in (
            ("exposures", self.exposures, self.exposures_sql),
            ("events", self.events, self.events_sql),
        ):
            if (named is None) == (sql is None):
                raise ValueError(f"give one of `{what}` and `{what}_sql`")
            if sql is not None and self.connection is None:
                raise ValueError(f"`{what}_sql` needs the `connection` that answers it")
        if self.password_env is not None and self.connection is None:
            raise ValueError("`password_env` belongs to a `connection`")
        return self


class TrustSection(Strict):
    """Whose trust file counts, and what signs here."""

    root: Text | None = None
    """The signed trust file, `trust.json`; its draft `trust.yaml` stands beside it."""
    keys: list[Sha256] = Field(default_factory=list)
    """Keyids of the root keys that count, whatever the trust file says of others."""
    threshold: Count = 1
    """People who must have signed the trust file, even where it asks for fewer."""
    anchor: Text | None = None
    """Where the newest record that was seen of every model is kept, outside MLflow."""
    key: Annotated[Text, AfterValidator(_path_of_key)] | None = None
    """File of the private key that signs here; the variable GATE_KEY wins."""
    key_env: Variable | None = None
    """Instead: variable that holds the private key."""
    key_password_env: Variable = "GATE_KEY_PASSWORD"  # noqa: S105 - a variable's name
    """Variable that holds the password of an encrypted private key."""
    key_command: list[Text] = Field(default_factory=list)
    """Instead: program and arguments that sign what they read, and print base64."""
    key_public: Text | None = None
    """Public key of `key_command`, in base64."""

    @model_validator(mode="after")
    def _one_key(self) -> "TrustSection":
        if sum(map(bool, (self.key, self.key_env, self.key_command))) > 1:
            raise ValueError("give one of `key`, `key_env` and `key_command`")
        if bool(self.key_command) != bool(self.key_public):
            raise ValueError("`key_command` and `key_public` belong together")
        if self.keys and len(set(self.keys)) < self.threshold:
            raise ValueError("`threshold` asks for more people than `keys` pins keys")
        return self


class NotifySection(Strict):
    """Who is told."""

    url_env: Variable | None = None
    """Variable that holds the webhook's address, which is a secret."""
    format: Literal["slack", "json"] = "slack"
    """`{"text": ...}`, which Mattermost and Rocket.Chat show too; or the event by its fields."""


class HarnessesSection(Strict):
    """Programs that run benchmarks, each in an environment of its own."""

    lm_eval: Text | None = None
    """lm-evaluation-harness's `lm_eval`; None: where `make lm-eval` installs it."""
    inspect: Text | None = None
    """Inspect's `inspect`; None: where `make inspect` installs it."""


class ComputeSection(Strict):
    """Ray, for classifiers and searches that outgrow this machine."""

    ray: Text | None = None
    """Address of a cluster, or `local`; None: nothing is spread."""
    actors: Count = 2
    """Workers."""
    cpus_each: Annotated[float, Field(gt=0)] = 1.0
    gpus_each: Annotated[float, Field(ge=0)] = 0.0


class GateToml(Strict):
    """The whole file."""

    mlflow: MlflowSection = MlflowSection()
    state: StateSection = StateSection()
    models: dict[Text, ModelSection] = Field(default_factory=dict)
    endpoints: dict[Name, EndpointSection] = Field(default_factory=dict)
    data: dict[Name, DataSection] = Field(default_factory=dict)
    harnesses: HarnessesSection = HarnessesSection()
    compute: ComputeSection = ComputeSection()
    trust: TrustSection = TrustSection()
    notify: NotifySection = NotifySection()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """What `gate.toml` says, and where.

    Attributes:
        content: Its settings; never shown whole, since addresses may hold passwords.
        lines: Line of every key that is written, by its path.
    """

    content: GateToml = field(default_factory=GateToml, repr=False)
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, at: Path) -> int:
        """Line of a key, or of the nearest table above it."""
        return nearest_line(self.lines, at)


def parse_gate_toml(text: str, *, where: str) -> SettingsFile:
    """The settings in the text of a `gate.toml`.

    Raises:
        WrongUsage: When it is no TOML or has unknown or wrong settings, naming file and line.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(where, (_syntax(text, error),)) from None
    lines = _lines(text)
    try:
        content = GateToml.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error, GateToml, _shown)
        placed = tuple(replace(p, line=nearest_line(lines, p.at)) for p in problems)
        raise _refused(where, placed) from None
    return SettingsFile(content=content, lines=lines)


def _refused(where: str, problems: tuple[Problem, ...]) -> WrongUsage:
    ordered = sorted(problems, key=lambda problem: problem.line)
    return WrongUsage(
        f"cannot use {where}",
        why="\n       ".join(problem.sentence(where) for problem in ordered),
        fix="mend the lines above, then: gate config show",
    )


def _syntax(text: str, error: tomllib.TOMLDecodeError) -> Problem:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    said = str(error)[: place.start()] if place else str(error)
    line = int(place[1]) if place and place[1] else text.count("\n") + 1
    return Problem(at=(), found=f"broken TOML ({said})", expected="TOML", line=line)


def _shown(at: Path, value: object) -> str:
    name = str(at[-1]) if at else ""
    if is_secret_name(name) or name.endswith("_env"):
        return f"`{MASK}`"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return f"`{mask_secrets(json.dumps(value, ensure_ascii=False, default=str))[:60]}`"


def _lines(text: str) -> dict[Path, int]:
    """Line of every table and key, found without the parser's help: it keeps none.

    Text inside a multi-line string may be taken for a key; it then names a path nobody asks for.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line)
        key = re.match(r"\s*((?:[A-Za-z0-9_.\s-]|\"[^\"]*\"|'[^']*')+?)\s*=", line)
        if header:
            table = _key_path(header[1])
        at = table if header else (*table, *_key_path(key[1])) if key else ()
        for depth in range(1, len(at) + 1):
            lines.setdefault(at[:depth], number)
    return lines


def _key_path(text: str) -> Path:
    """The parts of a dotted TOML key; empty when it is none."""
    try:
        value: object = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        path.append(name)
    return tuple(path)
