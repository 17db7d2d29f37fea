"""People under pseudonyms: who begins to trust gets one, and whoever may know a name reads it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gates.trust_upkeep.beginning import Begun
    from gates.workspace import Workspace


def begin(workspace: "Workspace", *, owner: str | None) -> "Begun":
    """A first key and trust file for whoever runs this.

    Args:
        workspace: Without a trust file.
        owner: The name to stand in records for ever; None: a pseudonym, whose name is kept apart
            in `people.json` and can be forgotten.

    Raises:
        WrongUsage: As `begin_trust` says; nobody is named then.
    """
    import secrets
    from dataclasses import replace

    from gates.audit.people import FILE, pseudonym_for, remember
    from gates.cli.clock import now
    from gates.trust_upkeep.beginning import begin_trust

    if owner is not None:
        return begin_trust(workspace, owner=owner, at=now())
    names, name = workspace.root / FILE, user_name(workspace.environment)
    pseudonym = pseudonym_for(names, name, draw=lambda: secrets.token_hex(4))
    begun = begin_trust(workspace, owner=pseudonym, at=now())
    remember(names, pseudonym, name)
    return replace(begun, written=(*begun.written, names))


def user_name(environment: Mapping[str, str]) -> str:
    """The user who runs this."""
    return next((environment[key] for key in ("USER", "USERNAME") if environment.get(key)), "owner")


def naming(workspace: "Workspace") -> Callable[[str], str]:
    """Puts the name before each pseudonym in a text, where this machine knows it.

    For a terminal only: what is written down, or read by programs, keeps to pseudonyms.
    """
    from gates.audit.people import People, people_file, read_people
    from policies.errors import GateError

    try:
        people = read_people(people_file(workspace.trust_file))
    except GateError:
        people = People({})  # who is who is a convenience: nothing waits for it

    def named(text: str) -> str:
        for pseudonym, name in people.names.items():
            text = text.replace(pseudonym, f"{name} ({pseudonym})")
        return text

    return named
