"""Whether several candidates could be decided on one arm of one A/B."""

from policies.policy import Policy

_CANDIDATE = "{candidate}"


def one_arm_remark(policy: Policy) -> str | None:
    """What to tell the author of an A/B whose exposures name no candidate; None when they do.

    Exposures then say which arm a user met, and not which checkpoint was served in it.
    """
    plan = policy.plan.online
    if plan is None or plan.moments is not None or plan.flag is None:
        return None
    if _CANDIDATE in plan.flag or _CANDIDATE in plan.variants.challenger:
        return None
    return (
        f"every candidate would be read from arm {plan.variants.challenger} of the A/B "
        f"{plan.flag}, whoever was served in it: one alone can be registered; write {_CANDIDATE} "
        "into `flag` or `variants.challenger`, or change `flag` for each candidate"
    )
