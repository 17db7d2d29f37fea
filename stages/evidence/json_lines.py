"""Strict JSON: what two readers could understand differently is refused."""

import json
import math
from collections.abc import Iterator

from policies.canonical import Json
from policies.errors import InputError


def strict_json(text: str) -> Json:
    """The value of one JSON text.

    Refused beyond what JSON itself forbids: a key that stands twice in an object, NaN and infinity
    (also as a number too large for a float), and half a surrogate pair, which UTF-8 cannot write.

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    try:
        value: Json = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg} at column {error.colno}") from None
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which UTF-8 cannot write") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return value


def utf8_text(data: bytes, *, where: str) -> str:
    """Bytes as text.

    Raises:
        InputError: When they begin with a byte order mark or are not UTF-8, naming the line.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise InputError(
            f"cannot read {where}:1",
            why="the file begins with a byte order mark",
            fix="save it as UTF-8 without BOM",
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"cannot read {where}:{line}",
            why=f"byte 0x{data[error.start]:02x} is not UTF-8",
            fix="save the file as UTF-8",
        ) from None


def json_lines(data: bytes, *, where: str) -> Iterator[tuple[int, Json]]:
    """Line number, from 1, and value of every line that is not blank.

    Args:
        data: The whole file.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is not strict JSON (see `strict_json`).
    """
    for number, line in enumerate(utf8_text(data, where=where).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = strict_json(line)
        except ValueError as error:
            raise InputError(
                f"cannot read {where}:{number}",
                why=str(error),
                fix="write one JSON value a line",
            ) from None
        yield number, value


def _object(pairs: list[tuple[str, Json]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key `{twice}` stands twice in an object")
    return found


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number
