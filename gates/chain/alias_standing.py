"""Where aliases are and where the records say they are; pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.chain.bodies import AbEnded, Override, Promotion, Revocation
from gates.chain.chain import Chain
from gates.chain.record import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasStanding:
    """One alias.

    Attributes:
        alias: Its name.
        points_to: MLflow URI of the version behind it; None when there is none.
        recorded: The last record that moved it; None when none did.
        override: The override that this record rests on, ended or not; None when on none.
        revoked: The record that took the version of the last record out of the running since; None
            when none did.
        unfinished: What somebody is at, or was cut off at, and who; None: nothing, or not asked.
    """

    alias: str
    points_to: str | None
    recorded: Kept | None
    override: Kept | None
    revoked: Kept | None = None
    unfinished: str | None = None

    @property
    def recorded_as(self) -> str | None:
        """MLflow URI of the version that the last record gave it to; None without a record."""
        return None if self.recorded is None else self.recorded.record.subject.name

    @property
    def moved_outside(self) -> bool:
        """Whether it points elsewhere than the last record says."""
        return self.points_to != self.recorded_as

    def sentences(self, at: datetime) -> tuple[str, ...]:
        """What a person should know: an unrecorded change, an override; else nothing."""
        found = []
        if self.moved_outside:
            found.append(
                f"unrecorded change: {self.alias} points to {self.points_to or 'nothing'}, and "
                + (f"the last record says {self.recorded_as}" if self.recorded else "no record why")
                + self._at_it
            )
        if self.revoked is not None and not self.moved_outside:
            found.append(_revoked_words(self.revoked, self.alias))
        if self.override is not None and not self.moved_outside:
            found.append(override_words(self.override, at=at))
        return tuple(found)

    @property
    def _at_it(self) -> str:
        """What was begun and not ended, and the command that goes on with it."""
        if self.unfinished is None:
            return ""
        begun = f"; begun, and not ended: {self.unfinished}"
        if not self.unfinished.startswith(
            f"{promotion_intent(self.points_to or '', self.alias)} ("
        ):
            return f"{begun}: called again, the same command goes on if it was cut off"
        version = str(self.points_to).removeprefix("models:/")
        to = "" if self.alias == "champion" else f" --to {self.alias}"
        return f"{begun}: gate promote {version}{to} goes on if it was cut off"


def promotion_intent(candidate: str, alias: str) -> str:
    """What the lease of a promotion is taken for, by the version's MLflow URI."""
    return f"promote {candidate} to {alias}"


def alias_standings(
    chain: Chain, holders: Mapping[str, str], aliases: Collection[str]
) -> tuple[AliasStanding, ...]:
    """How aliases stand.

    Args:
        chain: The model's records.
        holders: MLflow URI of the version behind each alias that points to one.
        aliases: Which; those that the trust file names.
    """
    return tuple(_standing(chain, holders, alias) for alias in sorted(set(aliases)))


def override_words(override: Kept, *, at: datetime) -> str:
    """`OVERRIDE until ...`, by whom and why; or that it has ended, and what is to be done."""
    record, body = override.record, override.record.body
    assert isinstance(body, Override)
    ends = body.expires.isoformat(timespec="minutes")
    who = f"{record.by.owner} and {body.second.owner}: {body.reason}"
    said = f"OVERRIDE: {record.subject.name} is {body.alias} without a PASS"
    if at < body.expires:
        return f"{said} until {ends}, by {who}"
    model = record.subject.name.removeprefix("models:/").rpartition("/")[0]
    return (
        f"{said}, and the override ended on {ends} ({who}); gate rollback {model}, or promote a "
        "version that passes"
    )


def _revoked_since(recorded: Kept | None, chain: Chain) -> Kept | None:
    """A revocation after the last move: an override of one before it says that it may serve."""
    found = None if recorded is None else chain.revoked(recorded.record.subject)
    if recorded is None or found is None or found.record.sequence < recorded.record.sequence:
        return None
    return found


def _revoked_words(revoked: Kept, alias: str) -> str:
    record, body = revoked.record, revoked.record.body
    assert isinstance(body, Revocation)
    model = record.subject.name.removeprefix("models:/").rpartition("/")[0]
    when = record.at.isoformat(timespec="minutes")
    return (
        f"REVOKED: {alias} points to a version that {record.by.owner} took out of the running on "
        f"{when} ({body.reason}); gate rollback {model}, or promote a version that passes"
    )


def ab_end_words(ended: Kept) -> str:
    """`its A/B was ended on ...`: why, and what is to be done."""
    record, body = ended.record, ended.record.body
    assert isinstance(body, AbEnded)
    return (
        f"its A/B was ended on {record.at.date().isoformat()} ({body.reason}); register it as a "
        "new version, whose A/B starts anew"
    )


def _standing(chain: Chain, holders: Mapping[str, str], alias: str) -> AliasStanding:
    recorded = chain.serving(alias)
    body = recorded.record.body if recorded else None
    named = body.override if isinstance(body, Promotion) else None
    return AliasStanding(
        alias=alias,
        points_to=holders.get(alias),
        recorded=recorded,
        override=None if named is None else chain.by_digest(named),
        revoked=_revoked_since(recorded, chain),
    )
