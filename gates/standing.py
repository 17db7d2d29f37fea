"""Where the versions of a model stand, read from the ledger."""

from dataclasses import dataclass

from gates.decide.verdict import RoundDecision
from gates.ledger.ledger import Ledger, Stored, Version
from gates.reports.decision_json import decision_json
from gates.reports.wording import progress_words, stage_words, verdict_words
from policies.canonical import Json
from policies.errors import InputError

ADOPTED = "ADOPTED"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One version and the newest decision on it.

    Attributes:
        version: The version.
        stored: The newest decision under any policy; None when there is none.
    """

    version: Version
    stored: Stored | None

    @property
    def verdict(self) -> str:
        """ADOPTED, undecided, or the verdict of the stage it stands in."""
        if self.stored is not None:
            return verdict_words(self.stored.decision.stages[-1])
        return ADOPTED if "gate_adopted" in self.version.tags else UNDECIDED

    def as_row(self) -> tuple[str, ...]:
        """Version, name, aliases, policy, stage, verdict, whose move, have/need, expected."""
        version, stored = self.version, self.stored
        start = (version.version, version.known_as, ", ".join(version.aliases))
        if stored is None:
            return (*start, "", "", self.verdict, "", "", "")
        last = stored.decision.stages[-1]
        wait = last.waits_for
        moves = (
            ("", "", "") if wait is None else (wait.who, progress_words(wait), wait.expected or "?")
        )
        return (*start, stored.policy_name, stage_words(last.stage), self.verdict, *moves)

    def as_json(self) -> dict[str, Json]:
        """One entry of `gate.status/1`."""
        version, stored = self.version, self.stored
        return {
            "candidate": version.uri,
            "known_as": version.known_as,
            "aliases": list(version.aliases),
            "adopted": version.tags.get("gate_adopted"),
            "verdict": self.verdict,
            "policy": None if stored is None else stored.policy_name,
            "decided_at": None if stored is None else stored.decided_at,
            "decision": None if stored is None else decision_json(as_round(stored)),
        }


def as_round(stored: Stored) -> RoundDecision:
    """A stored decision as a round of its one candidate."""
    return RoundDecision(
        round_id=stored.round_id,
        policy=stored.policy_name,
        policy_sha256=stored.policy_sha256,
        baseline=stored.baseline,
        candidates=(stored.decision,),
    )


def undecided_json(version: Version) -> dict[str, Json]:
    """A version without a decision, as one entry of `gate.status/1`."""
    return {
        "schema": "gate.status/1",
        "versions": [Standing(version=version, stored=None).as_json()],
    }


def standings(model: str, ledger: Ledger) -> tuple[Standing, ...]:
    """Every version of a model, or the one that is named, with the newest decision on it.

    Raises:
        InputError: When there is no such model or version.
        Broken: When a decision's artifacts are missing or do not match their digests.
        LedgerDown: When the ledger does not answer.
    """
    one = "/" in model or "@" in model
    versions = (ledger.version(model),) if one else ledger.versions(model)
    if not versions:
        raise InputError(
            f"there is no model {model}",
            why=f"{ledger.uri} has no registered model of this name",
            fix=f"gate register {model} --endpoint URL --model-name NAME",
        )
    return tuple(Standing(version=v, stored=_newest(v, ledger)) for v in versions)


def _newest(version: Version, ledger: Ledger) -> Stored | None:
    return next(iter(ledger.history(version)), None)
