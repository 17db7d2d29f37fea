"""A workspace where somebody is trusted, and a version that passed everything and was signed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from gates.chain.chain import Chain
from gates.chain.custody import Custody
from gates.pipeline import run_round
from gates.promotion.answer import Promotion
from gates.promotion.judging import Request, subject_now
from gates.promotion.production import Patience
from gates.promotion.promoting import promote
from gates.trust.statement import Subject
from gates.trust.trust_document import InForceEntry, TrustDocument
from policies.policy import PolicyFile
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)
from tests.trusting import LONG_AGO, Keyring, trusted

CRITERIA = (SOUND, NO_WORSE, WINS, SHIPS)
CHAIN = policy_text((PLAN, VOTED, TRAFFIC), CRITERIA)
AT_ONCE = Patience(seconds=0, pause=lambda _: None)


@dataclass
class Scene:
    """Version 1 is the champion; others are decided by `run`.

    Attributes:
        place: The workspace.
        file: Its policy.
        keyring: Everybody's keys: `ann` does everything here, `bob` and `cleo` approve.
    """

    place: Workplace
    file: PolicyFile
    keyring: Keyring

    @property
    def custody(self) -> Custody:
        found = self.place.services.custody
        assert found is not None
        return found

    @property
    def chain(self) -> Chain:
        return self.custody.chain("assistant")

    @property
    def champion(self) -> str | None:
        return self.place.ledger.aliases.get("assistant", {}).get("champion")

    def run(self, *references: str) -> None:
        run_round(self.file, list(references), self.place.services)

    def subject(self, reference: str) -> Subject:
        return subject_now(self.place.ledger.version(reference), self.place.services)

    def promote(self, reference: str = "assistant/2", **how: object) -> Promotion:
        request = replace(Request(alias="champion"), **how)  # type: ignore[arg-type]
        return promote(reference, self.file, self.place.services, request=request, patience=AT_ONCE)

    def publish(self, **how: object) -> None:
        """The trust file, changed and signed anew."""
        document = self.keyring.document
        changed = document.model_copy(update={"version": document.version + 1, **how})
        checked = TrustDocument.model_validate(changed.model_dump())
        self.keyring = self.keyring.publish(checked)

    def in_force(self, since: str = LONG_AGO) -> None:
        """The policy as it is now is in force, and no other digest of it."""
        said = (InForceEntry(sha256=self.file.policy.sha256, since=since),)
        self._champion(policies={"release": said})

    def asks_for(self, approvals: int) -> None:
        """The trust file asks for so many approvals of the champion."""
        self._champion(approvals=approvals)

    def forget_blobs(self) -> None:
        """The records lose what decisions rest on."""
        for file in (self.place.folder / ".gate" / "records" / "blobs").iterdir():
            file.unlink()

    def _champion(self, **how: object) -> None:
        model = self.keyring.document.models["assistant"]
        entry = model.aliases["champion"].model_copy(update=how)
        changed = model.model_copy(update={"aliases": {**model.aliases, "champion": entry}})
        self.publish(models={"assistant": changed})

    def copied(self, folder: Path) -> "Scene":
        """The same in another folder, to be changed without harm to this one."""
        shutil.copytree(self.place.folder, folder, dirs_exist_ok=True)
        place = Workplace(folder, ledger=deepcopy(self.place.ledger), now=self.place.now)
        files = {
            owner: folder / path.relative_to(self.place.folder)
            for owner, path in self.keyring.files.items()
        }
        path = folder / self.file.path.relative_to(self.place.folder)
        return Scene(
            place=place,
            file=PolicyFile(policy=self.file.policy, path=path),
            keyring=replace(self.keyring, root=folder, files=files),
        )

    @contextmanager
    def acting(self, owner: str) -> Iterator[None]:
        """Another person works in the workspace."""
        before = self.place.environment
        pem = self.keyring.files[owner].read_text()
        self.place.environment = {**before, "GATE_KEY": pem}
        try:
            yield
        finally:
            self.place.environment = before


def scene(folder: Path) -> Scene:
    """Version 1 adopted and version 2 decided, a PASS of three stages, both signed."""
    place = Workplace(folder)
    place.toml('[models.assistant]\npolicies = { champion = "release" }\n')
    file = place.policy(CHAIN)
    keyring = trusted(folder, file.path, people=("bob", "cleo"))
    made = Scene(place=place, file=file, keyring=keyring)
    place.champion()
    place.recorded()
    place.votes()
    place.moments(shares=(0.6, 0.68))
    made.run()
    return made
