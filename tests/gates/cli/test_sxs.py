"""A batch from the command line: made once, given to people, shown without telling who wins."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette

from gates.cli.main import gate
from gates.cli.sxs import COMMANDS
from gates.registration import Recorded, Registration, register
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.ballots.cast import Accepted, Ballot
from stages.side_by_side.preference import Preference
from tests.fakes.comparing import PLAN, PROMPTS, answering, compared
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace, lines, policy_text

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def batch(place: Workplace) -> str:
    """The name of a batch that was just made."""
    compared(place)
    return name_of(said("sxs", "assign", "release", "--json").json)


def entries(document: Mapping[str, object], key: str) -> list[dict[str, object]]:
    found = document[key]
    assert isinstance(found, list)
    return found


def batch_of(document: Mapping[str, object], number: int = 0) -> Mapping[str, object]:
    found = entries(document, "candidates")[number]["batch"]
    assert isinstance(found, dict)
    return found


def name_of(document: Mapping[str, object]) -> str:
    assert len(entries(document, "candidates")) == 1
    return str(batch_of(document)["name"])


def test_every_command_of_the_group_can_be_called() -> None:
    for name in COMMANDS:
        assert said("sxs", name, "--help").code == 0


def test_what_is_alike_is_settled_and_the_rest_is_to_be_shown(place: Workplace) -> None:
    compared(place)
    found = said("sxs", "assign", "release", "--json").json
    made = {key: value for key, value in batch_of(found).items() if isinstance(value, int)}
    assert (made["pairs"] + made["settled"], made["gold"]) == (10, 3)
    assert made["settled"] > 0
    assert made["votes_needed"] == 2 * made["pairs"]
    assert entries(found, "candidates")[0]["lacks"] is None


def test_assigning_again_changes_nothing(batch: str) -> None:
    again = said("sxs", "assign", "release", "--json").json
    assert name_of(again) == batch
    assert batch_of(again)["new"] is False
    assert "it was there" in said("sxs", "assign", "release").out


def test_another_seed_is_another_batch(place: Workplace, batch: str) -> None:
    wins = "{metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: x}"
    place.policy(policy_text((PLAN.replace("topic: kind", "topic: kind, seed: 7"),), (wins,)))
    assert name_of(said("sxs", "assign", "release", "--json").json) != batch


def test_each_candidate_has_a_batch_of_its_own(place: Workplace) -> None:
    compared(place)
    answering(place, "It is even finer.")
    found = said("sxs", "assign", "release", "--json").json
    assert batch_of(found, 0)["name"] != batch_of(found, 1)["name"]


def test_a_checkpoint_that_lacks_answers_has_no_batch(place: Workplace) -> None:
    compared(place)
    place.recorded(note="sums, and no chats")
    found = said("sxs", "assign", "release", "assistant/3", "--json")
    (one,) = entries(found.json, "candidates")
    assert (found.code, one["batch"]) == (4, None)
    assert "no answer" in str(one["lacks"])


def test_nobody_is_asked_beyond_the_budget(place: Workplace) -> None:
    compared(place, more="budget: {calls_at_most: 3}")
    place.endpoint("http://127.0.0.1:9/v1")
    found = said("sxs", "assign", "release", "assistant/3")
    assert found.code == 3
    assert "the policy allows 3 calls" in found.out


def test_a_plan_without_prompts_cannot_be_assigned(place: Workplace) -> None:
    compared(place, plan="side_by_side: {votes: [../data/votes.jsonl], votes_at_most: 40}")
    found = said("sxs", "assign", "release")
    assert found.code == 2
    assert "no `data` in `plan.side_by_side`" in found.err


def test_people_get_links_of_their_own(place: Workplace, batch: str) -> None:
    out = said("sxs", "people", batch, "add", "ann", "bob", "--segment", "dev", "--json").json
    links = [str(person["link"]) for person in entries(out, "people")]
    assert len(set(links)) == 2
    assert all(link.startswith("http://127.0.0.1:8080/enter/") for link in links)
    key = place.folder / "state" / "links.key"
    assert key.stat().st_mode & 0o077 == 0
    assert said("sxs", "people", batch, "link", "ann").out.count(links[0]) == 1


def test_a_new_link_is_another_one(batch: str) -> None:
    before = said("sxs", "people", batch, "add", "ann", "--json").json
    after = said("sxs", "people", batch, "relink", "ann", "--json").json
    assert entries(before, "people")[0]["link"] != entries(after, "people")[0]["link"]


def test_the_leads_link_is_shown_and_replaced(batch: str) -> None:
    links = [
        said("sxs", "people", batch, action, "--lead", "--json").json["lead"]
        for action in ("link", "relink", "link")
    ]
    assert len(set(map(str, links))) == 2
    assert links[1] == links[2]
    assert all("/lead/enter/" in str(link) for link in links)
    assert str(links[2]) in said("sxs", "people", batch, "link", "--lead").out
    assert "lead" in said("sxs", "people", batch, "link", "--lead").out
    refused = said("sxs", "people", batch, "pause", "--lead")
    assert (refused.code, "relink" in refused.err) == (2, True)


@pytest.mark.parametrize("names", [[], ["ann", "--lead"]])
def test_links_are_of_people_or_of_the_lead(batch: str, names: list[str]) -> None:
    assert said("sxs", "people", batch, "relink", *names).code == 2


def test_people_are_paused_resumed_and_removed(batch: str) -> None:
    said("sxs", "people", batch, "add", "ann")
    paused = said("sxs", "people", batch, "pause", "ann", "--why", "too fast").out
    assert "paused" in paused
    assert "too fast" in paused
    assert "http" not in paused
    assert "working" in said("sxs", "people", batch, "resume", "ann").out
    assert "removed" in said("sxs", "people", batch, "remove", "ann").out


def test_nobody_is_changed_when_one_is_unknown(batch: str) -> None:
    said("sxs", "people", batch, "add", "ann")
    refused = said("sxs", "people", batch, "pause", "ann", "nobody")
    assert refused.code == 2
    assert "nobody" in refused.err
    people = entries(said("sxs", "show", batch, "--json").json, "people")
    assert people[0]["status"] == "working"


@pytest.mark.parametrize("refused", [["okay", ""], ["okay", "--opt-out", "violense"]])
def test_wrong_usage_adds_nobody(batch: str, refused: list[str]) -> None:
    assert said("sxs", "people", batch, "add", *refused).code == 2
    assert not entries(said("sxs", "show", batch, "--json").json, "people")


def test_naming_somebody_twice_is_wrong_usage(batch: str) -> None:
    assert said("sxs", "people", batch, "add", "ann", "ann").code == 2


def test_what_is_shown_tells_progress_and_no_winner(batch: str) -> None:
    said("sxs", "people", batch, "add", "ann")
    shown = said("sxs", "show", batch)
    assert "0 of " in shown.out
    assert "win" not in shown.out
    topics = entries(said("sxs", "show", batch, "--json").json, "topics")
    assert {topic["topic"] for topic in topics} == {"maths", "prose"}


def test_why_people_skipped_is_shown(place: Workplace, batch: str) -> None:
    said("sxs", "people", batch, "add", "ann")
    assert "0 skips" in said("sxs", "show", batch).out
    with open_ballots(str(place.folder / "state")) as box:
        task = box.next_task(batch, "ann", now=NOW)
        assert isinstance(task, Task)
        skip = Ballot(
            person="ann",
            pair=task.pair,
            said=Preference.UNRESOLVED,
            comment="I do not\x1b[2J read Latin",
            guidelines=1,
            token="1",
        )
        assert isinstance(box.cast(batch, skip, now=NOW), Accepted)
        prompt = box.batches.get(batch).shown[task.pair].prompt
    out = said("sxs", "show", batch).out
    assert "0 open disputes, 0 flags, 1 skip\n" in out
    assert "I do not [2J read Latin" in out
    (found,) = entries(said("sxs", "show", batch, "--json").json, "skips")
    assert found == {
        "prompt": prompt,
        "person": "ann",
        "comment": "I do not\x1b[2J read Latin",
        "at": NOW.isoformat(timespec="microseconds"),
    }


def cast(place: Workplace, batch: str, person: str, preference: Preference) -> None:
    """The person's next pair, `preference` of the pair's own a; gold is read rightly before it."""
    with open_ballots(str(place.folder / "state")) as box:
        while True:
            task = box.next_task(batch, person, now=NOW)
            assert isinstance(task, Task)
            wanted = Preference.A_MUCH_BETTER if task.gold else preference
            ballot = Ballot(
                person=person,
                pair=task.pair,
                said=wanted if task.a_first else wanted.turned,
                guidelines=1,
                token=f"{person} {task.pair}",
            )
            assert isinstance(box.cast(batch, ballot, now=NOW), Accepted)
            if not task.gold:
                return


def test_one_person_alone_is_warned_of(place: Workplace, batch: str) -> None:
    said("sxs", "people", batch, "add", "ann", "bob")
    assert "WARNING" not in said("sxs", "show", batch).out
    cast(place, batch, "ann", Preference.A_BETTER)
    assert "WARNING only ann has voted" in said("sxs", "show", batch).out
    assert said("sxs", "show", batch, "--json").json["only_voter"] == "ann"
    cast(place, batch, "bob", Preference.A_BETTER)
    assert "WARNING" not in said("sxs", "show", batch).out
    assert said("sxs", "show", batch, "--json").json["only_voter"] is None


def test_a_dispute_is_said_to_change_no_vote(place: Workplace, batch: str) -> None:
    said("sxs", "people", batch, "add", "ann", "bob")
    with open_ballots(str(place.folder / "state")) as box:
        pairs = len(box.batches.get(batch).pairs)
    for _ in range(pairs):
        cast(place, batch, "ann", Preference.A_MUCH_BETTER)
    assert "as they stand" not in said("sxs", "show", batch).out
    cast(place, batch, "bob", Preference.B_MUCH_BETTER)
    out = said("sxs", "show", batch).out
    assert "1 open dispute, 0 flags, 0 skips" in out
    assert "votes on a disputed pair count as they stand" in out


def test_an_unknown_batch_is_said(place: Workplace) -> None:
    compared(place)
    found = said("sxs", "show", "nothing")
    assert (found.code, "no batch 'nothing'" in found.err) == (2, True)


def test_batches_complete_in_the_shell(place: Workplace, batch: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from gates.cli.main import main; main()"],
        env={
            "_GATE_COMPLETE": "bash_complete",
            "COMP_WORDS": "gate sxs show rel",
            "COMP_CWORD": "3",
            "GATE_ALLOW_LOCAL_STATE": "1",
        },
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.strip() == f"plain,{batch}"
    assert gate.name == "gate"


def test_a_port_that_is_taken_is_said_before_anything_is_served(batch: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = said("sxs", "serve", "--port", port)
    assert found.code == 4
    assert "Address already in use" in found.err
    assert batch not in found.out


def test_serving_prints_every_link_and_serves_them(
    batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("sxs", "people", batch, "add", "ann")
    served: list[tuple[str, int]] = []

    def serve(app: Starlette, host: str, port: int, *, then: Callable[[], None]) -> None:
        assert "/healthz" in {getattr(route, "path", "") for route in app.routes}
        served.append((host, port))
        then()

    monkeypatch.setattr("stages.side_by_side.web.app.serve", serve)
    found = said("sxs", "serve", "--port", "8765", "--public-url", "https://votes.example")
    assert (found.code, served) == (0, [("127.0.0.1", 8765)])
    assert "lead: https://votes.example/lead/enter/" in found.out
    assert "ann (working): https://votes.example/enter/" in found.out
    assert found.err == "serving https://votes.example; Ctrl-C ends it\n"


@pytest.mark.parametrize(
    ("options", "links", "believed"),
    [
        (
            ["--public-url", "https://Votes.Example/"],
            "https://votes.example/",
            ["https://votes.example"],
        ),
        ([], "http://127.0.0.1:8765/", [None]),
        (["--host", "::1"], "http://[::1]:8765/", [None]),
    ],
)
def test_the_pages_are_told_their_public_address_and_else_believe_requests(
    batch: str,
    options: list[str],
    links: str,
    believed: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str | None] = []

    def made(*_: object, origin: str | None, **__: object) -> Starlette:
        told.append(origin)
        return Starlette()

    monkeypatch.setattr("stages.side_by_side.web.app.make_app", made)
    monkeypatch.setattr("stages.side_by_side.web.app.serve", lambda *_, **__: None)
    monkeypatch.setattr("gates.side_by_side.serving.check_free", lambda *_: None)
    found = said("sxs", "serve", "--port", "8765", *options)
    assert (found.code, told) == (0, believed)
    assert f"batch {batch}" in found.out
    assert f"lead: {links}lead/enter/" in found.out


@pytest.mark.parametrize("command", [["serve"], ["people", "BATCH", "link", "ann"]])
def test_a_part_of_a_site_is_no_public_address(batch: str, command: list[str]) -> None:
    said("sxs", "people", batch, "add", "ann")
    words = [batch if word == "BATCH" else word for word in command]
    found = said("sxs", *words, "--public-url", "https://votes.example/sxs")
    assert found.code == 2
    assert "https://votes.example/sxs" in found.err


def test_size_follows_the_policy(place: Workplace) -> None:
    compared(place)
    found = said("sxs", "size", "release", "--effect", "0.1", "--json").json
    wish, fixed, planned = found["wish"], found["fixed_prompts"], found["planned_prompts"]
    assert isinstance(wish, dict)
    assert (wish["limit"], wish["overlap"]) == (0.4, 2)
    assert isinstance(fixed, int)
    assert isinstance(planned, int)
    assert planned > fixed
    assert "one look" in said("sxs", "size", "--effect", "0.1").out


@pytest.mark.parametrize("effect", ["0.6", "0.00001"])
def test_an_effect_that_nobody_can_show_is_wrong_usage(place: Workplace, effect: str) -> None:
    del place
    assert said("sxs", "size", "--effect", effect).code == 2


def test_size_under_a_policy_without_a_win_rate_is_wrong_usage(place: Workplace) -> None:
    place.policy()
    assert said("sxs", "size", "release", "--effect", "0.1").code == 2


def test_a_flagged_answer_is_a_no(place: Workplace) -> None:
    honest = [{"id": f"a{n}", "output": f"The number {n} is {n * n} squared."} for n in range(9)]
    lines(place.data / "honest.jsonl", honest)
    lines(place.data / "empty.jsonl", [*honest, {"id": "z", "output": ""}])
    assert said("sxs", "attacks", "data/honest.jsonl").code == 0
    found = said("sxs", "attacks", "data/empty.jsonl", "--json")
    (model,) = entries(found.json, "models")
    assert found.code == 1
    assert model["flagged"] == [{"prompt": "z", "why": "it is empty"}]
    assert "z" in said("sxs", "attacks", "data/empty.jsonl").out


def test_an_answer_that_stands_twice_is_refused(place: Workplace) -> None:
    lines(place.data / "twice.jsonl", [{"id": "a", "output": "x"}, {"id": "a", "output": "y"}])
    assert said("sxs", "attacks", "data/twice.jsonl").code == 2


def test_json_is_one_document(batch: str) -> None:
    assert json.loads(said("sxs", "show", batch, "--json").out)["batch"] == batch


CONSTANT = "This is the finest answer that anybody could ever give to you, whatever you asked. " * 4


def test_nobody_is_asked_about_answers_written_to_win_and_it_is_said_why(place: Workplace) -> None:
    compared(place)
    lines(place.data / "same.jsonl", ({"id": f"p{n}", "output": CONSTANT} for n in range(PROMPTS)))
    how = Recorded(file=place.data / "same.jsonl", format="jsonl")
    register(place.ledger, Registration(name="assistant", how=how))
    made = batch_of(said("sxs", "assign", "release", "assistant/3", "--json").json)
    assert (made["pairs"], made["settled"], made["written_to_win"]) == (0, 10, 10)
    assert made["votes_needed"] == 0
    again = said("sxs", "assign", "release", "assistant/3").out
    assert "10 lost, since the candidate's answers were written to win" in again
    assert "there is nothing to be shown" in again
    run = said("run", "release", "assistant/3")
    assert run.code == 1
    explained = said("explain", "assistant/3").out
    assert "nothing is won on 10 of 10 prompts" in explained
    assert "of it stands in other answers too" in explained
