"""Whether a bench is used whatever its assessment found."""

from policies.policy import Policy


def undemanded_remark(policy: Policy) -> str | None:
    """What to tell the author of a policy that demands nothing of how a bench was judged.

    A bench by which no two models can be told apart would do then. None where all is demanded.
    """
    plan = policy.plan
    said = [
        (name, getattr(task, "assessment", None)) for name, task in (plan.offline or {}).items()
    ]
    if plan.side_by_side is not None:
        said.append(("side_by_side", plan.side_by_side.assessment))
    open_to_all = [
        name
        for name, each in said
        if each is not None and each.folder is not None and not (each.at_least or each.at_most)
    ]
    if not open_to_all:
        return None
    return (
        f"the assessment of {', '.join(open_to_all)} is named and nothing is demanded of it: a "
        "bench that tells no two models apart would do; write `at_least: "
        "{JUDGE.separability: 0.5}`, as far as its assessment shows"
    )
