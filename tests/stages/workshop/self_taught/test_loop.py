import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.engine.folder_state import FolderState
from stages.engine.product import open_product
from stages.judges.purse import Cap
from stages.workshop.self_taught import freezing
from stages.workshop.self_taught.loop import Course, teach
from stages.workshop.spending import OutOfBudget
from tests.stages.workshop.self_taught.scene import (
    SLOTS,
    Scene,
    SilentJudge,
    ToySchool,
    recipe,
    scene,
    write_instructions,
)

PRODUCTS = {
    "pairs": "judge_pairs",
    "data-1": "judge_data",
    "data-2": "judge_data",
    "judge-1": "judge",
    "judge-2": "judge",
}


def run(here: Scene, *, cap: Cap | None = None, **changes: object) -> Course:
    room = here.room(cap)
    return teach(recipe(**changes), room, ToySchool(room.folder))


def products(folder: Path) -> dict[str, str]:
    return {
        name: open_product(folder / "made" / name, kind=kind).sha256
        for name, kind in PRODUCTS.items()
    }


def test_every_iteration_leaves_a_frozen_judge_and_what_it_learned_from(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        course = run(here)
    assert [judge.iteration for judge in course.judges] == [0, 1, 2]
    judge = open_product(tmp_path / "made" / "judge-2", kind="judge")
    data = open_product(tmp_path / "made" / "data-2", kind="judge_data")
    pairs = open_product(tmp_path / "made" / "pairs", kind="judge_pairs")
    assert judge.made_from["data"] == data.sha256
    assert data.made_from["pairs"] == pairs.sha256
    said = json.loads(judge.file("judge.json").read_text())
    assert said["model"]["folder"] == "model-2"
    assert said["brief"] == "short"
    sft = [json.loads(line) for line in data.file("sft.jsonl").read_text().splitlines()]
    assert {tuple(row) for row in sft} == {("id", "src", "tgt")}
    assert all("verdict: " in row["tgt"] for row in sft)
    dpo = data.file("dpo.jsonl").read_text().splitlines()
    assert all(set(json.loads(r)) == {"id", "src", "tgt_chosen", "tgt_rejected"} for r in dpo)


def test_nobody_learns_from_what_was_set_aside(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        course = run(here)
    learned = {contest.id for contest in course.made.contests}
    held_out = {pair.item.id for pair in course.made.exams[0].pairs}
    assert len(learned) == 14
    assert len(held_out) == 6
    assert not learned & held_out
    for judge in course.judges[1:]:
        assert judge.schooling is not None
        assert {each.shown.contest for each in judge.schooling.lessons.right} <= learned


def test_what_a_test_asks_is_not_learned_from(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    pair = {"id": "t", "prompt": "say name3", "chosen": "it is name3", "rejected": "it is not"}
    (tmp_path / "test.jsonl").write_text(json.dumps(pair) + "\n")
    with scene(tmp_path) as here:
        course = run(here, tests={"fresh": {"pairs": "labelled", "data": "test.jsonl"}})
    assert course.made.dropped["i3"] == "judges are tested on it"
    assert [exam.name for exam in course.made.exams] == ["held_out", "fresh"]


def test_a_run_that_ended_asks_and_trains_nothing_again(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        first = run(here)
        calls, made = len(here.server.calls), products(tmp_path)
        again = run(here)
        assert len(here.server.calls) == calls
    assert products(tmp_path) == made
    assert [j.sat for j in again.judges] == [j.sat for j in first.judges]
    assert len(ToySchool(tmp_path / "made").trainings()) == 2


def test_one_more_iteration_goes_on_with_the_judges_that_there_are(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    pupil = {"model": {"where": "seed"}, "rows_at_least": 2}
    with scene(tmp_path) as here:
        run(here, pupil={**pupil, "iterations": 1})
        course = run(here, pupil={**pupil, "iterations": 2}, budget={"calls_at_most": 10_000})
    assert len(course.judges) == 3
    assert [line[0] for line in ToySchool(tmp_path / "made").trainings()] == ["1", "2"]


def test_another_recipe_does_not_mix_with_what_stands_there(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        run(here)
        with pytest.raises(InputError, match="another one stands there"):
            run(here, held_out=0.5)


def test_a_run_killed_at_every_step_goes_on_and_ends_as_if_it_never_was(tmp_path: Path) -> None:
    """SIGKILL after the first entry of every journal, and all that is begun, frozen, trained."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for folder in (whole, torn):
        folder.mkdir()
        write_instructions(folder, 8)
    with scene(whole) as here:
        run(here)
        asked = sorted(here.asked())
    survived: set[str] = set()
    with scene(torn) as here:
        while step := _dies_at_a_step(here, survived):
            survived.add(step)
        course = run(here)
        again = Counter(here.asked())
    assert len(course.judges) == 3
    assert {"train 1", "train 2", "product judge-2", "journal test-held_out"} <= survived
    assert sorted(again) == sorted(set(asked))
    assert sum(again.values()) <= len(asked) + SLOTS * len(survived)  # in flight when it died
    assert products(torn) == products(whole)
    assert [line[0] for line in ToySchool(torn / "made").trainings()] == ["1", "2"]
    assert not [p for p in (torn / "made").iterdir() if p.name.endswith(".making")]


def _dies_at_a_step(here: Scene, survived: set[str]) -> str:
    """The step at which a process of its own was killed; empty where it came to its end."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            _mortal(survived, write)
            run(here)
        finally:
            os._exit(0)
    os.close(write)
    _, ended = os.waitpid(child, 0)
    with os.fdopen(read) as file:
        step = file.read()
    assert bool(step) == os.WIFSIGNALED(ended)
    return step


def _mortal(survived: set[str], write: int) -> None:
    """Lets this process die right after the first step that none before it died at."""

    def after(call: Callable[..., object], name: Callable[..., str]) -> Callable[..., object]:
        def step(*args: object, **how: object) -> object:
            done = call(*args, **how)
            if name(*args) not in survived:
                os.write(write, name(*args).encode())
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return step

    FolderState.append = after(  # type: ignore[method-assign]
        FolderState.append, lambda _, stream, __: f"journal {stream.rpartition('/')[2]}"
    )
    freezing._begun = after(freezing._begun, lambda _, name: f"begun {name}")
    Path.rename = after(Path.rename, lambda _, to: f"product {to.name}")  # type: ignore[method-assign]
    ToySchool.teach = after(  # type: ignore[method-assign]
        ToySchool.teach, lambda _, __, iteration, ___: f"train {iteration}"
    )


def test_a_judge_that_never_parses_teaches_nobody(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        room = here.room()
        school = ToySchool(room.folder, mute=1.0)
        with pytest.raises(InputError, match="`judge 0` teaches nothing") as raised:
            teach(recipe(), room, school)
    assert "56 of its 56 replies could not be read" in raised.value.why
    assert "I would rather not say" in raised.value.why
    assert not (tmp_path / "made" / "trainings.txt").exists()
    assert not (tmp_path / "made" / "data-1").exists()


def test_a_judge_that_says_nothing_at_all_teaches_nobody(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        room = here.room()
        with pytest.raises(InputError, match="teaches nothing") as raised:
            teach(recipe(), room, ToySchool(room.folder, make=SilentJudge))
    assert "nothing was said to" in raised.value.why


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_instructions_are_refused_before_any_judge_is_asked(
    tmp_path: Path, count: int
) -> None:
    write_instructions(tmp_path, count)
    with scene(tmp_path) as here, pytest.raises(InputError, match="at least 2 are needed"):
        run(here)


def test_instructions_that_are_all_the_same_are_one(tmp_path: Path) -> None:
    write_instructions(tmp_path, 1, more=("say name0",) * 30)
    with scene(tmp_path) as here, pytest.raises(InputError, match="at least 2 are") as raised:
        run(here)
    assert raised.value.why == "30 instructions were left out, `i1` since it asks what `i0` asks"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "instructions.jsonl").write_text("")
    with scene(tmp_path) as here, pytest.raises(InputError, match="holds no item"):
        run(here)


def test_a_budget_that_ends_is_told_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    with scene(tmp_path) as here:
        with pytest.raises(OutOfBudget) as raised:
            run(here, cap=Cap(calls=30))
        assert raised.value.exit_code == 3
        run(here, cap=Cap(calls=200))
        assert len(here.asked()) == len(set(here.asked()))


def test_judges_that_get_better_are_seen_to(tmp_path: Path) -> None:
    write_instructions(tmp_path, 120)
    with scene(tmp_path) as here:
        course = run(here)
    untaught, first, second = (judge.sat["held_out"] for judge in course.judges)
    p = second.exact_p(untaught)
    assert p is not None
    assert p < 0.05
    right = [sum(each.right for each in sat.judgements) for sat in (untaught, first, second)]
    assert right == sorted(right)
