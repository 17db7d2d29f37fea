"""From registered versions to the checkpoints behind them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gates.ledger.ledger import NewVersion, Version
from gates.subjects import digest_now, subject_of
from policies.errors import Broken, InputError
from stages.engine.subject import Subject
from tests.fakes.workplace import Workplace
from tests.servers.openai_server import OpenAIServer, text


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def opened(place: Workplace, version: Version) -> Subject:
    subject = subject_of(version, place.services)
    if subject.client is not None:
        subject.client.close()
    return subject


def served(place: Workplace, toml: str, **tags: str) -> dict[str, object]:
    """Identity of a version that answers at an endpoint."""
    place.toml(toml)
    tagged = {"gate_source": "endpoint", **tags}
    subject = opened(place, place.ledger.register(NewVersion(name="assistant", tags=tagged)))
    assert subject.client is not None
    return dict(subject.client.identity)


def test_the_workspace_serves_every_version_at_its_own_address(place: Workplace) -> None:
    toml = (
        '[models.assistant]\nendpoint = "http://v{version}.example/v1"\nserved_as = "a-{version}"'
    )
    for number in ("1", "2"):
        identity = served(place, toml)
        assert f"http://v{number}.example/v1" in identity.values()
        assert f"a-{number}" in identity.values()


def test_a_versions_own_tags_come_before_the_workspace(place: Workplace) -> None:
    toml = '[models.assistant]\nendpoint = "http://w.example/v1"\nserved_as = "w"'
    own = served(place, toml, gate_base_url="http://own.example/v1", gate_model_name="own")
    assert {"http://own.example/v1", "own"} <= set(own.values())


def key_sent(place: Workplace, **tags: str) -> str:
    """The authorization header that a version's endpoint gets."""
    from gates.doctor import _answers

    with OpenAIServer(lambda _: text("hello")) as server:
        tagged = {"gate_source": "endpoint", "gate_base_url": server.url, "gate_model_name": "m"}
        version = place.ledger.register(NewVersion(name="assistant", tags=tagged | tags))
        _answers(version, place.services)
        return server.calls[0].headers.get("authorization", "")


def test_a_version_gets_only_keys_that_the_workspace_names(place: Workplace) -> None:
    place.environment = {"NAMED_KEY": "open-sesame", "AWS_SECRET_ACCESS_KEY": "the-crown"}
    place.toml(
        '[endpoints.judge]\nbase_url = "http://judge.example/v1"\nmodel = "m"\n'
        'api_key_env = "NAMED_KEY"\n'
    )
    assert key_sent(place, gate_api_key_env="NAMED_KEY") == "Bearer open-sesame"
    with pytest.raises(InputError, match="cannot ask version") as refused:
        key_sent(place, gate_api_key_env="AWS_SECRET_ACCESS_KEY")
    assert "the-crown" not in str(refused.value)


def test_a_named_key_that_is_not_set_is_refused_with_the_variable(place: Workplace) -> None:
    place.toml('[models.assistant]\napi_key_env = "NAMED_KEY"\n')
    with pytest.raises(InputError, match="cannot ask version") as refused:
        key_sent(place, gate_api_key_env="NAMED_KEY")
    assert "NAMED_KEY" in refused.value.why


def test_the_workspaces_key_never_goes_to_an_address_that_only_a_tag_names(
    place: Workplace,
) -> None:
    place.environment = {"NAMED_KEY": "open-sesame"}
    place.toml('[models.assistant]\nendpoint = "http://w.example/v1"\napi_key_env = "NAMED_KEY"\n')
    assert "open-sesame" not in key_sent(place)


def test_recorded_outputs_are_fetched_once(place: Workplace) -> None:
    version = place.recorded()
    first = opened(place, version)
    place.ledger.files.clear()
    assert opened(place, version).digest == first.digest


def test_recorded_outputs_that_are_gone_are_refused(place: Workplace) -> None:
    version = place.recorded()
    place.ledger.files.clear()
    with pytest.raises(InputError):
        opened(place, version)


def test_a_cache_that_was_emptied_is_filled_again(place: Workplace) -> None:
    version = place.recorded()
    opened(place, version)
    for file in (place.folder / "cache").rglob("*.jsonl"):
        file.unlink()
    assert opened(place, version).client is not None


def test_an_external_version_has_no_client_and_a_digest_of_its_name(place: Workplace) -> None:
    subject = opened(place, place.external())
    assert subject.client is None
    renamed = replace(place.external(), tags={"gate_source": "external", "gate_known_as": "x"})
    assert opened(place, renamed).digest != subject.digest


def test_who_promotes_waits_for_no_library_of_statistics() -> None:
    code = "import sys, gates.promotion.promoting; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "gates.promotion.promoting" in loaded
    assert loaded.isdisjoint({"scipy", "pandas", "numpy", "mlflow", "gates.measuring"})


def test_the_digest_of_a_packed_model_is_told_without_running_it(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the client says; a copy at hand is taken, but not `afresh`."""
    fetched = []

    def fetch(version: Version, folder: Path) -> Path:
        fetched.append(version.uri)
        packed = folder / "model"
        packed.mkdir(parents=True)
        (packed / "MLmodel").write_text("flavors: {}")
        return packed

    def load(folder: Path) -> SimpleNamespace:
        loaded.append(folder)
        return SimpleNamespace(
            metadata=SimpleNamespace(metadata=None, get_input_schema=lambda: None)
        )

    loaded: list[Path] = []
    monkeypatch.setattr("stages.models.pyfunc._load", load)
    monkeypatch.setattr(place.ledger, "fetch_file", fetch)
    tags = {"gate_source": "pyfunc"}
    version = place.ledger.register(NewVersion(name="assistant", tags=tags))
    digests = [digest_now(version, place.services, afresh=n > 1) for n in range(3)]
    assert (len(fetched), loaded) == (2, [])
    assert {opened(place, version).digest} == set(digests)

    monkeypatch.setattr("gates.subjects.digest_of_folder", unreadable)
    with pytest.raises(Broken, match="cannot read the files of models:/assistant/1"):
        digest_now(version, place.services, afresh=False)


def unreadable(folder: Path) -> str:
    raise OSError(f"{folder} is gone")
