import json
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.workshop.bench.excluding import IN_BENCH, IN_CORPUS, Leaks, leaks
from stages.workshop.bench.recipe import Exclude, NearDuplicates

LONG = "Explain to a new colleague how the ferry timetable on the northern line is made each year"
TEXTS = (LONG, "What is the capital of France?", "Write a short poem about the sea at night in May")


def found(folder: Path, **rules: object) -> Leaks:
    return leaks(
        TEXTS,
        Exclude.model_validate(rules),
        NearDuplicates(),
        base=folder,
        state=FolderState(folder / "state"),
        progress=Silent(),
    )


def test_nothing_is_excluded_where_nothing_is_named(tmp_path: Path) -> None:
    assert found(tmp_path) == Leaks(reasons=("", "", ""), data=())


def test_a_prompt_of_an_earlier_bench_is_left_out_even_a_short_one(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "prompt": "what is the capital of FRANCE"},
        {"id": 2, "prompt": f"Hi! {LONG}"},
    ]
    (tmp_path / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    one = found(tmp_path, benches=("old.jsonl",))

    assert one.reasons == (IN_BENCH, IN_BENCH, "")
    assert [name for name, _ in one.data] == ["old.jsonl"]


def test_a_prompt_of_the_corpus_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text(f"A page. {LONG.upper()} or not. And much more of it.")

    one = found(tmp_path, corpus=("corpus.txt",))

    assert one.reasons == (IN_CORPUS, "", "")
    assert [name for name, _ in one.data] == ["corpus.txt"]


def test_a_bench_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"old\.jsonl"):
        found(tmp_path, benches=("old.jsonl",))
