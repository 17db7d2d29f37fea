"""A workplace with a whole story: 1 adopted, 2 measured, decided, approved and promoted."""

from dataclasses import dataclass, replace
from pathlib import Path

from gates.audit.exporting import Dossier, export
from gates.chain.bodies import Approval, Body, Promotion
from gates.chain.custody import Custody
from gates.chain.record import Kept
from gates.pipeline import run_round
from gates.trust.statement import Subject
from tests.fakes.workplace import Workplace, policy_text
from tests.trusting import Keyring, trusted


@dataclass
class Story:
    """Who did what, and where."""

    place: Workplace
    keyring: Keyring

    @property
    def custody(self) -> Custody:
        found = self.place.services.custody
        assert found is not None
        return found

    @property
    def root_key(self) -> str:
        return self.keyring.signer.public.keyid

    @property
    def decision(self) -> Kept:
        return self.custody.chain("assistant").records[1]

    def export(self, reference: str = "assistant/2") -> Dossier:
        return export(reference, self.place.services, self.custody)

    def write(self, about: Subject, body: Body, *, by: str = "ann") -> Kept:
        """A record, an hour after the one before."""
        self.place.later(hours=1)
        key = self.keyring.files[by].read_text()
        custody = replace(self.place, environment={"GATE_KEY": key}).services.custody
        assert custody is not None
        with custody.lease("assistant", intent="test") as lease:
            return custody.append("assistant", about, body, lease=lease)

    def blob(self, digest: str) -> Path:
        return self.place.folder / ".gate" / "records" / "blobs" / digest


def story(place: Workplace, *, approver: str = "ben") -> Story:
    """The story; the clock stands four hours later."""
    file = place.policy(policy_text())
    if not (place.folder / "gate.toml").exists():
        place.toml("")
    keyring = trusted(place.folder, file.path, people=[approver], ci=["robot"], approvals=1)
    made = Story(place, keyring)
    place.champion()
    place.recorded()
    place.later(hours=1)
    run_round(file, [], place.services)
    passed = made.decision
    subject = passed.record.subject
    approval = made.write(
        subject, Approval(decision=passed.sha256, reason="reads well"), by=approver
    )
    promotion = Promotion(
        alias="champion",
        before="models:/assistant/1",
        decision=passed.sha256,
        approvals=(approval.sha256,),
    )
    made.write(subject, promotion)
    return made


def folder_of(dossier: Dossier, folder: Path) -> Path:
    """A dossier as an auditor unpacks it."""
    for name, data in dossier.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
