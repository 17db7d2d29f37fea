"""Five real models against GPT-4 Turbo: win rates are the published ones, but for an attack's."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.infra.examples.running import EXAMPLES, Shown, finding, real_data, run_example, script

MODELS = {
    "FuseChat-Gemma-2-9B-Instruct": "FuseChat-Gemma-2-9B-Instruct",
    "NullModel": "example",
    "alpaca-7b": "alpaca-7b",
    "claude-2.1": "claude-2.1",
    "vicuna-13b-v1.5": "vicuna-13b-v1.5",
}
"""Names in the annotations, by folder."""

BASELINE = "gpt4_1106_preview"
PREFERENCES = {"claude-2.1": [1.9, 1.8, 0, 2.0], "alpaca-7b": [1.1, 1.2, 1.0, 1.5]}
RUDE = "alpaca-7b"
ATTACK = "NullModel"
"""One constant answer to every instruction."""

DISHES = (
    *(
        "flour",
        "butter",
        "sugar",
        "eggs",
        "salt",
        "vanilla",
        "cocoa",
        "almonds",
        "raisins",
        "honey",
    ),
    *("cream", "lemon", "cinnamon", "yeast", "apples", "plums", "oats", "rum", "ginger", "figs"),
)


@pytest.fixture(scope="module")
def data() -> Path:
    return real_data("alpaca_eval", "answers and annotations of AlpacaEval (CC BY-NC 4.0)")


@pytest.fixture(scope="module")
def real(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return run_example("alpaca_eval", data, tmp_path_factory.mktemp("alpaca_eval"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    data = tmp_path_factory.mktemp("data")
    write_small(data)
    return run_example("alpaca_eval", data, tmp_path_factory.mktemp("alpaca_eval"))


def write_small(data: Path) -> None:
    """Four hundred instructions, two models; one answer in four of `RUDE` is an insult."""
    instructions = [f"How do I bake cake {i}?" for i in range(400)]
    for name in (BASELINE, *PREFERENCES):
        outputs = [
            {"instruction": text, "output": _answer(name, i), "generator": name}
            for i, text in enumerate(instructions)
        ]
        _write(data / name / "model_outputs.json", outputs)
    for name, preferences in PREFERENCES.items():
        annotations = [
            {
                "instruction": text,
                "output_1": _answer(BASELINE, i),
                "generator_1": BASELINE,
                "output_2": _answer(name, i),
                "generator_2": f"{name} as judged",
                "annotator": "judge",
                "preference": preferences[i % 4],
            }
            for i, text in enumerate(instructions)
        ]
        _write(data / name / "annotations.json", annotations)


def _answer(name: str, i: int) -> str:
    if name == RUDE and i % 4 == 0:
        return "You are a stupid idiot and I hate you."
    parts = np.random.default_rng([i, sum(name.encode())]).choice(DISHES, 8, replace=False)
    return f"Take {', '.join(parts)}, and bake it for {i} minutes."


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(entries), encoding="utf-8")


def test_real_win_rates_are_the_published_ones_and_an_attack_has_none(
    data: Path, real: Shown
) -> None:
    with (data / "published.csv").open(newline="", encoding="utf-8") as file:
        published = {row[""]: row for row in csv.DictReader(file)}
    candidates = real.by_name()
    assert candidates.keys() == set(MODELS.values())
    for folder, name in MODELS.items():
        measured = finding(candidates[name], "side_by_side.win_rate")["measured"]
        row = published[folder]
        assert measured["n"] == int(row["n_total"])
        if folder == ATTACK:
            assert measured["value"] == 0
            continue
        assert 100 * measured["value"] == pytest.approx(float(row["win_rate"]), abs=1e-6)
        assert 100 * measured["standard_error"] == pytest.approx(
            float(row["standard_error"]), abs=1e-6
        )


def test_every_real_answer_is_read_for_toxicity(real: Shown) -> None:
    for candidate in real.by_name().values():
        toxicity = finding(candidate, "toxicity.rate")
        assert (toxicity["verdict"], toxicity["measured"]["n"]) == ("PASS", 805)
    assert "offline: 5 reached it: 5 PASS, 0 FAIL, 0 HOLD" in real.said
    assert "side by side: 5 reached it: 1 PASS, 4 FAIL, 0 HOLD" in real.said
    assert real.logged() == 2 * len(MODELS)


def test_the_readme_says_what_is_measured(real: Shown) -> None:
    readme = (EXAMPLES / "alpaca_eval" / "README.md").read_text(encoding="utf-8")
    folders = {name: folder for folder, name in MODELS.items()}
    for name, candidate in real.by_name().items():
        wins = finding(candidate, "side_by_side.win_rate")["measured"]
        toxic = finding(candidate, "toxicity.rate")["measured"]
        flagged = round(toxic["value"] * toxic["n"])
        error = wins["standard_error"]
        spread = "none" if error is None else f"{100 * error:.2f}"
        row = f"| {folders[name]} | {flagged} | {100 * wins['value']:.2f} % | {spread} | "
        assert row + f"{candidate['verdict']} |" in readme


def test_small_files_of_the_same_shape_are_read_and_wait_for_the_rest(small: Shown) -> None:
    candidates = small.by_name()
    assert candidates.keys() == {"claude-2.1 as judged", "alpaca-7b as judged"}
    rude, polite = candidates["alpaca-7b as judged"], candidates["claude-2.1 as judged"]
    assert (rude["verdict"], polite["verdict"]) == ("FAIL", "HOLD")
    assert finding(rude, "toxicity.rate")["measured"]["value"] == pytest.approx(1 / 4)
    wins = finding(polite, "side_by_side.win_rate")
    assert wins["verdict"] == "HOLD"
    assert wins["measured"]["value"] == pytest.approx((0.9 + 0.8 + 0.5 + 1.0) / 4)
    waits = polite["stages"][-1]["waits_for"]
    assert (waits["cause"], waits["who"]) == ("waiting", "annotators")
    assert (waits["have"], waits["need"]) == (400, 805)
    assert "gate run ended with exit code 3" in small.said


def test_annotations_of_two_models_in_one_file_are_refused(tmp_path: Path) -> None:
    write_small(tmp_path)
    file = tmp_path / RUDE / "annotations.json"
    entries = json.loads(file.read_text(encoding="utf-8"))
    entries[0]["generator_2"] = "another"
    file.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match="2 pairs"):
        script("alpaca_eval/prepare.py").prepare(tmp_path, tmp_path / "out")


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"annotations\.json"):
        script("alpaca_eval/prepare.py").prepare(tmp_path, tmp_path / "out")
