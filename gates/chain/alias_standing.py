"""Where aliases are and where the records say they are; pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.chain.bodies import AbEnded, Override, Promotion, Revocation
from gates.chain.chain import Chain
from gates.chain.record import Kept
from stages.evidence.estimate import Unmeasured


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
        checkpoint: Digest of what is behind it now, or why that cannot be told; None: not asked.
    """

    alias: str
    points_to: str | None
    recorded: Kept | None
    override: Kept | None
    revoked: Kept | None = None
    unfinished: str | None = None
    checkpoint: str | Unmeasured | None = None

    @property
    def recorded_as(self) -> str | None:
        """MLflow URI of the version that the last record gave it to; None without a record."""
        return None if self.recorded is None else self.recorded.record.subject.name

    @property
    def moved_outside(self) -> bool:
        """Whether it points elsewhere than the last record says."""
        return self.points_to != self.recorded_as

    @property
    def replaced(self) -> bool:
        """Whether the version is where the record says, and is another checkpoint than recorded."""
        if self.recorded is None or self.moved_outside or not isinstance(self.checkpoint, str):
            return False
        return self.checkpoint != self.recorded.record.subject.sha256

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why what is behind it may not be what was let in: moved, replaced, or not to be told."""
        if self.moved_outside:
            return (self._moved_words,)
        if self.replaced:
            return (self._replaced_words,)
        if isinstance(self.checkpoint, Unmeasured):
            said = f"whether {self.points_to}, which is {self.alias}, still is the checkpoint that"
            return (f"{said} was recorded cannot be told: {self.checkpoint.reason}",)
        return ()

    def sentences(self, at: datetime) -> tuple[str, ...]:
        """What a person should know: doubts, a revocation, an override; else nothing."""
        found = list(self.doubts)
        if self.revoked is not None and not self.moved_outside:
            found.append(_revoked_words(self.revoked, self.alias))
        if self.override is not None and not self.moved_outside:
            found.append(override_words(self.override, at=at))
        return tuple(found)

    @property
    def _replaced_words(self) -> str:
        assert self.recorded is not None
        subject = self.recorded.record.subject
        model = subject.name.removeprefix("models:/").rpartition("/")[0]
        return (
            f"other checkpoint: {self.alias} points to {subject.name}, whose digest is now "
            f"{str(self.checkpoint)[:12]}, and {subject.sha256[:12]} was recorded; unless its "
            f"endpoint was moved on purpose, restore what was registered, or gate rollback {model}"
        )

    @property
    def _moved_words(self) -> str:
        said = f"the last record says {self.recorded_as}" if self.recorded else "no record says why"
        return (
            f"unrecorded change: {self.alias} points to {self.points_to or 'nothing'}, and {said}"
            f"; {self._at_it}"
        )

    @property
    def _at_it(self) -> str:
        """The command that mends it; where something was begun and not ended, what goes on."""
        if self.unfinished is None:
            return mending_words(self.points_to, self.recorded_as, alias=self.alias)
        begun = f"begun, and not ended: {self.unfinished}"
        if not self.unfinished.startswith(
            f"{promotion_intent(self.points_to or '', self.alias)} ("
        ):
            return f"{begun}: called again, the same command goes on if it was cut off"
        version = str(self.points_to).removeprefix("models:/")
        to = "" if self.alias == "champion" else f" --to {self.alias}"
        return f"{begun}: gate promote {version}{to} goes on if it was cut off"


def mending_words(points_to: str | None, recorded_as: str | None, *, alias: str) -> str:
    """The command that mends an unrecorded change: back, or a first baseline signed.

    Args:
        points_to: MLflow URI of the version behind the alias; None when there is none.
        recorded_as: That of the last record that moved it; None when none did.
        alias: The alias.
    """
    name, _, number = (recorded_as or points_to or "").removeprefix("models:/").rpartition("/")
    if recorded_as is None:
        return f'gate adopt {name}/{number} --alias {alias} --reason "in production since ..."'
    return f'gate rollback {name} --alias {alias} --to {number} --reason "..." puts it back'


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
