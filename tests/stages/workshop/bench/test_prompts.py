import csv
import gzip
import json
import resource
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policies.canonical import sha256_of_bytes
from policies.errors import InputError
from stages.workshop.bench.prompts import (
    ENORMOUS,
    LINE_AT_MOST,
    NO_TURN,
    UNREADABLE,
    Record,
    TrafficReader,
    first_user_turn,
)
from stages.workshop.bench.recipe import Traffic


def read(folder: Path, *files: str, field: str | None = None) -> tuple[Record, ...]:
    return tuple(TrafficReader(Traffic(files=files, field=field), folder).records())


def texts(records: Sequence[Record]) -> list[str]:
    return [record.text or record.lacks for record in records]


def test_every_kind_of_line_gives_its_first_user_turn(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "second"},
    ]
    rows = [
        {"prompt": "plain"},
        {"messages": turns},
        {"conversation_id": "1", "conversation": turns},
        {"conversation": [{"from": "human", "value": "shared"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "part"}, {"x": 1}]}]},
        "a text alone",
        {"conversation": [{"role": "assistant", "content": "nobody asked"}]},
        {"prompt": 7},
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    found = read(tmp_path, "t.jsonl")

    assert texts(found) == [
        *("plain", "first", "first", "shared", "part", "a text alone", NO_TURN, NO_TURN)
    ]
    assert [record.place for record in found] == list(range(8))


def test_tables_are_read_by_their_column(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "question"], ["1", 'one,\n"two"'], ["2", "three"]])
    talk = [[{"role": "user", "content": "four"}], [{"role": "user", "content": "five"}]]
    pq.write_table(pa.table({"question": talk}), tmp_path / "t.parquet")

    found = read(tmp_path, "t.csv", "t.parquet", field="question")

    assert texts(found) == ['one,\n"two"', "three", "four", "five"]


def test_files_are_named_by_their_digest(tmp_path: Path) -> None:
    data = b'{"prompt": "one"}\n{"prompt": "two"}'
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))
    reader = TrafficReader(Traffic(files=("*.jsonl", "b.jsonl.gz")), tmp_path)

    assert texts(list(reader.records())) == ["one", "two", "one", "two"]
    assert reader.digests == {
        "a.jsonl": sha256_of_bytes(data),
        "b.jsonl.gz": sha256_of_bytes(gzip.compress(data, mtime=0)),
    }


def test_an_enormous_line_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "t.jsonl").open("wb") as file:
        file.write(b'{"prompt": "before"}\n{"prompt": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"prompt": "after"}\n')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = read(tmp_path, "t.jsonl")

    assert texts(found) == ["before", ENORMOUS, "after"]
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < 4 * LINE_AT_MOST


def test_an_enormous_last_line_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"prompt": "before"}\n' + b"x" * (LINE_AT_MOST + 9))

    assert texts(read(tmp_path, "t.jsonl")) == ["before", ENORMOUS]


def test_one_broken_line_in_a_hundred_is_counted(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"p{n}"}) for n in range(299)]
    (tmp_path / "t.jsonl").write_text("\n".join([*lines, '{"prompt": "torn']))

    assert texts(read(tmp_path, "t.jsonl"))[-1] == UNREADABLE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no record"),
        (b"\n\n", "no record"),
        (b"hello\n", "t.jsonl:1: not valid JSON"),
        (b"[1]\n", "no JSON object"),
        (b'{"other": 1}\n', "has no `prompt`"),
        (b'{"prompt": "caf\xe9"}\n', "not UTF-8"),
        (b'{"prompt": "\\ud800"}\n', "t.jsonl:1: holds half a surrogate pair"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "t.jsonl").write_bytes(content)

    with pytest.raises(InputError, match=r"(?s)t\.jsonl") as refused:
        read(tmp_path, "t.jsonl")

    assert why in refused.value.why


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.parquet", b"no parquet"), ("t.jsonl.gz", b"no gzip"), ("t.csv", b'a\n"open')],
)
def test_a_broken_table_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=r"cannot read prompts from .*t\."):
        read(tmp_path, name, field="a")


@pytest.mark.parametrize("name", ["none.jsonl", "*.none"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot read prompts"):
        read(tmp_path, name)


def test_a_field_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"prompt": "one"}\n')

    with pytest.raises(InputError) as refused:
        read(tmp_path, "t.jsonl", field="question")

    assert "record 1 of" in refused.value.why
    assert "`question`" in refused.value.why


def test_nothing_is_said_where_nobody_speaks() -> None:
    assert first_user_turn(None) == ""
    assert first_user_turn([1, {"role": "user", "content": 3}]) == ""
