"""Folders that hold no model that can be run are refused before anything is loaded."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.models.local_files import look_at
from stages.models.local_transformers import LocalTransformers
from tests.tiny_models import tiny_llama

Spoil = Callable[[Path], object]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny", ["one", "two"], hidden=16)


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "model")


def test_a_whole_folder_is_known_as_the_loaded_model_is(folder: Path) -> None:
    found = look_at(folder)
    loaded = LocalTransformers(folder).identity
    assert (found.digest(), found.dtype) == (loaded["sha256"], loaded["dtype"])
    assert found.size == (folder / "model.safetensors").stat().st_size


def settings(folder: Path, name: str, **said: object) -> None:
    path = folder / name
    kept = {**json.loads(path.read_text()), **said}
    path.write_text(json.dumps({name: value for name, value in kept.items() if value is not None}))


@pytest.mark.parametrize(
    ("said", "dtype"),
    [
        ({"dtype": "bfloat16"}, "bfloat16"),
        ({"dtype": None, "torch_dtype": "torch.float16"}, "float16"),
        ({"dtype": None, "text_config": {"dtype": "float16"}}, "float16"),
        ({"dtype": None}, "float32"),
    ],
)
def test_numbers_are_those_of_the_settings_else_of_the_weights(
    folder: Path, said: dict[str, object], dtype: str
) -> None:
    settings(folder, "config.json", **said)
    assert look_at(folder).dtype == dtype


def test_weights_of_other_numbers_are_taken_at_their_word(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file({name: weight.half() for name, weight in load_file(path).items()}, path)
    settings(folder, "config.json", dtype=None)
    assert look_at(folder).dtype == "float16" == LocalTransformers(folder).identity["dtype"]


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def shards(*named: str) -> Spoil:
    index = {"weight_map": {f"layer.{at}": name for at, name in enumerate(named)}}
    return lambda folder: (folder / "model.safetensors.index.json").write_text(json.dumps(index))


ENDLESS = '{"a":' + "[" * 100_000


def endless_header(folder: Path) -> None:
    said = ENDLESS.encode()
    (folder / "model.safetensors").write_bytes(len(said).to_bytes(8, "little") + said)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def own_code(folder: Path) -> None:
    settings(folder, "config.json", auto_map={"AutoModelForCausalLM": "mine.Model"})


def led_out(folder: Path) -> None:
    outside = folder.parent / "blob"
    (folder / "model.safetensors").rename(outside)
    (folder / "model.safetensors").symlink_to(outside)


@pytest.mark.parametrize(
    ("spoil", "why", "fix"),
    [
        (shutil.rmtree, "there is no such folder", "correct the path"),
        (lambda f: (shutil.rmtree(f), f.write_text("")), "there is a file", "correct the path"),
        (cut, r"model.safetensors is not whole, it has \d+ bytes of \d+", "copy it again"),
        (lambda f: (f / "model.safetensors").write_bytes(b"12"), "no header", "copy it again"),
        (lambda f: (f / "model.safetensors").write_bytes(bytes(8)), "no header", "copy it again"),
        (shards("model.safetensors", "model-2.safetensors"), "not there: model-2", "wait until"),
        (shards("../other.safetensors"), "not there: ../other.safetensors", "wait until"),
        (shards(), "weights that are not there: any file", "wait until"),
        (lambda f: (f / "model.safetensors").unlink(), r"no \*.safetensors", "save_pretrained"),
        (pickled, "pytorch_model.bin.*may run code", "save_pretrained"),
        (adapter, "an adapter .* without the model", "merge_and_unload"),
        (own_code, "code of the model's own", "save_pretrained"),
        (lambda f: (f / "config.json").write_text("{"), "no config.json", "save_pretrained"),
        (lambda f: (f / "config.json").write_text(ENDLESS), "no config.json", "save_pretrained"),
        (endless_header, "no header", "copy it again"),
        (lambda f: (f / "tokenizer.json").unlink(), "it has no tokenizer", "save_pretrained"),
        (lambda f: (f / "chat_template.jinja").unlink(), "no chat template", "chat_template.jinja"),
        (led_out, "model.safetensors is a link to .*blob", "cp -rL"),
        (lambda f: (f / "more").symlink_to(f.parent), "more is a link", "cp -rL"),
        (lambda f: (f / "gone").symlink_to(f / "nowhere"), "gone is a link", "cp -rL"),
    ],
)
def test_what_is_missing_half_written_or_outside_is_refused(
    folder: Path, spoil: Spoil, why: str, fix: str
) -> None:
    spoil(folder)
    with pytest.raises(InputError) as refused:
        look_at(folder)
    (line,) = (line for line in str(refused.value).splitlines() if line.startswith("  why: "))
    assert re.search(why, line)
    assert fix in refused.value.fix


@pytest.mark.parametrize("where", ["chat_template.json", "additional_chat_templates/tools.jinja"])
def test_a_template_may_stand_elsewhere(folder: Path, where: str) -> None:
    template = folder / "chat_template.jinja"
    (folder / where).parent.mkdir(exist_ok=True)
    template.rename(folder / where)
    assert look_at(folder)


def test_a_template_may_stand_in_the_settings_or_be_given(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    assert look_at(folder, has_template=True)
    settings(folder, "tokenizer_config.json", chat_template="{{ messages }}")
    assert look_at(folder)


def test_a_link_inside_of_the_folder_is_one_of_its_files(folder: Path) -> None:
    (folder / "again.jinja").symlink_to("chat_template.jinja")
    assert look_at(folder)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "chat_template.jinja", "config.json"]
)
def test_every_file_counts(folder: Path, name: str) -> None:
    before = look_at(folder).digest()
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"e", b"f", 1))
    try:
        assert look_at(folder).digest() != before
    except InputError:
        assert name == "config.json"


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = look_at(folder)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", "weights")

    monkeypatch.setattr("stages.models.local_files.digest_of_folder", refuse)
    with pytest.raises(InputError, match="weights: Permission denied"):
        found.digest()


def test_who_looks_waits_for_no_library(folder: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom stages.models.chat import chat_client\n"
        "from stages.models.settings import EndpointSettings\n"
        f"chat_client(EndpointSettings(folder=Path({str(folder)!r}))).close()\nprint(*sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()).isdisjoint({"torch", "transformers", "numpy"})
