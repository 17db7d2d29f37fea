"""What an A/B must show, written down before its first exposure."""

from dataclasses import dataclass
from datetime import datetime

from gates.services import Services
from policies.canonical import Json
from policies.errors import Broken
from policies.policy import Policy
from stages.engine.state import Entry
from stages.evidence.records import StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Preregistration:
    """The plan and criteria of an A/B, as they stood when the candidate reached it.

    Attributes:
        sha256: Digest of the stage's plan and criteria together.
        at: When it was written down.
    """

    sha256: str
    at: datetime


def preregister(policy: Policy, candidate: str, services: Services) -> Preregistration:
    """The first preregistration of a candidate's A/B; written now when there is none.

    A later policy does not replace it: the A/B is then analysed under another digest, and says so.
    """
    stream = f"online/{policy.policy}"
    found = next((e for e in services.state.read(stream) if e.get("candidate") == candidate), None)
    if found is None:
        found = {
            "candidate": candidate,
            "sha256": policy.stage_sha256(StageName.ONLINE),
            "at": services.clock().isoformat(),
        }
        services.state.append(stream, [found])
    return _parsed(found, stream)


def _parsed(entry: Entry, stream: str) -> Preregistration:
    digest, at = entry.get("sha256"), entry.get("at")
    time = _time(at)
    if not isinstance(digest, str) or time is None:
        raise Broken(
            f"cannot read a preregistration of stream {stream}",
            why=f"expected a text `sha256` and a time with its zone `at`, found {entry}",
            fix="restore the state from its backup",
        )
    return Preregistration(sha256=digest, at=time)


def _time(value: Json) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
