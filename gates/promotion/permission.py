"""Whether a candidate may be promoted: one function per refusal, one sentence each; pure.

Each takes what was read and verified elsewhere, and answers `None` when it has nothing against the
promotion. What it cannot be shown is a refusal too.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from gates.chain.alias_standing import ab_end_words
from gates.chain.bodies import Decision, Revocation, members_sha256
from gates.chain.chain import Chain
from gates.chain.record import Kept, unopened
from gates.chain.renewing import good_until, last_day
from gates.decide.verdict import Verdict
from gates.promotion.refusal import Refusal, Refused
from gates.trust.statement import Subject
from gates.trust.trust import AliasTrust
from policies.policy import Policy
from stages.evidence.records import StageName


def alias_not_trusted(entry: AliasTrust | None, *, model: str, alias: str) -> Refusal | None:
    """Nobody said that anything may move this alias."""
    if entry is not None:
        return None
    return Refusal(
        Refused.ALIAS_NOT_TRUSTED,
        f"the trust file lets nothing move {model}@{alias}; gate trust allow {model} {alias} "
        "POLICY, then gate trust sign",
    )


def policy_not_in_force(
    entry: AliasTrust, policy: Policy, *, model: str, alias: str, at: datetime
) -> Refusal | None:
    """The policy as it is now was never put in force, is not yet, or is no more."""
    said = [p for p in entry.policies if (p.policy, p.sha256) == (policy.policy, policy.sha256)]
    if any(each.at(at) for each in said):
        return None
    coming = [each.since for each in said if each.since > at]
    if coming:
        why = f"is in force from {min(coming).isoformat(timespec='minutes')} on only"
    elif said:
        why = "is in force no more"
    else:
        why = "was never put in force"
    return Refusal(
        Refused.POLICY_NOT_IN_FORCE,
        f"policy {policy.policy} with sha256 {policy.sha256[:12]} {why} for {model}@{alias}; if it "
        "may move it: gate trust allow, and have the trust file signed",
    )


def not_decided(*, known: bool, candidate: str, policy: str, run: str) -> Refusal | None:
    """Nobody decided on the version.

    Args:
        known: Whether the ledger or the records have a decision.
        candidate: MLflow URI.
        policy: The policy's name.
        run: The command that decides.
    """
    if known:
        return None
    return Refusal(
        Refused.NOT_DECIDED, f"nothing was decided on {candidate} under policy {policy}; {run}"
    )


def not_logged(waiting: Collection[str], *, candidate: str, run: str) -> Refusal | None:
    """A newer decision on the version still waits in this machine's journal.

    Args:
        waiting: MLflow URIs that waiting decisions are about.
        candidate: The version's.
        run: The command that logs it.
    """
    if candidate not in waiting:
        return None
    return Refusal(
        Refused.NOT_LOGGED,
        f"a decision on {candidate} waits in the journal for the ledger; {run} logs it",
    )


def not_signed(
    decision: Kept | None, chain: Chain, subject: Subject, *, policy: str, run: str
) -> Refusal | None:
    """No signed decision on the version under the policy counts, or a later one does not.

    Args:
        decision: The newest that counts.
        chain: The model's records.
        subject: The version as the registry has it now.
        policy: The policy's name.
        run: The command that decides.
    """
    for kept in reversed(chain.records):
        body, about = kept.record.body, kept.record.subject.name == subject.name
        if about and isinstance(body, Decision) and body.policy == policy:
            found = _newest_does_not_stand(kept, subject, run=run)
            if found is not None:
                return found
            break
    if decision is not None:
        return None
    return Refusal(
        Refused.NOT_SIGNED,
        f"no decision on {subject.name} under policy {policy} is signed; {run} signs it",
    )


def _newest_does_not_stand(newest: Kept, subject: Subject, *, run: str) -> Refusal | None:
    """The newest decision on a version does not count, or is on something else."""
    sequence, about = newest.record.sequence, newest.record.subject
    if newest.void is not None:
        return Refusal(
            Refused.NOT_SIGNED,
            f"the signature of the newest decision (record {sequence}) does not count: "
            f"{newest.void.reason}; {run} signs it anew",
        )
    if about == unopened(subject.name):
        return Refusal(
            Refused.NOT_SIGNED,
            f"the newest decision (record {sequence}) is on what could not be opened then; {run} "
            "decides on what is there now",
        )
    if about != subject:
        return Refusal(
            Refused.OTHER_CHECKPOINT,
            f"the decision is about another checkpoint: its digest is {about.sha256[:12]}, "
            f"{subject.name} has {subject.sha256[:12]}; restore it, or register what it is now as "
            "a new version",
        )
    return None


def other_record(newest: str | None, signed: Collection[str], *, run: str) -> Refusal | None:
    """What the ledger has newest was never signed.

    Args:
        newest: MLflow run of the ledger's newest decision; None when the ledger has none left.
        signed: MLflow runs of signed decisions.
        run: The command that decides.
    """
    if newest is None or newest in signed:
        return None
    return Refusal(
        Refused.NOT_SIGNED,
        f"the newest decision (MLflow run {newest[:12]}) is not signed, and an older one does not "
        f"stand for it; {run} signs it",
    )


def other_policy(decision: Decision, policy: Policy, *, run: str) -> Refusal | None:
    """It was decided under the policy as it was, not as it is."""
    if decision.policy_sha256 == policy.sha256:
        return None
    return Refusal(
        Refused.OTHER_POLICY,
        f"it was decided under policy {policy.policy} with sha256 {decision.policy_sha256[:12]}, "
        f"and yours has {policy.sha256[:12]}; {run} decides under yours",
    )


def other_evidence(
    decision: Decision,
    found: Mapping[str, Mapping[StageName, str]],
    *,
    candidate: str,
) -> Refusal | None:
    """The evidence that was read is not the evidence that was signed.

    Args:
        decision: The signed decision.
        found: Digests of what was read, by member and stage.
        candidate: MLflow URI.
    """
    own = dict(found.get(candidate, {}))
    wrong = sorted(
        stage.value
        for stage in {*own, *decision.evidence_sha256}
        if own.get(stage) != decision.evidence_sha256.get(stage)
    )
    if not wrong and members_sha256(found) == decision.members_sha256:
        return None
    what = f"{', '.join(wrong)} evidence" if wrong else "evidence of the others of its round"
    return Refusal(
        Refused.OTHER_EVIDENCE,
        f"the {what} is not what was signed with the decision, whatever its tags say; restore it "
        "from a backup or the records",
    )


def other_plan(
    measured: Mapping[StageName, str], planned: Mapping[StageName, str], *, run: str
) -> Refusal | None:
    """Evidence was measured under another plan than the policy's.

    Args:
        measured: Digest of the plan that each stage's evidence carries.
        planned: Digest of the policy's plan for each of these stages.
        run: The command that measures.
    """
    for stage, digest in measured.items():
        if digest != planned.get(stage):
            return Refusal(
                Refused.OTHER_PLAN,
                f"the {stage} evidence was measured under another plan; {run} measures anew",
            )
    return None


def other_checkpoint(measured: Mapping[StageName, str], subject: Subject) -> Refusal | None:
    """Evidence is about another checkpoint.

    Args:
        measured: Digest of the checkpoint that each stage's evidence is about; empty where it broke
            before the checkpoint was opened.
        subject: The version as the registry has it now.
    """
    for stage, digest in measured.items():
        if digest and digest != subject.sha256:
            return Refusal(
                Refused.OTHER_CHECKPOINT,
                f"the {stage} evidence is about another checkpoint: its digest is {digest[:12]}, "
                f"{subject.name} has {subject.sha256[:12]}",
            )
    return None


def answers_otherwise(chain: Chain, candidate: str, *, why: str) -> Refusal | None:
    """The version was decided on, and does not even say any more how it answers.

    Args:
        chain: The model's records.
        candidate: MLflow URI of the version.
        why: What its tags lack.
    """
    decided = any(
        isinstance(kept.record.body, Decision) and kept.record.subject.name == candidate
        for kept in chain.counting
    )
    if not decided:
        return None
    return Refusal(
        Refused.OTHER_CHECKPOINT,
        f"what stands behind {candidate} is not what was measured: {why}; restore its tags, or "
        "register what is there as a new version",
    )


def not_as_registered(*, registered: str | None, now: str) -> Refusal | None:
    """The A/B is not decided by what was demanded of it before anybody was exposed.

    Args:
        registered: Digest of plan and criteria that was written down; None when none was.
        now: That of the policy.
    """
    if registered == now:
        return None
    then = (
        "were never registered" if registered is None else f"were registered as {registered[:12]}"
    )
    return Refusal(
        Refused.NOT_AS_REGISTERED,
        f"plan and criteria of its A/B have digest {now[:12]}, and {then}",
    )


def ab_was_ended(ended: Kept | None) -> Refusal | None:
    """The A/B was ended otherwise than by a look: what it shows afterwards counts for nothing.

    Args:
        ended: The record that ended it; None when none did.
    """
    return None if ended is None else Refusal(Refused.AB_ENDED, ab_end_words(ended))


def does_not_pass(reason: str, *, failed: bool) -> Refusal:
    """Decided again from its evidence, it does not pass.

    Args:
        reason: Why.
        failed: Whether that is a FAIL, which is a no.
    """
    return Refusal(Refused.FAILED if failed else Refused.DOES_NOT_PASS, reason)


def too_old(
    decision: Decision, entry: AliasTrust, *, first: datetime, at: datetime, run: str
) -> Refusal | None:
    """The decision, or the PASS that it repeats, is older than may be, or is dated ahead.

    Args:
        decision: The signed decision.
        entry: How long one is good.
        first: When the version first passed under this policy and baseline.
        at: Now.
        run: The command that decides anew.
    """
    decided = decision.decided_at
    if decided > at:
        return Refusal(
            Refused.TOO_OLD,
            f"the decision is dated {decided.isoformat(timespec='minutes')}, which has not come; "
            "set the clock of the machine that decided, or of this one",
        )
    if at >= last_day(first, entry.decision_valid):
        return Refusal(
            Refused.TOO_OLD,
            f"it first passed on {first.date().isoformat()}, and nothing moves on a PASS once "
            f"{2 * entry.decision_valid.days} days are over; register it as a new version, whose "
            "votes and A/B are new",
        )
    ends = good_until(decision, entry.decision_valid)
    if at < ends:
        return None
    return Refusal(
        Refused.TOO_OLD,
        f"the decision of {decided.date().isoformat()} was good until "
        f"{ends.isoformat(timespec='minutes')}; {run} decides anew",
    )


def revoked(revocation: Kept | None) -> Refusal | None:
    """Somebody took the version, or another with the same checkpoint, out of the running."""
    if revocation is None:
        return None
    record = revocation.record
    reason = record.body.reason if isinstance(record.body, Revocation) else ""
    return Refusal(
        Refused.REVOKED,
        f"{record.subject.name} was revoked by {record.by.owner} on {record.at.date().isoformat()} "
        f"({reason}); register what has changed as a new version",
    )


def failed_before(
    decisions: Sequence[Kept], policy: Policy, baseline: str | None
) -> Refusal | None:
    """An earlier no to the same question: a candidate is not run again until it passes.

    The question is the same when policy and baseline are; a quota is part of the policy, so a
    candidate that lost to others cannot win alone, nor under another number.

    Args:
        decisions: Every signed decision on the checkpoint, under any name.
        policy: The policy.
        baseline: MLflow URI that the decision now compares with.
    """
    for kept in decisions:
        body = kept.record.body
        assert isinstance(body, Decision)
        same = (body.policy_sha256, body.baseline) == (policy.sha256, baseline)
        if same and body.verdict is Verdict.FAIL:
            return failed(body.reason, on=body.decided_at.isoformat())
    return None


def failed(reason: str, *, on: str) -> Refusal:
    """The refusal for a no that stands.

    Args:
        reason: Why it failed.
        on: ISO 8601 time of that decision.
    """
    return Refusal(
        Refused.FAILED_BEFORE,
        f"it failed under this policy and baseline on {on[:10]} ({reason}), and a FAIL stands; "
        "register what has changed as a new version, or change the policy in the open",
    )
