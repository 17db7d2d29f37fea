import json
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.engine.data import DatasetChanged
from stages.evidence.estimate import Estimate
from stages.evidence.records import Quantity
from stages.offline.pairs.pair import FIRST, SECOND, TIE
from stages.workshop.self_taught.people import Voted, read_voted
from stages.workshop.self_taught.recipe import Test as Given
from stages.workshop.self_taught.testing import Exam, read_exams, sit
from tests.stages.workshop.self_taught.scene import ToySchool, recipe, scene

REAL = Path(__file__).parents[5] / "shared" / "data" / "llmfao"
HEAD = "id,prompt,worker,winner,left,right\n"
TEAM = {
    "pairs": "people",
    "votes": ["votes.csv"],
    "format": "llmfao",
    "answers": ["answers.csv"],
    "prompts": "prompts.csv",
}
ANSWERS = "prompt,model,text\n1,x,it is 1\n1,y,no\n1,z,\n2,x,it is 2\n2,y,it is 2 \n"
PROMPTS = "prompt,text\n1,say 1\n2,say 2\n"


def read(folder: Path, votes: str, answers: str = ANSWERS, **changes: object) -> Voted:
    (folder / "votes.csv").write_text(HEAD + votes)
    (folder / "answers.csv").write_text(answers)
    (folder / "prompts.csv").write_text(PROMPTS)
    return read_voted(Given.model_validate_json(json.dumps({**TEAM, **changes})), base=folder)


def exam(folder: Path, **changes: object) -> Exam:
    [found] = read_exams(recipe(tests={"team": {**TEAM, **changes}}), folder)
    return found


def test_votes_on_a_pair_are_added_up_whichever_answer_stood_left(tmp_path: Path) -> None:
    votes = "0,1,ann,left,x,y\n1,1,bob,right,y,x\n2,1,cid,tie,x,y\n3,1,dan,left,y,x\n"
    read(tmp_path, votes)
    [pair] = exam(tmp_path).pairs
    assert pair.votes == {FIRST: 2, SECOND: 1, TIE: 1}
    assert (pair.answer_a, pair.answer_b) == ("it is 1", "no")
    assert pair.item.messages == ({"role": "user", "content": "say 1"},)


def test_pairs_about_one_prompt_are_one_unit(tmp_path: Path) -> None:
    answers = ANSWERS.replace("1,z,", "1,z,well")
    found = read(tmp_path, "0,1,ann,left,x,y\n1,1,ann,left,x,z\n2,1,ann,left,z,y\n", answers)
    assert len(found.file.items) == 3
    assert len({item.cluster for item in found.file.items}) == 1


def test_what_no_judge_can_be_asked_is_left_out_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, "0,1,ann,left,x,y\n1,1,ann,left,x,z\n2,2,ann,tie,x,y\n")
    assert [item.id for item in found.file.items] == ["1 / x / y"]
    assert found.left_out == {
        "1 / x / z": "one of its answers is empty",
        "2 / x / y": "its answers are the same",
    }


def test_votes_on_nothing_that_can_be_judged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot test judges on votes") as raised:
        read(tmp_path, "2,2,ann,tie,x,y\n")
    assert "its answers are the same" in raised.value.why


@pytest.mark.parametrize(
    ("votes", "why"),
    [
        ("0,1,ann,left,x,w\n", "no answer of `w` to prompt `1`"),
        ("0,9,ann,left,x,y\n", "no answer of `x` to prompt `9`"),
        ("0,1,ann,left,x,y\n1,1,ann,left,x,y\n", "voted on the same pair"),
        ("0,1,ann,up,x,y\n", "not one of left"),
        ("", "nobody voted"),
    ],
)
def test_votes_that_cannot_be_used_are_refused(tmp_path: Path, votes: str, why: str) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, votes)
    assert why in raised.value.why


def test_an_answer_to_a_prompt_that_nobody_told_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, "0,1,ann,left,x,y\n", ANSWERS + "3,x,it is 3\n")
    assert raised.value.message == "cannot read the record at answers.csv:7"
    assert "no prompt `3`" in raised.value.why


def test_a_judges_votes_are_no_peoples(tmp_path: Path) -> None:
    read(tmp_path, "0,1,ann,left,x,y\n")
    (tmp_path / "votes.csv").write_text("prompt,winner,left,right\n1,left,x,y\n")
    with pytest.raises(InputError, match="by the vote at votes") as raised:
        exam(tmp_path)
    assert "`votes` is a judge, not a person" in raised.value.why


def test_files_that_changed_since_they_were_frozen_are_refused(tmp_path: Path) -> None:
    vote = "0,1,ann,left,x,y\n"
    whole = (HEAD + vote + ANSWERS + PROMPTS).encode()
    frozen = sha256(whole).hexdigest()
    assert read(tmp_path, vote, sha256=frozen).file.sha256 == frozen
    with pytest.raises(DatasetChanged, match="cannot use votes"):
        read(tmp_path, vote, ANSWERS.replace("no", "yes"), sha256=frozen)


GATE_VOTE = {
    "prompt": "1",
    "model_a": "y",
    "model_b": "x",
    "annotator": "ann",
    "shown_first": "a",
    "verdict": "B>A",
    "answer_a": "no",
    "answer_b": "it is 1",
}


def by_the_gate(folder: Path, **changes: object) -> Exam:
    """Votes of the annotators' page, and answers as `gate sxs export` writes them."""
    (folder / "votes.jsonl").write_text(json.dumps({**GATE_VOTE, **changes}) + "\n")
    answers = [
        {
            "uid": "1",
            "model": model,
            "messages": [
                {"role": "user", "content": "say 1"},
                {"role": "assistant", "content": {"answer": text}},
            ],
        }
        for model, text in (("x", "it is 1"), ("y", "no"))
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers))
    said = {"pairs": "people", "votes": ["votes.jsonl"], "answers": ["answers.jsonl"]}
    [found] = read_exams(recipe(tests={"team": said}), folder)
    return found


def test_votes_of_the_annotators_page_are_read_with_the_answers_of_its_export(
    tmp_path: Path,
) -> None:
    [pair] = by_the_gate(tmp_path).pairs
    assert pair.votes == {FIRST: 1}
    assert pair.answer_a == "it is 1"


def test_a_vote_on_another_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        by_the_gate(tmp_path, answer_a="never")
    assert "it is about another answer of `y` than answers.jsonl:2" in raised.value.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data": "x.jsonl"}, "one of `data` and `votes`"),
        ({"votes": []}, "one of `data` and `votes`"),
        ({"votes": [], "data": "x.jsonl"}, "belong to `votes`"),
        ({"pairs": "labelled"}, "`pairs: people`"),
        ({"answers": []}, "need the `answers`"),
        ({"cluster": "page"}, "not by a field"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused(changes: Mapping[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        recipe(tests={"team": {**TEAM, **changes}})


def test_the_studys_votes_are_thirteen_units_and_a_judge_is_held_against_them(
    tmp_path: Path,
) -> None:
    """Stand-ins take the answers' places, which the study does not publish with its votes."""
    table = REAL / "crowd-comparisons.csv"
    if not table.is_file():
        pytest.skip(f"{table} is absent: it holds the votes of a study (CC BY 4.0)")
    rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    models = {(row[1], name) for row in rows for name in row[-2:]}
    lines = (f"{prompt},{name},{name} says {prompt}" for prompt, name in sorted(models))
    (tmp_path / "answers.csv").write_text("\n".join(["prompt,model,text", *lines]) + "\n")
    asked = (f"{prompt},say {prompt}" for prompt in sorted({row[1] for row in rows}))
    (tmp_path / "prompts.csv").write_text("\n".join(["prompt,text", *asked]) + "\n")
    found = exam(tmp_path, votes=[str(table)])
    assert len(found.pairs) == 2139
    assert sum(sum(pair.votes.values()) for pair in found.pairs) == 8931
    assert len(Counter(pair.item.cluster for pair in found.pairs)) == 13
    with scene(tmp_path) as here:
        school = ToySchool(tmp_path, skills=(0.5, 0.9), mute=0.0)
        room = here.room()
        some = Exam(name="team", task=found.task, pairs=found.pairs[::20], sha256=found.sha256)
        sat = [sit(school._judge(n), [some], recipe().judging, room)["team"] for n in (0, 1)]
    [agreement] = [
        each.measured
        for each in sat[1].measured(sat[0])
        if (each.metric, each.quantity) == ("team.agreement", Quantity.DIFFERENCE)
    ]
    assert isinstance(agreement, Estimate)
    assert agreement.n == 13
    assert "cluster-robust" in agreement.method
