import json
from pathlib import Path

import pytest

from infra.figures import alpaca_eval

DATA = Path(__file__).parents[4] / "shared" / "data" / "alpaca_eval"

MODELS = ("alpaca-7b", "claude-2.1", "FuseChat-Gemma-2-9B-Instruct", "vicuna-13b-v1.5")


def write(folder: Path) -> None:
    """Two models with 40 verdicts each."""
    (folder / "published.csv").write_text(
        ",win_rate,standard_error,length_controlled_winrate,lc_standard_error\n"
        "base,50.0,0.0,50.0,\nnew,60.0,5.0,55.0,\n"
    )
    (folder / "length_controlled_weights.csv").write_text(
        f",{alpaca_eval.LENGTH},{alpaca_eval.DIFFICULTY},{alpaca_eval.INTERCEPT}\n"
        "base,0,0,0\nnew,-1.0,0.0,0.5\n"
    )
    asked = [f"question {number}" for number in range(40)]
    difficulty = {"ins": asked, "diff": [number % 7 - 3.0 for number in range(40)]}
    (folder / "instruction_difficulty.json").write_text(json.dumps(difficulty))
    (folder / "new").mkdir()
    annotations = [
        {
            "instruction": question,
            "output_1": "b" * (10 + number % 5),
            "output_2": "n" * (10 + number % 3),
            "generator_1": "base",
            "generator_2": "new",
            "annotator": "judge",
            "preference": 2.0 if number % 5 else 1.0,
        }
        for number, question in enumerate(asked)
    ]
    (folder / "new" / "annotations.json").write_text(json.dumps(annotations))


def test_models_with_annotations_are_read_with_what_is_published(tmp_path: Path) -> None:
    write(tmp_path)
    (judged,) = alpaca_eval.read(tmp_path)

    assert (judged.model, judged.published["win_rate"]) == ("new", 60.0)
    assert judged.win_rate().value == pytest.approx(0.8)
    assert judged.from_published() == pytest.approx(1 / (1 + 2.718281828**-0.5))
    assert judged.lengths[:4] == [10, 11, 12, 10]
    assert 0.5 < judged.refitted().win_rate.value < 1


def test_every_figure_stands_beside_the_published_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    alpaca_eval.main([str(tmp_path)])
    said = capsys.readouterr().out

    assert "win rate               80.0000000  [+2.0e+01]" in said
    assert "LC, published weights  62.2459331  [+7.2e+00]" in said


@pytest.mark.skipif(not DATA.is_dir(), reason=f"AlpacaEval's published files are not at {DATA}")
def test_published_figures_are_reached() -> None:
    found = {judged.model: judged for judged in alpaca_eval.read(DATA)}

    assert set(found) == {*MODELS, "NullModel"}
    for judged in found.values():
        rate = judged.win_rate()
        assert rate.standard_error is not None
        assert 100 * rate.value == pytest.approx(judged.published["win_rate"], abs=1e-6)
        assert 100 * rate.standard_error == pytest.approx(
            judged.published["standard_error"], abs=1e-6
        )
    for name in MODELS:
        target = found[name].published["length_controlled_winrate"]
        assert 100 * found[name].from_published() == pytest.approx(target, abs=1e-6)
        assert 100 * found[name].refitted().win_rate.value == pytest.approx(target, abs=2)
