"""`gate register`: one version in one command, and nothing when anything is wrong."""

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.speaking_model import speaking
from tests.fakes.workplace import Workplace, answered, lines

TOML = '[mlflow]\ntracking_uri = "sqlite:///x.db"\n[state]\nurl = "state"\n'


def test_an_endpoint_a_file_a_model_and_a_name_are_each_a_version(place: Workplace) -> None:
    lines(place.data / "answers.jsonl", answered(0))
    for way in (
        ["--endpoint", "http://x.example/v1", "--model-name", "m"],
        ["--outputs", "data/answers.jsonl", "--known-as", "harbor"],
        ["--pyfunc", "models:/m-1"],
        ["--external", "--description", "for people"],
    ):
        found = said("register", "assistant", *way)
        assert (found.code, found.err) == (0, "")
    versions = place.ledger.versions("assistant")
    assert [v.tags["gate_source"] for v in versions] == [
        "endpoint",
        "recorded",
        "pyfunc",
        "external",
    ]
    assert versions[1].known_as == "harbor"


def test_it_says_what_was_registered(place: Workplace) -> None:
    assert said("register", "assistant", "--external").out == (
        "registered models:/assistant/1, known as assistant/1\n"
    )
    document = json.loads(said("register", "assistant", "--external", "--json").out)
    assert document["schema"] == "gate.registered/1"
    assert document["candidate"] == "models:/assistant/2"
    assert place.ledger.versions("assistant")[1].uri == "models:/assistant/2"


@pytest.mark.parametrize(
    ("toml", "arguments", "missing"),
    [
        ("", [], "--endpoint URL and --model-name NAME"),
        ("", ["--endpoint", "http://x.example/v1"], "--model-name NAME"),
        ("", ["--model-name", "m"], "--endpoint URL"),
        ('[models.assistant]\nendpoint = "http://x.example/v1"\n', [], "--model-name NAME"),
        ('[models.assistant]\nserved_as = "m"\n', [], "--endpoint URL"),
        ('[models.other]\nendpoint = "http://x/v1"\nserved_as = "m"\n', [], "--endpoint URL"),
    ],
)
def test_a_version_that_nothing_says_how_to_ask_is_refused(
    place: Workplace, toml: str, arguments: list[str], missing: str
) -> None:
    place.toml(TOML + toml)
    found = said("register", "assistant", *arguments)
    assert found.code == 2
    assert missing in found.err
    assert place.ledger.models == {}


def test_the_workspaces_endpoint_serves_a_version_of_which_nothing_is_said(
    place: Workplace,
) -> None:
    place.toml(TOML + '[models.assistant]\nendpoint = "http://x.example/v1"\nserved_as = "m"\n')
    assert said("register", "assistant").code == 0
    assert place.ledger.version("assistant/1").tags == {"gate_source": "endpoint"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--external", "--endpoint", "http://x.example/v1"],
        ["--outputs", "data/absent.jsonl"],
        ["--outputs", "data/broken.jsonl"],
        ["--outputs", "data/sums.jsonl", "--format", "alpaca_eval"],
        ["--outputs", "data/sums.jsonl", "--format", "other"],
        ["--pyfunc", "https://x/m"],
        ["--endpoint", "ftp://x", "--model-name", "m"],
        ["--external", "--known-as", ""],
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_registered(
    place: Workplace, arguments: list[str]
) -> None:
    Path("data/broken.jsonl").write_text('{"id": "1"}\n')
    found = said("register", "assistant", *arguments)
    assert (found.code, found.out) == (2, "")
    assert place.ledger.models == {}


def test_a_ledger_that_is_down_is_broken(place: Workplace) -> None:
    place.ledger.is_down = True
    assert said("register", "assistant", "--external").code == 4


def test_a_folder_inside_the_workspace_is_named_from_there(
    place: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inside = speaking(Path("models/tiny").absolute(), "it is 7")
    outside = shutil.copytree(inside, tmp_path_factory.mktemp("elsewhere") / "tiny")
    for folder in ("models/tiny", str(outside)):
        assert said("register", "assistant", "--folder", folder).code == 0
    line = json.dumps({"folder": "models/tiny", "known_as": "tiny"})
    Path("each.jsonl").write_text(line + "\n")
    assert said("register", "assistant", "--each", "each.jsonl").code == 0
    tags = [version.tags for version in place.ledger.versions("assistant")]
    assert {each["gate_source"] for each in tags} == {"local"}
    assert len({each["gate_sha256"] for each in tags}) == 1
    assert [each["gate_folder"] for each in tags] == [
        "models/tiny",
        str(outside.resolve()),
        "models/tiny",
    ]


def test_a_folder_that_holds_no_whole_model_registers_nothing(place: Workplace) -> None:
    folder = speaking(Path("models/tiny").absolute(), "it is 7")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    for name, why in (("models/tiny", "is not whole"), ("models/none", "no such folder")):
        found = said("register", "assistant", "--folder", name)
        assert found.code == 2
        assert why in found.err
    assert place.ledger.models == {}
