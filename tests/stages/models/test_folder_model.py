"""A model in a folder: known at once, loaded when it is asked, shared, and let go."""

import gc
import shutil
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.task import Sampling
from stages.evidence.items import Item
from stages.models import local_folder
from stages.models.chat import chat_client, check_chat, described, told
from stages.models.client import EndpointError, Request
from stages.models.fingerprint import known_by_files, served_identity
from stages.models.folder_model import FolderModel
from stages.models.loaded_models import LOADED
from stages.models.local_files import look_at
from stages.models.local_transformers import LocalTransformers
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.fakes.speaking_model import speaking


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speaking(tmp_path_factory.mktemp("models") / "tiny", "it is 42", ["what", "?"])


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "model")


def asked(text: str = "what ?") -> Request:
    return Request(
        item=Item(id=text, messages=({"role": "user", "content": text},), cluster=text),
        sampling=Sampling(temperature=0, max_tokens=8),
    )


def loads(monkeypatch: pytest.MonkeyPatch) -> list["weakref.ref[LocalTransformers]"]:
    """Every model that is loaded from now on."""
    found: list[weakref.ref[LocalTransformers]] = []
    unchanged = FolderModel._unchanged

    def counted(model: FolderModel) -> LocalTransformers:
        loaded = unchanged(model)
        found.append(weakref.ref(loaded))
        return loaded

    monkeypatch.setattr(FolderModel, "_unchanged", counted)
    return found


def test_it_is_known_without_being_loaded(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = loads(monkeypatch)
    client = FolderModel(look_at(tiny), slots=3)
    assert client.identity == LocalTransformers(tiny).identity
    assert client.slots == 3
    assert known_by_files(client)
    assert served_identity(client) == served_identity(FolderModel(look_at(tiny)))
    client.close()
    assert loaded == []


def test_clients_of_one_folder_share_what_is_loaded_once(
    tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = loads(monkeypatch)
    clients = [FolderModel(look_at(where)) for where in (tiny, tiny, folder)]
    with ThreadPoolExecutor(6) as pool:
        said = pool.map(lambda at: clients[at % 3].answer(asked()).text, range(12))
        assert set(said) == {"it is 42"}
    assert len(loaded) == 1
    for client in clients:
        assert len(LOADED._models) == 1
        client.close()
        client.close()
    gc.collect()
    assert loaded[0]() is None
    assert clients[0].answer_in_part(asked()).text == "it is 42"
    clients[0].close()
    assert len(loaded) == 2


def test_files_that_changed_meanwhile_are_not_asked(folder: Path) -> None:
    client = FolderModel(look_at(folder))
    (folder / "README.md").write_text("trained a little more")
    for _ in range(2):
        with pytest.raises(EndpointError, match="its files changed since this began"):
            client.answer(asked())
    client.close()


@pytest.mark.parametrize("put_back", [True, False])
def test_files_that_are_others_only_while_they_are_loaded_are_not_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, put_back: bool
) -> None:
    weights, kept = folder / "model.safetensors", folder.parent / "kept.safetensors"
    read = local_folder._model

    def swapped(*given: object) -> object:
        weights.rename(kept)
        shutil.copy(kept, weights)
        loaded = read(*given)  # type: ignore[arg-type]
        if put_back:
            kept.rename(weights)
        return loaded

    monkeypatch.setattr(local_folder, "_model", swapped)
    client = FolderModel(look_at(folder))
    with pytest.raises(EndpointError) as caught:
        client.answer(asked())
    assert "changed while it was loaded" in caught.value.why
    client.close()


def test_a_file_that_is_there_only_while_weights_are_loaded_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = local_folder._model

    def beside(*given: object) -> object:
        (folder / "more.json").write_text("{}")
        loaded = read(*given)  # type: ignore[arg-type]
        (folder / "more.json").unlink()
        return loaded

    monkeypatch.setattr(local_folder, "_model", beside)
    with pytest.raises(InputError, match="changed while it was loaded"):
        local_folder.load_local(folder)


def test_what_cannot_be_loaded_is_tried_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, tries = FolderModel(look_at(folder)), []

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        raise InputError("no model", why="its weights are odd", fix="mend them")

    monkeypatch.setattr("stages.models.local_transformers.load_local", fail)
    for _ in range(3):
        with pytest.raises(EndpointError, match=r"no model\n  why: its weights are odd"):
            client.answer(asked())
    client.close()
    assert len(tries) == 1


def test_without_the_extra_the_reason_says_what_to_install(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    client = FolderModel(look_at(tiny))
    with pytest.raises(EndpointError) as failed:
        client.answer(asked())
    assert "transformers is not installed; pip install 'checkpoint-gate[workshop]'" in str(
        failed.value.in_short
    )


def test_a_template_is_given_what_a_guard_is_asked_about(folder: Path) -> None:
    template = folder.parent / "guard.jinja"
    template.write_text("{{ guideline }} <|assistant|> ")
    settings = EndpointSettings(folder=folder, chat_template=template)
    extra = {"chat_template_kwargs": {"guideline": "what ?"}}
    client = chat_client(settings, extra=extra)
    assert client.identity["extra"] == extra
    assert client.identity["chat_template"] == template.read_text()
    assert client.answer(asked()).prompt_tokens == 3
    client.close()


def test_other_fields_than_those_of_templates_mean_nothing_here(tiny: Path) -> None:
    for extra in ({"top_k": 1}, {"chat_template_kwargs": "all"}):
        with pytest.raises(ValueError, match="no use for"):
            FolderModel(look_at(tiny), extra=extra)


def test_an_endpoint_is_asked_over_http_and_described_by_its_address() -> None:
    settings = EndpointSettings(base_url="http://127.0.0.1:9/v1", model="toy")
    check_chat(settings)
    client = chat_client(settings)
    assert isinstance(client, OpenAICompatible)
    client.close()
    assert described(settings) == "toy at http://127.0.0.1:9/v1"
    assert told(settings) == {"base_url": "http://127.0.0.1:9/v1", "model": "toy"}


def test_a_folder_is_described_by_its_files_and_not_by_its_place(tiny: Path, folder: Path) -> None:
    one, other = EndpointSettings(folder=tiny), EndpointSettings(folder=folder)
    assert told(one) == told(other)
    assert str(told(one)["sha256"]) in described(one)
    (folder / "README.md").write_text("another")
    assert told(one) != told(other)


def test_a_template_that_cannot_be_read_is_told(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "binary.jinja").write_bytes(b"\xff")
    for name, why in (("absent.jinja", "No such file"), ("binary.jinja", "not UTF-8")):
        with pytest.raises(InputError, match=why):
            check_chat(EndpointSettings(folder=tiny, chat_template=tmp_path / name))
