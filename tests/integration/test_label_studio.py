"""A batch annotated in Label Studio itself, by its API and in its page, and taken back in."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from stages.side_by_side.exchange.incoming import Imported
from stages.side_by_side.exchange.label_studio import LABELLING_CONFIG, export_tasks, read_export
from stages.side_by_side.exchange.shown import Shown
from stages.side_by_side.preference import Preference
from tests.servers.chromium import open_browser
from tests.servers.label_studio import OWNER, PASSWORD, LabelStudio, running_label_studio
from tests.stages.side_by_side.exchange.handed_out import batch, tasks, through_a_box

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BATCH = batch(prompts=8)
TASKS = tasks(BATCH)
OF_ANN = [task for task in TASKS if task.annotator == "ann"]
OF_BOB = [task for task in TASKS if task.annotator == "bob"]
BOB = "bob@example.org"
TEXTS = "() => [...document.querySelectorAll('.gate-text')].map(part => part.innerText.trim())"
CYCLE = tuple(Preference)
"""What ann says of her tasks, one after the other."""


@dataclass(frozen=True)
class Story:
    """What came out of Label Studio, and what was seen in it.

    Attributes:
        exported: JSON export of the project of each annotator.
        people: Annotator by Label Studio's id of a user.
        seen: Texts of each task as bob's page showed them.
        dialogs: Dialogs that opened on his page.
    """

    exported: dict[str, bytes]
    people: dict[str, str]
    seen: list[list[str]]
    dialogs: list[str]

    def imported(self, name: str) -> Imported:
        return self.read(self.exported[name], name)

    def read(self, data: bytes, name: str, known: dict[str, Preference] | None = None) -> Imported:
        return read_export(data, TASKS, people=self.people, known=known or {}, where=f"{name}.json")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with running_label_studio(tmp_path_factory.mktemp("label_studio")) as server:
        projects = {"ann": new_project(server, OF_ANN), "bob": new_project(server, OF_BOB)}
        annotate_by_api(server, projects["ann"])
        seen, dialogs = annotate_in_the_page(server, projects["bob"])
        users = {user["email"]: str(user["id"]) for user in server.ask("GET", "/api/users/")}
        export = "/api/projects/{}/export?exportType=JSON&download_all_tasks=true"
        yield Story(
            exported={name: server.answer("GET", export.format(n)) for name, n in projects.items()},
            people={users[OWNER]: "ann", users[BOB]: "bob"},
            seen=seen,
            dialogs=dialogs,
        )


def new_project(server: LabelStudio, of: Sequence[Shown]) -> int:
    asked = {"title": f"june, {of[0].annotator}", "label_config": LABELLING_CONFIG}
    project = server.ask("POST", "/api/projects/", asked | {"show_skip_button": True})
    server.answer("POST", f"/api/projects/{project['id']}/import", export_tasks(of, guidelines=1))
    return int(project["id"])


def annotate_by_api(server: LabelStudio, project: int) -> None:
    """All of ann's tasks but the last, as the page would send it."""
    found = server.ask("GET", f"/api/tasks?project={project}&fields=all&page_size=100")["tasks"]
    number = {task["data"]["task"]: task["id"] for task in found}
    for place, task in enumerate(OF_ANN[:-1]):
        said = CYCLE[place % len(CYCLE)]
        body = {"lead_time": 2.5 + place, "result": result(said)}
        skipped = {"was_cancelled": True} if said is Preference.UNRESOLVED else {}
        server.ask("POST", f"/api/tasks/{number[task.id]}/annotations/", body | skipped)


def result(said: Preference) -> list[dict[str, object]]:
    """What the page makes of a preference, A being answer 1."""
    side = {"A": "left", "B": "right"}.get(said.value[0])
    chosen = {Preference.TIE: "tie", Preference.BOTH_BAD: "both bad"}.get(said)
    if said is Preference.UNRESOLVED:
        return []
    if chosen is not None:
        return [choice("neither", chosen)]
    pairwise = {"from_name": "better", "to_name": "answer1,answer2", "type": "pairwise"}
    strength = [choice("strength", "much better")] if ">>" in said.value else []
    return [pairwise | {"value": {"selected": side}}, *strength]


def choice(name: str, word: str) -> dict[str, object]:
    value = {"choices": [word]}
    return {"from_name": name, "to_name": "prompt", "type": "choices", "value": value}


def annotate_in_the_page(server: LabelStudio, project: int) -> tuple[list[list[str]], list[str]]:
    """Bob signs up by invitation, and clicks through all of his tasks."""
    seen: list[list[str]] = []
    dialogs: list[str] = []
    with open_browser() as browser:
        page = browser.page
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(server.address + server.ask("GET", "/api/invite")["invite_url"])
        page.fill("#email", BOB)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"{server.address}/")
        page.goto(f"{server.address}/projects/{project}/data?labeling=1")
        for place, task in enumerate(OF_BOB):
            seen.append(wait_for(page, task))
            click(page, place, task)
    return seen, dialogs


def wait_for(page: Page, task: Shown) -> list[str]:
    """The texts of a task, once they are on the page; tasks come in the order handed out."""
    question = task.conversation.splitlines()[-1]
    page.wait_for_function(f"question => ({TEXTS})()[0]?.endsWith(question)", arg=question)
    return [str(text) for text in page.evaluate(TEXTS)]


def click(page: Page, place: int, task: Shown) -> None:
    """Bob prefers the new model wherever he sees it, but for a tie, both bad and a skip."""
    if place == SKIPPED:
        page.get_by_test_id("bottombar-skip-button").click()
        return
    if place in NEITHER:
        page.click(f"input[name='{NEITHER[place]}']")
    else:
        answer = 1 if "of new" in task.answer_1 else 2
        page.locator(".gate-answer .lsf-richtext__container").nth(answer - 1).click()
        page.click("input[name='much better']")
    page.get_by_test_id("bottombar-submit-button").click()


SKIPPED = 3
NEITHER = {1: "tie", 2: "both bad"}


def test_every_vote_given_by_api_arrives_with_side_annotator_and_time(story: Story) -> None:
    found = story.imported("ann")
    by_pair = {ballot.pair: ballot for ballot in found.ballots}
    assert len(found.ballots) == len(OF_ANN) - 1
    for place, task in enumerate(OF_ANN[:-1]):
        ballot = by_pair[task.pair]
        assert (ballot.person, ballot.guidelines) == ("ann", 1)
        assert ballot.said is CYCLE[place % len(CYCLE)]
        assert ballot.seconds == 2.5 + place
        assert ballot.at.startswith("20")


def test_a_task_that_nobody_did_is_open(story: Story) -> None:
    assert OF_ANN[-1].pair not in {ballot.pair for ballot in story.imported("ann").ballots}


def test_every_click_in_the_page_arrives_as_what_was_clicked(story: Story) -> None:
    found = story.imported("bob")
    assert [ballot.pair for ballot in found.ballots] == [task.pair for task in OF_BOB]
    assert {ballot.person for ballot in found.ballots} == {"bob"}
    assert found.ballots[1].said is Preference.TIE
    assert found.ballots[2].said is Preference.BOTH_BAD
    assert found.ballots[SKIPPED].said is Preference.UNRESOLVED
    assert all(ballot.seconds and ballot.seconds > 0 for ballot in found.ballots)
    assert [ballot.at for ballot in found.ballots] == sorted(ballot.at for ballot in found.ballots)


def test_what_was_clicked_is_a_vote_for_the_model_that_stood_there(
    story: Story, tmp_path: Path
) -> None:
    votes = through_a_box(BATCH, story.imported("bob").ballots, folder=tmp_path)
    given = {vote.record["pair"]: vote for vote in votes}
    for place, task in enumerate(OF_BOB):
        if place != SKIPPED:
            vote = given[task.pair]
            assert vote.model_a == "new"
            assert vote.graded_a == (0.5 if place in NEITHER else 1.0)
            assert (vote.first == "new") == ("of new" in task.answer_1)
    assert {vote.first for vote in votes} == {"new", "old"}


def test_the_page_showed_the_texts_as_they_are_and_ran_none(story: Story) -> None:
    assert story.dialogs == []
    for texts, task in zip(story.seen, OF_BOB, strict=True):
        shown = [" ".join(text.split()) for text in texts]
        wanted = (task.conversation, task.answer_1, task.answer_2)
        assert shown == [" ".join(text.split()) for text in wanted]


def test_importing_again_adds_nothing(story: Story) -> None:
    said = {ballot.pair: ballot.said for ballot in story.imported("ann").ballots}
    again = story.read(story.exported["ann"], "ann", {t.id: said[t.pair] for t in OF_ANN[:-1]})
    assert (again.ballots, again.unchanged) == ((), len(OF_ANN) - 1)


def test_a_real_export_that_was_tampered_with_is_refused_as_a_whole(story: Story) -> None:
    whole = json.loads(story.exported["ann"])
    whole[0]["data"]["answer1"] += "!"
    found = story.read(json.dumps(whole).encode(), "ann")
    assert found.ballots == ()
    assert "was changed" in found.refused[0].why


def test_anothers_annotations_are_refused(story: Story) -> None:
    turned = {user: {"ann": "bob", "bob": "ann"}[name] for user, name in story.people.items()}
    found = replace(story, people=turned).imported("bob")
    assert len(found.refused) == len(OF_BOB)
    assert "is for `bob`, and was annotated by `ann`" in found.refused[0].why


def test_tasks_come_back_from_label_studio_as_they_went_in(story: Story, tmp_path: Path) -> None:
    sent = [entry["data"] for entry in json.loads(export_tasks(OF_BOB, guidelines=1))]
    assert [entry["data"] for entry in json.loads(story.exported["bob"])] == sent
    (tmp_path / "bob.json").write_bytes(story.exported["bob"])
    assert story.read((tmp_path / "bob.json").read_bytes(), "bob") == story.imported("bob")
