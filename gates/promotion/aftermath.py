"""After an alias moved: the workspace's script deploys, production is asked, people are told."""

from dataclasses import dataclass

from gates.chain.record import Kept
from gates.ledger.ledger import Version
from gates.notify.events import Event, EventKind, tell
from gates.promotion.deploying import Deployed, Deployment, NotDeployed, deploy
from gates.promotion.production import Patience, Recognition, what_serves
from gates.promotion.recognition import NotAsked, NotYetServing, Served
from gates.services import Services
from gates.workspace import Workspace

FENCING = "GATE_FENCING"
"""Variable by which a script knows the later of two moves: its number is the higher."""

SIGNING_KEY = "GATE_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An alias that moved, and was recorded.

    Attributes:
        version: The version that it points to now.
        alias: The alias.
        record: Of the move.
        kind: What people are told of.
        how: What happened, in words; who did it is said after it.
        why: Their reason; None where none is asked for.
    """

    version: Version
    alias: str
    record: Kept
    kind: EventKind
    how: str
    why: str | None = None

    @property
    def event(self) -> Event:
        """What people are told."""
        said = f"{self.how} by {self.record.record.by.owner}"
        return Event(
            kind=self.kind,
            key=self.record.sha256,
            model=self.version.name,
            sentence=said if self.why is None else f"{said}: {self.why.strip()}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What became of a moved alias outside the registry.

    Attributes:
        deployed: What the workspace's script came to; None where it names none.
        served: What production answers.
    """

    deployed: Deployed | NotDeployed | None
    served: Served

    @property
    def is_well(self) -> bool:
        """Whether nothing speaks against the version serving."""
        broken = isinstance(self.deployed, NotDeployed)
        return not broken and not isinstance(self.served, NotYetServing)

    def sentence(self, version: str) -> str:
        """`serving 12`, `NOT YET serving 12: ...`, or that nobody was asked."""
        if isinstance(self.deployed, NotDeployed):
            return f"NOT YET serving {version}: {self.deployed.reason}"
        if isinstance(self.served, NotYetServing):
            return f"NOT YET serving {version}: {self.served.sentence}"
        if isinstance(self.served, NotAsked):
            return f"what serves was not checked: {self.served.sentence}"
        return f"serving {version}: {self.served.sentence}"


def after_move(
    moved: Moved, recognition: Recognition | None, *, services: Services, patience: Patience
) -> Aftermath:
    """Calls the script, asks production, and tells whoever wants to know that it moved.

    Args:
        moved: What moved.
        recognition: How the version is known; None when nobody is asked.
        services: The outside world.
        patience: How long production may take.
    """
    found = _outside(moved, recognition, services=services, patience=patience)
    tell(services.state, moved.event, at=services.clock())
    return found


def _outside(
    moved: Moved, recognition: Recognition | None, *, services: Services, patience: Patience
) -> Aftermath:
    """A script that fails leaves nothing to ask."""
    deployed = _deployed(moved, services.workspace)
    if isinstance(deployed, NotDeployed):
        return Aftermath(deployed=deployed, served=NotYetServing(deployed.reason))
    served = what_serves(recognition, services=services, patience=patience)
    return Aftermath(deployed=deployed, served=served)


def _deployed(moved: Moved, workspace: Workspace) -> Deployed | NotDeployed | None:
    version, fencing = moved.version, moved.record.record.fencing
    section = workspace.models.get(version.name)
    if section is None or section.deploy is None:
        return None
    deployment = Deployment(
        script=section.deploy,
        model=version.name,
        version=version.version,
        alias=moved.alias,
        seconds_at_most=section.deploy_seconds_at_most,
    )
    said = workspace.trust
    secret = {SIGNING_KEY, said.key_env, said.key_password_env}
    given = {name: value for name, value in workspace.environment.items() if name not in secret}
    return deploy(deployment, root=workspace.root, environment={**given, FENCING: str(fencing)})
