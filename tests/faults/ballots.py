"""Faults of the ballot box: its database, its rows, its people, its clock."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest import mock

from policies.errors import Broken
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots import database
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.preference import Preference
from tests.fakes.workplace import NOW
from tests.faults.comparisons import CREW, PROMPTS, ballot_for, batch, boxed, voted
from tests.faults.world import Fault, Harmless, Inject, World

ROOT = Path(__file__).parents[2]
VOTES = 2 * PROMPTS


def _file(world: World) -> Path:
    return world.place.folder / "state" / database.FILE


def _instead(vote: Callable[[World], object]) -> Inject:
    """People vote in another way."""

    def inject(world: World) -> None:
        world.after_registration[:] = [lambda: vote(world)]

    return inject


def _then(happens: Callable[[World], object]) -> Inject:
    """Something happens once all have voted."""
    return lambda world: world.after_registration.append(lambda: happens(world))


def _sql(*statements: str) -> Inject:
    """Somebody changes the database by hand."""

    def change(world: World) -> None:
        connection = sqlite3.connect(_file(world))
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return _then(change)


def _bytes(change: Callable[[bytes], bytes]) -> Inject:
    def happens(world: World) -> None:
        _file(world).write_bytes(change(_file(world).read_bytes()))

    return _then(happens)


def _in_the_box(act: Callable[[BallotBox, str], object]) -> Callable[[World], None]:
    def happens(world: World) -> None:
        name = batch(world).name
        with open_ballots(str(world.place.folder / "state")) as box:
            act(box, name)

    return happens


def _impatient(world: World) -> None:
    """Connections wait a moment for a lock instead of half a minute."""
    pragmas = ("PRAGMA busy_timeout = 20", *database._PRAGMAS[1:])
    world.open.enter_context(mock.patch.object(database, "_PRAGMAS", pragmas))


def _locked(world: World) -> None:
    _impatient(world)

    def lock() -> None:
        connection = sqlite3.connect(_file(world), isolation_level=None)
        world.open.callback(connection.close)
        connection.execute("BEGIN EXCLUSIVE")

    world.after_registration.append(lock)


def _full_disk(world: World) -> None:
    """The database may grow by nothing once the batch is made; whoever votes is told so."""

    def vote(world: World) -> None:
        batch(world)
        pages = ("PRAGMA max_page_count = 1", *database._PRAGMAS)
        with mock.patch.object(database, "_PRAGMAS", pages):
            try:
                voted(world)
            except Broken as error:
                assert "full" in error.why  # noqa: PT017 - what follows is the test
                return
        raise AssertionError("a full disk took votes")

    _instead(vote)(world)


def _killed(world: World) -> None:
    """Whoever votes is killed while they do."""
    made = batch(world)
    voter = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.endless_voter", str(world.place.folder), made.name],
        cwd=ROOT,
        env={**os.environ, "GATE_ALLOW_LOCAL_STATE": "1"},
        stdout=subprocess.PIPE,
    )
    assert voter.stdout is not None
    for _ in range(5):
        assert voter.stdout.readline(), "it voted nothing"
    voter.kill()
    voter.wait(timeout=10)
    voter.stdout.close()


def _taken_back(box: BallotBox, name: str) -> None:
    for person in CREW:
        box.undo(name, person, token="undo", now=NOW + timedelta(hours=1))


def _skips(world: World) -> None:
    """Nobody says anything of one pair."""
    made = batch(world)
    skipped = made.pairs[0].id
    with open_ballots(str(world.place.folder / "state")) as box:
        for person in CREW:
            box.people.add(made.name, person, now=NOW)
            task = Task(annotator=person, pair=skipped, a_first=True, gold=False, position=0)
            ballot = replace(ballot_for(made, task), said=Preference.UNRESOLVED)
            box.cast(made.name, ballot, now=NOW)
    voted(world)


def _interrupted(act: Callable[[BallotBox, str], object]) -> Inject:
    """Something happens when half of the votes are in; then the voting goes on."""

    def vote(world: World) -> None:
        voted(world, most=VOTES // 2)
        _in_the_box(act)(world)
        voted(world)

    return _instead(vote)


def _stopped(box: BallotBox, name: str) -> None:
    box.batches.stop(name, why="enough", now=NOW)


def _all(change: Callable[[BallotBox, str, str], object]) -> Callable[[BallotBox, str], None]:
    def act(box: BallotBox, name: str) -> None:
        for person in CREW:
            change(box, name, person)

    return act


def _removed(box: BallotBox, name: str, person: str) -> None:
    box.people.remove(name, person, why="they left", now=NOW)


def _paused(box: BallotBox, name: str, person: str) -> None:
    box.people.pause(name, person, why="too fast", now=NOW)


def _opted_out(box: BallotBox, name: str, person: str) -> None:
    box.people.opt_out(name, person, ("violence",), now=NOW)


def _harmful(world: World) -> None:
    world.rewrite("items.jsonl", lambda items: [i.update(harms=["violence"]) for i in items])


def _nobody_wants_it(world: World) -> None:
    _harmful(world)
    _interrupted(_all(_opted_out))(world)


def _replanned(**fields: object) -> Inject:
    def inject(world: World) -> None:
        def vote(world: World) -> None:
            before = dict(world.comparison)
            world.comparison.update(fields)
            voted(world)
            world.comparison.clear()
            world.comparison.update(before)
            world.place.policy(world.policy())

        _instead(vote)(world)

    return inject


def _fault(name: str, inject: Inject, said: str) -> Fault:
    return Fault(name=name, where="the ballot box", scene=boxed, inject=inject, said=said)


def _harmless(name: str, inject: Inject) -> Harmless:
    return Harmless(name=name, where="the ballot box", scene=boxed, inject=inject)


FAULTS = (
    _fault("locked by another program", _locked, "locked"),
    _fault("a full disk", _full_disk, "prompts of 24 planned"),
    _fault(
        "a folder of its name",
        _then(lambda w: (_file(w).unlink(), _file(w).mkdir())),
        "unable to open",
    ),
    _fault("no database at all", _bytes(lambda _: b"no database" * 1000), "not a database"),
    _fault("cut in half", _bytes(lambda data: data[: len(data) // 2]), "malformed"),
    _fault(
        "torn pages", _bytes(lambda d: d[:4096] + b"\0" * (len(d) - 8192) + d[-4096:]), "malformed"
    ),
    _fault("an empty file", _bytes(lambda _: b""), "no vote compares"),
    _fault("gone", _then(lambda w: _file(w).unlink()), "no vote compares"),
    _fault("a table gone", _sql("DROP TABLE sxs_acts"), "no vote compares"),
    _fault(
        "a column gone",
        _sql("ALTER TABLE sxs_acts RENAME COLUMN preference TO said"),
        "no such column",
    ),
    _fault("a table of people gone", _sql("DROP TABLE sxs_people"), "by nobody of the batch"),
    _fault("a vote deleted", _sql("DELETE FROM sxs_acts WHERE number = 3"), "23 prompts of 24"),
    _fault(
        "a vote that says nonsense",
        _sql("UPDATE sxs_acts SET preference = 'A' WHERE number = 3"),
        "holds what no vote does",
    ),
    _fault(
        "a vote by nobody",
        _sql("UPDATE sxs_acts SET person = 'eve' WHERE number = 3"),
        "by nobody of the batch",
    ),
    _fault(
        "a vote on no pair",
        _sql("UPDATE sxs_acts SET pair = 'none' WHERE number = 3"),
        "on none of its pairs",
    ),
    _fault("votes called gold", _sql("UPDATE sxs_acts SET gold = 1"), "no vote compares"),
    _fault(
        "a vote that undoes another",
        _sql("UPDATE sxs_acts SET undoes = 2 WHERE number = 3"),
        "23 prompts of 24",
    ),
    _fault(
        "a person who is nothing",
        _sql("UPDATE sxs_people SET status = 'gone'"),
        "holds what no person's does",
    ),
    _fault(
        "opt-outs that are no list",
        _sql("UPDATE sxs_people SET opted_out = '{'"),
        "holds what no person's does",
    ),
    _fault(
        "seconds that are a text",
        _sql("UPDATE sxs_acts SET seconds = 'soon' WHERE number = 3"),
        "holds what no vote does",
    ),
    _fault(
        "endless seconds",
        _sql("UPDATE sxs_acts SET seconds = 9e999 WHERE number = 3"),
        "holds what no vote does",
    ),
    _fault(
        "a remark that is no text",
        _sql("UPDATE sxs_acts SET comment = x'ff' WHERE number = 3"),
        "holds what no vote does",
    ),
    _fault(
        "opt-outs that are an object",
        _sql("UPDATE sxs_people SET opted_out = '{}'"),
        "holds what no person's does",
    ),
    _fault(
        "an answer changed",
        _sql(
            "UPDATE sxs_batches SET body = replace(body, '\"kind\"', '\"Kind\"')",
            "UPDATE sxs_batches SET body = replace(body, 'Tell me of 3.', 'Tell me of 4.')",
        ),
        "its digest is another",
    ),
    _fault(
        "a batch that is no JSON",
        _sql("UPDATE sxs_batches SET body = substr(body, 2)"),
        "not valid JSON",
    ),
    _fault(
        "a batch of another name",
        _sql("PRAGMA foreign_keys = OFF", "UPDATE sxs_batches SET name = 'other'"),
        "no vote compares",
    ),
    _fault("a vote taken back by each", _then(_in_the_box(_taken_back)), "20 prompts of 24"),
    _fault("one pair that everybody skips", _instead(_skips), "23 prompts of 24"),
    _fault("stopped half-way", _interrupted(_stopped), "7 prompts of 24"),
    _fault("everybody removed half-way", _interrupted(_all(_removed)), "7 prompts of 24"),
    _fault("everybody paused half-way", _interrupted(_all(_paused)), "7 prompts of 24"),
    _fault("everybody opts out half-way", _nobody_wants_it, "7 prompts of 24"),
    _fault("killed while voting", _instead(_killed), "cannot"),
    _fault(
        "two people only",
        _instead(lambda w: voted(w, most=VOTES // 2, crew=CREW[:2])),
        "8 prompts of 24",
    ),
    _fault("votes of a batch of another seed", _replanned(seed=7), "no vote compares"),
    _fault("votes of a shorter plan", _replanned(votes_at_most=VOTES - 4), "no vote compares"),
    _fault(
        "votes of a plan with less overlap",
        _replanned(overlap=1, votes_at_most=PROMPTS),
        "no vote compares",
    ),
    _fault(
        "votes under another policy's name",
        _sql("UPDATE sxs_batches SET body = replace(body, ':\"release\"', ':\"other\"')"),
        "its digest is another",
    ),
)

HARMLESS = (
    _harmless(
        "a torn log of writes",
        _then(lambda w: _file(w).with_name("votes.sqlite-wal").write_bytes(os.urandom(9999))),
    ),
    _harmless("time goes backwards", _instead(lambda w: voted(w, backwards=True))),
    _harmless("stopped once all is in", _then(_in_the_box(_stopped))),
    _harmless("everybody removed once all is in", _then(_in_the_box(_all(_removed)))),
    _harmless(
        "a clock before all votes",
        _then(lambda w: setattr(w.place, "now", NOW - timedelta(days=9))),
    ),
    _harmless("made and voted again", _then(voted)),
    _harmless(
        "new guidelines",
        _then(_in_the_box(lambda box, name: box.batches.publish(name, "new", now=NOW))),
    ),
)
