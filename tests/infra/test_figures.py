"""The figures that are printed by one command, in small."""

from pathlib import Path

import pytest

from infra.figures import __main__ as figures
from infra.figures import aa, gsm8k
from stages.evidence.estimate import Estimate

GSM8K = Path(__file__).parents[3] / "shared" / "data" / "gsm8k"


def test_equal_candidates_mostly_pass_and_every_gate_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = aa.simulate(6)
    assert found.passed + found.failed + found.held == pytest.approx(1)
    assert 0.7 < found.forecast < 0.9
    assert found.passed >= 0.3
    said = capsys.readouterr()
    assert said.out == ""
    assert "6 of 6 gates, 0.0 minutes left" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["aa", "lots"],
        ["aa", "0"],
        ["gsm8k"],
        ["gsm8k", "README.md"],
        ["xstest", "nowhere"],
        ["alpaca_eval"],
        ["alpaca_eval", "nowhere"],
        ["asos"],
        ["asos", "nowhere"],
        ["arena_hard"],
        ["arena_hard", "nowhere"],
        ["llmfao_bt"],
        ["llmfao_bt", "nowhere"],
        ["gsm8k", "infra"],
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["figures", *arguments])
    with pytest.raises(SystemExit) as left:
        figures.main()
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_without_its_files_is_told_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["figures", "gsm8k", str(tmp_path)])
    with pytest.raises(SystemExit):
        figures.main()
    said = capsys.readouterr().err
    assert said.endswith(f"of {tmp_path}: {tmp_path}/test.jsonl: No such file or directory\n")


def test_a_paired_comparison_has_less_variance_than_two_samples() -> None:
    mine, theirs = (1.0,) * 60 + (0.0,) * 40, (1.0,) * 50 + (0.0,) * 50
    found = gsm8k.compared(mine, theirs)
    assert (found.gained, found.lost) == (10, 0)
    assert found.variance_ratio > 2
    assert isinstance(found.difference, Estimate)


@pytest.mark.skipif(not GSM8K.is_dir(), reason=f"GSM8K's files are not in {GSM8K}")
def test_published_solutions_are_right_as_often_as_known() -> None:
    scores = gsm8k.scored(GSM8K)
    right = {name: int(sum(column)) for name, column in scores.items()}
    assert right == {
        "6b_finetuning": 286,
        "6b_verification": 515,
        "175b_finetuning": 458,
        "175b_verification": 742,
    }
