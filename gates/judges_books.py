"""What the judges of a round have said and have not, read from their journals; asks nobody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gates.amounts import NONE, Calls, Range, of_some
from gates.judges_due import PROBING, calls_before_answers, calls_left
from gates.measuring import judging_endpoints, panel_of
from gates.membership import Round
from gates.services import Services
from policies.side_by_side import SideBySidePlan
from stages.engine.checkpoints import Checkpoints
from stages.engine.subject import Subject
from stages.evidence.records import Cost
from stages.judges.purse import Purse
from stages.side_by_side.answering import Answering, Prompts
from stages.side_by_side.attacks import attacks_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearings:
    """What all judges have said and have not.

    Attributes:
        due: What they are still to be asked about every candidate, by URI and judge.
        calibration: The same of the calibration set, whoever is compared, by judge.
        spent: What all that was put to them has come to, failed calls at their dearest.
    """

    due: Mapping[str, Mapping[str, Calls]] = field(default_factory=dict)
    calibration: Mapping[str, Calls] = field(default_factory=dict)
    spent: Cost = field(default_factory=Cost)

    def of_reach(self, reach: Range, *, among: Collection[str] | None = None) -> dict[str, Calls]:
        """What is still to be asked where so many candidates come so far, by judge.

        Args:
            reach: How many; the cheapest at the low end, the dearest at the high one.
            among: URIs of those who may; None for all.
        """
        each = [calls for uri, calls in self.due.items() if among is None or uri in among]
        judges = dict.fromkeys(name for calls in each for name in calls)
        found = {}
        for name in judges:
            calls = _of_some([calls.get(name, NONE) for calls in each], reach)
            anew = self.calibration.get(name, NONE)
            whole = calls + (anew if reach.low else anew.maybe()) if reach.high else NONE
            found[name] = whole if whole == NONE else whole + PROBING
        return found


NOBODY = Hearings()
"""Of a plan without judges."""


def read_hearings(
    round_: Round,
    services: Services,
    prompts: Prompts,
    candidates: Sequence[Subject],
    *,
    baseline: Subject,
) -> Hearings:
    """What judges have said of these candidates beside the baseline.

    Answers that are in no journal yet count as long as they may be.

    Args:
        round_: Whose plan names the judges.
        services: Where the journals and the prices are.
        prompts: The plan's.
        candidates: Who is compared.
        baseline: With whom.

    Raises:
        InputError: When the calibration set or recorded outputs cannot be used.
        Broken: When a journal cannot be read.
    """
    plan = round_.file.policy.plan.side_by_side
    assert plan is not None
    if set(plan.judges) - set(judging_endpoints(services)):
        whole = calls_before_answers(plan, prompts.answered)
        judged = dict.fromkeys(plan.judges, whole)
        return Hearings(due={one.uri: judged for one in candidates})  # measuring says what is wrong
    panel, purse = panel_of(plan, round_.file, services), Purse()
    answering = Answering(
        plan=plan, checkpoints=Checkpoints(state=services.state, progress=services.progress)
    )
    due: dict[str, Mapping[str, Calls]] = {}
    calibration: dict[str, Calls] = {}
    for one in candidates:
        if one.digest == baseline.digest:
            continue
        pairs = answering.known(one, baseline, prompts)
        complete = len(pairs) == len(prompts.answered)  # among fewer nobody knows what is constant
        lost = attacks_on(pairs).reasons if complete else ()
        left = panel.left(one, baseline, pairs, purse=purse, lost=lost)
        unknown = _unknown(plan, prompts, {pair.prompt for pair in pairs})
        due[one.uri] = {each.judge: calls_left(plan, each.pairs) + unknown for each in left}
        calibration |= {each.judge: calls_left(plan, each.calibration) for each in left}
    return Hearings(due=due, calibration=calibration, spent=purse.charged())


def _unknown(plan: SideBySidePlan, prompts: Prompts, known: Collection[str]) -> Calls:
    """What is to be asked about prompts that are not answered yet."""
    return calls_before_answers(plan, [i for i in prompts.answered if i.id not in known])


def _of_some(each: Sequence[Calls], reach: Range) -> Calls:
    return Calls(
        calls=of_some([calls.calls for calls in each], reach),
        prompt_tokens=of_some([calls.prompt_tokens for calls in each], reach),
        completion_tokens=of_some([calls.completion_tokens for calls in each], reach),
    )
