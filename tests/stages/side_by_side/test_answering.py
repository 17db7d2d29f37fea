import json
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.errors import InputError, PolicyError
from stages.evidence.absence import SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Unmeasured
from stages.side_by_side.answering import Compared, read_prompts
from stages.side_by_side.pairs import settled
from stages.side_by_side.preference import Preference
from tests.servers.openai_server import Call, OpenAIServer, Reaction, echo, null_content, status
from tests.stages.side_by_side.checkpoints import (
    answering,
    endpoint,
    plan_of,
    recorded,
    write_prompts,
)

NAMES = tuple(f"p{n:02}" for n in range(40))


def compared(folder: Path, new: dict[str, str], old: dict[str, str], **plan: object) -> object:
    asked = plan_of(**plan)
    prompts = read_prompts(asked, base=folder)
    return answering(folder, asked).compared(recorded("new", new), recorded("old", old), prompts)


def test_only_the_prompts_drawn_are_answered(tmp_path: Path) -> None:
    write_prompts(tmp_path, *NAMES)
    prompts = read_prompts(plan_of(votes_at_most=10), base=tmp_path)
    assert len(prompts.shown) == 10
    assert tuple(item.id for item in prompts.answered) == prompts.shown
    assert len(prompts.items) == 40


def test_the_seed_decides_which_prompts_and_nothing_else_does(tmp_path: Path) -> None:
    write_prompts(tmp_path, *NAMES)
    first = read_prompts(plan_of(votes_at_most=10, seed=1), base=tmp_path).shown
    write_prompts(tmp_path, *reversed(NAMES))
    assert read_prompts(plan_of(votes_at_most=10, seed=1), base=tmp_path).shown == first
    assert read_prompts(plan_of(votes_at_most=10, seed=2), base=tmp_path).shown != first


def test_judges_see_every_prompt_where_their_verdicts_are_fused(tmp_path: Path) -> None:
    write_prompts(tmp_path, *NAMES)
    plan = plan_of(votes_at_most=10, count="fused", judges=["judge_a"])
    prompts = read_prompts(plan, base=tmp_path)
    assert tuple(item.id for item in prompts.answered[:10]) == prompts.shown
    assert sorted(item.id for item in prompts.answered) == sorted(NAMES)


def test_topics_are_drawn_in_proportion(tmp_path: Path) -> None:
    items = [{"id": f"c{n}", "prompt": "x", "topic": "code"} for n in range(30)]
    items += [{"id": f"m{n}", "prompt": "y", "topic": "mail"} for n in range(10)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    shown = read_prompts(plan_of(votes_at_most=8, topic="topic"), base=tmp_path).shown
    assert sorted(name[0] for name in shown) == ["c"] * 6 + ["m"] * 2


@pytest.mark.parametrize("fields", [{}, {"topic": ""}, {"topic": 3}])
def test_a_prompt_without_a_topic_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    write_prompts(tmp_path, "a", "b", **fields)
    with pytest.raises(InputError, match="cannot tell the topic of item a"):
        read_prompts(plan_of(topic="topic"), base=tmp_path)


def test_fewer_prompts_than_planned_are_refused(tmp_path: Path) -> None:
    write_prompts(tmp_path, "a", "b")
    with pytest.raises(PolicyError, match="cannot ask for 3 prompts"):
        read_prompts(plan_of(votes_at_most=3), base=tmp_path)


def test_pairs_hold_both_answers_and_what_they_answer(tmp_path: Path) -> None:
    write_prompts(tmp_path, "a", "b", kind="mail", harms=["violence"])
    found = compared(
        tmp_path, {"a": "A new.", "b": "B new."}, {"a": "A old.", "b": "B old."}, topic="kind"
    )
    assert isinstance(found, Compared)
    (pair,) = [pair for pair in found.pairs if pair.prompt == "a"]
    assert (pair.model_a, pair.answer_a) == ("new", "A new.")
    assert (pair.model_b, pair.answer_b) == ("old", "A old.")
    assert (pair.topic, pair.harms) == ("mail", ("violence",))
    assert pair.messages == ({"role": "user", "content": "Tell me of a."},)


@pytest.mark.parametrize("harms", ["violence", [1], {"violence": True}])
def test_harms_that_cannot_be_read_are_refused(tmp_path: Path, harms: object) -> None:
    write_prompts(tmp_path, "a", "b", harms=harms)
    with pytest.raises(InputError, match="`harms` is no list of texts"):
        compared(tmp_path, {"a": "x", "b": "x"}, {"a": "y", "b": "y"})


def test_a_recorded_answer_that_says_nothing_is_empty_and_loses(tmp_path: Path) -> None:
    write_prompts(tmp_path, "a", "b")
    found = compared(tmp_path, {"a": " ", "b": "x"}, {"a": "y", "b": "y"})
    assert isinstance(found, Compared)
    by_prompt = {pair.prompt: settled(pair) for pair in found.pairs}
    assert by_prompt == {"a": Preference.B_MUCH_BETTER, "b": None}


def test_a_missing_answer_is_no_empty_one(tmp_path: Path) -> None:
    write_prompts(tmp_path, "a", "b")
    found = compared(tmp_path, {"a": "x"}, {"a": "y", "b": "y"})
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.BROKEN
    assert "1 of 2 items have no answer (b: " in found.reason


@pytest.mark.integration
@pytest.mark.parametrize(
    ("fault", "empty"), [(null_content, True), (lambda: status(500), False)], ids=["null", "500"]
)
def test_an_endpoint_that_says_nothing_is_told_from_one_that_fails(
    tmp_path: Path, fault: Callable[[], Reaction], *, empty: bool
) -> None:
    def faulty(call: Call) -> Reaction:
        return fault() if call.prompt == "Tell me of a." else echo(call)

    write_prompts(tmp_path, "a", "b")
    plan = plan_of()
    prompts = read_prompts(plan, base=tmp_path)
    with OpenAIServer(faulty) as served:
        subject = endpoint(served.url)
        found = answering(tmp_path, plan).compared(
            subject, recorded("old", {"a": "y", "b": "y"}), prompts
        )
        assert subject.client is not None
        subject.client.close()
    assert isinstance(found, Compared) == empty
    if isinstance(found, Compared):
        assert {pair.prompt: pair.answer_a for pair in found.pairs}["a"] == ""


def test_a_checkpoint_served_twice_is_not_compared_with_itself(tmp_path: Path) -> None:
    write_prompts(tmp_path, "a", "b")
    plan = plan_of()
    prompts = read_prompts(plan, base=tmp_path)
    with OpenAIServer(echo) as served:
        one, two = endpoint(served.url, "1"), endpoint(served.url, "2")
        assert answering(tmp_path, plan).compared(one, two, prompts) == SAME_CHECKPOINT
        for subject in (one, two):
            assert subject.client is not None
            subject.client.close()
