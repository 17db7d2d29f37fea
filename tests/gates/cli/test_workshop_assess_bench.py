import json
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.stages.workshop.bench_quality.scene import (
    MODELS,
    votes,
    write_names,
    write_ratings,
    write_scores,
)

TOML = """
[mlflow]
tracking_uri = "sqlite:///mlflow.db"
[state]
url = ".gate/state"
"""
SAID = {
    "recipe": "quality",
    "scores": {"good": {"file": "good.jsonl", "names": "names.json"}},
    "people": {"ratings": "people.json"},
}


@pytest.mark.integration
def test_a_bench_is_judged_by_a_command_and_told_as_json(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(TOML)
    write_scores(tmp_path / "good.jsonl", MODELS, upper=True)
    write_names(tmp_path / "names.json")
    write_ratings(tmp_path / "people.json")
    (tmp_path / "r.yaml").write_text(json.dumps(SAID))
    command = ["workshop", "assess-bench", str(tmp_path / "r.yaml"), "--workspace", str(tmp_path)]

    told, whole = said(*command), said(*command, "--json")

    assert (told.code, whole.code) == (0, 0)
    assert whole.schema == "gate.workshop-assess-bench/1"
    assert "good.people.strict: 100 %" in told.out
    (ranking,) = whole.json["rankings"]
    assert ranking["separation"] == {"pairs": 15, "overlaps": 0}
    assert ranking["figures"]["people.spearman"]["value"] == pytest.approx(1)


@pytest.mark.integration
def test_where_nothing_is_ranked_it_cannot_tell(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(TOML)
    rows = [{**vote, "verdict": "A>B"} for vote in votes("one", prompts=2)]
    (tmp_path / "v.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judges = {"one": {"votes": ["v.jsonl"]}}
    (tmp_path / "r.yaml").write_text(json.dumps({"recipe": "quality", "judges": judges}))

    ended = said("workshop", "assess-bench", str(tmp_path / "r.yaml"), "--workspace", str(tmp_path))

    assert ended.code == 3
    assert "not measured" in ended.out
