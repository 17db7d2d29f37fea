import hashlib
from pathlib import Path

import pytest

from gates.ledger.ledger import Version
from gates.registration import (
    Endpoint,
    External,
    How,
    Pyfunc,
    Recorded,
    Registration,
    register_each,
)
from gates.registration import adopt as adopt_into
from gates.registration import register as register_into
from policies.errors import InputError
from tests.fakes.memory_ledger import MemoryLedger

AT = "2026-03-01T10:00:00+00:00"


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def register(ledger: MemoryLedger, how: How, known_as: str | None = None) -> Version:
    return register_into(ledger, Registration(name="assistant", how=how, known_as=known_as))


def adopt(ledger: MemoryLedger, reference: str, reason: str = "since May") -> Version:
    return adopt_into(ledger, reference, alias="champion", reason=reason, at=AT)


def test_an_endpoint_is_described_by_tags(ledger: MemoryLedger) -> None:
    how = Endpoint(base_url="http://vllm-{version}/v1", model_name="m", api_key_env="MY_KEY")
    assert register(ledger, how).tags == {
        "gate_source": "endpoint",
        "gate_base_url": "http://vllm-{version}/v1",
        "gate_model_name": "m",
        "gate_api_key_env": "MY_KEY",
    }
    assert register(ledger, Endpoint()).tags == {"gate_source": "endpoint"}


def test_recorded_outputs_are_kept_with_their_digest(ledger: MemoryLedger, tmp_path: Path) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text('{"id": "1"}\n')
    made = register(ledger, Recorded(file=file, format="jsonl"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert made.tags["gate_sha256"] == digest
    assert (made.tags["gate_source"], made.tags["gate_format"]) == ("recorded", "jsonl")
    assert ledger.fetch_file(made, tmp_path / "there").read_bytes() == file.read_bytes()


def test_a_pyfunc_model_and_an_external_one_are_registered(ledger: MemoryLedger) -> None:
    packed = register(ledger, Pyfunc(uri="models:/m-1"))
    assert (packed.tags, packed.source) == ({"gate_source": "pyfunc"}, "models:/m-1")
    assert register(ledger, External()).tags == {"gate_source": "external"}


@pytest.mark.parametrize(
    "url",
    [
        *("vllm:8000/v1", "ftp://x/v1", "http://", "http://u:secret@x/v1", "http://x/{name}/v1"),
        *("http://x/{version/v1", "http://x/{}/v1"),
        "http://ann:secret@[host/v1",
        "http://ann:secret@ho\u2100st/v1",
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_refused(ledger: MemoryLedger, url: str) -> None:
    with pytest.raises(InputError) as error:
        register(ledger, Endpoint(base_url=url))
    assert "secret" not in str(error.value)
    assert ledger.models == {}


def test_a_key_in_place_of_its_variable_is_refused_and_not_shown(ledger: MemoryLedger) -> None:
    with pytest.raises(InputError) as error:
        register(ledger, Endpoint(api_key_env="sk-verysecret"))
    assert "verysecret" not in str(error.value)


@pytest.mark.parametrize("uri", ["", "https://x/model", "./model"])
def test_a_pyfunc_model_outside_mlflow_is_refused(ledger: MemoryLedger, uri: str) -> None:
    with pytest.raises(InputError, match="MLflow"):
        register(ledger, Pyfunc(uri=uri))


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_a_file_without_answers_is_refused(
    ledger: MemoryLedger, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "outputs.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"outputs\.jsonl"):
        register(ledger, Recorded(file=file, format="jsonl"))
    assert ledger.models == {}


@pytest.mark.parametrize("name", ["", " ", "a/b", "a@b", "a:b"])
def test_a_name_that_no_reference_could_say_is_refused(ledger: MemoryLedger, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        register_into(ledger, Registration(name=name, how=External()))


def test_a_name_in_votes_is_kept_and_belongs_to_one_version(ledger: MemoryLedger) -> None:
    first = register(ledger, External(), known_as="GPT-X")
    assert first.known_as == "GPT-X"
    with pytest.raises(InputError) as error:
        register(ledger, External(), known_as="GPT-X")
    assert first.uri in error.value.why
    assert len(ledger.versions("assistant")) == 1


@pytest.mark.parametrize("known_as", ["", " ", "assistant/7"])
def test_a_name_that_says_nothing_or_another_version_is_refused(
    ledger: MemoryLedger, known_as: str
) -> None:
    with pytest.raises(InputError):
        register(ledger, External(), known_as=known_as)


def several(*names: str | None) -> tuple[Registration, ...]:
    return tuple(Registration(name="assistant", how=External(), known_as=n) for n in names)


def test_many_are_registered_in_their_order(ledger: MemoryLedger) -> None:
    versions = register_each(ledger, several("a", None, "b", None))
    assert [v.known_as for v in versions] == ["a", "assistant/2", "b", "assistant/4"]


@pytest.mark.parametrize("names", [("a", "b", "a"), ("a", "taken"), ("a", ""), ("assistant/1",)])
def test_one_wrong_name_registers_none_of_many(
    ledger: MemoryLedger, names: tuple[str, ...]
) -> None:
    register(ledger, External(), known_as="taken")
    with pytest.raises(InputError):
        register_each(ledger, several(*names))
    assert len(ledger.versions("assistant")) == 1


def test_one_missing_file_registers_none_of_many(ledger: MemoryLedger, tmp_path: Path) -> None:
    gone = Registration(name="assistant", how=Recorded(file=tmp_path / "gone", format="jsonl"))
    with pytest.raises(InputError, match="gone"):
        register_each(ledger, (*several("a"), gone))
    assert ledger.models == {}


def test_an_adopted_version_has_the_alias_its_reason_and_a_record(ledger: MemoryLedger) -> None:
    register(ledger, External())
    version = adopt(ledger, "assistant/1", " since May ")
    assert version.aliases == ("champion",)
    assert version.tags["gate_adopted"] == "since May"
    assert "gate_verdict" not in version.tags
    (adoption,) = ledger.adoptions.values()
    assert (adoption.reason, adoption.alias, adoption.adopted_at) == ("since May", "champion", AT)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_is_adopted(ledger: MemoryLedger, reason: str) -> None:
    register(ledger, External())
    with pytest.raises(InputError, match="reason"):
        adopt(ledger, "assistant/1", reason)
    assert ledger.version("assistant/1").aliases == ()
    assert ledger.adoptions == {}


def test_what_is_in_production_already_is_not_adopted_away(ledger: MemoryLedger) -> None:
    for _ in range(2):
        register(ledger, External())
    adopt(ledger, "assistant/1")
    with pytest.raises(InputError, match="taken by models:/assistant/1"):
        adopt(ledger, "assistant/2")
    assert ledger.version("assistant@champion").version == "1"


def test_adopting_twice_changes_nothing(ledger: MemoryLedger) -> None:
    register(ledger, External())
    assert adopt(ledger, "assistant/1") == adopt(ledger, "assistant@champion")
    assert len(ledger.adoptions) == 1


def test_an_alias_set_by_hand_is_adopted_with_a_reason(ledger: MemoryLedger) -> None:
    ledger.set_alias(register(ledger, External()), "champion")
    assert adopt(ledger, "assistant@champion").tags["gate_adopted"] == "since May"
    assert len(ledger.adoptions) == 1


def test_an_unknown_version_cannot_be_adopted(ledger: MemoryLedger) -> None:
    with pytest.raises(InputError):
        adopt(ledger, "assistant/1")
