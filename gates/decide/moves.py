"""Whose move it is when a stage holds, and what would move it on."""

import math
from collections.abc import Iterator, Sequence
from typing import assert_never

from gates.decide.rules import Weighed
from gates.decide.sanity import same_checkpoint
from gates.decide.spoken import in_clusters, metric_words, rough_count
from gates.decide.verdict import OnlineVerdict
from stages.evidence.estimate import ASKED_ANEW, FOR_GOOD, UNREAD, Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, StageName, Wait

ATTACKS = "side_by_side.attacks"
"""The metric that rests on answers rather than on votes."""

RUN, CHECK = "gate run POLICY", "gate policy check POLICY"
FORECAST = "gate forecast POLICY"
"""Commands that move a candidate on; the policy's name takes the place of POLICY."""

_OTHER_JUDGE = "another judge: one that follows instructions, or is held to a JSON schema"

_UNITS = {
    StageName.OFFLINE: "items",
    StageName.SIDE_BY_SIDE: "prompts",
    StageName.ONLINE: "units",
}
"""What a plan has more of where it is too small."""

_URGENCY = (Cause.BROKEN, Cause.OVER_BUDGET, Cause.WAITING, Cause.UNDERPOWERED)
"""Which cause is told when there are several: what is broken comes first."""


def first_move(
    stage: StageName,
    evidence: Evidence | Unmeasured,
    blocking: Sequence[Weighed],
    online: OnlineVerdict | None,
) -> Wait:
    """The most urgent of all that a held stage waits for.

    Args:
        stage: The stage that holds.
        evidence: What it measured, or why there is none.
        blocking: Its blocking criteria as they stand.
        online: The verdict of the look, for an A/B.
    """
    if isinstance(evidence, Unmeasured):
        return _for_evidence(stage, evidence)
    if not blocking:
        return Wait(
            cause=Cause.BROKEN,
            who="release manager",
            what=f"a blocking criterion on {stage}",
            have=0,
            need=1,
            command=CHECK,
        )
    vain = stage is StageName.SIDE_BY_SIDE and all(weighed.final for weighed in blocking)
    awaited = () if vain else evidence.waits
    waits = [*_itself(evidence), *awaited, *_derived(stage, evidence, blocking, online)]
    return min(waits, key=lambda wait: _URGENCY.index(wait.cause))


def whose_move(cause: Cause, stage: StageName) -> str:
    """Who can move a stage on that holds for a cause."""
    match cause:
        case Cause.WAITING:
            return {
                StageName.OFFLINE: "operator",
                StageName.SIDE_BY_SIDE: "annotators",
                StageName.ONLINE: "traffic",
            }[stage]
        case Cause.UNDERPOWERED | Cause.OVER_BUDGET:
            return "release manager"
        case Cause.BROKEN:
            return "operator"
        case _:
            assert_never(cause)


def _for_evidence(stage: StageName, absent: Unmeasured) -> Wait:
    return Wait(
        cause=absent.cause,
        who="operator",
        what=f"evidence of the {stage} stage",
        have=0,
        need=1,
        command=RUN,
    )


def _itself(evidence: Evidence) -> Iterator[Wait]:
    """The move of a candidate that is the baseline's own checkpoint: nothing broke, none is due."""
    if same_checkpoint(evidence) is not None:
        yield Wait(
            cause=Cause.WAITING,
            who="release manager",
            what="a candidate that is not the baseline itself",
            have=0,
            need=1,
        )


def _derived(
    stage: StageName,
    evidence: Evidence,
    blocking: Sequence[Weighed],
    online: OnlineVerdict | None,
) -> Iterator[Wait]:
    """A move for every blocking criterion that is open, and one for the look itself."""
    for weighed in blocking:
        if weighed.cause is not None:
            yield _for_criterion(stage, weighed, weighed.cause)
    if online is OnlineVerdict.INVALID:
        yield Wait(
            cause=Cause.BROKEN,
            who="operator",
            what="traffic data that may be analysed",
            have=0,
            need=1,
            command=RUN,
        )
    elif online is not None:
        yield Wait(
            cause=Cause.WAITING,
            who="traffic",
            what="the next planned look",
            have=evidence.look.number if evidence.look else 0,
            need=evidence.look.planned if evidence.look else None,
            command=RUN,
        )


def _for_criterion(stage: StageName, weighed: Weighed, cause: Cause) -> Wait:
    name = metric_words(weighed.finding.metric)
    if cause is Cause.BROKEN and weighed.finding.metric == ATTACKS:
        return _for_answers()
    if cause is Cause.WAITING and _says(weighed, ASKED_ANEW):
        return _for_judges(name, weighed)
    if cause is Cause.UNDERPOWERED and _says(weighed, FOR_GOOD):
        return _for_other_judges(name, weighed)
    return Wait(
        cause=cause,
        who=whose_move(cause, stage),
        what=_what(name, stage, weighed, cause),
        have=weighed.have,
        need=_needed(weighed, cause),
        command=_command(cause),
    )


def _for_answers() -> Wait:
    """Attacks are looked for in every answer that counts: only who has them can give them."""
    return Wait(
        cause=Cause.BROKEN,
        who="release manager",
        what="the answers that were compared: votes that hold them, or outputs recorded for `data`",
        have=0,
        need=None,
        command=CHECK,
    )


def _says(weighed: Weighed, mark: str) -> bool:
    measured = weighed.finding.measured
    return isinstance(measured, Estimate) and mark in measured.method


def _for_judges(name: str, weighed: Weighed) -> Wait:
    """What judges said so that nobody could read it, they are asked for again."""
    return Wait(
        cause=Cause.WAITING,
        who="judges",
        what=f"verdicts that can be read, for {name}{_unread(weighed)}; three runs ask for them, "
        f"or name {_OTHER_JUDGE}",
        have=0,
        need=None,
        command=RUN,
    )


def _for_other_judges(name: str, weighed: Weighed) -> Wait:
    """What could not be read in three runs stays so: who judges must be another one."""
    return Wait(
        cause=Cause.UNDERPOWERED,
        who="release manager",
        what=f"verdicts that can be read, for {name}{_unread(weighed)}, which are asked for no "
        f"more; name {_OTHER_JUDGE}, or plan more prompts",
        have=weighed.have,
        need=None,
        command=CHECK,
    )


def _unread(weighed: Weighed) -> str:
    """How many verdicts cannot be read and why, as the method says it, in brackets."""
    measured = weighed.finding.measured
    assert isinstance(measured, Estimate)
    told = measured.method.partition(UNREAD)[2].partition(";")[0]
    return f" ({told})" if told else ""


def _needed(weighed: Weighed, cause: Cause) -> int | None:
    """How many it takes; roughly, where that is a guess."""
    if weighed.need is None:
        return None
    return rough_count(weighed.need) if cause is Cause.UNDERPOWERED else math.ceil(weighed.need)


def _units(stage: StageName, measured: Estimate | Unmeasured) -> str:
    """What a larger plan has more of: clusters, where those are counted."""
    clustered = isinstance(measured, Estimate) and in_clusters(measured)
    return "clusters of items" if clustered and stage is StageName.OFFLINE else _UNITS[stage]


def _command(cause: Cause) -> str:
    """What runs on, or says what would let it run on."""
    match cause:
        case Cause.WAITING | Cause.BROKEN:
            return RUN
        case Cause.OVER_BUDGET:
            return FORECAST
        case Cause.UNDERPOWERED:
            return CHECK
        case _:
            assert_never(cause)


def _what(name: str, stage: StageName, weighed: Weighed, cause: Cause) -> str:
    match cause:
        case Cause.WAITING:
            return f"the rest of what {name} rests on"
        case Cause.BROKEN:
            return f"a usable measurement of {name}"
        case Cause.OVER_BUDGET:
            return f"a budget in which {name} can be measured"
        case Cause.UNDERPOWERED if weighed.need is not None:
            units = f"{rough_count(weighed.need):,} {_units(stage, weighed.finding.measured)}"
            return f"a plan with roughly {units} for {name}, or a wider limit"
        case Cause.UNDERPOWERED if isinstance(weighed.finding.measured, Unmeasured):
            return f"a plan that can measure {name}; no limit helps"
        case Cause.UNDERPOWERED:
            return f"a plan that can settle {name}, or a wider limit"
        case _:
            assert_never(cause)
