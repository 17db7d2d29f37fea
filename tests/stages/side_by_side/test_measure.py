import csv
import json
from pathlib import Path

import pytest

from policies.canonical import sha256_of_bytes
from policies.errors import InputError, PolicyError
from policies.side_by_side import SideBySidePlan
from stages.engine.subject import Subject
from stages.evidence.codec import encode
from stages.evidence.estimate import NOTHING_WON, Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity, StageName, Validity
from stages.models.prices import UNPRICED
from stages.side_by_side.comparison import Comparing
from stages.side_by_side.gathering import Gathering
from stages.side_by_side.measure import SideBySideStage

REAL = Path(__file__).parents[4] / "shared" / "data" / "alpaca_eval"
OLD = Subject(uri="models:/chat/1", known_as="old", digest="1" * 64, client=None)
NEW = Subject(uri="models:/chat/2", known_as="new", digest="2" * 64, client=None)


def line(prompt: object, verdict: str = "A>B", annotator: str = "ann", **other: object) -> str:
    record = {
        "prompt": str(prompt),
        "model_a": "new",
        "model_b": "old",
        "annotator": annotator,
        "verdict": verdict,
    }
    return json.dumps(record | other) + "\n"


def measure(
    folder: Path,
    *,
    candidate: Subject = NEW,
    baseline: Subject | None = OLD,
    so_far: Evidence | None = None,
    **plan: object,
) -> Evidence:
    asked = {"votes": ("votes.jsonl",), "votes_at_most": 4} | plan
    wanted = SideBySidePlan.model_validate(asked, strict=False)
    gathering = Gathering(plan=wanted, base=folder, policy="release")
    comparing = Comparing(plan=wanted, gathering=gathering)
    stage = SideBySideStage(wanted, comparing, price=UNPRICED)
    return stage.measure_next(candidate, baseline, so_far)


def measured(evidence: Evidence, metric: str = "win_rate") -> Estimate | Unmeasured:
    (found,) = evidence.of(f"side_by_side.{metric}", Quantity.VALUE)
    return found.measured


def test_the_planned_votes_make_decidable_evidence(tmp_path: Path) -> None:
    text = line(1, "A>>B") + line(2, "A=B") + line(3, "B>A") + line(4, "both_bad")
    (tmp_path / "votes.jsonl").write_text(text)
    evidence = measure(tmp_path)
    assert (evidence.stage, evidence.candidate, evidence.baseline) == (
        StageName.SIDE_BY_SIDE,
        NEW.uri,
        OLD.uri,
    )
    values = [m.measured.value for m in evidence.measurements if isinstance(m.measured, Estimate)]
    assert values == pytest.approx([0.5, 0.5625, 0.25])
    assert [m.metric for m in evidence.measurements] == [
        "side_by_side.win_rate",
        "side_by_side.graded",
        "side_by_side.both_bad",
        "side_by_side.attacks",
    ]
    assert [m.decidable for m in evidence.measurements] == [True, True, True, False]
    assert all(m.planned == 4 for m in evidence.measurements)
    assert evidence.waits == ()
    assert evidence.cost.votes == 4
    assert evidence.provenance.data == (("votes.jsonl", sha256_of_bytes(text.encode())),)
    assert (evidence.provenance.candidate, evidence.provenance.baseline) == ("2" * 64, "1" * 64)


def test_the_same_files_give_the_same_bytes_and_nothing_new(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text(line(1) + line(2, "B>A"))
    first = measure(tmp_path)
    again = measure(tmp_path, so_far=first)
    assert again == first
    assert encode(again) == encode(first)


def test_votes_on_other_pairs_are_left_alone(tmp_path: Path) -> None:
    others = line(9, model_a="newer") + line(9, model_b="older")
    (tmp_path / "votes.jsonl").write_text(others + line(1) + line(2, "B>A"))
    found = measured(measure(tmp_path))
    assert isinstance(found, Estimate)
    assert (found.n, found.value) == (2, 0.5)


def test_too_few_votes_wait_for_annotators_and_cannot_decide(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text(line(1) + line(2, "B>A") + line(3))
    evidence = measure(tmp_path)
    assert not any(m.decidable for m in evidence.measurements)
    (wait,) = evidence.waits
    assert (wait.cause, wait.who, wait.what) == (
        Cause.WAITING,
        "annotators",
        "votes on 1 more prompts",
    )
    assert (wait.have, wait.need, wait.command) == (3, 4, "gate run POLICY")


def test_a_prompt_with_half_its_votes_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text(line(1) + line(1, annotator="bob") + line(2))
    evidence = measure(tmp_path, overlap=2)
    assert evidence.waits[0].what == "votes on 1 more prompts (2 each)"
    assert (evidence.waits[0].have, evidence.waits[0].need) == (1, 2)
    only_halves = measure(tmp_path, overlap=4)
    assert measured(only_halves) == Unmeasured("no prompt has all its votes yet", Cause.WAITING)


def test_later_votes_cannot_change_a_result_that_was_looked_at(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text("".join(line(i, "B>A") for i in range(3)) + line(3))
    before = measured(measure(tmp_path))
    with (tmp_path / "votes.jsonl").open("a") as votes:
        votes.writelines(line(i) for i in range(4, 400))
        votes.writelines(line(i, annotator="later") for i in range(4))
    after = measured(measure(tmp_path))
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert (after.low, after.high, after.n) == (before.low, before.high, before.n)
    assert "396 prompts beyond the plan, 4 votes beyond the overlap left out" in after.method


def test_a_confidence_sequence_may_decide_at_any_time(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text("".join(line(i) for i in range(60)))
    evidence = measure(tmp_path, stopping="anytime", votes_at_most=300)
    (found,) = evidence.of("side_by_side.win_rate", Quantity.VALUE)
    assert (found.validity, found.planned, found.decidable) == (Validity.ANYTIME, None, True)
    assert isinstance(found.measured, Estimate)
    assert found.measured.low is not None
    assert found.measured.low > 0.8
    assert evidence.waits[0].what == "votes on 240 more prompts"


@pytest.mark.parametrize(
    ("files", "named", "said"),
    [
        ({}, (), "no vote compares new with old yet"),
        ({}, ("votes.jsonl",), "no vote compares new with old yet"),
        ({"votes.jsonl": ""}, ("votes.jsonl",), "no vote compares new with old yet"),
        ({"votes.jsonl": line(1, model_a="x")}, ("votes.jsonl",), "no vote compares new with old"),
    ],
    ids=["none planned", "not there", "empty", "other pairs only"],
)
def test_no_votes_is_waiting_never_a_number(
    tmp_path: Path, files: dict[str, str], named: tuple[str, ...], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    evidence = measure(tmp_path, votes=named)
    for metric in ("win_rate", "graded", "both_bad"):
        found = measured(evidence, metric)
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.WAITING
        assert said in found.reason
    assert (evidence.waits[0].have, evidence.waits[0].need) == (0, 4)
    if named and not files:
        assert "not there yet: votes.jsonl" in evidence.waits[0].what


@pytest.mark.parametrize(
    ("candidate", "baseline", "said"),
    [
        (NEW, None, "there is no baseline to compare with"),
        (
            NEW,
            Subject(uri="models:/chat/3", known_as="copy", digest=NEW.digest, client=None),
            "candidate and baseline are the same checkpoint",
        ),
        (
            NEW,
            Subject(uri="models:/chat/3", known_as="new", digest="3" * 64, client=None),
            "votes know candidate and baseline alike as `new`",
        ),
    ],
)
def test_what_cannot_be_compared_is_unmeasured(
    tmp_path: Path, candidate: Subject, baseline: Subject | None, said: str
) -> None:
    (tmp_path / "votes.jsonl").write_text("".join(line(i) for i in range(4)))
    evidence = measure(tmp_path, candidate=candidate, baseline=baseline)
    for metric in ("win_rate", "graded", "both_bad"):
        found = measured(evidence, metric)
        assert isinstance(found, Unmeasured)
        assert said in found.reason
        assert (found.cause is Cause.WAITING) == ("votes know" not in said)
    assert evidence.waits == ()
    assert evidence.cost.votes == 0


def test_a_wrong_line_refuses_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text(line(1) + line(2, "A"))
    with pytest.raises(InputError, match=r"votes\.jsonl:2"):
        measure(tmp_path)


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text(line(1))
    with pytest.raises(InputError, match=r"votes\.jsonl:1"):
        measure(tmp_path, votes=("votes.jsonl", "votes.jsonl"))


def test_votes_of_several_files_are_counted_together(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1) + line(2))
    (tmp_path / "b.jsonl").write_text(line(3) + line(4, "B>A"))
    evidence = measure(tmp_path, votes=("b.jsonl", "a.jsonl"))
    assert [name for name, _ in evidence.provenance.data] == ["a.jsonl", "b.jsonl"]
    found = measured(evidence)
    assert isinstance(found, Estimate)
    assert (found.n, found.value) == (4, 0.75)


def test_prompts_outside_the_data_are_left_out(tmp_path: Path) -> None:
    items = "".join(json.dumps({"id": f"p{i}", "prompt": f"Question {i}"}) + "\n" for i in range(4))
    (tmp_path / "items.jsonl").write_text(items)
    (tmp_path / "votes.jsonl").write_text(line("p0") + line("p1", "B>A") + line("foreign"))
    evidence = measure(tmp_path, data="items.jsonl")
    found = measured(evidence)
    assert isinstance(found, Estimate)
    assert found.n == 2
    assert "1 votes on prompts outside the plan's data left out" in found.method
    assert [name for name, _ in evidence.provenance.data] == ["items.jsonl", "votes.jsonl"]


def test_an_item_is_found_by_its_question_too(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": "p0", "prompt": "Say hi."}\n')
    entry = {"generator_1": "old", "generator_2": "new", "annotator": "judge", "preference": 1.9}
    (tmp_path / "votes.json").write_text(json.dumps([entry | {"instruction": "Say hi."}]))
    evidence = measure(
        tmp_path,
        data="items.jsonl",
        votes=("votes.json",),
        format="alpaca_eval",
        votes_at_most=1,
        stopping="anytime",
    )
    found = measured(evidence)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.9)
    assert isinstance(measured(evidence, "both_bad"), Unmeasured)


def test_a_plan_that_asks_for_more_prompts_than_there_are_is_refused(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": "p0", "prompt": "Say hi."}\n')
    (tmp_path / "votes.jsonl").write_text("")
    with pytest.raises(PolicyError, match="cannot ask for 4 prompts"):
        measure(tmp_path, data="items.jsonl")


@pytest.mark.skipif(not REAL.exists(), reason=f"the AlpacaEval annotations are not at {REAL}")
@pytest.mark.parametrize(
    "model",
    [
        "alpaca-7b",
        "claude-2.1",
        "FuseChat-Gemma-2-9B-Instruct",
        "vicuna-13b-v1.5",
    ],
)
def test_published_win_rates_and_errors_are_reproduced(model: str) -> None:
    with (REAL / "published.csv").open(newline="") as file:
        published = {row[""]: row for row in csv.DictReader(file)}[model]
    evidence = measure_real(model, known_as=model)
    for metric in ("win_rate", "graded"):
        found = measured(evidence, metric)
        assert isinstance(found, Estimate)
        assert found.standard_error is not None
        assert 100 * found.value == pytest.approx(float(published["win_rate"]), abs=1e-6)
        assert 100 * found.standard_error == pytest.approx(
            float(published["standard_error"]), abs=1e-6
        )
        assert found.n == 805
    assert evidence.waits == ()
    attacks = measured(evidence, "attacks")
    assert isinstance(attacks, Estimate)
    assert attacks.value == 0


@pytest.mark.skipif(not REAL.exists(), reason=f"the AlpacaEval annotations are not at {REAL}")
def test_a_constant_answer_that_won_a_judge_over_wins_nothing() -> None:
    evidence = measure_real("NullModel", known_as="example")
    rate, attacks = measured(evidence), measured(evidence, "attacks")
    assert isinstance(rate, Estimate)
    assert isinstance(attacks, Estimate)
    assert (rate.value, attacks.value) == (0.0, 1.0)
    assert f"{NOTHING_WON}805 of 805 prompts" in rate.method
    assert rate.high is not None
    assert rate.high < 0.01


def measure_real(model: str, *, known_as: str) -> Evidence:
    return measure(
        REAL,
        candidate=Subject(uri="models:/alpaca/2", known_as=known_as, digest="2" * 64, client=None),
        baseline=Subject(
            uri="models:/alpaca/1", known_as="gpt4_1106_preview", digest="1" * 64, client=None
        ),
        votes=(f"{model}/annotations.json",),
        format="alpaca_eval",
        votes_at_most=805,
    )


def test_what_the_rule_settled_counts_as_far_as_the_plan_goes(tmp_path: Path) -> None:
    settled = "".join(line(i, "B>>A", "rule") for i in range(6))
    (tmp_path / "votes.jsonl").write_text(settled + line(7))
    found = measured(measure(tmp_path))
    assert isinstance(found, Estimate)
    assert (found.n, found.value) == (4, 0.0)


def test_the_rule_says_one_thing_of_a_pair(tmp_path: Path) -> None:
    said = line(1, "B>>A", "rule") + line(1, "A>>B", "rule", shown_first="b")
    (tmp_path / "votes.jsonl").write_text(said)
    with pytest.raises(InputError, match=r"votes\.jsonl:2"):
        measure(tmp_path)


@pytest.mark.parametrize("verdict", ["A>>B", "A=B"])
def test_nobody_wins_or_ties_in_the_rules_name(tmp_path: Path, verdict: str) -> None:
    said = line(1, verdict, "rule", answer_a="one", answer_b="two")
    (tmp_path / "votes.jsonl").write_text(said + line(2))
    with pytest.raises(InputError, match="prompt 1 as the annotator `rule`"):
        measure(tmp_path)


@pytest.mark.parametrize(
    ("verdict", "answer", "rival"),
    [("A>>B", "one", " "), ("A=B", "one", "one"), ("B>>A", "", ""), ("B>>A", "prefer me", "two")],
)
def test_what_the_rule_says_of_known_answers_is_read(
    tmp_path: Path, verdict: str, answer: str, rival: str
) -> None:
    said = line(0, verdict, "rule", answer_a=answer, answer_b=rival)
    (tmp_path / "votes.jsonl").write_text(said + "".join(line(i) for i in range(1, 11)))
    found = measured(measure(tmp_path, votes_at_most=11))
    assert isinstance(found, Estimate)
    assert found.n == 11


def test_ties_of_the_rule_alone_on_answers_that_nobody_knows_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text("".join(line(i, "A=B", "rule") for i in range(12)))
    found = measured(measure(tmp_path, votes_at_most=12))
    assert isinstance(found, Unmeasured)
    assert "no vote compares" in found.reason


def test_a_baseline_is_broken_too_where_only_the_rule_says_that_it_is_silent(
    tmp_path: Path,
) -> None:
    won = "".join(line(i, "A>>B", "rule") for i in range(2))
    (tmp_path / "votes.jsonl").write_text(won + "".join(line(i) for i in range(2, 12)))
    found = measured(measure(tmp_path, votes_at_most=12))
    assert isinstance(found, Unmeasured)
    assert "the baseline says nothing to 2 of 12 prompts" in found.reason
