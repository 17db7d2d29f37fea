from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.errors import Broken, InputError
from stages.models.folder_digest import digest_of_folder
from stages.workshop.training.base_folder import folder_of, template_of
from stages.workshop.training.settings import Base
from tests.servers.hub import FakeHub, fake_hub

COMMIT = "a" * 40
MODEL = "org/tiny"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    from huggingface_hub import constants

    with fake_hub() as hub:
        hub.files |= {
            (MODEL, COMMIT, "config.json"): b"{}",
            (MODEL, COMMIT, "model.safetensors"): b"weights",
            (MODEL, COMMIT, "modeling_own.py"): b"raise SystemExit",
            (MODEL, COMMIT, "pytorch_model.bin"): b"a pickle",
        }
        files = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield hub


def test_a_folder_is_found_from_where_the_recipe_stands(tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    assert folder_of(Base(where="models/tiny"), tmp_path) == tmp_path / "models" / "tiny"


def test_a_folder_that_was_frozen_and_changed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    base = Base(where="tiny", sha256=digest_of_folder(folder))
    (folder / "product.json").write_text("what is told of it beside")
    assert folder_of(base, tmp_path) == folder
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(InputError, match="are not those of sha256"):
        folder_of(base, tmp_path)


def test_neither_a_folder_nor_a_pinned_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder in .* needs its `revision`"):
        folder_of(Base(where=MODEL), tmp_path)


@pytest.mark.integration
def test_of_a_repository_weights_and_words_are_fetched_and_never_code(
    hub: FakeHub, tmp_path: Path
) -> None:
    folder = folder_of(Base(where=MODEL, revision=COMMIT), tmp_path)
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert hub.revisions() == {COMMIT}


@pytest.mark.integration
def test_a_repository_that_is_not_there_is_told(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cannot fetch org/other"):
        folder_of(Base(where="org/other", revision=COMMIT), tmp_path)
    assert hub.asked


def test_a_template_is_read_from_where_the_recipe_stands(tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text("{{ messages }}", encoding="utf-8")
    assert template_of(Base(where="m", chat_template="chat.jinja"), tmp_path) == "{{ messages }}"
    assert template_of(Base(where="m"), tmp_path) is None


def test_a_template_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.jinja").write_bytes(b"caf\xe9")
    for name, words in (("absent.jinja", "No such file"), ("latin.jinja", "not UTF-8")):
        with pytest.raises(InputError, match=words):
            template_of(Base(where="m", chat_template=name), tmp_path)
