"""`gate bench`: the catalogue is listed and shown, items are pinned, one benchmark is measured."""

import importlib
import json
from pathlib import Path

import click
import pytest
import yaml

from gates.cli.bench import COMMANDS
from policies.canonical import sha256_of_bytes
from policies.catalogue import Catalogue
from policies.load import parse_policy
from tests.fakes.shell import Said, said
from tests.fakes.workplace import Workplace
from tests.servers.hub import fake_hub
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text
from tests.stages.offline.harness import made

ROWS = [
    {"question": f"A barge has {n} rows of 2 crates. How many?", "answer": f"Twice.\n#### {2 * n}"}
    for n in range(1, 41)
]
OWN = """\
benchmark: crates
title: Crates
measures: Crates on barges.
paper: https://example.org/crates
licence: all rights reserved
redistributable: false
origin:
  files: [hf://datasets/org/crates@c0ffee/a.jsonl]
  revision: c0ffee
  format: jsonl
  fields: {target: answer}
  prompt: "{question}"
task: {scorer: normalized}
"""
"""The workspace's own benchmark."""


@pytest.fixture
def source(place: Workplace) -> Path:
    path = place.folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    return path


def froze(source: Path, *more: str) -> Said:
    """The small source, which is not as large as the benchmark."""
    return said("bench", "freeze", "gsm8k", "--from", str(source), "--any-size", *more)


def own(place: Workplace, text: str = OWN) -> None:
    folder = place.folder / "policies" / "benchmarks"
    folder.mkdir(exist_ok=True)
    (folder / "crates.yaml").write_text(text, encoding="utf-8")


def test_the_overview_has_every_command() -> None:
    assert list(COMMANDS)[:4] == ["list", "show", "freeze", "run"]
    assert {"memorization", "contamination"} < set(COMMANDS)
    help_ = said("bench", "--help")
    assert all(name in help_.out for name in COMMANDS)
    assert "Search a file of outputs" in help_.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_look_says_what_it_does(name: str) -> None:
    """Those of every command but for what a usual name says by itself."""
    command = importlib.import_module(COMMANDS[name].module).command
    silent = [o.opts[0] for o in command.params if isinstance(o, click.Option) and not o.help]
    assert not silent


def test_the_list_has_every_entry_and_the_workspaces_own(place: Workplace) -> None:
    own(place)
    listed = said("bench", "list", "--json").json["benchmarks"]
    assert isinstance(listed, list)
    assert {e["benchmark"] for e in listed} == {*Catalogue().names(), "crates"}
    assert [e["benchmark"] for e in listed if e["own"]] == ["crates"]
    shown = said("bench", "list")
    assert shown.code == 0
    assert "rubric checklist" in shown.out
    assert "gated" in shown.out


def test_an_entry_is_shown_as_it_is_written(place: Workplace) -> None:
    own(place)
    shown = said("bench", "show", "crates")
    assert (shown.code, shown.out) == (0, OWN)
    assert "crates.yaml" in shown.err
    entry = said("bench", "show", "gsm8k", "--json").json["entry"]
    assert isinstance(entry, dict)
    assert entry["task"] == {"scorer": "numeric"}


@pytest.mark.parametrize("command", [("show",), ("freeze",), ("run", "assistant/1")])
@pytest.mark.usefixtures("place")
def test_an_unknown_name_is_wrong_usage_and_the_nearest_is_named(command: tuple[str, ...]) -> None:
    name, *rest = command
    found = said("bench", name, "gsm8", *rest, "--json")
    assert found.code == 2
    assert found.json["error"]["fix"] == "write `gsm8k`"  # type: ignore[index]


def test_freezing_writes_items_and_says_where_they_come_from(
    place: Workplace, source: Path
) -> None:
    found = froze(source)
    assert found.code == 0, found.err
    items = place.data / "gsm8k.jsonl"
    digest = sha256_of_bytes(items.read_bytes())
    assert len(items.read_text().splitlines()) == 40
    sheet = yaml.safe_load((place.data / "gsm8k.datasheet.yaml").read_text())
    assert sheet["source"] == [
        {"file": str(source), "sha256": sha256_of_bytes(source.read_bytes())}
    ]
    assert (sheet["sha256"], sheet["count"], sheet["licence"]) == (digest, 40, "MIT")
    assert sheet["revision"] is None
    assert sheet["program"]
    assert "licence: MIT" in found.out


def test_a_source_that_is_cut_off_is_refused_unless_any_size_will_do(
    place: Workplace, source: Path
) -> None:
    refused = said("bench", "freeze", "gsm8k", "--from", str(source))
    assert refused.code == 2
    assert "the source holds 40 questions, the catalogue's entry says 1,319" in refused.err
    assert not list(place.data.glob("gsm8k*"))
    found = froze(source)
    assert "of 40 in the source; the catalogue's entry says 1,319" in found.out
    datasheet = place.data / "gsm8k.datasheet.yaml"
    sheet = yaml.safe_load(datasheet.read_text())
    assert (sheet["count"], sheet["source_count"], sheet["size"]) == (40, 40, 1319)
    drawn = ("--limit", "5", "--force")
    assert said("bench", "freeze", "gsm8k", "--from", str(source), *drawn).code == 0
    sheet = yaml.safe_load(datasheet.read_text())
    assert (sheet["count"], sheet["source_count"], sheet["size"]) == (5, 40, 1319)


def test_a_source_of_the_entrys_size_is_taken(place: Workplace) -> None:
    own(place, OWN.replace("origin:", "size: 2\norigin:"))
    rows = place.folder / "two.jsonl"
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS[:2]))
    found = said("bench", "freeze", "crates", "--from", str(rows))
    assert found.code == 0, found.err
    assert "the catalogue's entry says" not in found.out


def test_the_task_that_is_printed_is_a_task(place: Workplace, source: Path) -> None:
    printed = froze(source).out.partition("with the task\n")[2].strip()
    text = (
        f"policy: p\nmodel: assistant\nplan: {{offline: {{{printed}}}}}\ncriteria:\n"
        "  - {metric: gsm8k.accuracy, at_least: 0.5, severity: blocking, because: it must add}\n"
    )
    task = (parse_policy(text, where="p").plan.offline or {})["gsm8k"]
    assert task.data == "../data/gsm8k.jsonl"  # type: ignore[union-attr]
    assert (place.folder / "policies" / task.data).is_file()  # type: ignore[union-attr]


def test_freezing_again_changes_nothing_and_other_items_are_never_written_over(
    place: Workplace, source: Path
) -> None:
    froze(source)
    items = place.data / "gsm8k.jsonl"
    first, written = items.read_bytes(), items.stat().st_mtime_ns
    assert froze(source).code == 0
    assert items.stat().st_mtime_ns == written
    refused = froze(source, "--limit", "5")
    assert refused.code == 2
    assert "--force" in refused.err
    assert items.read_bytes() == first
    assert froze(source, "--limit", "5", "--force").code == 0
    assert len(items.read_text().splitlines()) == 5


def test_a_draw_repeats_itself(place: Workplace, source: Path) -> None:
    drawn = [
        froze(source, "--limit", "7", "--seed", seed, "--out", f"{n}.jsonl", "--json").json
        for n, seed in enumerate(("1", "1", "2"))
    ]
    assert drawn[0]["sha256"] == drawn[1]["sha256"] != drawn[2]["sha256"]
    assert drawn[0]["count"] == 7
    sheet = yaml.safe_load((place.folder / "0.datasheet.yaml").read_text())
    assert sheet["drawn"] == {"limit": 7, "seed": 1}


def test_the_hub_is_asked_once_for_what_is_pinned(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(place)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with fake_hub() as hub:
        hub.files["org/crates", "c0ffee", "a.jsonl"] = json.dumps(ROWS[0]).encode()
        hub.gated.add("org/crates")
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        closed = said("bench", "freeze", "crates")
        assert closed.code == 2
        assert "HF_TOKEN" in closed.err
        monkeypatch.setenv("HF_TOKEN", hub.token)
        found = said("bench", "freeze", "crates")
        assert found.code == 0, found.err
        assert "do not hand these items on" in found.out
        assert hub.revisions() == {"c0ffee"}
        asked = len(hub.asked)
        again = said("bench", "freeze", "crates", "--out", "again.jsonl", "--json").json
        assert len(hub.asked) == asked
    assert again["sha256"] == sha256_of_bytes((place.data / "crates.jsonl").read_bytes())
    sheet = yaml.safe_load((place.data / "crates.datasheet.yaml").read_text())
    assert sheet["revision"] == "c0ffee"


def test_what_a_policy_must_add_and_what_a_harness_asks_is_said(place: Workplace) -> None:
    row = {
        "session_id": "w1",
        "conversation_input": [{"role": "user", "content": "Plan a day at sea."}],
        "checklist": ["Is there lunch?"],
        "primary_tag": "Planning",
    }
    (place.folder / "wild.json").write_text(json.dumps([row]))
    wild = said("bench", "freeze", "wildbench", "--from", "wild.json", "--any-size")
    assert "to which it adds `judge`" in wild.out, wild.err
    (place.folder / "if.jsonl").write_text(
        json.dumps({"key": 1, "prompt": "No commas.", "instruction_id_list": ["x"]})
    )
    few = ("bench", "freeze", "ifeval", "--from", "if.jsonl", "--any-size")
    assert "a harness asks this benchmark by itself" in said(*few).out
    assert said(*few, "--json").json["task"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("helm",), "another program's results"),
        (("gsm8k", "--from", "absent.jsonl"), "no such file"),
        (("gsm8k", "--from", "rows.jsonl", "--from", "rows.csv"), "2 formats"),
        (("gsm8k", "--from", "rows.jsonl", "--limit", "0"), "--limit"),
        (("xstest", "--from", "rows.jsonl"), "no `label`"),
        (("mlama", "--from", "rows.jsonl"), "no `sub_uri`"),
    ],
)
def test_what_cannot_be_frozen_is_refused_and_nothing_is_written(
    place: Workplace, source: Path, arguments: tuple[str, ...], word: str
) -> None:
    found = said("bench", "freeze", *arguments)
    assert (found.code, word in found.err) == (2, True), found.err
    assert not list(place.data.glob("*.datasheet.yaml"))
    assert source.is_file()


def test_items_that_their_own_scorer_could_not_score_are_refused(place: Workplace) -> None:
    row = {"question": "Why?", "answer": "Because. #### ?"}
    (place.folder / "bad.jsonl").write_text(json.dumps(row))
    found = said("bench", "freeze", "gsm8k", "--from", "bad.jsonl", "--any-size")
    assert (found.code, "no answer can match" in found.err) == (2, True), found.err
    assert not (place.data / "gsm8k.jsonl").exists()


def test_a_file_that_cannot_be_written_is_broken_and_leaves_nothing(
    place: Workplace, source: Path
) -> None:
    (place.folder / "taken").write_text("a file")
    found = froze(source, "--out", "taken/gsm8k.jsonl")
    assert found.code == 4
    (place.data / "gsm8k.jsonl").mkdir()
    assert froze(source).code == 4
    assert not list(place.data.glob(".gsm8k*"))


def test_one_benchmark_is_measured_without_a_verdict(place: Workplace, source: Path) -> None:
    froze(source)
    with OpenAIServer(_doubled) as server:
        place.endpoint(server.url)
        found = said("bench", "run", "gsm8k", "assistant/1")
        assert found.code == 0, found.out + found.err
        assert len([prompt for prompt in server.prompts() if "barge" in prompt]) == 40
        again = said("bench", "run", "gsm8k", "assistant/1", "--json").json
        assert len([prompt for prompt in server.prompts() if "barge" in prompt]) == 40
    assert "accuracy: 100 %" in found.out
    assert "PASS" not in found.out
    [accuracy] = again["measurements"]  # type: ignore[misc]
    assert (accuracy["metric"], accuracy["measured"]["value"]) == ("gsm8k.accuracy", 1.0)
    assert again["cost"]["calls"] == 40  # type: ignore[index,call-overload]


def _doubled(call: Call) -> Reaction:
    rows = call.prompt.partition("has ")[2].partition(" ")[0]
    return text(f"#### {2 * int(rows)}" if rows.isdigit() else "pinned")


def test_what_broke_is_broken_and_what_waits_cannot_be_told(place: Workplace, source: Path) -> None:
    froze(source)
    place.recorded()
    place.external()
    broken = said("bench", "run", "gsm8k", "assistant/1")
    assert broken.code == 4
    assert "not measured" in broken.out
    assert said("bench", "run", "gsm8k", "assistant/2").code == 3


def test_changed_items_are_refused(place: Workplace, source: Path) -> None:
    froze(source)
    place.recorded()
    items = place.data / "gsm8k.jsonl"
    items.write_text(items.read_text().replace('"target":"2"', '"target":"3"'))
    found = said("bench", "run", "gsm8k", "assistant/1")
    assert found.code == 2
    assert "or in the datasheet beside the file" in found.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("gsm8k", "assistant/1"), "gate bench freeze gsm8k"),
        (("helm", "assistant/1"), "expected `task`"),
        (("wildbench", "assistant/1", "--items", "rows.jsonl"), "expected `judge`"),
        (("gsm8k", "assistant/1", "--items", "rows.jsonl", "--with", "level"), "key and value"),
        (
            ("gsm8k", "assistant/1", "--items", "rows.jsonl", "--with", "level=x: ["),
            "key and value",
        ),
        (("gsm8k", "assistant/1", "--items", "rows.jsonl", "--with", "level=0.5"), "at least 0.9"),
        (("gsm8k", "assistant/1", "--items", "rows.jsonl", "--with", "level=2"), "or say it right"),
        (("gsm8k", "assistant/1", "--items", "absent.jsonl"), "no such file"),
        (("gsm8k", "assistant/9", "--items", "rows.jsonl"), "assistant/9"),
    ],
)
def test_what_cannot_be_measured_says_what_is_missing(
    place: Workplace, source: Path, arguments: tuple[str, ...], word: str
) -> None:
    place.recorded()
    found = said("bench", "run", *arguments)
    assert (found.code, word in found.err) == (2, True), found.err
    assert source.is_file()


def test_a_harness_that_has_run_is_read(place: Workplace) -> None:
    """Its results are found from where a policy would look for them."""
    place.recorded()
    made.lm_eval(place.folder / "results-1", name="mmlu_generative")
    more = ("--with", "results=../results-{version}", "--with", "filter=none")
    found = said("bench", "run", "mmlu", "assistant/1", *more, "--json")
    assert found.code == 0, found.out
    [score] = found.json["measurements"]  # type: ignore[misc]
    assert (score["metric"], score["measured"]["value"]) == ("mmlu.score", 0.75)
    absent = said("bench", "run", "mmlu", "assistant/1", "--with", "results=../absent-{version}")
    assert absent.code == 4
    assert "not measured" in absent.out


def test_a_task_may_say_more_than_the_catalogue(place: Workplace, source: Path) -> None:
    froze(source)
    answers = place.data / "right.jsonl"
    answers.write_text(
        "".join(f"{json.dumps({'id': str(n), 'output': f'#### {2 * n}'})}\n" for n in range(1, 41))
    )
    said("register", "assistant", "--outputs", str(answers))
    found = said("bench", "run", "gsm8k", "assistant/1", "--with", "level=0.9", "--json")
    [accuracy] = found.json["measurements"]  # type: ignore[misc]
    assert accuracy["measured"]["level"] == 0.9


def test_a_run_says_what_it_cost_at_the_models_price(place: Workplace, source: Path) -> None:
    froze(source)
    section = "[models.assistant]\n"
    price = "usd_per_million_tokens = { input = 1000.0, output = 1000.0 }\n"
    toml = place.folder / "gate.toml"
    with OpenAIServer(lambda _: text("#### 2")) as server:
        place.endpoint(server.url)
        assert "? USD" in said("bench", "run", "gsm8k", "assistant/1").out
        toml.write_text(toml.read_text().replace(section, section + price))
        assert "0.40 USD" in said("bench", "run", "gsm8k", "assistant/1").out
