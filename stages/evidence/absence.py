"""Why a candidate is not compared, said alike by every stage."""

from stages.evidence.estimate import Cause, Unmeasured

NO_BASELINE = Unmeasured(
    "there is no baseline to compare with; record the version in production with `gate adopt`",
    Cause.WAITING,
)

SAME_CHECKPOINT = Unmeasured(
    "candidate and baseline are the same checkpoint, so their comparison says nothing",
    Cause.WAITING,
)
