"""Why a promotion is refused, as a value."""

from dataclasses import dataclass
from enum import StrEnum


class Refused(StrEnum):
    """Why a promotion is refused; part of the JSON."""

    ALIAS_NOT_TRUSTED = "alias_not_trusted"
    POLICY_NOT_IN_FORCE = "policy_not_in_force"
    NOT_DECIDED = "not_decided"
    NOT_LOGGED = "not_logged"
    NOT_SIGNED = "not_signed"
    OTHER_CHECKPOINT = "other_checkpoint"
    OTHER_POLICY = "other_policy"
    OTHER_PLAN = "other_plan"
    OTHER_EVIDENCE = "other_evidence"
    NOT_AS_REGISTERED = "not_as_registered"
    TOO_OLD = "too_old"
    REVOKED = "revoked"
    FAILED_BEFORE = "failed_before"
    AB_ENDED = "ab_ended"
    FAILED = "failed"
    DOES_NOT_PASS = "does_not_pass"  # noqa: S105 - not a password
    UNEXPECTED = "unexpected"
    MOVED_OUTSIDE = "moved_outside"
    OTHER_BASELINE = "other_baseline"
    NOT_APPROVED = "not_approved"
    STRANDS = "strands"


_NO = frozenset(
    {
        Refused.OTHER_CHECKPOINT,
        Refused.ALIAS_NOT_TRUSTED,
        Refused.POLICY_NOT_IN_FORCE,
        Refused.REVOKED,
        Refused.FAILED,
        Refused.FAILED_BEFORE,
    }
)
"""Refusals that no waiting changes: only another candidate, or a hand that puts things right."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and how it is mended.

    Attributes:
        by: Which check refused.
        reason: One sentence.
    """

    by: Refused
    reason: str

    @property
    def is_no(self) -> bool:
        """Whether it is a no (exit code 1), rather than not yet a yes (3)."""
        return self.by in _NO
