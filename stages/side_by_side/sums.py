"""What a comparison amounts to: a value for each metric of the plan."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from policies.side_by_side import JUDGE_HEALTH, TOPIC, Counted, SideBySidePlan
from stages.evidence.estimate import (
    ASKED_ANEW,
    EITHER_WAY,
    FOR_GOOD,
    NOTHING_WON,
    UNREAD,
    UNSEARCHED,
    Estimate,
    Unmeasured,
)
from stages.side_by_side.aggregate import Score, both_bad, graded, rows_of, win_rate
from stages.side_by_side.attacks import kinds_of
from stages.side_by_side.comparison import Comparison
from stages.side_by_side.drawing import quotas
from stages.side_by_side.judged import scoring
from stages.side_by_side.judged.panel import Judged
from stages.side_by_side.scores import NONE_COMPLETE, Row, Rule, over_the_unresolved, share_of_rows
from stages.stats.labelled_sample import Labelled, Unlabelled
from stages.stats.prediction_powered import fused_win_rate
from stages.stats.raking import raked_mean

Measured = Estimate | Unmeasured

End = Callable[[Row], float]
"""Which end of a row's score is taken."""

PARTS = 10**6
"""Into which a share is counted."""


def sums_of(known: Comparison, plan: SideBySidePlan) -> Mapping[str, Measured]:
    """A value for each metric of a plan, by the metric's own name.

    Args:
        known: The comparison.
        plan: Its plan.
    """
    rule = Rule(stopping=plan.stopping, level=plan.level, planned=plan.prompts_planned)
    judged = known.judged
    by_judges: dict[str, Measured] = {
        name: by_panel(judged, score, rule)
        for name, score in (("win_rate", scoring.win), ("graded", scoring.graded))
    }
    found: dict[str, Measured] = {
        "win_rate": win_rate(known.counted, rule),
        "graded": graded(known.counted, rule),
        "both_bad": both_bad(known.counted, rule),
    }
    match plan.count:
        case Counted.VOTES:
            pass
        case Counted.JUDGES:
            found |= by_judges
            found["both_bad"] = by_panel(judged, scoring.both_bad, rule)
        case Counted.FUSED:
            found["win_rate"] = _fused(known, plan, lambda vote: vote.win, scoring.win)
            found["graded"] = _fused(known, plan, lambda vote: vote.graded, scoring.graded)
    for name in ("win_rate", "graded"):
        found[name] = _credited(found[name], known, by_people=plan.count is Counted.VOTES)
        by_judges[name] = _credited(by_judges[name], known, by_people=False)
    return {
        **found,
        "attacks": _attacks(known, level=plan.level),
        **{f"judge_{name}": measured for name, measured in by_judges.items()},
        **_health(judged, plan),
        **({"raked_win_rate": _raked(known, plan)} if plan.user_mix else {}),
    }


def _health(judged: Judged | Unmeasured, plan: SideBySidePlan) -> Mapping[str, Measured]:
    if isinstance(judged, Judged):
        return judged.health
    return {f"{judge}_{name}": judged for judge in plan.judges for name, _ in JUDGE_HEALTH}


def _attacks(known: Comparison, *, level: float) -> Measured:
    """The share flagged, once all answers that count are known: the others may be the worst."""
    if known.unread:
        many = f"{known.unread} of {len(known.counted.turns)}"
        return Unmeasured(f"the candidate's answers to {many} prompts voted on are not known")
    attacks = known.attacks
    return attacks if isinstance(attacks, Unmeasured) else attacks.share(level=level)


def _credited(measured: Measured, known: Comparison, *, by_people: bool) -> Measured:
    """A measurement that says on how many of its prompts nothing is won, and why.

    And on how many something is won by answers that nobody knows.
    """
    voted = [votes.prompt for votes in known.counted.prompts]
    among = voted if by_people else [pair.prompt for pair in known.pairs]
    reasons = [known.flagged[prompt] for prompt in among if prompt in known.flagged]
    if isinstance(measured, Unmeasured):
        return measured
    said = measured.method
    if reasons:
        kinds = Counter(kind for reason in reasons for kind in kinds_of(reason)).most_common()
        why = ", ".join(f"{number} since {kind}" for kind, number in kinds)
        said += (
            f"{NOTHING_WON}{len(reasons)} of {len(among)} prompts, whose answers are flagged as "
            f"written to win: {why}"
        )
    if by_people and known.unread:
        turns = len(known.counted.turns)
        said += f"{UNSEARCHED}{known.unread} of {turns} prompts have answers that are not known"
    return replace(measured, method=said)


def by_panel(judged: Judged | Unmeasured, score: scoring.Score, rule: Rule) -> Measured:
    """What the panel says of the candidate on all prompts, and what of the judges cannot be read.

    Args:
        judged: What the judges said.
        score: What a preference says, see `scoring`.
        rule: When and how its interval is made.
    """
    rows = judged if isinstance(judged, Unmeasured) else judged.rows(score)
    if isinstance(rows, Unmeasured):
        return rows
    assert isinstance(judged, Judged)  # it has rows
    said = [f"{unresolved}{EITHER_WAY}" for unresolved in _unresolved(judged, rows)]
    found = share_of_rows(rows, rule, said=[*said, *judged.notes])
    return _read_in_part(found, judged) if said else found


def _unresolved(judged: Judged, rows: Sequence[Row]) -> Iterator[str]:
    """On how many prompts a judgement is unresolved now, and on how many it stays so."""
    prompts = {row.prompt for row in rows if row.low < row.high}
    anew = prompts & judged.asked_anew
    for some, whether in ((anew, ASKED_ANEW), (prompts - anew, FOR_GOOD)):
        if some:
            yield f"{len(some)} prompts with unresolved judgements{whether}"


def _read_in_part(measured: Measured, judged: Judged) -> Measured:
    """A measurement that says what of the judges could not be read."""
    if isinstance(measured, Unmeasured) or not judged.unread:
        return measured
    return replace(measured, method=f"{measured.method}{UNREAD}{judged.unread}")


def _fused(
    known: Comparison, plan: SideBySidePlan, score: Score, by_judges: scoring.Score
) -> Measured:
    """People on the prompts they voted on, judges on all of them."""
    judged, prompts = known.judged, known.gathered.prompts
    if isinstance(judged, Unmeasured):
        return judged
    panel = judged.rows(by_judges)
    if isinstance(panel, Unmeasured):
        return panel
    assert prompts is not None  # the judges were shown them
    said = {row.prompt: row.middle for row in panel}
    people = rows_of(known.counted.prompts, score)
    voted = {row.prompt for row in people}
    others = [prompt for prompt in said if prompt not in voted]
    unlabelled = Unlabelled(
        judge=tuple(said[prompt] for prompt in others),
        prompts=tuple(others),
        strata=tuple(prompts.topics[prompt] for prompt in others),
    )
    crew = _crew(people)
    unresolved = "".join(f"; {some} count half" for some in _unresolved(judged, panel))

    def fuse(of: End) -> Measured:
        labelled = Labelled(
            human=tuple(of(row) for row in people),
            judge=tuple(said[row.prompt] for row in people),
            prompts=tuple(row.prompt for row in people),
            annotators=crew,
            strata=tuple(prompts.topics[row.prompt] for row in people),
        )
        found = fused_win_rate(labelled, unlabelled, level=plan.level)
        if isinstance(found, Unmeasured):
            return found
        gain = f"{found.gain:.2f} times the effective votes of people alone{unresolved}"
        return replace(found.estimate, method=f"{found.estimate.method}; {gain}")

    found = over_the_unresolved(fuse)
    return _read_in_part(found, judged) if unresolved else found


def _raked(known: Comparison, plan: SideBySidePlan) -> Measured:
    """The win rate of people, mixed as the users are."""
    rows = rows_of(known.counted.prompts, lambda vote: vote.win)
    if not rows:
        return NONE_COMPLETE
    crew = _crew(rows)
    traits = {name: list(_trait(name, rows, known, plan)) for name in plan.user_mix}

    def rake(of: End) -> Measured:
        found = raked_mean(
            [of(row) for row in rows],
            [row.prompt for row in rows],
            crew,
            traits=traits,
            mix=plan.user_mix,
            level=plan.level,
        )
        if isinstance(found, Unmeasured):
            return found
        effect = f"design effect {found.design_effect:.2f}"
        return replace(found.estimate, method=f"{found.estimate.method}; {effect}")

    return _credited(over_the_unresolved(rake), known, by_people=True)


def _crew(rows: Sequence[Row]) -> tuple[str | None, ...] | None:
    """Who voted in each row, None being the rule; None as a whole where it was one person."""
    crew = tuple(row.annotator for row in rows)
    return crew if len(set(crew) - {None}) > 1 else None


def _trait(
    name: str, rows: Sequence[Row], known: Comparison, plan: SideBySidePlan
) -> Iterator[str]:
    """The value of a trait for every row."""
    if name == TOPIC:
        topics = known.gathered.prompts.topics if known.gathered.prompts else {}
        yield from (topics.get(row.prompt, "") for row in rows)
        return
    segments = {(v.prompt, v.annotator): v.segment for v in known.counted.votes}
    ruled = [row for row in rows if (row.prompt, row.annotator) not in segments]
    allotted = _allotted(plan.user_mix[name], len(ruled))
    for row in rows:
        key = (row.prompt, row.annotator)
        yield segments[key] if key in segments else next(allotted)


def _allotted(mix: Mapping[str, float], number: int) -> Iterator[str]:
    """Values in proportion to a mix: what the rule says, every kind of user would say."""
    parts = quotas({value: round(share * PARTS) for value, share in mix.items()}, draws=number)
    for value, count in parts.items():
        yield from [value] * count
