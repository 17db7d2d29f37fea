"""What a policy measures otherwise than another: old evidence says nothing of it."""

from dataclasses import dataclass

from policies.policy import Policy

STAGES = ("offline", "side_by_side", "online")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredAnew:
    """What must be measured again after a policy changed; all else is decided from what is stored.

    Attributes:
        tasks: Offline tasks that are new or planned otherwise, in the new policy's order.
        stages: Other stages that are new or planned otherwise; offline too where the baseline is
            another, since every comparison then has another partner.
    """

    tasks: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tasks or self.stages)


def measured_anew(old: Policy, new: Policy) -> MeasuredAnew:
    """What `new` measures that evidence measured under `old` cannot stand for.

    A task or stage is measured otherwise when anything that it says differs; criteria, quotas,
    budgets and reasons measure nothing.
    """
    if (old.model, old.baseline) != (new.model, new.baseline):
        return MeasuredAnew(stages=new.plan.stages())
    before, after = old.plan.offline or {}, new.plan.offline or {}
    planned = {stage: (getattr(old.plan, stage), getattr(new.plan, stage)) for stage in STAGES[1:]}
    return MeasuredAnew(
        tasks=tuple(name for name, task in after.items() if before.get(name) != task),
        stages=tuple(s for s, (was, now) in planned.items() if now is not None and was != now),
    )
