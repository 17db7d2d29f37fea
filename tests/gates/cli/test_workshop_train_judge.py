"""`gate workshop train-judge`, its school a toy; the real one is in tests/gates/workshop."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gates.cli.frame import Exit
from tests.fakes.shell import Said, said
from tests.servers.openai_server import OpenAIServer
from tests.stages.workshop.self_taught.scene import (
    RECIPE,
    toy_school,
    write_instructions,
    writes,
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.setattr("gates.workshop.judges.open_school", toy_school)
    write_instructions(tmp_path, 90)
    with OpenAIServer(writes) as found:
        (tmp_path / "gate.toml").write_text(
            '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[state]\nurl = "state"\n'
            f'[endpoints.writer]\nbase_url = "{found.url}"\nmodel = "toy"\n'
        )
        yield found


def train(*more: str, **changes: object) -> Said:
    Path("recipe.yaml").write_text(json.dumps({**RECIPE, **changes}))
    return said("workshop", "train-judge", "recipe.yaml", *more)


def test_judges_that_came_further_end_with_yes_and_a_table(server: OpenAIServer) -> None:
    done = train(held_out=0.5, not_worse_by=0.2)
    assert done.code == Exit.YES, done
    assert "2 judges taught by 45 pairs: better than the untaught one" in done.out
    assert "held_out.accuracy" in done.out
    assert "exact p = " in done.out
    assert Path("judges/names/judge-2/judge.json").is_file()
    calls = len(server.calls)
    assert train(held_out=0.5, not_worse_by=0.2).out == done.out
    assert len(server.calls) == calls


def test_judges_that_fell_back_end_with_no(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server
    worse = partial(toy_school, skills=(0.95, 0.9, 0.3))
    monkeypatch.setattr("gates.workshop.judges.open_school", worse)
    done = train(held_out=0.5)
    assert done.code == Exit.NO, done
    assert "a judge is worse than the one before, or than the untaught one" in done.out


def test_what_is_not_shown_cannot_be_told(server: OpenAIServer) -> None:
    del server
    done = train("--json", "--to", "elsewhere", instructions_at_most=12)
    assert done.code == Exit.CANNOT_TELL
    assert done.json["came"] == "unclear"
    assert Path("elsewhere/judge-2/judge.json").is_file()


def test_a_budget_that_does_not_pay_cannot_tell_yet(server: OpenAIServer) -> None:
    del server
    done = train(budget={"calls_at_most": 5})
    assert done.code == Exit.CANNOT_TELL
    assert "the budget ends while" in done.err


def test_a_mistake_in_the_recipe_is_told_with_its_line(server: OpenAIServer) -> None:
    del server
    done = train(pupil={"model": {"where": "seed"}, "method": "magic"})
    assert done.code == Exit.WRONG_USAGE
    assert "recipe.yaml:1" in done.err
    assert "pupil.method" in done.err


def test_an_endpoint_that_nobody_named_is_told(server: OpenAIServer) -> None:
    del server
    done = train(writer={"by": "poet"})
    assert done.code == Exit.WRONG_USAGE
    assert "[endpoints.poet]" in done.err


def write_votes() -> None:
    votes = "".join(f"p{n},{who},left,x,y\n" for n in range(4) for who in ("ann", "bob"))
    answers = "".join(
        f"p{n},x,it is n{n}\np{n},y,{'it is n3' if n == 3 else 'no'}\n" for n in range(4)
    )
    Path("votes.csv").write_text(f"prompt,worker,winner,left,right\n{votes}")
    Path("answers.csv").write_text(f"prompt,model,text\n{answers}")
    Path("prompts.csv").write_text("prompt,text\n" + "".join(f"p{n},say n{n}\n" for n in range(4)))


def test_people_are_asked_by_their_votes_and_judges_by_majority(server: OpenAIServer) -> None:
    del server
    write_votes()
    votes = {"votes": ["votes.csv"], "format": "llmfao", "answers": ["answers.csv"]}
    tests = {"team": {"pairs": "people", "prompts": "prompts.csv", **votes}}
    judging = {"brief": "short", "samples": 2, "max_tokens": 32, "majority_of": 3}
    changes = {"tests": tests, "judging": judging, "instructions_at_most": 12}
    done = train(**changes)
    assert done.code == Exit.CANNOT_TELL, done
    assert "judges, with two-sided 95 % intervals" in done.out
    assert "team_of_3.agreement" in done.out
    assert "over its one verdict" in done.out
    assert "team: 1 of its pairs cannot be judged, such as p3 / x / y: its answers" in done.out
    told = train("--json", **changes).json
    [team] = [test for test in told["tests"] if test["name"] == "team"]
    assert (team["pairs"], team["units"], list(team["left_out"])) == (3, 3, ["p3 / x / y"])
    costs = {test["name"]: test["cost"]["calls"] for test in told["judges"][2]["tests"]}
    assert (costs["team"], costs["team_of_3"]) == (6, 18)
    over_once = {m["metric"]: m["over_once"] for m in told["judges"][1]["measurements"]}
    assert over_once["team_of_3.position_consistency"] is not None
    assert over_once["team.position_consistency"] is None
