"""Where the versions of a model stand, read from the ledger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from gates.admission import DRIFTED_TAG
from gates.chain.alias_standing import (
    AliasStanding,
    ab_end_words,
    alias_standings,
    override_words,
)
from gates.chain.bodies import AbEnded, Override, Revocation
from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.decide.spoken import plain_words
from gates.decide.verdict import RoundDecision, Verdict
from gates.ledger.ledger import Decided, Ledger, Version
from gates.reports.decision_json import decision_json
from gates.reports.wording import progress_words, stage_words, verdict_words
from gates.services import Services
from gates.subjects import digest_now
from gates.trust.statement import Subject
from policies.canonical import Json
from policies.errors import GateError, InputError
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.stats.votes_needed import StillNeeded

ADOPTED = "ADOPTED"
OVERRIDE = "OVERRIDE"
REPLACED = "REPLACED"
REVOKED = "REVOKED"
ENDED = "A/B ENDED"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One version and the newest decision on it.

    Attributes:
        version: The version.
        decided: The newest decision under any policy; None when there is none.
        needed: How many more prompts a held comparison likely needs; None where that is not told.
        override: The override by which it has an alias; None when by none.
        revoked: The record that took it out of the running; None when none did.
        ab_ended: The record by which people ended its A/B; None when none did.
        replaced: Whether it is another checkpoint now than the one that was given an alias.
    """

    version: Version
    decided: Decided | None
    needed: StillNeeded | Unmeasured | None = None
    override: Kept | None = None
    revoked: Kept | None = None
    ab_ended: Kept | None = None
    replaced: bool = False

    @property
    def compares(self) -> bool:
        """Whether it is held side by side."""
        last = self.decided.decision.stages[-1] if self.decided else None
        held = last is not None and last.verdict is Verdict.HOLD
        return last is not None and held and last.stage is StageName.SIDE_BY_SIDE

    @property
    def ab_words(self) -> str | None:
        """Where its A/B stands, and when it is looked at next; None when none is running."""
        last = self.decided.decision.stages[-1] if self.decided else None
        if last is None or last.stage is not StageName.ONLINE:
            return None
        if self.ab_ended is not None:
            return ab_end_words(self.ab_ended)
        if last.waits_for is None:
            return None
        wait = last.waits_for
        if wait.who != "traffic" or wait.need is None:
            return last.reason
        when = "" if wait.expected is None else f", expected {wait.expected}"
        return f"{last.reason}; next look in {plain_words(wait.need - wait.have)} days{when}"

    @property
    def verdict(self) -> str:
        """REPLACED, OVERRIDE, REVOKED or ADOPTED whatever was decided; else of its stage.

        A PASS or HOLD of an A/B that people ended is ENDED: nothing is promoted on it.
        """
        if self.replaced:
            return REPLACED
        if self.override is not None:
            return OVERRIDE
        if self.revoked is not None:
            return REVOKED
        if "gate_adopted" in self.version.tags:
            return ADOPTED
        if self.decided is None:
            return UNDECIDED
        return ENDED if self.lost_its_ab else verdict_words(self.decided.decision.stages[-1])

    @property
    def lost_its_ab(self) -> bool:
        """Whether people ended the A/B that it stands in, or passed: nothing is promoted on it."""
        last = self.decided.decision.stages[-1] if self.decided else None
        in_ab = last is not None and last.stage is StageName.ONLINE
        return (
            last is not None and in_ab and last.verdict is not Verdict.FAIL and bool(self.ab_ended)
        )

    def as_row(self) -> tuple[str, ...]:
        """Version, name, aliases, policy, stage, verdict, whose move, have/need, expected."""
        version, decided = self.version, self.decided
        start = (version.version, version.known_as, ", ".join(version.aliases))
        if decided is None:
            return (*start, "", "", self.verdict, "", "", "")
        last = decided.decision.stages[-1]
        wait = last.waits_for
        moves = (
            ("", "", "") if wait is None else (wait.who, progress_words(wait), wait.expected or "?")
        )
        return (*start, decided.policy_name, stage_words(last.stage), self.verdict, *moves)

    def as_json(self) -> dict[str, Json]:
        """One entry of `gate.status/1`."""
        version, decided = self.version, self.decided
        return {
            "candidate": version.uri,
            "known_as": version.known_as,
            "aliases": list(version.aliases),
            "adopted": version.tags.get("gate_adopted"),
            "override": override_json(self.override),
            "revoked": _revoked_json(self.revoked),
            "ab_ended": _ended_json(self.ab_ended),
            "drifted": self.version.tags.get(DRIFTED_TAG),
            "verdict": self.verdict,
            "policy": None if decided is None else decided.policy_name,
            "decided_at": None if decided is None else decided.decided_at,
            "still_needed": _needed_json(self.needed),
            "decision": None if decided is None else decision_json(as_round(decided)),
        }

    def apart_json(self) -> dict[str, Json]:
        """`standing` of `gate explain`: what the signed records say beside the decision."""
        told = self.as_json()
        return {name: told[name] for name in ("verdict", "override", "revoked", "ab_ended")}

    def apart(self, at: datetime) -> tuple[str, ...]:
        """What the signed records say beside the decision: override, revocation, end of an A/B."""
        found = []
        if self.override is not None:
            found.append(override_words(self.override, at=at))
        if self.revoked is not None:
            found.append(_revoked_words(self.revoked))
        if self.ab_ended is not None and self.lost_its_ab:
            found.append(f"{ENDED}: {self.version.uri}: {ab_end_words(self.ab_ended)}")
        if self.drifted is not None:
            found.append(self.drifted)
        return tuple(found)

    @property
    def drifted(self) -> str | None:
        """Why a judge is out although it was admitted, and what is to be done; None when it is not.

        Of the registry's tag: the journal of who measures counts, and `gate run` reads it.
        """
        why = self.version.tags.get(DRIFTED_TAG)
        return None if why is None else f"DRIFTED: {self.version.uri} does not judge: {why}"


def alias_json(standing: AliasStanding, *, at: datetime) -> dict[str, Json]:
    """One entry of the `aliases` of `gate.status/1`."""
    return {
        "alias": standing.alias,
        "points_to": standing.points_to,
        "recorded": standing.recorded_as,
        "moved_outside": standing.moved_outside,
        **_checkpoint_json(standing),
        "override": override_json(standing.override),
        "sentences": list(standing.sentences(at)),
    }


def behind_json(standing: AliasStanding) -> dict[str, Json]:
    """What is behind an alias now, and why it may not be what was let in."""
    return {
        "alias": standing.alias,
        "points_to": standing.points_to,
        "recorded": standing.recorded_as,
        "replaced": standing.replaced,
        "sentences": list(standing.doubts),
    }


def _checkpoint_json(standing: AliasStanding) -> dict[str, Json]:
    found = standing.checkpoint
    return {
        "replaced": standing.replaced,
        "checkpoint_sha256": found if isinstance(found, str) else None,
        "unread": found.reason if isinstance(found, Unmeasured) else None,
    }


def override_json(kept: Kept | None) -> dict[str, Json] | None:
    """`override` of every document: whose word, why and until when; None without one."""
    if kept is None or not isinstance(kept.record.body, Override):
        return None
    body = kept.record.body
    return {
        "alias": body.alias,
        "reason": body.reason,
        "by": [kept.record.by.owner, body.second.owner],
        "expires": body.expires.isoformat(),
    }


def _revoked_json(kept: Kept | None) -> dict[str, Json] | None:
    if kept is None or not isinstance(kept.record.body, Revocation):
        return None
    record = kept.record
    return {
        "reason": kept.record.body.reason,
        "by": record.by.owner,
        "at": record.at.isoformat(),
    }


def _ended_json(kept: Kept | None) -> dict[str, Json] | None:
    if kept is None or not isinstance(kept.record.body, AbEnded):
        return None
    record = kept.record
    return {
        "reason": kept.record.body.reason,
        "by": record.by.owner,
        "at": record.at.isoformat(),
    }


def _revoked_words(kept: Kept) -> str:
    record = kept.record
    why = record.body.reason if isinstance(record.body, Revocation) else "no reason is recorded"
    return (
        f"REVOKED: {record.subject.name} was taken out of the running by {record.by.owner} on "
        f"{record.at.date().isoformat()} ({why}); it is not promoted, whatever was decided"
    )


def _needed_json(needed: StillNeeded | Unmeasured | None) -> dict[str, Json] | None:
    if isinstance(needed, StillNeeded):
        return asdict(needed)
    return None if needed is None else {"unmeasured": needed.reason}


def as_round(decided: Decided) -> RoundDecision:
    """A recorded decision as a round of its one candidate."""
    return RoundDecision(
        round_id=decided.round_id,
        policy=decided.policy_name,
        policy_sha256=decided.policy_sha256,
        baseline=decided.baseline,
        candidates=(decided.decision,),
    )


def standings(model: str, ledger: Ledger, chain: Chain | None = None) -> tuple[Standing, ...]:
    """Every version of a model, or the one that is named, with the newest decision on it.

    Args:
        model: The model, or a version of it.
        ledger: Where they are kept.
        chain: The model's signed records; None where nobody signs.

    Raises:
        InputError: When there is no such model or version.
        Broken: When a decision is missing or does not match its digest.
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
    return tuple(_standing(version, ledger, chain) for version in versions)


def alias_standings_of(
    versions: Sequence[Version], chain: Chain, aliases: Collection[str]
) -> tuple[AliasStanding, ...]:
    """How the aliases of a model stand: where they point, and where the records say they do."""
    holders = {alias: version.uri for version in versions for alias in version.aliases}
    return alias_standings(chain, holders, aliases)


def aliases_now(
    model: str, chain: Chain, aliases: Collection[str], services: Services, *, afresh: bool = False
) -> tuple[AliasStanding, ...]:
    """The same, with the checkpoints behind them opened and held against the records.

    Args:
        model: Registered model name.
        chain: Its records.
        aliases: Which.
        services: The ledger, and the folder of fetched copies.
        afresh: Whether packed models are fetched again, although a copy is at hand.
    """
    versions = services.ledger.versions(model)
    behind = {version.uri: version for version in versions}
    found = alias_standings_of(versions, chain, aliases)
    begun = None
    if any(one.moved_outside for one in found) and services.custody is not None:
        begun = services.custody.unfinished(model)
    return tuple(
        replace(
            one,
            unfinished=begun,
            checkpoint=_checkpoint(one, behind, services, afresh=afresh),
        )
        for one in found
    )


def _checkpoint(
    alias: AliasStanding, behind: Mapping[str, Version], services: Services, *, afresh: bool
) -> str | Unmeasured | None:
    """Only of an alias that is where its record says: of another there is nothing to compare."""
    if alias.points_to is None or alias.moved_outside:
        return None
    try:
        return digest_now(behind[alias.points_to], services, afresh=afresh)
    except GateError as error:
        return Unmeasured(error.in_short)


def _standing(version: Version, ledger: Ledger, chain: Chain | None) -> Standing:
    decided = _newest(version, ledger)
    if chain is None:
        return Standing(version=version, decided=decided)
    aliases = alias_standings_of((version,), chain, version.aliases)
    overrides = (alias.override for alias in aliases if not alias.moved_outside)
    return Standing(
        version=version,
        decided=decided,
        override=next((kept for kept in overrides if kept is not None), None),
        revoked=chain.revoked(_recorded(version, chain)),
        ab_ended=chain.ab_ended(version.uri, since=None),
    )


def _recorded(version: Version, chain: Chain) -> Subject:
    """The version with the digest that it was recorded with last."""
    found = [k.record.subject for k in chain.counting if k.record.subject.name == version.uri]
    return found[-1] if found else Subject(name=version.uri, sha256="0" * 64)


def _newest(version: Version, ledger: Ledger) -> Decided | None:
    return next(iter(ledger.history(version, most=1)), None)
