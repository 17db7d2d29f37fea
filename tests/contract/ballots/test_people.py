"""Who may vote, by which link, and how they do."""

from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, Refusal, Rest
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Rules
from tests.contract.ballots.desk import answer, begin, refused, rest
from tests.fakes.batches import NOW, batch, given, later, pair, said, vote


def test_who_is_paused_or_removed_gets_no_task_and_may_not_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"))
    for end, why, resting in (
        (box.people.pause, Refusal.PAUSED, Rest.PAUSED),
        (box.people.remove, Refusal.REMOVED, Rest.REMOVED),
    ):
        assert end("b", "ann", why="too fast", now=NOW).reason == "too fast"
        answer = box.cast("b", ballot, now=NOW)
        assert refused(answer) is why
        assert "too fast" in answer.sentence
        assert refused(box.undo("b", "ann", token="u", now=NOW)) is why
        assert rest(box, "ann") is resting
    box.people.add("b", "ann", now=NOW)
    assert isinstance(box.cast("b", ballot, now=NOW), Accepted)


def test_what_was_kept_for_somebody_who_is_paused_goes_to_others_at_once(box: BallotBox) -> None:
    begin(box, batch(2, overlap=1), "ann", "bob")
    voted = vote(box, "ann").pair
    kept = given(box, "ann").pair
    assert rest(box, "bob") is Rest.OTHERS

    box.people.pause("b", "ann", why="too fast", now=NOW)

    assert vote(box, "bob").pair == kept
    assert rest(box, "bob") is Rest.DONE
    assert {v.record["pair"] for v in box.standing_votes("b")} == {voted, kept}


def test_a_new_link_makes_older_ones_void(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    assert box.people.get("b", "ann").link == 1
    assert box.people.reissue_link("b", "ann", now=NOW).link == 2
    box.people.remove("b", "ann", why="left", now=NOW)
    assert box.people.add("b", "ann", now=NOW).link == 3
    assert box.people.add("b", "ann", now=NOW).link == 3


def test_people_are_told_apart_and_corrected(box: BallotBox) -> None:
    begin(box, batch(), "bob", "ann", "Zoe", "éva")

    assert [person.name for person in box.people.all("b")] == ["Zoe", "ann", "bob", "éva"]
    assert box.people.set_segment("b", "ann", "expert", now=NOW).segment == "expert"
    with pytest.raises(InputError, match="cannot add 'ann'"):
        box.people.add("b", "ann", segment="novice", now=NOW)
    with pytest.raises(InputError, match="cannot add a person"):
        box.people.add("b", " ", now=NOW)
    with pytest.raises(InputError, match="there is no 'eve'"):
        box.people.pause("b", "eve", why="x", now=NOW)


def test_who_changed_somebody_is_kept_and_the_rules_are_nobody(box: BallotBox) -> None:
    rules = Rules(gold_least=1, warn_below=1.0, pause_below=1.0)
    begin(box, batch(4, gold=1, gold_share=0.5, rules=rules), "bob")
    assert box.people.add("b", "ann", by="lea", now=NOW).changed_by == "lea"
    assert box.people.resume("b", "ann", by="mia", now=NOW).changed_by == "lea"  # nothing changed
    assert box.people.reissue_link("b", "ann", by="mia", now=NOW).changed_by == "mia"
    while not answer(box, "ann", right=False).gold:
        pass
    assert box.people.get("b", "ann").status is Status.PAUSED
    assert box.people.get("b", "ann").changed_by == ""


def test_nobody_is_shown_what_they_opted_out_of(box: BallotBox) -> None:
    pairs = [pair(n, harms=("violence",) if n < 5 else ("spam",)) for n in range(6)]
    begin(box, batch(6, pairs=pairs), "ann")
    given(box, "ann")

    assert box.people.opt_out("b", "ann", ["violence"], now=NOW).opted_out == ("violence",)

    vote(box, "ann")
    assert [v.prompt for v in box.standing_votes("b")] == ["5"]
    assert rest(box, "ann") is Rest.DONE


def test_summaries_tell_how_everybody_does(box: BallotBox) -> None:
    begin(box, batch(4), "ann", "bob")
    for n, seconds in enumerate((1.0, 10.0, None)):
        box.cast("b", said(given(box, "ann"), seconds=seconds), now=later(n))

    ann, bob = box.summaries("b")

    assert (ann.votes, ann.seconds, ann.median_seconds, ann.fast) == (3, 11.0, 5.5, 1)
    assert ann.last == "2026-05-04T09:00:02.000000+00:00"
    assert ann == box.summary("b", "ann")
    assert (bob.votes, bob.median_seconds, bob.first_position, bob.last) == (0, None, None, "")
    assert [v.record["fast"] for v in box.standing_votes("b")] == [True, False, False]


def test_the_last_vote_is_the_last_in_time_whatever_zone_it_was_said_in(box: BallotBox) -> None:
    begin(box, batch(4), "ann")
    for at in ("2026-05-04T08:30:00Z", "2026-05-04T10:00:00+05:30"):
        box.cast("b", replace(said(given(box, "ann")), at=at), now=NOW)
    (ann,) = box.summaries("b")
    assert ann.last == "2026-05-04T08:30:00Z"


def test_a_leads_new_link_makes_older_ones_void_in_its_batch_alone(box: BallotBox) -> None:
    begin(box, batch())
    another = replace(batch(), terms=replace(batch().terms, name="c"))
    box.batches.open(another, now=NOW)

    assert (box.leads.link("b"), box.leads.link("c")) == (0, 0)
    assert [box.leads.reissue_link("b", by="lea", now=NOW) for _ in range(2)] == [1, 2]
    assert (box.leads.link("b"), box.leads.link("c")) == (2, 0)
    with pytest.raises(InputError, match="there is no batch 'd'"):
        box.leads.reissue_link("d", now=NOW)
    with pytest.raises(InputError, match="there is no batch 'd'"):
        box.leads.link("d")
