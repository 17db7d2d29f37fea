"""Broken files and wrong names: a clear error, exit 2 or 4, and nothing that was recorded changes.

One workspace with a real MLflow store in SQLite, in which a candidate passed everything. Each case
breaks one thing, calls one command, and puts it back.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    answered,
    lines,
    policy_text,
    snapshot,
)
from tests.trusting import trusted

CHAIN = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, NO_WORSE, WINS, SHIPS))
TOML = '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[state]\nurl = "state"\n'
MODELS = '[models.assistant]\npolicies = { champion = "release" }\n'
RUN, CHECK = ("run", "release", "assistant/2"), ("policy", "check", "release")
PROMOTE = ("promote", "assistant/2", "--dry-run")
EXPLAIN = ("explain", "assistant/2")
RECITAL = policy_text(
    ("offline: {recital: {data: ../data/sums.jsonl, corpus: [../data/absent.txt]}}",),
    ("{metric: recital.rate, at_most: 0.5, severity: blocking, because: licence}",),
)
Edit = Callable[[bytes], bytes | None]
"""What becomes of a file; None removes it."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """Version 1 is adopted, version 2 passed all three stages."""
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("broken")
        patched.chdir(folder)
        patched.setenv("GATE_ALLOW_LOCAL_STATE", "1")
        for name in ("GITHUB_ACTIONS", "MLFLOW_TRACKING_URI", "GATE_STATE"):
            patched.delenv(name, raising=False)
        place = Workplace(folder)
        place.toml(TOML)
        keyring = trusted(folder, place.policy(CHAIN).path)
        place.toml(f"{TOML}{keyring.settings}{MODELS}")
        place.votes()
        place.moments(shares=(0.6, 0.68))
        (place.data / "corpus.txt").write_text("a text of which nothing is recited\n" * 5)
        for number, wrong_every in ((1, 10), (2, 0)):
            file = place.data / f"answers-{number}.jsonl"
            lines(file, answered(wrong_every, note=str(number)))
            assert said("register", "assistant", "--outputs", str(file)).code == 0
        assert said("adopt", "assistant/1", "--reason", "since May").code == 0
        assert said(*RUN).code == 0
        shutil.rmtree(folder / ".gate" / "records" / "blobs")  # evidence is MLflow's alone
        assert said(*PROMOTE).code == 0
        yield place


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """All that a command may not change when it refuses."""

    journals: Mapping[str, bytes]
    store: tuple[str, ...]
    artifacts: Mapping[str, bytes]


def recorded(folder: Path) -> Recorded:
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        dump = tuple(store.iterdump())
    return Recorded(
        journals=snapshot(folder / "state", lambda path: path.suffix == ".jsonl"),
        store=dump,
        artifacts=snapshot(folder / "mlartifacts") | snapshot(folder / "mlruns"),
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing broken.

    Attributes:
        file: Pattern of the file, from the workspace; the first that fits is edited.
        edit: What becomes of it.
        words: What the message must name.
        command: What is called then.
        code: How it must end.
    """

    file: str
    edit: Edit
    words: tuple[str, ...]
    command: tuple[str, ...] = RUN
    code: int = 2


def to(content: bytes | None) -> Edit:
    return lambda _: content


def swap(old: str, new: str) -> Edit:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return edit


def add(text: str) -> Edit:
    return lambda content: content + text.encode()


def policy(edit: Edit, *words: str) -> Case:
    return Case(file="policies/release.yaml", edit=edit, words=("release.yaml", *words))


def items(edit: Edit, *words: str) -> Case:
    return Case(file="data/sums.jsonl", edit=edit, words=("sums.jsonl", *words))


def votes(edit: Edit, *words: str) -> Case:
    return Case(file="data/votes.jsonl", edit=edit, words=("votes.jsonl", *words))


def outputs(content: str | bytes, *words: str, form: str = "jsonl") -> Case:
    command = ("register", "assistant", "--outputs", "data/answers-2.jsonl", "--format", form)
    data = content.encode() if isinstance(content, str) else content
    named = ("answers-2.jsonl", *words)
    return Case(file="data/answers-2.jsonl", edit=to(data), words=named, command=command)


def toml(edit: Edit, *words: str) -> Case:
    return Case(file="gate.toml", edit=edit, words=words, command=("status", "assistant"))


def artifact(pattern: str, edit: Edit, *words: str, command: tuple[str, ...] = PROMOTE) -> Case:
    return Case(file=pattern, edit=edit, words=words, command=command, code=4)


def journal(pattern: str, edit: Edit, *words: str) -> Case:
    return Case(file=f"state/{pattern}", edit=edit, words=words, code=4)


VOTE = '{"prompt": "p0", "model_a": "assistant/2", "model_b": "assistant/1", "annotator": "ann", '
EVIDENCE = "ml*/**/evidence.json"
RECORD = "ml*/**/record.json"

CASES = {
    # policies
    "policy is empty": policy(to(b""), ":1"),
    "policy is no YAML": policy(to(b"policy: [\n"), ":"),
    "policy is a list": policy(to(b"- policy\n"), ":1"),
    "policy is UTF-16": policy(to("policy: x".encode("utf-16")), "UTF-16"),
    "policy names Python": policy(swap("model: assistant", "model: !!python/none x"), ":2"),
    "key twice": policy(swap("model: assistant", "model: assistant\nmodel: b"), ":3", "model"),
    "unknown key": policy(swap("model: assistant", "modle: assistant"), ":2", "modle", "`model`"),
    "no criteria": policy(lambda c: c.partition(b"criteria")[0], "criteria"),
    "no reason": policy(swap(", because: sums must be right", ""), "because"),
    "NaN": policy(swap("0.6", ".nan"), "criteria[0].at_least"),
    "a percentage": policy(swap("at_least: 0.6", "at_least: 60"), "criteria[0]", "60"),
    "unmeasured metric": policy(swap("sums.accuracy", "sum.accuracy"), "criteria[0].metric"),
    "two demands": policy(swap("at_least: 0.6", "at_least: 0.6, at_most: 1"), "criteria[0]"),
    "a margin below zero": policy(swap("margin: 0.3", "margin: -0.3"), "criteria[1]"),
    "unknown scorer": policy(swap("numeric", "numbers"), "scorer"),
    "a level above one": policy(swap("numeric", "numeric, level: 1.5"), "level"),
    "no votes planned": policy(swap("votes_at_most: 40", "votes_at_most: 0"), "votes_at_most"),
    "looks go back": policy(swap("[7, 14]", "[14, 7]"), "looks"),
    "unknown primary": policy(swap("primary: resolved", "primary: solved"), "primary"),
    "quota by nothing": policy(add("keep: {offline: {most: 1, by: x.y}}\n"), "keep.offline"),
    "quota without a zone": policy(
        add("keep: {offline: {most: 1, by: sums.accuracy, deadline: '2026-01-01'}}\n"), "deadline"
    ),
    # items
    "no items file": items(to(None), "no such file"),
    "items are empty": items(to(b"\n"), "no item"),
    "an item is torn": items(add('{"id": "x"'), ":41"),
    "an id twice": items(add('{"id": "sum-0", "prompt": "?", "target": "1"}\n'), ":41", "line 1"),
    "an item asks nothing": items(add('{"id": "x", "target": "1"}\n'), ":41"),
    "an item without target": items(add('{"id": "x", "prompt": "?"}\n'), "x"),
    "an item holds NaN": items(add('{"id": "x", "prompt": "?", "target": NaN}\n'), ":41"),
    "items are not UTF-8": items(lambda c: c + b'{"id": "\xff"}\n', ":41"),
    "items were changed": Case(
        file="policies/release.yaml",
        edit=swap("numeric", f"numeric, sha256: {'a' * 64}"),
        words=("sums.jsonl", "aaaaaaaaaaaa"),
    ),
    "no such cluster": Case(
        file="policies/release.yaml",
        edit=swap("numeric", "numeric, cluster: chapter"),
        words=("sums.jsonl:1", "chapter"),
    ),
    "no corpus": Case(
        file="policies/release.yaml",
        edit=to(RECITAL.encode()),
        words=("absent.txt", "no such file"),
    ),
    # recorded outputs
    "outputs are empty": outputs(""),
    "outputs are no JSON": outputs("not json\n", ":1"),
    "an output is missing": outputs('{"id": "sum-1"}\n', ":1", "output"),
    "an output is no text": outputs('{"id": "sum-1", "output": 2}\n', ":1"),
    "an output asks nothing": outputs('{"output": "2"}\n', ":1"),
    "answered twice": outputs(
        '{"id": "a", "output": "2"}\n{"id": "a", "output": "3"}\n', ":2", "a"
    ),
    "outputs hold a key twice": outputs('{"id": "a", "id": "b", "output": "2"}\n', ":1"),
    "alpaca outputs are no list": outputs('{"a": 1}', "list", form="alpaca_eval"),
    # votes
    "a vote is no JSON": votes(add("win\n"), ":41"),
    "a vote says nothing known": votes(add(VOTE + '"verdict": "A<B"}\n'), ":41", "A<B"),
    "a vote compares a model with itself": votes(
        add((VOTE + '"verdict": "A>B"}\n').replace("assistant/1", "assistant/2")), ":41"
    ),
    "a vote stands twice": votes(lambda c: c + c.splitlines(keepends=True)[0], ":41"),
    "a vote by nobody": votes(
        add('{"prompt": "p", "model_a": "a", "model_b": "b", "verdict": "A>B"}\n'), "annotator"
    ),
    "a vote shown on a third side": votes(
        add(VOTE + '"verdict": "A>B", "shown_first": "c"}\n'), ":41", "shown_first"
    ),
    # traffic
    "no moments": Case(file="data/moments.csv", edit=to(None), words=("moments.csv",)),
    "moments are of another kind": Case(
        file="policies/release.yaml", edit=swap("moments.csv", "moments.xls"), words=(".xls",)
    ),
    "moments are no Parquet": Case(
        file="policies/release.yaml",
        edit=swap("moments.csv", "votes.parquet"),
        words=("votes.parquet",),
    ),
    "no exposures": Case(
        file="policies/release.yaml",
        edit=swap(
            "moments: ../data/moments.csv", "exposures: ../data/e.csv, events: ../data/v.csv"
        ),
        words=("traffic file", "v.csv"),
    ),
    "traffic that the workspace has not": Case(
        file="policies/release.yaml",
        edit=swap("moments: ../data/moments.csv", "source: product"),
        words=("source: product", "[data.product]"),
    ),
    # gate.toml
    "gate.toml is no TOML": toml(add("[models\n"), "gate.toml:12"),
    "gate.toml has an unknown key": toml(add("polices = {}\n"), "gate.toml:12", "polices"),
    "gate.toml holds a number for a text": toml(swap('"state"', "5"), "gate.toml:4", "state.url"),
    "gate.toml holds a password": toml(
        add('endpoint = "http://me:hunter2@x/v1"\n'), "gate.toml:12", "without user or password"
    ),
    "gate.toml is not UTF-8": toml(lambda c: c + b"\xff", "gate.toml", "UTF-8"),
    "state in another place than a folder": toml(swap('"state"', '"s3://x/y"'), "s3"),
    "state in a file": toml(swap('"state"', '"gate.toml"'), "gate.toml", "it is a file"),
    # what is stored
    "evidence was changed": artifact(EVIDENCE, swap('"n":40', '"n":90'), "evidence.json"),
    "evidence is no JSON": artifact(EVIDENCE, to(b"{"), "evidence.json"),
    "evidence is gone": artifact(EVIDENCE, to(None), "evidence.json"),
    "a record was changed": artifact(
        RECORD, swap("assistant", "assistent"), "record.json", command=EXPLAIN
    ),
    "a record is gone": artifact(RECORD, to(None), "record.json", command=EXPLAIN),
    "a record was changed, in status": artifact(
        RECORD, swap("PASS", "FAIL"), "record.json", command=("status", "assistant")
    ),
    # journals
    "a journal line was changed": journal(
        "ledger/outbox.jsonl", lambda c: c[:20] + b"x" + c[21:], "outbox.jsonl:1"
    ),
    "a journal line is something else": journal(
        "ledger/outbox.jsonl", lambda c: b"hello\n" + c, "outbox.jsonl:1"
    ),
}


def test_there_are_more_than_forty_kinds() -> None:
    assert len(CASES) + len(REFERENCES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_refused_clearly_and_changes_nothing(place: Workplace, name: str) -> None:
    case = CASES[name]
    (place.data / "votes.parquet").write_bytes(b"PAR0 is no parquet")
    file = min(place.folder.glob(case.file))
    whole = file.read_bytes()
    edited = case.edit(whole)
    if edited is None:
        file.unlink()
    else:
        file.write_bytes(edited)
    try:
        before = recorded(place.folder)
        found = said(*case.command)
        in_json = said(*case.command, "--json")
        after = recorded(place.folder)
    finally:
        file.write_bytes(whole)
    assert found.code == in_json.code == case.code, found.err
    assert in_json.schema == "gate.error/1"
    error = in_json.json["error"]
    assert isinstance(error, dict)
    assert error["message"]
    assert error["why"]
    assert error["fix"]
    for word in case.words:
        assert word in found.err
    assert "hunter2" not in found.err
    assert after == before


REFERENCES = [
    "assistant/99",
    "assistant@nobody",
    "models:/x",
    "models:/assistant/latest",
    "assistant",
    "nobody/1",
    "assistant/1/2",
    "assistant/-1",
    "@champion",
    " ",
]


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize(
    "command",
    [
        ("run", "release"),
        ("explain",),
        ("promote", "--policy", "release"),
        ("adopt", "--reason", "x"),
    ],
)
def test_a_reference_to_nothing_is_refused_and_changes_nothing(
    place: Workplace, command: tuple[str, ...], reference: str
) -> None:
    before = recorded(place.folder)
    found = said(*command, reference, "--json")
    assert (found.code, found.schema) == (2, "gate.error/1")
    assert recorded(place.folder) == before


def test_after_all_this_the_workspace_still_works(place: Workplace) -> None:
    before = recorded(place.folder)
    assert said(*RUN).code == 0
    assert said(*PROMOTE).code == 0
    assert recorded(place.folder).journals == before.journals
