from pathlib import Path

import pytest

from gates.ledger.ledger import NewVersion
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from policies.errors import Broken, InputError


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> MlflowLedger:
    return MlflowLedger(f"sqlite:///{tmp_path_factory.mktemp('registry') / 'mlflow.db'}")


def packed(ledger: MlflowLedger, folder: Path) -> str:
    """A model as MLflow packs it, logged; its URI."""
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "code" / "model.py").write_text("# answers\n")
    client = ledger._connection.client
    made = client.create_logged_model("0", name="assistant")
    client.log_model_artifacts(made.model_id, str(folder))
    client.finalize_logged_model(made.model_id, "READY")
    return str(made.model_uri)


def test_a_pyfunc_model_is_fetched_as_a_folder(
    ledger: MlflowLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where MLflow keeps what belongs to no experiment of ours
    uri = packed(ledger, tmp_path / "packed")
    made = ledger.register(NewVersion(name="packed", tags={"gate_source": "pyfunc"}, source=uri))
    assert made.source == uri
    for _ in range(2):
        found = ledger.fetch_file(made, tmp_path / "there")
        assert found.parent == tmp_path / "there"
        assert (found / "MLmodel").is_file()
        assert (found / "code" / "model.py").is_file()
    assert list((tmp_path / "there").iterdir()) == [found]


def test_a_pyfunc_model_that_mlflow_does_not_have_is_no_version(ledger: MlflowLedger) -> None:
    with pytest.raises(Broken):
        ledger.register(NewVersion(name="none", tags={}, source="models:/m-" + "0" * 32))
    assert ledger.versions("none") == ()


def test_a_source_elsewhere_is_kept_as_it_is(ledger: MlflowLedger) -> None:
    made = ledger.register(NewVersion(name="elsewhere", tags={}, source="s3://bucket/model"))
    assert made.source == "s3://bucket/model"


def test_a_file_that_is_not_there_makes_no_version(ledger: MlflowLedger, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jsonl"):
        ledger.register(NewVersion(name="nofile", tags={}, file=tmp_path / "nothing.jsonl"))
    assert ledger.versions("nofile") == ()


def test_an_unknown_model_is_refused_naming_those_that_exist(ledger: MlflowLedger) -> None:
    ledger.register(NewVersion(name="it's.fine", tags={}))
    with pytest.raises(InputError) as error:
        ledger.version("nobody/1")
    assert "it's.fine" in error.value.why
    assert len(ledger.versions("it's.fine")) == 1


def test_an_alias_that_reads_back_elsewhere_is_broken(
    ledger: MlflowLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ledger.register(NewVersion(name="raced", tags={}))
    client = ledger._connection.client
    monkeypatch.setattr(client, "set_registered_model_alias", lambda *_: None)
    with pytest.raises(Broken, match="not moved"):
        ledger.set_alias(made, "champion")


def test_fetching_again_replaces_the_file(ledger: MlflowLedger, tmp_path: Path) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text("{}\n")
    made = ledger.register(NewVersion(name="twice", tags={}, file=file))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "outputs.jsonl").write_text("torn")
    found = ledger.fetch_file(made, tmp_path / "there")
    assert found.read_text() == "{}\n"
