"""A workspace says what is in force and why, and keeps secrets to itself."""

from pathlib import Path

import pytest

from gates.gate_toml import parse_gate_toml
from gates.settings_in_force import Setting, settings_in_force
from gates.workspace import Workspace, is_on, load_workspace
from policies.errors import WrongUsage
from stages.engine.ray_cluster import Actors

SECRET = "hunter2"

TOML = """\
[mlflow]
tracking_uri = "sqlite:///mlflow.db"
[state]
url = ".gate/state"
[models.assistant]
policies = { champion = "release", nightly = "policies/deep/night.yaml" }
[endpoints.judge_a]
base_url = "https://judge.example/v1"
model = "judge-large"
api_key_env = "JUDGE_KEY"
usd_per_million_tokens = { input = 1.0, output = 4.0 }
[data.product]
exposures = "traffic/exposures.parquet"
events = "s3://traffic/events.parquet"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gate.toml").write_text(TOML, encoding="utf-8")
    return tmp_path.resolve()


def setting(workspace: Workspace, name: str) -> Setting:
    [found] = [s for s in settings_in_force(workspace) if s.name == name]
    return found


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(folder: Path) -> None:
    variables = {"MLFLOW_TRACKING_URI": "http://from-env", "GATE_STATE": "/from-env"}
    by_flag = load_workspace(folder, variables, tracking_uri="http://from-flag", state_url="/flag")
    assert (by_flag.tracking_uri, by_flag.state_url) == ("http://from-flag", "/flag")
    assert setting(by_flag, "mlflow.tracking_uri").origin == "--tracking-uri"
    assert setting(by_flag, "state.url").origin == "--state"
    by_variable = load_workspace(folder, variables)
    assert (by_variable.tracking_uri, by_variable.state_url) == ("http://from-env", "/from-env")
    assert setting(by_variable, "state.url").origin == "GATE_STATE"
    by_file = load_workspace(folder, {})
    assert by_file.tracking_uri == f"sqlite:///{folder}/mlflow.db"
    assert by_file.state_url == f"{folder}/.gate/state"
    assert setting(by_file, "mlflow.tracking_uri").origin == "gate.toml:2"
    assert setting(by_file, "state.url").origin == "gate.toml:4"


def test_what_is_cached_goes_where_the_environment_says(folder: Path) -> None:
    assert load_workspace(folder, {}).cache == folder / ".gate" / "cache"
    assert load_workspace(folder, {"GATE_CACHE": "/scratch"}).cache == Path("/scratch")
    assert load_workspace(folder, {"GATE_CACHE": "kept"}).cache == folder / "kept"


def test_an_empty_flag_or_variable_says_nothing(folder: Path) -> None:
    workspace = load_workspace(folder, {"MLFLOW_TRACKING_URI": ""}, tracking_uri="", state_url="")
    assert workspace.tracking_uri.startswith("sqlite:///")
    assert workspace.secret("MLFLOW_TRACKING_URI") is None


def test_the_registry_is_the_store_unless_somebody_says_otherwise(folder: Path) -> None:
    assert load_workspace(folder, {}).registry_uri is None
    workspace = load_workspace(folder, {"MLFLOW_REGISTRY_URI": "databricks-uc"})
    assert workspace.registry_uri == "databricks-uc"


def test_the_file_is_found_from_a_folder_below_and_its_paths_start_from_it(folder: Path) -> None:
    below = folder / "policies" / "deep"
    below.mkdir(parents=True)
    workspace = load_workspace(below, {})
    assert workspace.root == folder
    assert workspace.file == folder / "gate.toml"
    assert workspace.state_url == f"{folder}/.gate/state"


def test_relative_values_of_flags_and_variables_start_from_where_one_stands(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()
    workspace = load_workspace(below, {"GATE_STATE": "st"}, tracking_uri="sqlite:///m.db?a=1")
    assert workspace.state_url == f"{below}/st"
    assert workspace.tracking_uri == f"sqlite:///{below}/m.db?a=1"


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////abs/m.db",
        "sqlite:///:memory:",
        "sqlite://",
        "http://h:5000",
        "/abs",
        "databricks",
    ],
)
def test_what_is_no_relative_path_is_left_alone(folder: Path, uri: str) -> None:
    assert load_workspace(folder, {}, tracking_uri=uri).tracking_uri == uri


def test_an_unset_store_is_wrong_usage_that_says_how_to_set_it(tmp_path: Path) -> None:
    workspace = load_workspace(tmp_path, {})
    assert workspace.root == tmp_path.resolve()
    with pytest.raises(WrongUsage, match="tracking_uri") as caught:
        _ = workspace.tracking_uri
    assert "gate init" in caught.value.fix
    with pytest.raises(WrongUsage, match="GATE_STATE") as caught:
        _ = workspace.state_url
    assert caught.value.exit_code == 2
    assert setting(workspace, "mlflow.tracking_uri").value == "not set"
    assert setting(workspace, "state.url").origin == "default"


def test_an_unset_store_names_the_file_that_could_say_it(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("", encoding="utf-8")
    with pytest.raises(WrongUsage, match=r"gate\.toml names one"):
        _ = load_workspace(tmp_path, {}).tracking_uri


@pytest.mark.parametrize("variable", [{"CI": "true"}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}])
@pytest.mark.parametrize("state", ["st", "/st", "file:///st"])
def test_a_folder_is_no_state_on_a_machine_that_passes(
    folder: Path, variable: dict[str, str], state: str
) -> None:
    with pytest.raises(WrongUsage, match="GATE_ALLOW_LOCAL_STATE") as caught:
        _ = load_workspace(folder, variable, state_url=state).state_url
    assert caught.value.exit_code == 2
    assert next(iter(variable)) in caught.value.why


def test_a_folder_is_state_on_a_machine_that_passes_when_told(folder: Path) -> None:
    variables = {"CI": "true"}
    assert load_workspace(folder, variables, allow_local_state=True).state_url
    assert load_workspace(folder, variables | {"GATE_ALLOW_LOCAL_STATE": "1"}).state_url
    with pytest.raises(WrongUsage):
        _ = load_workspace(folder, variables | {"GATE_ALLOW_LOCAL_STATE": "0"}).state_url


def test_a_shared_store_is_state_anywhere(folder: Path) -> None:
    url = "postgresql://db.example/gate"
    assert load_workspace(folder, {"CI": "1"}, state_url=url).state_url == url


@pytest.mark.parametrize(
    ("value", "on"),
    [
        *((value, False) for value in (None, "", " ", "0", "False", "no")),
        *((value, True) for value in ("1", "true", "yes")),
    ],
)
def test_a_variable_is_on_unless_it_says_no(value: str | None, on: bool) -> None:  # noqa: FBT001
    assert is_on(value) is on


def test_every_setting_is_listed_with_its_origin(folder: Path) -> None:
    settings = {s.name: (s.value, s.origin) for s in settings_in_force(load_workspace(folder, {}))}
    assert settings == {
        "mlflow.tracking_uri": (f"sqlite:///{folder}/mlflow.db", "gate.toml:2"),
        "mlflow.registry_uri": ("not set", "default"),
        "state.url": (f"{folder}/.gate/state", "gate.toml:4"),
        "models.assistant.policies.champion": ("release", "gate.toml:6"),
        "models.assistant.policies.nightly": ("policies/deep/night.yaml", "gate.toml:6"),
        "models.assistant.timeout_seconds": ("120.0", "default"),
        "models.assistant.retries": ("3", "default"),
        "models.assistant.slots": ("16", "default"),
        "models.assistant.serve_healthy_within_seconds": ("900.0", "default"),
        "models.assistant.deploy_seconds_at_most": ("600.0", "default"),
        "endpoints.judge_a.base_url": ("https://judge.example/v1", "gate.toml:8"),
        "endpoints.judge_a.model": ("judge-large", "gate.toml:9"),
        "endpoints.judge_a.api_key_env": ("JUDGE_KEY (not set)", "gate.toml:10"),
        "endpoints.judge_a.usd_per_million_tokens.input": ("1.0", "gate.toml:11"),
        "endpoints.judge_a.usd_per_million_tokens.output": ("4.0", "gate.toml:11"),
        "endpoints.judge_a.timeout_seconds": ("120.0", "default"),
        "endpoints.judge_a.retries": ("3", "default"),
        "endpoints.judge_a.slots": ("16", "default"),
        "data.product.exposures": ("traffic/exposures.parquet", "gate.toml:13"),
        "data.product.events": ("s3://traffic/events.parquet", "gate.toml:14"),
        "compute.actors": ("2", "default"),
        "compute.cpus_each": ("1.0", "default"),
        "compute.gpus_each": ("0.0", "default"),
        "trust.threshold": ("1", "default"),
        "trust.key_password_env": ("GATE_KEY_PASSWORD (not set)", "default"),
        "notify.format": ("slack", "default"),
    }


def test_variables_that_matter_are_listed_and_others_are_not(folder: Path) -> None:
    variables = {"NO_COLOR": "1", "HF_HOME": "/hf", "PATH": "/bin", "CI": "true"}
    workspace = load_workspace(folder, variables)
    named = [s for s in settings_in_force(workspace) if s.name.startswith("environment.")]
    assert [(s.name, s.value) for s in named] == [
        ("environment.CI", "true"),
        ("environment.HF_HOME", "/hf"),
        ("environment.NO_COLOR", "1"),
    ]


def test_no_secret_is_shown_anywhere(tmp_path: Path) -> None:
    url = f"postgresql://gate:{SECRET}@db.example/gate"
    text = f'[mlflow]\ntracking_uri = "{url}"\n[state]\nurl = "{url}"\nrecords = "{url}"\n'
    text += '[notify]\nurl_env = "HOOK"\n[models.assistant]\ndeploy = "d --token=' + SECRET + '"\n'
    (tmp_path / "gate.toml").write_text(text, encoding="utf-8")
    variables = {
        "HOOK": f"https://hooks.example/{SECRET}",
        "HF_TOKEN": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "MLFLOW_TRACKING_PASSWORD": SECRET,
        "MLFLOW_REGISTRY_URI": f"https://u:{SECRET}@h.example",
        "MLFLOW_EXTRA": f"https://h.example/?sig={SECRET}",
    }
    workspace = load_workspace(tmp_path, variables)
    shown = repr(workspace) + "".join(map(repr, settings_in_force(workspace)))
    assert SECRET not in shown
    assert setting(workspace, "notify.url_env").value == "HOOK (set)"
    assert workspace.secret("HOOK") == f"https://hooks.example/{SECRET}"
    assert workspace.state_url == url
    assert workspace.records == url


def test_records_and_the_anchor_are_in_the_workspace_unless_somebody_says(folder: Path) -> None:
    workspace = load_workspace(folder, {})
    assert workspace.records == f"{folder}/.gate/records"
    assert workspace.anchor == f"{folder}/.gate/anchor.json"
    assert workspace.trust_file is None


def test_where_trust_is_starts_from_the_file(folder: Path) -> None:
    with (folder / "gate.toml").open("a", encoding="utf-8") as file:
        file.write('[trust]\nroot = "ops/trust.json"\nanchor = "s3://ops/anchor.json"\n')
    workspace = load_workspace(folder, {})
    assert workspace.trust_file == folder / "ops" / "trust.json"
    assert workspace.anchor == "s3://ops/anchor.json"


def test_a_key_in_the_environment_is_never_shown(folder: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"
    variables = {"GATE_KEY": pem, "GATE_KEY_PASSWORD": "hunter2"}
    shown = {s.name: s.value for s in settings_in_force(load_workspace(folder, variables))}
    assert shown["environment.GATE_KEY"] == shown["environment.GATE_KEY_PASSWORD"] == "***"
    assert shown["trust.key_password_env"] == "GATE_KEY_PASSWORD (set)"


def test_paths_of_data_start_from_the_file(folder: Path) -> None:
    product = load_workspace(folder, {}).data["product"]
    assert product.exposures == f"{folder}/traffic/exposures.parquet"
    assert product.events == "s3://traffic/events.parquet"


def test_data_are_known_as_they_were_written_wherever_the_workspace_stands(folder: Path) -> None:
    product = load_workspace(folder, {}).data_as_written["product"]
    assert product.exposures == "traffic/exposures.parquet"


def test_the_policy_that_may_move_an_alias_is_found_by_name_or_path(folder: Path) -> None:
    workspace = load_workspace(folder, {})
    assert workspace.policy_path("assistant", "champion") == folder / "policies/release.yaml"
    assert workspace.policy_path("assistant", "nightly") == folder / "policies/deep/night.yaml"
    assert workspace.policy_path("assistant", "other") is None
    assert workspace.policy_path("other", "champion") is None


def test_endpoints_are_found_by_name(folder: Path) -> None:
    assert load_workspace(folder, {}).endpoints["judge_a"].slots == 16


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="absent"):
        load_workspace(tmp_path / "absent", {})


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongUsage, match="not UTF-8") as caught:
        load_workspace(tmp_path, {})
    assert str(tmp_path / "gate.toml") in caught.value.why


def test_a_broken_file_is_refused_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("[mlflow]\nuri = 1\n", encoding="utf-8")
    with pytest.raises(WrongUsage) as caught:
        load_workspace(tmp_path, {})
    assert f"{tmp_path.resolve()}/gate.toml:2: mlflow.uri" in caught.value.why


def test_the_text_of_this_test_is_a_valid_file() -> None:
    assert parse_gate_toml(TOML, where="gate.toml").content.models


@pytest.mark.parametrize(
    ("said", "actors"),
    [
        ("", None),
        ("[compute]\nactors = 4\n", None),
        ('[compute]\nray = "local"\n', Actors(count=2)),
        (
            '[compute]\nray = "ray://head:10001"\nactors = 8\ncpus_each = 0.5\ngpus_each = 0.25\n',
            Actors(count=8, address="ray://head:10001", cpus=0.5, gpus=0.25),
        ),
    ],
)
def test_ray_is_used_only_where_the_workspace_says_so(
    folder: Path, said: str, actors: Actors | None
) -> None:
    file = folder / "gate.toml"
    file.write_text(f"{file.read_text() if file.exists() else ''}\n{said}")
    assert load_workspace(folder, {}).actors == actors
