"""Generators of known worth, nine cells, tiny students: the whole example."""

import json
from pathlib import Path

import pytest

from tests.infra.examples.running import start


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_ranking_of_known_generators_is_recovered(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="the extra `workshop` is not installed")
    done = start("grade_generator", Path(), tmp_path / "example")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ranking"]["generators"][:2] == ["clean", "noisy"]
    ends = {
        one["generator"]: next(
            (m["measured"]["low"], m["measured"]["high"])
            for m in one["measurements"]
            if m["metric"] == "pgr"
        )
        for one in said["grades"]
    }
    assert ends["clean"][0] > ends["noisy"][1]
    assert ends["noisy"][0] > max(ends["narrow"][1], ends["wrong"][1])
    assert all(len(one["cells"]) == 9 for one in said["grades"])
    explained = said["ranking"]["explained"]
    assert explained["generators"] == 4
    assert explained["r_squared"] > 0.5
    assert explained["left_out"] < explained["r_squared"]
    assert "the best are those that are known" in done.stderr
