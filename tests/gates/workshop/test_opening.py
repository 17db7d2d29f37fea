"""A recipe's models: endpoints, or folders that are run here."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.workshop.opening import open_workroom
from gates.workshop.recipe_file import RecipeFile
from policies.errors import InputError, WrongUsage
from policies.task import Sampling
from stages.engine.threads import Failed
from stages.evidence.items import Item, Response
from stages.models.connection import Connection
from stages.models.settings import EndpointSettings
from stages.workshop.recipe import Recipe
from tests.fakes.workplace import Workplace
from tests.tiny_models import tiny_llama

TOML = """
[mlflow]
tracking_uri = "sqlite:///never-opened.db"
[state]
url = "state"
[endpoints.far]
base_url = "http://127.0.0.1:9/v1"
model = "far"
[endpoints.near]
folder = "models/near"
slots = 3
[endpoints.bare]
folder = "models/bare"
chat_template = "models/chat.jinja"
"""

FILE = RecipeFile(recipe=Recipe(recipe="support"), path=Path("recipe.yaml"))
QUESTION = Item(id="1", messages=({"role": "user", "content": "one"},), cluster="1")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path)
    place.toml(TOML)
    tiny_llama(place.folder / "models" / "near", ["one", "two"])
    return place


def test_a_model_in_a_folder_answers_by_its_name_and_is_journaled(place: Workplace) -> None:
    with open_workroom(FILE, place.services, names=["near"], folder=place.folder) as room:
        client = room.hand("near").client
        assert (client.identity["kind"], client.slots) == ("local", 3)
        sampling = Sampling(temperature=1.0, max_tokens=200)
        said = room.ask("near", "asking", [QUESTION], sampling).responses["1"]
        assert isinstance(said, Response | Failed)
        assert len(room.state.read("workshop/support/asking")) == 1


def test_a_base_model_gets_the_template_that_is_named(place: Workplace) -> None:
    bare = tiny_llama(place.folder / "models" / "bare", ["one", "two"])
    (bare / "chat_template.jinja").rename(place.folder / "models" / "chat.jinja")
    with open_workroom(FILE, place.services, names=["bare"], folder=place.folder) as room:
        assert "chat_template" in room.hand("bare").client.identity
    (place.folder / "models" / "chat.jinja").unlink()
    with (
        pytest.raises(InputError, match=r"cannot read the chat template .*models/chat\.jinja"),
        open_workroom(FILE, place.services, names=["bare"], folder=place.folder),
    ):
        raise AssertionError("it was opened")


def test_a_name_that_the_workspace_does_not_know_is_refused(place: Workplace) -> None:
    with (
        pytest.raises(WrongUsage, match=r"write \[endpoints.nobody\] into gate.toml"),
        open_workroom(FILE, place.services, names=["nobody"], folder=place.folder),
    ):
        raise AssertionError("it was opened")


def test_elsewhere_a_folder_is_to_be_served(tmp_path: Path) -> None:
    settings = replace(EndpointSettings(), folder=tmp_path)
    with pytest.raises(WrongUsage, match="vllm serve"):
        Connection(settings)


def test_money_cannot_be_capped_where_a_model_has_no_price(place: Workplace) -> None:
    said = {"recipe": "support", "budget": {"usd_at_most": 5.0}}
    capped = replace(FILE, recipe=Recipe.model_validate(said))
    with (
        pytest.raises(WrongUsage, match="no price of `far`, `near`") as refused,
        open_workroom(capped, place.services, names=["far", "near"], folder=place.folder),
    ):
        raise AssertionError("it was opened")
    assert "under [endpoints.far] (0 where it costs nothing)" in refused.value.fix
    place.toml(TOML.replace("slots = 3", "usd_per_million_tokens = { input = 0, output = 0 }"))
    with open_workroom(capped, place.services, names=["near"], folder=place.folder) as room:
        assert set(room.hands) == {"near"}
