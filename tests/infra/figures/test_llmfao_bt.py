from pathlib import Path

import pytest

from infra.figures import llmfao_bt

DATA = Path(__file__).parents[4] / "shared" / "data" / "llmfao"


def write(folder: Path) -> None:
    """Three models, 8 prompts, 4 workers."""
    rows = ["prompt,worker,winner,left,right"]
    for prompt in range(8):
        for worker, (left, right) in enumerate((("a", "b"), ("b", "c"), ("c", "a"), ("a", "c"))):
            winner = ("left", "tie", "right", "tie", "left")[(prompt * 3 + worker) % 5]
            rows.append(f"{prompt},{(worker + prompt) % 4},{winner},{left},{right}")
    (folder / "crowd-comparisons.csv").write_text("\n".join(rows) + "\n")


def test_every_model_is_rated_with_both_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(llmfao_bt, "RESAMPLES", 100)
    llmfao_bt.main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "32 votes on 3 models, 8 prompts, 4 workers"
    assert [line.count("[") for line in lines[-3:]] == [2, 2, 2]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"LLMFAO's votes are not at {DATA}")
def test_the_tie_parameter_is_the_published_one() -> None:
    found = llmfao_bt.parameter(llmfao_bt.read(DATA), llmfao_bt.Ties.DAVIDSON)

    assert f"{found.value:.5f}" == "0.73985"
