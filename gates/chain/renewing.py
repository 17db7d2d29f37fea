"""A PASS that grew too old is signed once more, if it is still decided so; pure.

Votes and traffic grow old, and a record that was only written anew would hide it: whatever is
signed later, nothing moves on a PASS once twice the days of a decision are over since the first.
"""

from datetime import datetime, timedelta

from gates.chain.bodies import Decision
from gates.chain.chain import Chain
from gates.decide.verdict import RoundDecision, Verdict
from gates.trust.trust import Trust
from policies.policy import Policy


def decision_valid(policy: Policy, trust: Trust, at: datetime) -> timedelta | None:
    """How long a decision under a policy is good; None where the policy may move nothing."""
    limits = [
        entry.decision_valid
        for (name, alias), entry in trust.aliases.items()
        if name == policy.model
        and trust.in_force(policy.model, alias, policy=policy.policy, sha256=policy.sha256, at=at)
    ]
    return min(limits) if limits else None


def good_until(decision: Decision, valid: timedelta) -> datetime:
    """When a decision is too old: as the trust file says now, or said when it was signed."""
    ends = decision.decided_at + valid
    return ends if decision.valid_until is None else min(ends, decision.valid_until)


def first_pass(chain: Chain, name: str, decision: Decision) -> datetime:
    """When a version first passed under the policy and baseline of a decision on it."""
    passed = [body.decided_at for body in _passes(chain, name, decision)]
    return min((decision.decided_at, *passed))


def last_day(first: datetime, valid: timedelta) -> datetime:
    """From when on nothing moves on a PASS, however often it was signed since the first."""
    return first + 2 * valid


def renewal_due(
    chain: Chain, decided: RoundDecision, policy: Policy, *, trust: Trust, at: datetime
) -> bool:
    """Whether a round that is decided as before must be signed once more.

    Args:
        chain: The model's records.
        decided: The round as it is decided now.
        policy: The policy it is decided under.
        trust: How long a decision is good.
        at: Now.
    """
    valid = decision_valid(policy, trust, at)
    if valid is None:
        return False
    passed = (c.candidate for c in decided.candidates if c.verdict is Verdict.PASS)
    newest = ((name, _newest(chain, name, decided)) for name in passed)
    return any(
        body is not None
        and at >= good_until(body, valid)
        and at < last_day(first_pass(chain, name, body), valid)
        for name, body in newest
    )


def _newest(chain: Chain, name: str, decided: RoundDecision) -> Decision | None:
    """The newest signed decision on a version, if it says the same."""
    for kept in reversed(chain.counting):
        body, mine = kept.record.body, kept.record.subject.name == name
        if mine and isinstance(body, Decision) and body.policy == decided.policy:
            same = (body.policy_sha256, body.baseline) == (decided.policy_sha256, decided.baseline)
            return body if same and body.verdict is Verdict.PASS else None
    return None


def _passes(chain: Chain, name: str, like: Decision) -> list[Decision]:
    return [
        body
        for kept in chain.counting
        if kept.record.subject.name == name
        and isinstance(body := kept.record.body, Decision)
        and body.verdict is Verdict.PASS
        and (body.policy_sha256, body.baseline) == (like.policy_sha256, like.baseline)
    ]
