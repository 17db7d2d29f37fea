import json
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.judges.asking import SHOWN_AT_MOST
from stages.judges.purse import Cap
from stages.models.client import EndpointError
from stages.workshop.self_taught.instructions import Instructions, read_instructions, sort_out
from stages.workshop.self_taught.recipe import Categories
from stages.workshop.spending import OutOfBudget
from tests.servers.openai_server import Call, Reaction, status, text, too_many
from tests.stages.workshop.self_taught.scene import Scene, recipe, scene, write_instructions

SORTING = Categories(by="writer", names=("names", "talk"), keep=("names",))


def read(here: Scene, **changes: object) -> Instructions:
    return read_instructions(recipe(**changes), here.room(), tested=())


def write(folder: Path, *records: object) -> None:
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "instructions.jsonl").write_text(text)


IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
SAID = {"role": "assistant", "content": "hello"}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"messages": [IMAGE]}, "a message holds a part of type `image_url`"),
        ({"messages": [{"role": "user", "content": "hi"}, SAID]}, "its last message is not the"),
        ({"prompt": "x" * (SHOWN_AT_MOST + 1)}, "it is too long to be judged"),
        ({"prompt": "say ann"}, "it asks what `good` asks"),
    ],
)
def test_what_no_judge_can_learn_from_is_left_out_with_its_reason(
    tmp_path: Path, record: dict[str, object], why: str
) -> None:
    write(tmp_path, {"id": "good", "prompt": "say ann"}, {"id": "bad", **record})
    with scene(tmp_path) as here:
        found = read(here)
    assert [item.id for item in found.items] == ["good"]
    assert found.dropped["bad"].startswith(why)


def test_only_so_many_are_taken(tmp_path: Path) -> None:
    write_instructions(tmp_path, 5)
    with scene(tmp_path) as here:
        found = read(here, instructions_at_most=2)
    assert [item.id for item in found.items] == ["i0", "i1"]
    assert found.dropped["i2"] == "the recipe takes 2"


def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"id": "a", "messages": [IMAGE]})
    with scene(tmp_path) as here, pytest.raises(InputError, match="cannot use the instr") as raised:
        read(here)
    assert "all 1 were left out, `a` since a message holds" in raised.value.why


def test_a_frozen_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_instructions(tmp_path, 5)
    with scene(tmp_path) as here, pytest.raises(InputError, match="cannot use instructions"):
        read(here, instructions_sha256="0" * 64)


def test_instructions_of_other_categories_are_left_out(tmp_path: Path) -> None:
    write_instructions(tmp_path, 2, more=("how are you",))
    with scene(tmp_path) as here:
        found = sort_out(read(here), SORTING, here.room())
    assert [item.id for item in found.items] == ["i0", "i1"]
    assert found.dropped == {"i2": "its category is talk"}


def test_an_instruction_that_nobody_can_sort_is_left_out(tmp_path: Path) -> None:
    write_instructions(tmp_path, 2)

    def behaviour(_: Call) -> Reaction:
        return text("names, I think")

    with scene(tmp_path, behaviour) as here, pytest.raises(InputError) as raised:
        sort_out(read(here), SORTING, here.room())
    assert "it has no category: the reply is no verdict" in raised.value.why


def test_an_endpoint_that_is_down_leaves_nothing_out(tmp_path: Path) -> None:
    write_instructions(tmp_path, 2)
    with scene(tmp_path, lambda _: status(503)) as here, pytest.raises(EndpointError):
        sort_out(read(here), SORTING, here.room())


def test_an_endpoint_that_fails_on_the_way_leaves_nothing_out(tmp_path: Path) -> None:
    write_instructions(tmp_path, 2)
    with (
        scene(tmp_path, lambda c: too_many() if "Case " in c.prompt else text("so")) as here,
        pytest.raises(EndpointError, match="cannot ask `writer`"),
    ):
        sort_out(read(here), SORTING, here.room())


def test_a_budget_that_ends_leaves_nothing_out(tmp_path: Path) -> None:
    write_instructions(tmp_path, 9)
    with scene(tmp_path) as here, pytest.raises(OutOfBudget, match="while sorting"):
        sort_out(read(here), SORTING, here.room(Cap(calls=3)))
