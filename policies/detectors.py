"""Whether a policy takes a detector at its word although it could correct it."""

from policies.criteria import Severity
from policies.policy import Policy
from policies.task import DetectorTask


def detector_remark(policy: Policy) -> str | None:
    """What to tell the author of a policy that labels texts in vain; None when it does not.

    Texts with a person's verdict correct `true_rate` alone. A task that blocks on `rate` and not on
    `true_rate` is decided by what the detector flags, missed harm and false alarms included.
    """
    blocking = {c.metric for c in policy.criteria if c.severity is Severity.BLOCKING}
    vain = [
        name
        for name, task in policy.plan.asked().items()
        if isinstance(task, DetectorTask)
        and task.labelled is not None
        and f"{name}.rate" in blocking
        and f"{name}.true_rate" not in blocking
    ]
    if not vain:
        return None
    said, instead = (", ".join(f"{name}.{own}" for name in vain) for own in ("rate", "true_rate"))
    return (
        f"this policy blocks on {said}, which takes the detector at its word, although `labelled` "
        f"texts tell its errors: block on {instead} instead, or beside it"
    )
