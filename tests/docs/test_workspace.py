"""The page on the workspace: every setting, every tag, and examples that the parsers read."""

import re
from pathlib import Path

import pytest

from gates import gate_toml, registration
from gates.gate_toml import parse_gate_toml
from gates.workspace import load_workspace
from policies.base import Strict
from policies.online import OnlineMetric, OnlinePlan
from policies.side_by_side import VotesFormat
from stages.engine.data import read_items
from stages.models import build
from stages.models.recorded import RecordedFormat, open_recorded
from stages.online.backends import engine
from stages.online.moments_file import moments_contract, read_series
from stages.online.sources import Tables
from stages.online.tables import Traffic, open_traffic
from stages.side_by_side.votes import each_once, parse_votes
from tests.docs.page import files, read, rows, section, write_files
from tests.docs.test_policies import described

PAGE = read("workspace.md")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(PAGE, tmp_path)
    return tmp_path


def plan(**how: object) -> OnlinePlan:
    return OnlinePlan(
        metrics={"resolved": OnlineMetric(), "seconds": OnlineMetric()}
        if "exposures" in how
        else {"resolved": OnlineMetric()},
        primary="resolved",
        looks=(7.0, 14.0),
        planned_units=16_000,
        **how,  # type: ignore[arg-type]
    )


def test_every_setting_is_described_with_its_default() -> None:
    sections = (
        gate_toml.MlflowSection,
        gate_toml.StateSection,
        gate_toml.ModelSection,
        gate_toml.EndpointSection,
        gate_toml.DataSection,
        gate_toml.ComputeSection,
        gate_toml.HarnessesSection,
        gate_toml.TrustSection,
        gate_toml.NotifySection,
    )
    written = {kind for kind in vars(gate_toml).values() if _is_section(kind)}
    assert written == {*sections, gate_toml.GateToml, gate_toml.Asking, gate_toml.Price}
    fields = {n: described(f) for kind in sections for n, f in kind.model_fields.items()}
    said = {name: cells[0] for name, cells in rows(section(PAGE, "gate.toml")).items()}
    assert said == fields


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Strict) and kind is not Strict


def test_the_gate_toml_shown_is_valid(folder: Path) -> None:
    text = (folder / "gate.toml").read_text(encoding="utf-8")
    assert parse_gate_toml(text, where="gate.toml").content.models["assistant"].policies


def test_every_tag_that_says_how_a_version_answers_is_described() -> None:
    said = set(rows(section(PAGE, "How a version answers: its tags")))
    code = "".join(Path(str(module.__file__)).read_text() for module in (registration, build))
    assert said == set(re.findall(r"\"(gate_[a-z0-9_]+)\"", code))
    for source in build.Source:
        assert f"`{source}`" in PAGE


def test_a_flag_wins_over_the_environment_and_that_over_the_file(folder: Path) -> None:
    environment = {"MLFLOW_TRACKING_URI": "http://variable", "GATE_STATE": "/variable"}
    assert load_workspace(folder, {}).tracking_uri == "https://mlflow.example"
    assert load_workspace(folder, environment).tracking_uri == "http://variable"
    flagged = load_workspace(folder, environment, tracking_uri="http://flag")
    assert flagged.tracking_uri == "http://flag"
    assert load_workspace(folder, environment).state_url == "/variable"


def test_the_items_shown_are_items(folder: Path) -> None:
    items = read_items("items.jsonl", base=folder / "data", cluster="ticket_id", sha256=None).items
    assert [item.cluster for item in items] == ["t-8", "t-9", "t-9"]
    assert items[2].choices == ("9", "11")


def test_the_recorded_answers_shown_are_read(folder: Path) -> None:
    for name, form in (("answers.jsonl", "jsonl"), ("model_outputs.json", "alpaca_eval")):
        open_recorded(folder / "data" / name, form=RecordedFormat(form)).close()


@pytest.mark.parametrize(
    ("name", "written_by", "count"),
    [
        ("votes.jsonl", VotesFormat.GATE, 2),
        ("annotations.json", VotesFormat.ALPACA_EVAL, 1),
        ("crowd.csv", VotesFormat.LLMFAO, 2),
    ],
)
def test_the_votes_shown_are_votes(
    folder: Path, name: str, written_by: VotesFormat, count: int
) -> None:
    data = (folder / "data" / name).read_bytes()
    votes = each_once(parse_votes(data, written_by=written_by, where=name))
    assert len(votes) == count
    assert {frozenset(("assistant/1", "assistant/2"))} == {vote.pair for vote in votes}


def test_the_traffic_shown_has_every_column(folder: Path) -> None:
    tables = Tables(
        exposures=folder / "data" / "exposures.csv", events=folder / "data" / "events.csv"
    )
    with engine() as connection:
        found = open_traffic(connection, tables, plan(exposures="e.csv", events="v.csv"))
        assert isinstance(found, Traffic)


def test_the_database_shown_is_a_valid_setting(folder: Path) -> None:
    text = (folder / "data" / "database.toml").read_text(encoding="utf-8")
    product = parse_gate_toml(text, where="database.toml").content.data["product"]
    assert product.connection is not None


def test_the_moments_shown_keep_the_contract(folder: Path) -> None:
    planned = plan(moments="m.csv")
    series = read_series(folder / "data" / "moments.csv", planned, "assistant/2")
    assert [check.passed for check in moments_contract(series, planned, (7.0, 14.0))] == [True]


def test_every_file_shown_is_parsed_by_a_test() -> None:
    mine = Path(__file__).read_text(encoding="utf-8")
    for path in files(PAGE):
        assert Path(path).name in mine
