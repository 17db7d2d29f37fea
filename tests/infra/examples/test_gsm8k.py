"""Four real checkpoints: how many problems each solves, and the differences between them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.examples.running import (
    EXAMPLES,
    Shown,
    finding,
    real_data,
    run_example,
    script,
    start,
)

CORRECT = {
    "6b_finetuning": 286,
    "6b_verification": 515,
    "175b_finetuning": 458,
    "175b_verification": 742,
}
N = 1319
SMALL = {"6b_finetuning": 20, "6b_verification": 20, "175b_finetuning": 0, "175b_verification": 60}
SMALL_N = 60


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = real_data("gsm8k", "GSM8K's test set and four checkpoints' solutions (MIT)")
    return run_example("gsm8k", data, tmp_path_factory.mktemp("gsm8k"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = tmp_path_factory.mktemp("data")
    write_small(data)
    return run_example("gsm8k", data, tmp_path_factory.mktemp("gsm8k"))


def write_small(data: Path) -> None:
    """Sixty sums; each checkpoint solves as many as `SMALL` says, not the same ones."""
    problems = [{"question": f"{i} + 1?", "answer": f"It is.\n#### {i + 1}"} for i in range(60)]
    solutions = [
        {
            "question": f"{i} + 1?",
            **{
                name: {"solution": f"It is <<{i}+1={i + 1}>>.\nA: {_said(i, name)}"}
                for name in SMALL
            },
        }
        for i in range(60)
    ]
    _write(data / "test.jsonl", problems)
    _write(data / "example_model_solutions.jsonl", solutions)


def _said(i: int, name: str) -> int:
    right = (i + 7 * len(name)) % SMALL_N < SMALL[name]
    return i + 1 if right else i


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")


def check_counts(shown: Shown, correct: Mapping[str, int], n: int) -> None:
    candidates = shown.by_name()
    assert candidates.keys() == correct.keys()
    for name, count in correct.items():
        measured = finding(candidates[name], "gsm8k.accuracy", "advisory")["measured"]
        assert measured["n"] == n
        assert measured["value"] * n == pytest.approx(count)
        assert measured["low"] <= measured["value"] <= measured["high"]
        assert f"= {count:,} of {n:,}" in shown.said


def check_differences(shown: Shown, correct: Mapping[str, int], n: int) -> None:
    for name, candidate in shown.by_name().items():
        measured = finding(candidate, "gsm8k.accuracy")["measured"]
        if name == "6b_finetuning":
            assert "same checkpoint" in measured["unmeasured"]
        else:
            difference = (correct[name] - correct["6b_finetuning"]) / n
            assert measured["value"] == pytest.approx(difference)
            assert f"{100 * difference:+.2f} points" in shown.said


def check_itself(shown: Shown) -> None:
    """The baseline's own checkpoint, as a candidate."""
    itself = shown.by_name()["6b_finetuning"]
    assert itself["verdict"] == "HOLD"
    waits = itself["stages"][0]["waits_for"]
    assert (waits["cause"], waits["what"]) == (
        "waiting",
        "a candidate that is not the baseline itself",
    )


def test_so_many_problems_of_the_real_ones_are_solved(real: Shown) -> None:
    check_counts(real, CORRECT, N)
    check_differences(real, CORRECT, N)
    assert "gate run ended with exit code 0" in real.said
    assert "offline: 4 reached it: 3 PASS, 0 FAIL, 1 HOLD" in real.said
    assert real.logged() == len(CORRECT)


def test_a_real_checkpoint_against_itself_has_shown_nothing(real: Shown) -> None:
    check_itself(real)


def test_the_readme_says_what_is_measured(real: Shown) -> None:
    readme = (EXAMPLES / "gsm8k" / "README.md").read_text(encoding="utf-8")
    for name, candidate in real.by_name().items():
        accuracy = finding(candidate, "gsm8k.accuracy", "advisory")["measured"]
        assert f"95 % {accuracy['method']} interval" in readme
        share = "{value:.1%} ({low:.1%} to {high:.1%})".format(**accuracy)
        assert f"| {name} | {CORRECT[name]} | {share.replace('%', ' %')} |" in readme
        difference = finding(candidate, "gsm8k.accuracy")["measured"]
        if "value" in difference:
            points = [f"{100 * difference[end]:.1f}" for end in ("value", "low", "high")]
            assert "| +{} points ({} to {}) |".format(*points) in readme


def test_small_files_of_the_same_shape_give_the_same_figures(small: Shown) -> None:
    check_counts(small, SMALL, SMALL_N)
    check_differences(small, SMALL, SMALL_N)
    check_itself(small)
    verdicts = {name: c["verdict"] for name, c in small.by_name().items()}
    assert verdicts == {
        "6b_finetuning": "HOLD",
        "6b_verification": "HOLD",
        "175b_finetuning": "FAIL",
        "175b_verification": "PASS",
    }


def test_one_lost_solution_is_not_passed_over(tmp_path: Path) -> None:
    write_small(tmp_path)
    lines = (tmp_path / "example_model_solutions.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "example_model_solutions.jsonl").write_text("\n".join(lines[:-1]))
    with pytest.raises(KeyError):
        script("gsm8k/prepare.py").prepare(tmp_path, tmp_path / "out")


def test_without_its_data_or_a_folder_of_its_own_nothing_is_started(tmp_path: Path) -> None:
    absent = start("gsm8k", tmp_path / "absent", tmp_path / "out")
    assert (absent.returncode, absent.stdout) == (2, "")
    assert f"there is no folder {tmp_path / 'absent'}" in absent.stderr
    (tmp_path / "theirs").write_text("")
    taken = start("gsm8k", tmp_path, tmp_path)
    assert (taken.returncode, taken.stdout) == (2, "")
    assert "is not empty" in taken.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_what_is_no_decision_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text("")
    (tmp_path / "example_model_solutions.jsonl").write_text("")
    broken = start("gsm8k", tmp_path, tmp_path / "out")
    assert broken.returncode != 0
    assert broken.stdout == ""
    assert "outputs.jsonl" in broken.stderr or "holds no output" in broken.stderr
