import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from policies.errors import InputError
from stages.side_by_side.formats.rows import Row, Rows, all_or_none, json_rows, parquet_rows


def read(rows: Rows) -> tuple[Row, ...]:
    return all_or_none(rows, lambda row: [row])


def of_json(data: bytes) -> tuple[Row, ...]:
    return read(json_rows(data, where="file", fix="mend it"))


def test_a_list_and_lines_are_the_same_records_and_know_their_lines() -> None:
    entries = [{"a": 1}, {"a": [2]}]
    lines = of_json("\n\n".join(map(json.dumps, entries)).encode())
    listed = of_json(json.dumps(entries, indent=1).encode())
    assert [row.fields for row in lines] == [row.fields for row in listed] == entries
    assert [row.where for row in lines] == ["file:1", "file:3"]
    assert [row.where for row in listed] == ["file:2", "file:5"]


def test_a_byte_order_mark_is_tolerated() -> None:
    assert of_json(b'\xef\xbb\xbf{"a": 1}')[0].fields == {"a": 1}
    assert of_json(b'\xef\xbb\xbf[{"a": 1}]')[0].fields == {"a": 1}


def test_nothing_is_no_record() -> None:
    assert of_json(b"") == of_json(b"\n \n") == of_json(b"[]") == ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'[{"a": "\\ud800"}]', "half a surrogate pair"),
        (b'{"a": "\\ud800"}', "half a surrogate pair"),
        (b'[{"a": 1e999}]', "too large a number"),
        (b'[{"a": -Infinity}]', "no JSON number"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'[{"a": ' + b"9" * 5000 + b"}]", "digits"),
        (b'[{"a": 1, "a": 2}]', "a key stands twice"),
        (b'{"a": 1, "a": 2}', "key `a` stands twice"),
        (b"[7]", "a record must be a JSON object"),
        (b"[{}] x", "not valid JSON"),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InputError) as refused:
        of_json(data)
    assert "file:1" in refused.value.message
    assert why in refused.value.why


def test_nan_in_a_list_is_null_as_data_frames_write_it() -> None:
    assert of_json(b'[{"a": NaN}]')[0].fields == {"a": None}


def test_times_and_gaps_of_parquet_are_json(tmp_path: Path) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    table = pa.table({"at": [at], "score": [float("nan")], "raw": [b"x"]})
    parquet.write_table(table, tmp_path / "file.parquet")
    data = (tmp_path / "file.parquet").read_bytes()
    (row,) = read(parquet_rows(data, where="file", fix="mend it"))
    assert row.fields == {"at": "2026-01-02T00:00:00+00:00", "score": None, "raw": "b'x'"}


@pytest.mark.parametrize("value", [-0.1, 1.5, "1", True])
def test_a_share_is_a_number_from_0_to_1(value: float | str | bool) -> None:  # noqa: FBT001
    row = Row(where="file:1", fields={"share": value}, fix="mend it")
    with pytest.raises(InputError, match="file:1"):
        row.share("share")
    assert row.share("absent") is None
