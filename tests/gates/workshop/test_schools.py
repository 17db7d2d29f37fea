"""Where judges are taught: behind an endpoint that offers fine-tuning, and on this machine."""

from pathlib import Path

import pytest

from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from gates.workshop.schools import open_school
from policies.errors import InputError
from stages.judges.comparing import Shown
from stages.models.local_transformers import LocalTransformers
from stages.models.prices import UNPRICED
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.choosing import Lessons
from stages.workshop.self_taught.judging import Judgement
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import OpenAIServer
from tests.servers.tuning_desk import TuningDesk
from tests.stages.workshop.self_taught.scene import contest, recipe, writes
from tests.tiny_models import tiny_llama

LESSONS = Lessons(
    right=tuple(
        Judgement(
            shown=Shown(contest=f"c{n}", a_first=n % 2 == 0, repeat=0),
            question=ShortBriefing().question(contest(f"c{n}"), a_first=n % 2 == 0),
            reply=f"so verdict: {'AB'[n % 2]}",
            prefers_a=True,
        )
        for n in range(10)
    ),
    preferences=(),
)


def opened(place: Workplace, said: SelfTaught) -> RecipeFile[SelfTaught]:
    return RecipeFile(recipe=said, path=place.folder / "recipe.yaml")


def test_an_endpoint_trains_and_what_it_made_is_asked_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FineTuningEndpoint.__init__, "__kwdefaults__", {
        "poll_seconds": 0.0, "sleep": lambda _: None,
    })  # fmt: skip
    desk, place = TuningDesk(), Workplace(tmp_path)
    with OpenAIServer(writes, routes=desk.routes) as server:
        place.toml(
            f'[endpoints.writer]\nbase_url = "{server.url}"\nmodel = "w"\n'
            f'[endpoints.judge]\nbase_url = "{server.url}"\nmodel = "seed-model"\n'
            "usd_per_million_tokens = {input = 1.0, output = 2.0}\n"
        )
        file = opened(place, recipe(pupil={"endpoint": "judge"}))
        names = ["writer", "judge"]
        with (
            open_workroom(file, place.services, names=names, folder=tmp_path / "made") as room,
            open_school(file.recipe, room, place.services) as school,
        ):
            trained = school.teach(LESSONS, 1, None)
            again = school.teach(LESSONS, 1, None)
            untaught, judge = school.untaught(), school.judge(trained, 1)
    assert len(desk.jobs) == 1
    assert trained.model == again.model != ""
    assert untaught.client.identity["model"] == "seed-model"
    assert judge.client.identity["model"] == trained.model
    assert judge.hand.price != UNPRICED
    assert not judge.free
    (rows,) = [desk.rows(job) for job in desk.jobs]
    assert rows[0]["messages"][-1] == {"role": "assistant", "content": "so verdict: A"}


def test_a_model_of_this_machine_is_free_and_begins_as_its_folder(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.toml('[endpoints.writer]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "w"\n')
    tiny_llama(tmp_path / "seed", ["say"])
    file = opened(place, recipe())
    with (
        open_workroom(file, place.services, names=["writer"], folder=tmp_path / "made") as room,
        open_school(file.recipe, room, place.services) as school,
    ):
        judge = school.untaught()
    assert judge.free
    assert judge.client.identity == LocalTransformers(tmp_path / "seed").identity


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"where": "seed"}, "cannot train seed"),
        ({"where": "kept", "chat_template": "gone.jinja"}, "cannot read the chat template"),
    ],
)
def test_a_seed_that_cannot_be_used_is_refused_before_anybody_is_paid(
    tmp_path: Path, model: dict[str, str], why: str
) -> None:
    place = Workplace(tmp_path)
    place.toml('[endpoints.writer]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "w"\n')
    (tmp_path / "kept").mkdir()
    file = opened(place, recipe(pupil={"model": model}))
    with (
        open_workroom(file, place.services, names=["writer"], folder=tmp_path / "made") as room,
        pytest.raises(InputError, match=why),
        open_school(file.recipe, room, place.services),
    ):
        pytest.fail("the school is open")
