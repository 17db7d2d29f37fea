"""Records as bytes: JSON lines, a JSON list, CSV; and the votes that a format cannot say."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence

from policies.canonical import Json
from policies.errors import InputError
from stages.side_by_side.vote import Vote


def json_lines_of(records: Iterable[Mapping[str, Json]]) -> bytes:
    """One JSON object a line, in UTF-8."""
    return "".join(f"{_json(record)}\n" for record in records).encode()


def json_list_of(records: Iterable[Mapping[str, Json]]) -> bytes:
    """A JSON list of objects, one a line, in UTF-8."""
    lines = ",\n".join(map(_json, records))
    return f"[\n{lines}\n]\n".encode()


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV with a header, in UTF-8, lines ending as RFC 4180 has them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def unsayable(vote: Vote, why: str) -> InputError:
    """Why a format cannot say a vote."""
    return InputError(
        f"cannot write the vote at {vote.where}",
        why=why,
        fix="write the gate's own format, which says everything",
    )


def _json(record: Mapping[str, Json]) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False)
