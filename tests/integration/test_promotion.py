"""`gate promote` on a real MLflow store: the alias moves on a PASS of three stages, else never."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stages.evidence.codec import decode, encode, evidence_sha256
from tests.integration.chain import Chain

pytestmark = pytest.mark.integration

Ready = Callable[..., Chain]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder, and one store, for every test's own model."""
    return tmp_path_factory.mktemp("promotion")


@pytest.fixture
def ready(store: Path, monkeypatch: pytest.MonkeyPatch) -> Ready:
    """A chain whose version 2 was decided: by default it passed all three stages."""
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    numbers = itertools.count()

    def make(*models: str, code: int = 0, **policy: object) -> Chain:
        name = f"m{len(list(store.glob('m*')))}_{next(numbers)}"
        chain = Chain(
            folder=store / name,
            name=name,
            tracking_uri=f"sqlite:///{store}/mlflow.db",
            state=store / name / "state",
        )
        chain.write(**policy)  # type: ignore[arg-type]
        chain.register_recorded(("old", *(models or ("good",))))
        said = chain.run()
        assert said.code == code, said.out + said.err
        return chain

    return make


def artifact(chain: Chain, name: str, *, stage: str) -> Path:
    """A file of the newest decision's MLflow run of a stage of version 2, on disk."""
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts

    client = MlflowClient(chain.tracking_uri)
    (run,) = client.search_runs(
        [e.experiment_id for e in client.search_experiments()],
        f"tags.gate_record = 'stage' and tags.gate_stage = '{stage}' "
        f"and tags.gate_candidate = 'models:/{chain.name}/2'",
    )
    return Path(download_artifacts(f"{run.info.artifact_uri}/{name}"))


def forget_records(chain: Chain) -> None:
    """The records lose what decisions rest on, so that MLflow is read."""
    for file in (chain.folder / ".gate" / "records" / "blobs").iterdir():
        file.unlink()


def stays(chain: Chain, *, code: int, says: str, more: tuple[str, ...] = ()) -> None:
    """The promotion is refused, with its reason, and the alias stays where it was."""
    before = chain.champion()
    said = chain.promote(*more)
    assert said.code == code, said.out + said.err
    assert says in said.out + said.err
    assert chain.champion() == before


def test_a_pass_of_three_stages_moves_the_alias_and_reads_it_back(ready: Ready) -> None:
    chain = ready()
    dry = chain.promote("--dry-run", "--json")
    assert dry.code == 0
    assert dry.json()["answer"] == "would promote"
    assert chain.champion() == "1"
    before = chain.ledger.version(f"{chain.name}/2")
    assert "gate_promoted" not in before.tags

    said = chain.promote("--json")
    assert said.code == 0
    found = said.json()
    assert (found["answer"], found["before"]) == ("promoted", f"models:/{chain.name}/1")
    after = chain.ledger.version(f"{chain.name}/2")
    assert after.aliases == ("champion",)
    assert after.tags["gate_promoted"] == "champion"

    assert chain.promote().code == 0  # it serves already


def test_a_failed_candidate_is_refused_with_no(ready: Ready) -> None:
    stays(ready("weak", code=1), code=1, says="below the baseline")


def test_a_candidate_that_nobody_decided_on_is_refused_with_cannot_tell(ready: Ready) -> None:
    chain = ready()
    chain.register_file("good", also=" again")
    said = chain.said("promote", f"{chain.name}/3")
    assert said.code == 3
    assert "nothing was decided" in said.out
    assert chain.champion() == "1"


def test_tags_that_say_pass_promote_nothing(ready: Ready) -> None:
    chain = ready("weak", code=1)
    verdicts = dict.fromkeys(
        ("gate_verdict", "gate_offline", "gate_side_by_side", "gate_online"), "PASS"
    )
    chain.ledger.tag(chain.ledger.version(f"{chain.name}/2"), verdicts)
    stays(chain, code=1, says="below the baseline")


@pytest.mark.parametrize("edit", [b'"value":0.5', b" "])
def test_edited_evidence_promotes_nothing(ready: Ready, edit: bytes) -> None:
    chain = ready()
    forget_records(chain)
    file = artifact(chain, "evidence.json", stage="offline")
    body = file.read_bytes()
    file.write_bytes(body.replace(b'"value":1', edit, 1) if edit != b" " else b" " + body)
    assert file.read_bytes() != body
    stays(chain, code=4, says="evidence.json")
    file.write_bytes(body)
    assert chain.promote().code == 0


def test_edited_evidence_with_a_fitting_tag_promotes_nothing(ready: Ready) -> None:
    """The digest stands in the candidate's record too, and that record has its own."""
    from mlflow import MlflowClient

    chain = ready("weak", code=1)
    forget_records(chain)
    file = artifact(chain, "evidence.json", stage="offline")
    evidence = decode(file.read_bytes(), where=str(file))
    kind = [replace(m, p_worse=m.p_worse and 0.9) for m in evidence.measurements]
    evidence = replace(evidence, measurements=tuple(kind))
    file.write_bytes(encode(evidence))
    run = file.parents[1].name
    MlflowClient(chain.tracking_uri).set_tag(run, "gate_evidence_sha256", evidence_sha256(evidence))
    stays(chain, code=4, says="evidence.json")


def test_findings_edited_to_pass_promote_nothing(ready: Ready) -> None:
    chain = ready("weak", code=1)
    file = artifact(chain, "findings.json", stage="offline")
    file.write_bytes(file.read_bytes().replace(b"FAIL", b"PASS"))
    stays(chain, code=1, says="below the baseline")


def test_evidence_that_mlflow_lost_is_in_the_records_and_what_both_lost_promotes_nothing(
    ready: Ready,
) -> None:
    chain = ready()
    artifact(chain, "evidence.json", stage="online").unlink()
    assert chain.promote("--dry-run").code == 0
    forget_records(chain)
    stays(chain, code=4, says="evidence.json")


def test_a_stricter_policy_of_the_operator_decides_again(ready: Ready) -> None:
    chain = ready()
    strict = chain.write_policy(accuracy=0.99, path=chain.policy.with_name("strict.yaml"))
    stays(chain, code=2, says="may not move", more=("--policy", str(strict)))
    settings = chain.folder / "gate.toml"
    settings.write_text(settings.read_text().replace(f'"{chain.name}"', '"strict"'))
    stays(chain, code=1, says="was never put in force")


def test_a_policy_that_was_edited_promotes_nothing(ready: Ready) -> None:
    chain = ready()
    text = chain.policy.read_text()
    chain.policy.write_text(text.replace("corpus.txt]", "corpus.txt], level: 0.99"))
    stays(chain, code=1, says="was never put in force")


def test_a_moved_alias_promotes_nothing_until_compared_anew(ready: Ready) -> None:
    chain = ready("good", "better")
    chain.ledger.set_alias(chain.ledger.version(f"{chain.name}/3"), "champion")
    stays(chain, code=3, says="an unrecorded change")
    assert chain.run(f"{chain.name}/2").code == 3
    stays(chain, code=3, says=f"no vote compares {chain.name}/2 with {chain.name}/3")


def test_a_decision_that_returns_is_the_newest_again(ready: Ready) -> None:
    """After a rollback the same decision as before is made; what came between does not stand."""
    chain = ready("good", "better")
    first, third = (chain.ledger.version(f"{chain.name}/{n}") for n in (1, 3))
    chain.ledger.set_alias(third, "champion")
    assert chain.run(f"{chain.name}/2").code == 3
    chain.ledger.set_alias(first, "champion")
    assert chain.run().code == 0
    assert chain.run().code == 0
    promoted = chain.promote("--strand")
    assert promoted.code == 0, promoted.out
    assert chain.champion() == "2"


def test_an_alias_that_moves_during_the_promotion_is_not_called_promoted(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gates.ledger.mlflow_ledger.ledger import MlflowLedger

    chain = ready("good", "better")
    move = MlflowLedger.set_alias

    def raced(ledger: MlflowLedger, version: object, alias: str) -> None:
        move(ledger, version, alias)  # type: ignore[arg-type]
        move(ledger, chain.ledger.version(f"{chain.name}/3"), alias)

    monkeypatch.setattr(MlflowLedger, "set_alias", raced)
    said = chain.promote("--strand")
    assert said.code == 4
    assert "reads back as" in said.err
    assert "gate_promoted" not in chain.ledger.version(f"{chain.name}/2").tags


def test_the_file_of_another_checkpoint_is_not_promoted_on_this_ones_evidence(ready: Ready) -> None:
    chain = ready()
    other = chain.register_file("weak")
    keys = ("gate_sha256", "gate_file", "gate_logged_model")
    stolen = {key: other.tags[key] for key in keys}
    chain.ledger.tag(chain.ledger.version(f"{chain.name}/2"), stolen)
    stays(chain, code=1, says="another checkpoint")
    chain.ledger.tag(chain.ledger.version(f"{chain.name}/2"), {"gate_sha256": "0" * 64})
    stays(chain, code=4, says="were changed")


def test_recorded_traffic_promotes_nothing(ready: Ready) -> None:
    stays(ready(retrospective=True), code=3, says="retrospective")


def test_an_adopted_version_is_not_promoted(ready: Ready) -> None:
    chain = ready()
    chain.ledger.tag(chain.ledger.version(f"{chain.name}/2"), {"gate_adopted": "by hand"})
    stays(chain, code=3, says="adopted")


def test_nothing_new_is_measured_or_logged_by_a_second_run(ready: Ready) -> None:
    chain = ready()
    before = chain.ledger.history(chain.ledger.version(f"{chain.name}/2"))
    journal = chain.journal()
    first, second = chain.run("--json"), chain.run("--json")
    assert first == second
    assert json.loads(first.out)["candidates"][0]["verdict"] == "PASS"
    assert chain.journal() == journal
    assert chain.ledger.history(chain.ledger.version(f"{chain.name}/2")) == before
