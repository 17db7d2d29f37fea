"""Scores on clean and dirty items: apart, subtracted, left out when asked, and never silently."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from policies.benchmark_tasks import BenchmarkTask, LeakTest, Stopping
from policies.errors import Broken, InputError
from stages.engine.data import ItemFile, read_items
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import parse_item
from stages.evidence.records import Quantity, Validity
from stages.offline.contamination import search as search_module
from stages.offline.contamination.instrument import Contaminated
from stages.offline.estimating import measure_task
from stages.offline.instrument import Scores
from stages.offline.instruments import instrument_for
from stages.offline.tools import Tools

COUNT, LEAKED = 40, 15


def question(number: int) -> str:
    words = " ".join(f"thing{number}x{place}" for place in range(18))
    return f"What is known of {words}?"


def write(folder: Path, *, count: int = COUNT, leaked: int = LEAKED) -> ItemFile:
    """Items of which the first `leaked` stand in the corpus, among other text."""
    records = [
        {"id": f"i{n}", "prompt": question(n), "target": "yes", "kind": "odd" if n % 2 else "even"}
        for n in range(count)
    ]
    folder.mkdir(exist_ok=True)
    (folder / "items.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in records))
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / "page.txt").write_text("Nothing of interest stands here at all, dear reader.\n" * 50)
    (corpus / "forum.txt").write_text(
        "\n".join(f"Someone asks: {question(n).upper()} Nobody knows." for n in range(leaked))
    )
    return read_items("items.jsonl", base=folder, cluster=None, sha256=None)


def tools(folder: Path) -> Tools:
    return Tools(
        base=folder,
        state=FolderState(folder / "state"),
        progress=Silent(),
        classifier_for=lambda _: pytest.fail("no classifier is needed"),
    )


def task_with(**contamination: object) -> BenchmarkTask:
    return BenchmarkTask.model_validate(
        {
            "data": "items.jsonl",
            "scorer": "exact",
            "groups": {"field": "kind", "values": ("odd", "even")},
            "contamination": {"corpus": ("corpus",), **contamination},
        },
        strict=False,
    )


def scored(
    folder: Path, file: ItemFile, right: Sequence[bool], **contamination: object
) -> tuple[BenchmarkTask, Scores]:
    task = task_with(**contamination)
    instrument = instrument_for(task, tools(folder))
    assert isinstance(instrument, Contaminated)
    instrument.check(file)
    answers = [("yes" if r else "no",) for r in right]
    return task, instrument.score(file.items, answers)


def measured(task: BenchmarkTask, scores: Scores) -> Mapping[str, Estimate | Unmeasured]:
    """The values of a candidate that is as good as its baseline."""
    found = measure_task(task.metrics("qa"), scores, scores, level=task.level)
    return {m.metric: m.measured for m in found if m.quantity is Quantity.VALUE}


def value(found: Estimate | Unmeasured) -> float:
    assert isinstance(found, Estimate), found
    return found.value


RIGHT_WHERE_LEAKED = [n < LEAKED or n % 5 == 0 for n in range(COUNT)]


@pytest.mark.parametrize("test", list(LeakTest))
def test_a_model_that_knows_the_leaked_items_is_seen_through(
    tmp_path: Path, test: LeakTest
) -> None:
    task, scores = scored(tmp_path, write(tmp_path), RIGHT_WHERE_LEAKED, test=test)
    found = measured(task, scores)
    assert value(found["qa.contaminated"]) == LEAKED / COUNT
    assert value(found["qa.dirty"]) == 1.0
    assert value(found["qa.clean"]) == 5 / 25
    assert value(found["qa.accuracy"]) == 20 / 40
    difference = found["qa.clean_minus_dirty"]
    assert value(difference) == pytest.approx(5 / 25 - 1)
    assert isinstance(difference, Estimate)
    assert difference.high is not None
    assert difference.high < 0


def test_the_difference_may_decide_on_the_items_that_it_rests_on(tmp_path: Path) -> None:
    task, scores = scored(tmp_path, write(tmp_path), RIGHT_WHERE_LEAKED)
    for anytime, validity in ((False, Validity.FIXED), (True, Validity.ANYTIME)):
        found = measure_task(task.metrics("qa"), scores, scores, level=0.95, anytime=anytime)
        (one,) = (m for m in found if m.metric == "qa.clean_minus_dirty")
        assert one.decidable
        assert (one.validity, one.planned) == (validity, None if anytime else LEAKED)


def test_where_a_task_may_stop_early_the_difference_holds_at_any_time(tmp_path: Path) -> None:
    file = write(tmp_path)
    _, fixed = scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    task = task_with().model_copy(update={"stopping": Stopping.ANYTIME})
    instrument = instrument_for(task, tools(tmp_path))
    instrument.check(file)
    scores = instrument.score(file.items, [("yes" if r else "no",) for r in RIGHT_WHERE_LEAKED])
    narrow, wide = (s.estimates["clean_minus_dirty"] for s in (fixed, scores))
    assert isinstance(narrow, Estimate)
    assert isinstance(wide, Estimate)
    assert (wide.value, wide.level) == (pytest.approx(narrow.value), pytest.approx(task.level))
    assert (wide.high or 0) > (narrow.high or 0)
    assert "betting confidence sequence" in wide.method


def test_the_matched_text_and_its_document_are_told(tmp_path: Path) -> None:
    _, scores = scored(tmp_path, write(tmp_path), RIGHT_WHERE_LEAKED)
    column = scores.column("contaminated")
    assert not isinstance(column, Unmeasured)
    assert column[0] is not None
    assert "22 of 23 words stand in corpus/forum.txt in a row: what is known of thing0x0" in (
        column[0].detail
    )
    assert column[LEAKED] is not None
    assert column[LEAKED].value == 0.0
    assert dict(scores.data).keys() == {"corpus"}


def test_left_out_items_are_left_out_of_every_score_and_it_is_said(tmp_path: Path) -> None:
    task, scores = scored(tmp_path, write(tmp_path), RIGHT_WHERE_LEAKED, exclude=True)
    found = measured(task, scores)
    assert value(found["qa.accuracy"]) == 5 / 25
    assert value(found["qa.accuracy.odd"]) == 3 / 13
    assert value(found["qa.dirty"]) == 1.0
    said = dict(scores.tools)["contamination"]
    assert "25 clean, 0 between, 15 dirty, 0 too short items; 15 left out of the score" in said
    assert "from 50%" in said
    for metric in ("qa.accuracy", "qa.accuracy.odd"):
        estimate = found[metric]
        assert isinstance(estimate, Estimate)
        assert estimate.method.endswith("; left out: 15 of 40 items, contaminated")
    clean = found["qa.clean"]
    assert isinstance(clean, Estimate)
    assert "left out" not in clean.method


def test_without_exclusion_all_are_scored_and_it_is_said(tmp_path: Path) -> None:
    _, scores = scored(tmp_path, write(tmp_path), RIGHT_WHERE_LEAKED)
    assert dict(scores.tools)["contamination"].endswith("; all scored")


def test_too_few_clean_items_are_no_score(tmp_path: Path) -> None:
    file = write(tmp_path, leaked=31)
    task, scores = scored(tmp_path, file, [True] * COUNT, exclude=True)
    found = measured(task, scores)["qa.accuracy"]
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED
    assert "9 of 40 items are clean" in found.reason
    assert found.reason.endswith("`gate bench contamination` shows where the corpus holds them")


@pytest.mark.parametrize(("leaked", "kind"), [(0, "dirty"), (COUNT, "clean")])
def test_where_one_kind_is_missing_there_is_no_difference(
    tmp_path: Path, leaked: int, kind: str
) -> None:
    task, scores = scored(tmp_path, write(tmp_path, leaked=leaked), [True] * COUNT)
    found = measured(task, scores)
    for name in (f"qa.{kind}", "qa.clean_minus_dirty"):
        assert found[name] == Unmeasured(f"no item is {kind}", Cause.UNDERPOWERED)
    assert value(found["qa.accuracy"]) == 1.0


def test_short_items_are_neither_clean_nor_dirty(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "items.jsonl").write_text(
        "".join(
            json.dumps({"id": str(n), "prompt": f"Is it {n}?", "target": "yes", "kind": kind})
            + "\n"
            for n, kind in enumerate(("odd", "even"))
        )
    )
    file = read_items("items.jsonl", base=tmp_path, cluster=None, sha256=None)
    task, scores = scored(tmp_path, file, [True, True])
    found = measured(task, scores)
    for name in ("contaminated", "clean", "dirty", "clean_minus_dirty"):
        assert isinstance(found[f"qa.{name}"], Unmeasured)
    assert "2 too short" in dict(scores.tools)["contamination"]


def test_the_corpus_is_read_once_and_the_journal_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path)
    _, first = scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    monkeypatch.setattr(search_module, "_searched", lambda *_: pytest.fail("read again"))
    _, second = scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    assert first == second


def test_a_corpus_that_changed_is_searched_again(tmp_path: Path) -> None:
    file = write(tmp_path)
    scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    (tmp_path / "corpus" / "more.txt").write_text(question(COUNT - 1))
    task, scores = scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    assert value(measured(task, scores)["qa.contaminated"]) == (LEAKED + 1) / COUNT


def test_portions_of_the_items_share_one_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path)
    instrument = instrument_for(task_with(), tools(tmp_path))
    instrument.check(file)
    answers = [("yes",)] * COUNT
    whole = instrument.score(file.items, answers).column("contaminated")
    monkeypatch.setattr(search_module, "_searched", lambda *_: pytest.fail("read again"))
    part = instrument.score(file.items[10:20], answers[10:20]).column("contaminated")
    assert not isinstance(whole, Unmeasured)
    assert part == whole[10:20]


def test_messages_in_parts_are_looked_for_too() -> None:
    parts = [
        {"type": "text", "text": question(0)},
        {"type": "image_url", "image_url": {"url": "x"}},
    ]
    record = {
        "id": "a",
        "messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": None}],
        "target": "yes",
    }
    item = parse_item(record, where="here")
    assert search_module.text_of(item) == f"{question(0)}\nyes"


def test_a_corpus_that_is_not_there_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    file = write(tmp_path)
    with pytest.raises(InputError):
        instrument_for(task_with(corpus=("nowhere",)), tools(tmp_path)).check(file)


def test_a_journal_that_cannot_be_read_is_broken(tmp_path: Path) -> None:
    file = write(tmp_path)
    scored(tmp_path, file, RIGHT_WHERE_LEAKED)
    (stream,) = (tmp_path / "state" / "contamination").glob("*.jsonl")
    state = FolderState(tmp_path / "state")
    (entry,) = state.read(f"contamination/{stream.stem}")
    state.append(f"contamination/{stream.stem}", [{**entry, "found": [[1, 2]]}])
    with pytest.raises(Broken, match="cannot read a search"):
        scored(tmp_path, file, RIGHT_WHERE_LEAKED)
