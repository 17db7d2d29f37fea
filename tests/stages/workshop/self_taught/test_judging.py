import json
import re
from pathlib import Path

import pytest

from policies.side_by_side import PairRubric
from policies.task import Sampling
from stages.judges.purse import Cap
from stages.models.client import EndpointError
from stages.workshop.self_taught.briefing import Stage2Briefing
from stages.workshop.self_taught.judging import Judge, Judgement, judge_pairs
from stages.workshop.spending import OutOfBudget
from tests.servers.openai_server import Call, Reaction, status, text
from tests.stages.workshop.self_taught.scene import Scene, contest, scene

PAIRS = [contest("ann"), contest("ben")]
DRAWN = [Sampling(temperature=0.7, top_p=0.9, seed=seed) for seed in (0, 1)]


def prefers_what_stands_first(call: Call) -> Reaction:
    found = re.search(r"^Case ([0-9a-f]+)$", call.prompt, re.MULTILINE)
    said = {"case": found[1] if found else "", "reasoning": "so", "verdict": "A>B"}
    return text(json.dumps(said))


def judged(here: Scene, cap: Cap | None = None) -> tuple[Judgement, ...]:
    """By an endpoint, in the words of stage 2."""
    room = here.room(cap)
    judge = Judge(hand=room.hand("writer"), briefing=Stage2Briefing(PairRubric.GENERAL))
    return judge_pairs(judge, PAIRS, DRAWN, room, step="judgements").judgements


def test_every_pair_is_judged_in_both_orders_as_often_as_is_drawn(tmp_path: Path) -> None:
    with scene(tmp_path, prefers_what_stands_first) as here:
        found = judged(here)
        bodies = [call.body for call in here.server.calls if '{"case": "0"' not in call.prompt]
    assert len(found) == len(bodies) == 8
    assert all(each.right is each.shown.a_first for each in found)
    assert {(body["seed"], body["temperature"], body["top_p"]) for body in bodies} == {
        (0, 0.7, 0.9),
        (1, 0.7, 0.9),
    }


def test_an_endpoint_that_takes_a_schema_is_held_to_it(tmp_path: Path) -> None:
    with scene(tmp_path, prefers_what_stands_first) as here:
        judged(here)
        assert all("response_format" in call.body for call in here.server.calls)


def test_an_endpoint_that_takes_none_is_asked_without(tmp_path: Path) -> None:
    def behaviour(call: Call) -> Reaction:
        return status(400) if "response_format" in call.body else prefers_what_stands_first(call)

    with scene(tmp_path, behaviour) as here:
        found = judged(here)
    assert not any(each.unread for each in found)


def test_a_reply_that_is_for_neither_is_read_and_not_right(tmp_path: Path) -> None:
    def behaviour(call: Call) -> Reaction:
        said = prefers_what_stands_first(call)
        return Reaction(body=said.body.replace(b"A>B", b"both_bad"))

    with scene(tmp_path, behaviour) as here:
        found = judged(here)
    assert {(each.prefers_a, each.unread, each.right) for each in found} == {(None, "", False)}


@pytest.mark.parametrize("after", [0, 1])
def test_an_endpoint_that_is_down_is_no_judge_that_cannot_be_read(
    tmp_path: Path, after: int
) -> None:
    def behaviour(call: Call) -> Reaction:
        return status(503) if call.number >= after else prefers_what_stands_first(call)

    with scene(tmp_path, behaviour) as here, pytest.raises(EndpointError, match="cannot ask"):
        judged(here)


def test_a_judge_behind_an_endpoint_is_paid_from_the_budget(tmp_path: Path) -> None:
    with scene(tmp_path, prefers_what_stands_first) as here:
        with pytest.raises(OutOfBudget, match="while `writer` judges"):
            judged(here, Cap(calls=3))
        assert len(judged(here, Cap(calls=50))) == 8
