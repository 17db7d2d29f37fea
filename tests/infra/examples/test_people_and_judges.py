"""People and a judge on support answers: the whole of stage 2, offline, from a seed."""

import csv
import json
from pathlib import Path

import pytest

from tests.infra.examples.running import EXAMPLES, Shown, finding, run_example

PROMPTS, SETTLED, OVERLAP, PEOPLE = 120, 18, 2, 8


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return run_example("people_and_judges", Path(), tmp_path_factory.mktemp("people_and_judges"))


def test_people_and_judge_prefer_the_candidate(shown: Shown) -> None:
    candidate = shown.by_name()["candidate"]
    assert candidate["verdict"] == "PASS"
    assert {f["verdict"] for stage in candidate["stages"] for f in stage["findings"]} == {"PASS"}
    assert "gate run ended with exit code 0" in shown.said
    assert shown.logged() == 1


def test_every_prompt_counts_and_the_settled_ones_are_shown_to_nobody(shown: Shown) -> None:
    wins = finding(shown.by_name()["candidate"], "side_by_side.win_rate")["measured"]
    assert wins["n"] == PROMPTS
    assert f"settled by the rule: {SETTLED} of {PROMPTS} prompts" in wins["method"]
    votes = OVERLAP * (PROMPTS - SETTLED)
    assert f"{votes} of {votes} votes" in shown.said


def test_the_candidates_empty_answer_earns_nothing(shown: Shown) -> None:
    attacks = finding(shown.by_name()["candidate"], "side_by_side.attacks")["measured"]
    assert attacks["value"] * attacks["n"] == pytest.approx(1)


def test_the_table_says_of_no_answer_whose_it_is(shown: Shown) -> None:
    text = (shown.folder / "table" / "tasks.csv").read_text(encoding="utf-8-sig")
    assert "production" not in text
    assert "candidate" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert len({row["annotator"] for row in rows}) == PEOPLE
    assert not any(row["verdict"] for row in rows)


def test_the_readme_says_what_is_measured(shown: Shown) -> None:
    readme = (EXAMPLES / "people_and_judges" / "README.md").read_text(encoding="utf-8")
    policy = (EXAMPLES / "people_and_judges" / "policy.yaml").read_text(encoding="utf-8")
    for stage in shown.by_name()["candidate"]["stages"]:
        for found in stage["findings"]:
            name, measured = found["metric"].partition(".")[2], found["measured"]
            assert name in policy
            ends = (100 * measured[end] for end in ("value", "low", "high"))
            words = "{:.1f} % ({:.1f} % to {:.1f} %)".format(*ends)
            assert f"| `{name}` | {words} | {found['verdict']} |" in readme


def test_the_same_seed_makes_the_same_files(shown: Shown) -> None:
    batch = json.loads((shown.folder / "assigned.json").read_text(encoding="utf-8"))
    (one,) = batch["candidates"]
    assert one["batch"]["settled"] == SETTLED
    assert one["batch"]["name"] in shown.said
