"""`gate.toml` is either wholly understood or refused with file, line and setting."""

import pytest

from gates.gate_toml import Price, parse_gate_toml
from policies.errors import WrongUsage

SECRET = "hunter2"
KEYID = "a" * 64
TRUST = 'root = "trust.json"'

GOOD = """\
[mlflow]
tracking_uri = "sqlite:///mlflow.db"
[state]
url = ".gate/state"   # a folder
records = "s3://records"
[models.assistant]
policies = { champion = "release" }
endpoint = "http://vllm-{version}.example/v1"
served_as = "assistant-{version}"
api_key_env = "VLLM_KEY"
deploy = "./ops/deploy.sh"
production = "https://assistant.example"
[endpoints.judge_a]
base_url = "https://judge.example/v1"
model = "judge-large"
api_key_env = "JUDGE_KEY"
usd_per_million_tokens = { input = 1.0, output = 4 }
timeout_seconds = 30
retries = 2
slots = 64
requests_per_minute = 600
[data.product]
exposures = "exposures.parquet"
events = "events.parquet"
[trust]
root = "trust.json"
[notify]
url_env = "SLACK_WEBHOOK_URL"
"""

# What stands there, what is put there, the line, the setting, a word of the message.
BROKEN = [
    ("tracking_uri", "traking_uri", 2, "mlflow.traking_uri", "write `tracking_uri`"),
    ("[mlflow]", "[mlfow]", 1, "mlfow", "write `mlflow`"),
    ('"sqlite:///mlflow.db"', "5", 2, "mlflow.tracking_uri", "text"),
    ('"sqlite:///mlflow.db"', '""', 2, "mlflow.tracking_uri", "says something"),
    ('"sqlite:///mlflow.db"', "2026-05-31", 2, "mlflow.tracking_uri", "text"),
    ('url = ".gate/state"', "url = [1]", 4, "state.url", "a list"),
    ('url = ".gate/state"', f'url = {{password = "{SECRET}"}}', 4, "state.url", "a table"),
    ('url = ".gate/state"', f'password = "{SECRET}"', 4, "state.password", "unknown key"),
    ("http://vllm", "vllm", 8, "models.assistant.endpoint", "https://"),
    ("https://judge", f"https://u:{SECRET}@judge", 14, "endpoints.judge_a.base_url", "password"),
    ('"JUDGE_KEY"', f'"sk-{SECRET}"', 16, "endpoints.judge_a.api_key_env", "never its value"),
    ('"JUDGE_KEY"', f'"{SECRET}"', 16, "endpoints.judge_a.api_key_env", "never its value"),
    ('api_key_env = "JUDGE_KEY"', f'api_key = "{SECRET}"', 16, "judge_a.api_key", "api_key_env"),
    (
        "model = ",
        "# model = ",
        14,
        "endpoints.judge_a.base_url",
        "`base_url` and `model`, or `folder`",
    ),
    (
        "base_url = ",
        "folder = ",
        15,
        "endpoints.judge_a.model",
        "`base_url` and `model`, or `folder`",
    ),
    ("retries = 2", 'chat_template = "c"', 19, "endpoints.judge_a.chat_template", "to a `folder`"),
    ("input = 1.0", "input = -1.0", 17, "usd_per_million_tokens.input", "equal to 0"),
    ("input = 1.0, ", "", 17, "usd_per_million_tokens.input", "found nothing"),
    ("input = 1.0", "input = nan", 17, "usd_per_million_tokens.input", "finite"),
    ("timeout_seconds = 30", "timeout_seconds = 0", 18, "timeout_seconds", "greater than 0"),
    ("timeout_seconds = 30", 'timeout_seconds = "30"', 18, "timeout_seconds", "without quotes"),
    ("retries = 2", "retries = -1", 19, "endpoints.judge_a.retries", "equal to 0"),
    ("retries = 2", "retries = true", 19, "endpoints.judge_a.retries", "whole number"),
    ("slots = 64", "slots = 0", 20, "endpoints.judge_a.slots", "equal to 1"),
    ("slots = 64", "slots = 2000", 20, "endpoints.judge_a.slots", "1024"),
    ("[endpoints.judge_a]", "[endpoints.Judge-A]", 13, "endpoints.Judge-A", "lower case"),
    ("[endpoints.judge_a]", "endpoints = 5\n[x]", 13, "endpoints", "unknown key"),
    ("events = ", "event = ", 24, "data.product.event", "write `events`"),
    ("SLACK_WEBHOOK_URL", "https://hooks.example/T/B", 28, "notify.url_env", "in capitals"),
    ("[data.product]", '[data.product]\nbackend = "spark"', 23, "product.backend", "unknown key"),
    ("[data.product]", '[data.product]\npassword_env = "P"', 23, "password_env", "connection"),
    ("[data.product]", '[data.product]\nevents_sql = "SELECT 1"', 25, "events", "one of"),
    ("[data.product]", '[data.product]\nconnection = "db"', 23, "product.connection", "postgresql"),
    *(
        (
            "[data.product]",
            f'[data.product]\nconnection = "{url}"',
            23,
            "connection",
            "password_env",
        )
        for url in (f"postgresql://u:{SECRET}@h/d", f"snowflake://u@a/d?token={SECRET}")
    ),
    (TRUST, f'{TRUST}\nkeys = ["ann"]', 27, "trust.keys[0]", "64 hexadecimal digits"),
    (TRUST, f"{TRUST}\nthreshold = 0", 27, "trust.threshold", "equal to 1"),
    (
        TRUST,
        f"{TRUST}\nkeys = ['{KEYID}']\nthreshold = 2",
        28,
        "trust.threshold",
        "more people than",
    ),
    (TRUST, f'{TRUST}\nkey = "-----BEGIN PRIVATE KEY-----{SECRET}"', 27, "trust.key", "the path"),
    (TRUST, f'{TRUST}\nkey = "a"\nkey_env = "B"', 27, "trust.key", "give one of"),
    (TRUST, f'{TRUST}\nkey_command = ["a"]', 27, "trust.key_command", "belong together"),
    (TRUST, f'{TRUST}\nkey_env = "hunter2"', 27, "trust.key_env", "in capitals"),
    ("[trust]", "[trust", 25, "file", "broken TOML"),
    ("[trust]", "[mlflow]", 25, "file", "broken TOML"),
    ('"trust.json"', '"trust.json', 26, "file", "broken TOML"),
    ("[notify]", "[[notify", 27, "file", "broken TOML"),
    ('"SLACK_WEBHOOK_URL"\n', "{", 28, "file", "broken TOML"),
]


def test_the_table_of_broken_files_begins_from_a_good_one() -> None:
    content = parse_gate_toml(GOOD, where="gate.toml").content
    assert content.endpoints["judge_a"].usd_per_million_tokens == Price(input=1, output=4)
    assert content.models["assistant"].policies == {"champion": "release"}
    assert content.data["product"].connection is None


def test_an_empty_file_is_all_defaults() -> None:
    content = parse_gate_toml("", where="gate.toml").content
    assert content.mlflow.tracking_uri is None
    assert content.models == {}


@pytest.mark.parametrize(("old", "new", "line", "setting", "word"), BROKEN)
def test_a_broken_file_is_refused_with_line_and_setting_and_without_secrets(
    old: str, new: str, line: int, setting: str, word: str
) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(WrongUsage) as caught:
        parse_gate_toml(GOOD.replace(old, new), where="ops/gate.toml")
    error = caught.value
    assert error.exit_code == 2
    said = [s for s in error.why.splitlines() if f"ops/gate.toml:{line}: " in s]
    assert any(f"{setting}: found" in s and word in s for s in said), str(error)
    assert SECRET not in str(error)
    assert "pydantic" not in str(error)


def test_every_mistake_is_named_at_once_in_the_files_order() -> None:
    text = GOOD.replace("slots = 64", "slots = 0").replace("tracking_uri", "tracking")
    with pytest.raises(WrongUsage) as caught:
        parse_gate_toml(text, where="gate.toml")
    assert [s.split(":")[1] for s in caught.value.why.splitlines()] == ["2", "20"]


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (("mlflow",), 1),
        (("mlflow", "tracking_uri"), 2),
        (("models", "assistant", "policies", "champion"), 7),
        (("endpoints", "judge_a", "slots"), 20),
        (("endpoints", "judge_a", "absent"), 13),
        (("absent",), 1),
    ],
)
def test_every_key_knows_its_line(at: tuple[str, ...], line: int) -> None:
    assert parse_gate_toml(GOOD, where="gate.toml").line(at) == line


def test_quoted_and_dotted_keys_know_their_lines() -> None:
    text = 'mlflow.tracking_uri = "x"\n\n[models."my.model"]\n# policies = 1\n"deploy" = "./d"\n'
    file = parse_gate_toml(text, where="gate.toml")
    assert file.line(("mlflow", "tracking_uri")) == 1
    assert file.line(("models", "my.model")) == 3
    assert file.line(("models", "my.model", "deploy")) == 5


def test_text_that_looks_like_a_key_inside_a_text_does_no_harm() -> None:
    text = '[models.a]\ndeploy = """\nno key = here\nserve = 1\n"""\nserve = "./s"\n'
    assert parse_gate_toml(text, where="gate.toml").content.models["a"].serve == "./s"


def test_a_file_never_shows_its_content() -> None:
    text = f'[state]\nurl = "postgresql://gate:{SECRET}@db/gate"\n'
    assert SECRET not in repr(parse_gate_toml(text, where="gate.toml"))
