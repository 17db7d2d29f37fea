"""What a decision rests on is in the dossier, whatever became of MLflow, or is said to be gone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gates.audit.checking import check
from gates.audit.verify import Report, examine
from gates.chain.bodies import Decision
from gates.decide.verdict import Verdict
from policies.errors import InputError
from tests.fakes.audited import Story, folder_of, story
from tests.fakes.workplace import Workplace


@pytest.fixture
def told(tmp_path: Path) -> Story:
    return story(Workplace(tmp_path))


def verified(told: Story, reference: str = "assistant/2") -> Report:
    return check(told.export(reference).files, root_keys=[told.root_key])


def body(told: Story) -> Decision:
    found = told.decision.record.body
    assert isinstance(found, Decision)
    return found


def test_a_dossier_holds_all_that_was_signed_and_is_verified(told: Story) -> None:
    dossier = told.export()
    report = check(dossier.files, root_keys=[told.root_key])
    assert (report.problems, report.missing, report.remarks) == ([], [], [])
    assert report.exit_code == 0
    assert [record.kind for record in report.records] == [
        "adoption",
        "release-decision",
        "approval",
        "promotion",
    ]
    folders = {name.partition("/")[0] for name in dossier.files if "/" in name}
    assert folders == {"records", "policies", "findings", "members", "evidence", "plans"}
    assert {"trust.json", "verify.py", "index.html", "index.json"} < dossier.files.keys()
    assert dossier.signed_by == "ann"
    assert dossier.material.missing == ()


def test_the_index_tells_the_decision_its_findings_and_who_approved(told: Story) -> None:
    dossier = told.export()
    index = json.loads(dossier.files["index.json"])
    (decision,) = index["decisions"]
    assert decision["verdict"] == "PASS"
    assert decision["approvals"] == [3]
    assert decision["replay"] == {"differences": [], "why_not": None}
    assert decision["findings"][0].startswith("PASS sums accuracy")
    for paths in decision["files"].values():
        assert paths
        assert set(paths) <= dossier.files.keys()
    page = dossier.files["index.html"].decode()
    assert "reads well" in page
    assert "decided again from its evidence: the same" in page


def test_equal_stores_give_equal_bytes(told: Story) -> None:
    assert told.export().data == told.export().data


@pytest.mark.parametrize("reference", ["assistant", "assistant@champion", "models:/assistant/2"])
def test_a_dossier_is_of_a_model_a_version_or_whatever_an_alias_serves(
    told: Story, reference: str
) -> None:
    dossier = told.export(reference)
    assert dossier.material.about == (None if reference == "assistant" else "models:/assistant/2")
    assert [kept.sha256 for kept in dossier.material.decisions] == [told.decision.sha256]
    assert check(dossier.files, root_keys=[told.root_key]).exit_code == 0


@pytest.mark.parametrize("reference", ["assistant/7", "assistant@canary", "translator"])
def test_what_no_record_is_about_has_no_dossier(told: Story, reference: str) -> None:
    with pytest.raises(InputError, match="there are no records of"):
        told.export(reference)


def test_deleted_mlflow_runs_are_not_missed(told: Story) -> None:
    told.place.ledger.records.clear()
    told.place.ledger.envelopes.clear()
    told.place.ledger.models.clear()
    report = verified(told)
    assert report.exit_code == 0
    assert len(report.records) == 4


def test_a_server_that_is_down_is_told_of_and_the_anchored_records_are_there(told: Story) -> None:
    told.place.ledger.is_down = True
    dossier = told.export()
    assert check(dossier.files, root_keys=[told.root_key]).exit_code == 0
    assert "MLflow did not answer" in dossier.files["index.html"].decode()


def digests(told: Story) -> dict[str, str]:
    decision = body(told)
    return {
        "policies": decision.policy_sha256,
        "findings": decision.candidate_record_sha256,
        "members": decision.members_sha256,
        "evidence": next(iter(decision.evidence_sha256.values())),
    }


KINDS = ("policies", "findings", "members", "evidence")


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_mirror_lost_is_taken_from_mlflow(told: Story, kind: str) -> None:
    told.blob(digests(told)[kind]).unlink()
    assert verified(told).exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_has_any_more_makes_a_dossier_incomplete(told: Story, kind: str) -> None:
    digest = digests(told)[kind]
    told.blob(digest).write_bytes(b"torn")
    told.place.ledger.records.clear()
    dossier = told.export()
    assert dossier.material.missing == (f"{kind}/{digest}.json",)
    report = check(dossier.files, root_keys=[told.root_key])
    assert report.exit_code == 3
    assert report.missing == [f"{kind}/{digest}.json"]
    assert "INCOMPLETE" in dossier.files["index.html"].decode()


def test_rules_that_changed_are_shown_as_a_difference_and_change_no_record(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gates.audit import replaying
    from gates.decide.rounds import decide_round

    def stricter(*given: object, **named: object) -> object:
        from dataclasses import replace

        decided = decide_round(*given, **named)  # type: ignore[arg-type]
        failed = [replace(c, verdict=Verdict.FAIL) for c in decided.candidates]
        return replace(decided, candidates=tuple(failed))

    monkeypatch.setattr(replaying, "decide_round", stricter)
    dossier = told.export()
    assert dossier.differences == ("record 2: today's rules decide otherwise: PASS then, FAIL now",)
    assert "PASS then, FAIL now" in dossier.files["index.html"].decode()
    assert check(dossier.files, root_keys=[told.root_key]).exit_code == 0


def test_without_a_key_here_the_dossier_says_that_nobody_signed_its_contents(told: Story) -> None:
    told.keyring.files["ann"].unlink()
    toml = told.place.folder / "gate.toml"
    toml.write_text(toml.read_text().replace('key = ".gate/keys/ann.pem"\n', ""))
    report = verified(told)
    assert report.exit_code == 0
    assert "nobody signed the table of contents" in report.remarks[0]


@pytest.mark.parametrize("interpreter", [[sys.executable, "-I"], [sys.executable, "-I", "-S"]])
def test_an_auditor_needs_nothing_but_python(
    told: Story, tmp_path: Path, interpreter: list[str]
) -> None:
    folder = folder_of(told.export(), tmp_path / "unpacked")
    command = [*interpreter, str(folder / "verify.py"), "--root-key"]
    found = subprocess.run([*command, told.root_key], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.endswith("VERIFIED\n")
    assert "approval models:/assistant/2: reads well, by ben" in found.stdout
    (folder / "index.html").write_bytes(b"")
    found = subprocess.run([*command, told.root_key], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "index.html was altered" in found.stdout
    found = subprocess.run([*command, "0" * 64], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "signed by nobody" in found.stdout


def test_a_head_that_the_auditor_knows_must_be_there(told: Story) -> None:
    files = told.export().files
    head = told.decision.sha256
    assert examine(files, root_keys=[told.root_key], head=head).exit_code == 0
    report = examine(files, root_keys=[told.root_key], head="0" * 64)
    assert "the chain has lost its end" in report.problems[0]
