import json
from pathlib import Path

import pytest

from gates.cli.bench_extraction_items import command as extraction_items
from gates.cli.bench_memorization import command as memorization
from gates.cli.frame import Exit, framed

TEXT = "A kettle, two spoons and <b>a blue door</b> that nobody has ever written about before."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(f"SPDX-License-Identifier: GPL-3.0-only\n{TEXT}")
    outputs = [
        {"id": "good", "output": "Nothing of it."},
        {"id": "<bad>", "output": f"He said: {TEXT} <script>"},
    ]
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, outputs)))
    return tmp_path


def test_what_is_recited_is_printed_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert framed(memorization, ["o.jsonl", "--corpus", "corpus"]) == Exit.YES
    said = capsys.readouterr().out
    assert "1 of 2 outputs recite the corpus: 50.00%, between 2.53% and 97.47%" in said
    assert "corpus/a.txt (GPL-3.0-only)" in said
    assert "numba" in said


def test_json_has_every_output_and_span(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["o.jsonl", "--corpus", "corpus", "--restricted", "GPL-*", "--json"]
    assert framed(memorization, arguments) == Exit.YES
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "gate.recitation/1"
    assert told["rate"]["value"] == told["restricted"]["value"] == 0.5
    worst = told["outputs"][0]
    assert (worst["id"], worst["recites"], worst["restricted"]) == ("<bad>", True, True)
    (span,) = worst["spans"]
    assert span["end"] - span["start"] == len(TEXT) + 1  # the space before it, too
    assert told["corpus"][0]["name"] == "corpus"


def test_nothing_recited_is_said_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "o.jsonl").write_text('{"output": "Nothing of it."}')
    assert framed(memorization, ["o.jsonl", "--corpus", "corpus"]) == Exit.YES
    assert "0 of 1 outputs recite the corpus: 0.00%" in capsys.readouterr().out


def test_the_page_marks_spans_and_executes_nothing(folder: Path) -> None:
    arguments = ["o.jsonl", "--corpus", "corpus", "--html", "o.html", "--state", "kept"]
    assert framed(memorization, arguments) == Exit.YES
    page = (folder / "o.html").read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;bad&gt;: 84% recited" in page
    assert '<mark title="corpus/a.txt (GPL-3.0-only)"> A kettle' in page
    assert (folder / "kept" / "scans").is_dir()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["none.jsonl", "--corpus", "corpus"], Exit.WRONG_USAGE),
        (["o.jsonl", "--corpus", "none"], Exit.WRONG_USAGE),
        (["o.jsonl"], Exit.WRONG_USAGE),
        (["o.jsonl", "--corpus", "corpus", "--html", "none/o.html"], Exit.BROKEN),
    ],
)
def test_what_cannot_be_done_has_its_exit_code(arguments: list[str], code: Exit) -> None:
    assert framed(memorization, arguments) == code


@pytest.mark.parametrize("lane", ["bytes", "normalized"])
def test_lanes_are_named_as_a_policy_names_them(
    lane: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert framed(memorization, ["o.jsonl", "--corpus", "corpus", "--lane", lane]) == Exit.YES
    assert "outputs recite the corpus" in capsys.readouterr().out
    assert framed(memorization, ["--help"]) == Exit.YES
    assert lane in capsys.readouterr().out.partition("--lane")[2].partition("--boilerplate")[0]


def test_a_page_that_cannot_be_written_is_told_before_the_search(
    capsys: pytest.CaptureFixture[str],
) -> None:
    search = ["none.jsonl", "--corpus", "none"]  # what would fail later
    assert framed(memorization, [*search, "--html", "nonex/x.html"]) == Exit.BROKEN
    assert "cannot write nonex/x.html" in capsys.readouterr().err


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_what_was_found_is_printed_though_its_page_cannot_be_written(
    how: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    arguments = ["o.jsonl", "--corpus", "corpus", "--html", "o.html", *how]
    assert framed(memorization, arguments) == Exit.BROKEN
    said = capsys.readouterr()
    assert "cannot write o.html" in said.err
    assert json.loads(said.out)["rate"]["value"] == 0.5 if how else "1 of 2 outputs" in said.out


ITEMS = ["--corpus", "corpus", "--prefix-tokens", "2", "--suffix-tokens", "3", "--per-stratum", "1"]


def test_extraction_items_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert framed(extraction_items, [*ITEMS, "--out", "i.jsonl"]) == Exit.YES
    out = capsys.readouterr().out
    assert out.startswith("1 item in i.jsonl")
    assert "note: a text file is one document" in out
    (line,) = (folder / "i.jsonl").read_text().splitlines()
    assert {"id", "prompt", "target", "prefix_tokens", "duplicates", "cluster"} == set(
        json.loads(line)
    )
    assert framed(extraction_items, [*ITEMS, "--out", "i.jsonl", "--json"]) == Exit.YES
    told = json.loads(capsys.readouterr().out)
    assert told["strata"] == [{"duplicates": 1, "prefix_tokens": 2, "items": 1}]
    assert framed(extraction_items, [*ITEMS, "--out", "none/i.jsonl"]) == Exit.BROKEN
    assert framed(extraction_items, [*ITEMS, "--out", "i", "--tokenizer", "no"]) == Exit.WRONG_USAGE


def test_many_documents_of_one_file_need_no_note(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.dumps({"text": f"{TEXT} Row {n}."}) for n in range(3)]
    (folder / "c.jsonl").write_text("\n".join(rows))
    arguments = ["--corpus", "c.jsonl", *ITEMS[2:-1], "3", "--out", "i.jsonl"]
    assert framed(extraction_items, arguments) == Exit.YES
    out = capsys.readouterr().out
    assert "4 items in i.jsonl" in out  # what all begin with is one of them
    assert "note" not in out


def test_a_corpus_that_is_not_there_is_mended_on_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--corpus", "absent.txt", *ITEMS[2:], "--out", "i.jsonl"]
    assert framed(extraction_items, arguments) == Exit.WRONG_USAGE
    assert "the folder you are in, where `--corpus` names it" in capsys.readouterr().err


def test_a_corpus_without_a_document_is_the_callers_to_mend(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "none.jsonl").write_text("\n \n")
    assert framed(memorization, ["o.jsonl", "--corpus", "none.jsonl"]) == Exit.WRONG_USAGE
    assert "no document of none.jsonl has 50 characters" in capsys.readouterr().err
