"""The page on formats names every format, field and word that is read."""

import re

from gates.side_by_side import exporting
from policies.side_by_side import VotesFormat
from stages.side_by_side.exchange.label_studio import LABELLING_CONFIG, NEITHERS
from stages.side_by_side.exchange.spreadsheet import COLUMNS, VERDICTS
from stages.side_by_side.formats import arena_hard, chatbot_arena, llmfao, mt_bench
from stages.side_by_side.formats.gate_votes import OWN
from stages.side_by_side.preference import Preference
from tests.docs.page import DOCS, read, rows, section

PAGE = read("formats.md")
VOTES = section(PAGE, "Formats of votes")


def test_every_format_of_a_plan_has_a_row_and_a_chapter() -> None:
    assert set(VotesFormat) <= set(rows(VOTES.partition("###")[0]))
    assert all(f"### `{form}`" in VOTES for form in VotesFormat)


def test_every_field_of_the_gates_own_format_is_named() -> None:
    chapter = VOTES.partition("### `gate`")[2].partition("###")[0]
    assert [field for field in OWN if f"`{field}`" not in chapter] == []
    assert [word for word in Preference if f"`{word}`" not in chapter] == []


def test_every_word_of_a_format_is_named() -> None:
    words = {
        "arena_hard": arena_hard.SCORES,
        "chatbot_arena": chatbot_arena.WINNERS,
        "llmfao": llmfao.WINNERS,
        "mt_bench": mt_bench.WINNERS,
    }
    for form, known in words.items():
        chapter = VOTES.partition(f"### `{form}`")[2].partition("###")[0]
        assert [word for word in known if f"`{word}`" not in chapter] == []


def test_what_no_command_writes_is_said() -> None:
    """Whatever writes a format is used by `gate sxs export`, or named as Python's only."""
    writers = {
        name
        for file in (DOCS.parents[1] / "stages/side_by_side/formats").glob("*.py")
        for name in re.findall(r"^def (write_\w+)", file.read_text(), re.MULTILINE)
    }
    offered = {name for name in writers if hasattr(exporting, name)}
    assert {name for name in writers if f"`{name}`" in PAGE} == writers - offered


def test_what_others_fill_in_is_named() -> None:
    handed = section(PAGE, "Handed to others")
    assert [name for name in (*COLUMNS, *VERDICTS, *NEITHERS) if f"`{name}`" not in handed] == []
    assert all(f'value="{word}"' in LABELLING_CONFIG for word in NEITHERS)
