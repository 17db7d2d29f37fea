import json
from pathlib import Path

import pytest

from gates.candidates_file import parse_candidates
from gates.registration import Endpoint, External, How, InFolder, Pyfunc, Recorded, Registration
from policies.errors import InputError

FOLDER = Path("answers")
PLACE = (FOLDER / "m").resolve()


def parsed(*lines: object) -> tuple[Registration, ...]:
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return parse_candidates(data, name="assistant", folder=FOLDER, where="c.jsonl")


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ({"outputs": "a.jsonl"}, Recorded(file=FOLDER / "a.jsonl", format="jsonl")),
        (
            {"outputs": "a.json", "format": "alpaca_eval"},
            Recorded(file=FOLDER / "a.json", format="alpaca_eval"),
        ),
        ({"external": True}, External()),
        ({"pyfunc": "models:/m-1"}, Pyfunc(uri="models:/m-1")),
        ({"folder": "m"}, InFolder(folder=PLACE, named=str(PLACE))),
        (
            {"endpoint": "http://x/v1", "model_name": "m", "api_key_env": "KEY"},
            Endpoint(base_url="http://x/v1", model_name="m", api_key_env="KEY"),
        ),
        ({}, Endpoint()),
    ],
)
def test_a_line_says_how_one_version_answers(said: dict[str, str], how: How) -> None:
    assert parsed(said) == (Registration(name="assistant", how=how),)


def test_names_and_descriptions_come_along_in_the_order_of_the_lines() -> None:
    first, second = parsed(
        {"known_as": "a", "external": True, "description": "of May"},
        {"known_as": "b", "external": True},
    )
    assert (first.known_as, first.description) == ("a", "of May")
    assert (second.known_as, second.description) == ("b", "")


@pytest.mark.parametrize(
    "line",
    [
        *([], "a", 1, None, {"extrnal": True}, {"external": "yes"}, {"known_as": ""}),
        *({"known_as": 7}, {"outputs": " "}, {"format": "jsonl"}),
        {"outputs": "a.jsonl", "format": "csv"},
        {"external": True, "pyfunc": "models:/m-1"},
        {"folder": "m", "outputs": "a.jsonl"},
        {"outputs": "a.jsonl", "api_key_env": "KEY"},
    ],
)
def test_a_line_that_describes_no_candidate_is_refused_by_its_number(line: object) -> None:
    with pytest.raises(InputError, match=r"the candidate at c\.jsonl:2"):
        parsed({"external": True}, line)


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_file_without_a_line_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="names no candidate"):
        parse_candidates(data, name="assistant", folder=FOLDER, where="c.jsonl")


def test_what_is_no_json_is_refused_by_its_line() -> None:
    with pytest.raises(InputError, match=r"c\.jsonl:1"):
        parse_candidates(b"{", name="assistant", folder=FOLDER, where="c.jsonl")
