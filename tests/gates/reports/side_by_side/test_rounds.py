"""Pictures and the page of a comparison: the same votes, the same bytes; no text does harm."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gates.reports.side_by_side import course, rounds
from gates.reports.side_by_side.course import Course, course_png
from gates.reports.side_by_side.forest import Line, forest_png
from gates.reports.side_by_side.heat import Heat
from gates.reports.side_by_side.pairs import pairs_html
from gates.reports.side_by_side.pictures import figure, titled
from gates.reports.side_by_side.rounds import (
    agreement_heat,
    candidates_heat,
    differences,
    pictures,
    round_pictures,
)
from policies.side_by_side import SideBySidePlan
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import (
    Evidence,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
)
from stages.side_by_side.pairs import Pair
from stages.side_by_side.scores import Row
from stages.side_by_side.told import PromptScore, Told
from stages.side_by_side.vote import CandidateVote

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAN = SideBySidePlan(votes_at_most=8, overlap=2, topic="kind")
EVIL = "<script>alert(1)</script> $x^2$"


def vote(prompt: str, who: str, win: float | None, *, judge: bool = False) -> CandidateVote:
    return CandidateVote(
        prompt=prompt, annotator=who, win=win, graded=win, both_bad=False, judge=judge
    )


def told(candidate: str = "models:/a/2", wins: tuple[float, ...] = (1.0, 0.0, 0.5, 1.0)) -> Told:
    names = [f"p{n}" for n in range(len(wins))]
    return Told(
        candidate=candidate,
        baseline="models:/a/1",
        prompts=tuple(
            PromptScore(
                prompt=name,
                topic=EVIL if n % 2 else "prose",
                low=win,
                high=win,
                rows=(Row(prompt=name, annotator="ann", low=win, high=win),),
            )
            for n, (name, win) in enumerate(zip(names, wins, strict=True))
        ),
        said=tuple(vote(name, who, 1.0) for name in names for who in ("ann", EVIL)),
        judged=tuple(vote(name, "judge_a", 0.5, judge=True) for name in names),
        pairs=tuple(
            Pair(
                prompt=name,
                messages=({"role": "user", "content": EVIL},),
                model_a="a/2",
                model_b="a/1",
                answer_a=EVIL,
                answer_b="plain",
            )
            for name in names
        ),
    )


def evidence(candidate: str = "models:/a/2") -> Evidence:
    return Evidence(
        stage=StageName.SIDE_BY_SIDE,
        candidate=candidate,
        baseline="models:/a/1",
        measurements=(
            Measurement(
                metric="side_by_side.win_rate",
                quantity=Quantity.VALUE,
                measured=Unmeasured("too few"),
                validity=Validity.FIXED,
                planned=4,
            ),
        ),
        provenance=Provenance(candidate="c", baseline="b", plan="p", data=(), code="x"),
    )


def test_a_comparison_has_its_three_pictures_and_they_are_the_same_again() -> None:
    first = dict(pictures(told(), evidence(), PLAN, limits=(0.4,)))
    assert set(first) == {"win_rates.png", "over_time.png", "agreement.png"}
    assert first == dict(pictures(told(), evidence(), PLAN, limits=(0.4,)))
    assert all(picture.startswith(b"\x89PNG") for picture in first.values())


def counted(low: float, high: float) -> Evidence:
    """The win rate of a decision."""
    measured = Estimate(
        value=(low + high) / 2,
        standard_error=None,
        low=low,
        high=high,
        level=0.95,
        n=4,
        unit="share",
        method="by both",
    )
    (measurement,) = evidence().measurements
    return replace(evidence(), measurements=(replace(measurement, measured=measured),))


def test_over_time_shows_the_interval_that_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Estimate] = []
    monkeypatch.setattr(course, "_draw_what_counts", lambda _, counts: drawn.append(counts))
    wide = dict(pictures(told(), counted(0.1, 0.9), PLAN))["over_time.png"]
    assert [(each.low, each.high) for each in drawn] == [(0.1, 0.9)]
    monkeypatch.undo()
    assert wide != dict(pictures(told(), counted(0.1, 0.9), PLAN))["over_time.png"]


def test_a_topic_speaks_for_other_people_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people who contradict each other: prompts alone would make it look certain."""
    lines: list[Line] = []
    monkeypatch.setattr(rounds, "forest_png", lambda found, **_: lines.extend(found) or b"")
    scores = tuple(
        PromptScore(
            prompt=name,
            topic="prose",
            low=0.5,
            high=0.5,
            rows=(
                Row(prompt=name, annotator="ann", low=1.0, high=1.0),
                Row(prompt=name, annotator="bob", low=0.0, high=0.0),
            ),
        )
        for name in "abcdefghij"
    )
    dict(pictures(replace(told(), prompts=scores), evidence(), PLAN))
    (topic,) = [line.measured for line in lines if line.group == "by topic"]
    assert isinstance(topic, Estimate)
    assert topic.low is not None
    assert topic.low < 0.1


def test_without_votes_there_is_nothing_over_time() -> None:
    nothing = Told(candidate="c", baseline="b")
    assert set(dict(pictures(nothing, evidence(), PLAN))) == {"win_rates.png"}


def test_a_round_of_one_has_no_picture_of_the_round() -> None:
    assert not dict(
        round_pictures({"models:/a/2": told()}, {"models:/a/2": evidence()}, level=0.95)
    )


def test_a_round_of_two_shows_them_beside_each_other() -> None:
    both = {"models:/a/2": told(), "models:/a/3": told("models:/a/3", (0.0, 0.0, 0.5, 1.0))}
    found = dict(round_pictures(both, {uri: evidence(uri) for uri in both}, level=0.95))
    assert set(found) == {"candidates.png", "differences.png", "between_candidates.png"}


def test_a_difference_of_two_candidates_says_its_interval_and_how_sure_it_is() -> None:
    better, worse = (1.0, 0.5) * 20, (0.0, 0.5) * 20
    (line,) = differences([told(wins=better), told("models:/a/3", worse)], level=0.95)
    assert line.label.startswith("models:/a/2 - models:/a/3 (p = ")
    assert isinstance(line.measured, Estimate)
    assert line.measured.value == 0.5
    assert line.measured.low is not None
    assert 0 < line.measured.low < 0.5


def test_candidates_without_a_common_prompt_differ_by_nothing_that_is_known() -> None:
    other = replace(
        told("models:/a/3"), prompts=(PromptScore(prompt="x", topic="", low=1, high=1),)
    )
    (line,) = differences([told(), other], level=0.95)
    assert isinstance(line.measured, Unmeasured)
    assert "p = " not in line.label
    assert differences([told()], level=0.95) == ()


def test_candidates_are_compared_on_their_common_prompts() -> None:
    heat = candidates_heat([told(), told("models:/a/3", (0.0, 0.0, 0.5))])
    assert heat is not None
    assert heat.shares["models:/a/2", "models:/a/3"] == pytest.approx(2 / 3)
    assert heat.counts["models:/a/2", "models:/a/3"] == 3
    assert heat.shares["models:/a/2", "models:/a/1"] == 0.625
    for (row, column), share in heat.shares.items():
        assert share + heat.shares[column, row] == pytest.approx(1)


def test_an_unresolved_vote_agrees_with_nobody() -> None:
    votes = (vote("p", "ann", 1.0), vote("p", "bob", None))
    assert agreement_heat(votes, level=0.95) is None
    assert candidates_heat([]) is None


def test_agreement_is_the_share_of_common_prompts() -> None:
    votes = [vote("p", "ann", 1.0), vote("p", "bob", 1.0), vote("q", "ann", 1.0)]
    heat = agreement_heat([*votes, vote("q", "bob", 0.0)], level=0.95)
    assert heat is not None
    assert (heat.shares["ann", "bob"], heat.counts["bob", "ann"]) == (0.5, 2)


def test_a_judge_who_contradicts_itself_between_the_orders_says_a_tie() -> None:
    said = [vote("p", "ann", 0.5), vote("q", "ann", 1.0)]
    judge = [("p", 1.0), ("p", 0.0), ("q", 1.0), ("q", 0.5), ("q", None)]
    heat = agreement_heat([*said, *(vote(p, "judge_a", win) for p, win in judge)], level=0.95)
    assert heat is not None
    assert (heat.shares["ann", "judge_a"], heat.counts["ann", "judge_a"]) == (1.0, 2)


def test_both_bad_is_no_tie() -> None:
    bad = replace(vote("p", "ann", 0.5), both_bad=True)
    heat = agreement_heat([bad, vote("p", "bob", 0.5), replace(bad, annotator="cy")], level=0.95)
    assert heat is not None
    assert (heat.shares["ann", "bob"], heat.shares["ann", "cy"]) == (0.0, 1.0)


def flagged(one: Told, **reasons: str) -> Told:
    return replace(
        one,
        flagged=reasons,
        prompts=tuple(
            replace(score, low=0.0, high=0.0) if score.prompt in reasons else score
            for score in one.prompts
        ),
    )


def test_people_and_judges_agree_by_what_they_said_of_flagged_answers_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Heat] = []
    monkeypatch.setattr(rounds, "heat_png", lambda heat, **_: drawn.append(heat) or b"")
    judged = tuple(vote(f"p{n}", "judge_a", 1.0, judge=True) for n in range(4))
    one = flagged(replace(told(), judged=judged), p0="it is empty", p1="it is empty")
    dict(pictures(one, evidence(), PLAN))
    (heat,) = drawn
    assert (heat.shares["ann", "judge_a"], heat.counts["ann", "judge_a"]) == (1.0, 4)


def test_every_win_rate_of_a_picture_is_after_the_rule_and_the_picture_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[Sequence[Line], str]] = []
    monkeypatch.setattr(
        rounds, "forest_png", lambda lines, *, title, **_: drawn.append((lines, title)) or b""
    )
    judged = tuple(vote(f"p{n}", "judge_a", 1.0, judge=True) for n in range(4))
    one = replace(told(), judged=judged)
    for each in (one, flagged(one, p0="it is empty")):
        dict(pictures(each, evidence(), PLAN))
    (before, said_before), (after, said_after) = (
        (next(line.measured for line in lines if line.group == "by judge"), title)
        for lines, title in drawn
    )
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert (before.value, after.value) == (1.0, 0.75)
    assert "flagged" not in said_before
    assert "1 answer flagged as written to win: lost in all of this" in said_after


def test_a_judges_row_counts_what_is_settled_as_the_panel_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Sequence[Line]] = []
    monkeypatch.setattr(rounds, "forest_png", lambda lines, **_: drawn.append(lines) or b"")
    one = told()
    alike = replace(one.pairs[0], prompt="alike", answer_b=EVIL)
    dict(pictures(replace(one, pairs=(*one.pairs, alike)), evidence(), PLAN))
    (row,) = (line.measured for line in drawn[0] if line.group == "by judge")
    assert isinstance(row, Estimate)
    assert row.n == 5


def test_a_share_beyond_its_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Heat(names=("a",), shares={("a", "a"): 1.1})


def test_unmeasured_is_written_and_drawn_nowhere() -> None:
    blank = [Line(label=EVIL, measured=Unmeasured("nobody voted"), group="by topic")]
    assert forest_png(blank, title=EVIL, unit="share", at=0.5).startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [5.2, 9.0])
def test_a_title_is_read_to_its_end(width: float) -> None:
    drawn, _ = figure(width, 4)
    said = "share of the common prompts on which the row did better than the column, " * 4
    titled(drawn, f"{said}\n{'models:/assistant/candidate-' * 20}")
    (title,) = drawn.texts
    assert title.get_text().replace("\n", " ").startswith(said.strip())
    bounds = title.get_window_extent()
    assert bounds.x0 >= 0
    assert bounds.x1 < drawn.bbox.width


def test_more_prompts_than_looks_are_drawn_to_the_last() -> None:
    scores = [float(n % 2) for n in range(450)]

    def drawn(values: list[float]) -> bytes:
        return course_png(Course(lows=values, highs=values, level=0.95, planned=450), title="x")

    assert drawn(scores) != drawn(scores[:-1])


def test_foreign_text_is_text_on_the_page() -> None:
    page = pairs_html(told())
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page


def test_the_least_won_comes_first_and_what_is_settled_is_said() -> None:
    one = told()
    alike = replace(one.pairs[0], prompt="alike", answer_b=EVIL)
    unread = replace(one.pairs[0], prompt="unread")
    page = pairs_html(replace(one, pairs=(*one.pairs, alike, unread)))
    assert page.index("p1") < page.index("p0") < page.index("unread")
    assert "settled by the rule, 0.5 for the candidate" in page
    assert "nobody judged it" in page


def test_what_was_lost_before_anybody_voted_is_not_said_to_be_voted() -> None:
    one = flagged(told(), p0="it was found so among all answers when the batch was made")
    said = tuple(vote for vote in one.said if vote.prompt != "p0")
    unvoted = replace(one, said=said, judged=())
    assert "settled by the rule" not in pairs_html(one)
    assert "settled by the rule, 0 for the candidate" in pairs_html(unvoted)


def test_a_flagged_pair_says_why_and_what_it_counts_for() -> None:
    page = pairs_html(flagged(told(), p0=f"it says {EVIL}"))
    assert page.count('<p class="flagged">') == 1
    assert "it says &lt;script&gt;" in page
    assert "<script>" not in page
    assert "1 of the answers of a/2 is flagged as written to win" in page
    assert "flagged" not in pairs_html(told()).split("</style>")[1]


def test_where_only_judges_count_a_flagged_pair_is_lost_too() -> None:
    only_judges = replace(told(), prompts=(), flagged={"p0": "it is empty"})
    page = pairs_html(only_judges)
    assert "p0: the candidate won 0.00" in page.replace("(prose)", "").replace("\n", " ")
    assert page.count("the candidate won 0.50") == 3


def test_candidates_are_compared_on_prompts_that_have_all_their_votes() -> None:
    whole, other = told("models:/a/2", (1.0, 0.0, 1.0, 0.0)), told("models:/a/3", (0.0,) * 4)
    passed_over = PromptScore(prompt="p0", topic="", low=0, high=1, complete=False)
    part = replace(other, prompts=(passed_over, *other.prompts[1:]))
    found = candidates_heat([whole, part])
    assert found is not None
    assert found.counts["models:/a/2", "models:/a/3"] == 3
    assert [line.measured for line in differences([whole, part], level=0.95)] == [
        line.measured
        for line in differences([whole, replace(other, prompts=other.prompts[1:])], level=0.95)
    ]
