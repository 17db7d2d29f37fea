"""The pictures of one comparison, and of all candidates of a round."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from statistics import fmean

from gates.reports.side_by_side.course import Course, course_png
from gates.reports.side_by_side.forest import Line, forest_png
from gates.reports.side_by_side.heat import Heat, heat_png
from policies.benchmark_tasks import Stopping
from policies.side_by_side import WIN_RATE, SideBySidePlan
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence
from stages.side_by_side.pairs import settled
from stages.side_by_side.scores import Row, Rule, share_of_rows
from stages.side_by_side.told import PromptScore, Told
from stages.side_by_side.vote import CandidateVote
from stages.stats.agreement import agreement_matrix
from stages.stats.between import between_candidates

OVERALL = {
    WIN_RATE: "what counts",
    "side_by_side.judge_win_rate": "judges",
    "side_by_side.raked_win_rate": "raked to the user mix",
}
"""Win rates of the evidence, and what they are called."""

Wins = Mapping[str, float]
"""What a candidate won on each prompt."""

EVEN = 0.5
"""The win rate of a candidate as good as the baseline."""


def pictures(
    told: Told, evidence: Evidence, plan: SideBySidePlan, *, limits: Sequence[float] = ()
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every picture of a candidate against the baseline.

    Args:
        told: Their votes.
        evidence: What was measured of them.
        plan: What was planned.
        limits: Win rates that are demanded.
    """
    lines = list(_lines(told, evidence, plan))
    against = f"{told.candidate} against {told.baseline}{_rule_said(told)}"
    if lines:
        yield (
            "win_rates.png",
            forest_png(lines, title=against, unit="win rate of the candidate", at=EVEN),
        )
    if told.prompts:
        yield (
            "over_time.png",
            course_png(
                Course(
                    lows=[score.low for score in told.prompts],
                    highs=[score.high for score in told.prompts],
                    level=plan.level,
                    planned=plan.prompts_planned,
                    limits=limits,
                    counts=_counting(evidence),
                ),
                title=against,
            ),
        )
    heat = agreement_heat((*told.said, *told.judged), level=plan.level)
    if heat is not None:
        yield (
            "agreement.png",
            heat_png(
                heat,
                title="share of the common prompts on which two say the same",
                rows="annotator or judge",
                columns="annotator or judge",
            ),
        )


def round_pictures(
    told: Mapping[str, Told], evidence: Mapping[str, Evidence], *, level: float
) -> Iterator[tuple[str, bytes]]:
    """The candidates of a round beside each other; nothing of a round of one.

    Args:
        told: Votes of each candidate, by its URI.
        evidence: What was measured of each, by its URI.
        level: Two-sided confidence level, in (0, 1), of all differences together.
    """
    if len(evidence) < 2:  # noqa: PLR2004 - one has nobody beside it
        return
    lines = [
        Line(label=uri, measured=measurement.measured)
        for uri, found in evidence.items()
        for measurement in found.measurements
        if measurement.metric == WIN_RATE
    ]
    if lines:
        yield (
            "candidates.png",
            forest_png(lines, title="the round", unit="win rate against the baseline", at=EVEN),
        )
    voted = [one for one in told.values() if one.complete]
    between = differences(voted, level=level)
    if between:
        title = "on common prompts, once all have voted: intervals hold together, p after Holm"
        yield (
            "differences.png",
            forest_png(between, title=title, unit="difference of the win rates", at=0.0),
        )
    heat = candidates_heat(voted)
    if heat is not None:
        yield (
            "between_candidates.png",
            heat_png(
                heat,
                title="share of the common prompts on which the row did better than the column",
                rows="candidates and baseline",
                columns="candidates and baseline",
            ),
        )


def agreement_heat(votes: Sequence[CandidateVote], *, level: float) -> Heat | None:
    """How often every two annotators and judges say the same; None with fewer than two.

    Who voted on a prompt more than once, such as a judge in both orders, says what their votes say
    on average: a tie where the orders contradict each other. Without any verdict they say nothing.
    """
    given: dict[str, dict[Hashable, list[CandidateVote]]] = {}
    for vote in votes:
        if vote.win is not None:
            given.setdefault(vote.annotator, {}).setdefault(vote.prompt, []).append(vote)
    labels = {
        name: {prompt: _verdict(own) for prompt, own in by_prompt.items()}
        for name, by_prompt in given.items()
    }
    found = agreement_matrix(labels, level=level)
    shares: dict[tuple[str, str], float] = {}
    counts: dict[tuple[str, str], int] = {}
    for each in found:
        if isinstance(each.share, Unmeasured):
            continue
        for pair in ((each.first, each.second), (each.second, each.first)):
            shares[pair], counts[pair] = each.share.value, each.n
    return Heat(names=sorted(labels), shares=shares, counts=counts) if shares else None


def _verdict(votes: Sequence[CandidateVote]) -> str:
    """What one voter says of a prompt in all their votes with a verdict."""
    if all(vote.both_bad for vote in votes):
        return "both bad"
    win = fmean(vote.win for vote in votes if vote.win is not None)
    return "tie" if win == EVEN else "candidate" if win > EVEN else "baseline"


def differences(told: Sequence[Told], *, level: float) -> tuple[Line, ...]:
    """How much more every candidate won of the baseline than each other, and how sure that is."""
    scores: dict[str, dict[Hashable, float]] = {
        one.candidate: {score.prompt: score.win for score in one.complete} for one in told
    }
    return tuple(
        Line(
            label=f"{each.first} - {each.second}"
            + ("" if each.p_holm is None else f" (p = {each.p_holm:.2g})"),
            measured=each.together,
        )
        for each in between_candidates(scores, level=level)
    )


def candidates_heat(told: Sequence[Told]) -> Heat | None:
    """How often a candidate did better than another, and than the baseline; None with none.

    Two candidates are compared by what each won against the baseline on the prompts that both were
    compared on; against the baseline it is the win rate.
    """
    if not told:
        return None
    scores: dict[str, Wins | None] = {
        one.candidate: {score.prompt: score.win for score in one.complete} for one in told
    }
    scores[told[0].baseline] = None
    shares: dict[tuple[str, str], float] = {}
    counts: dict[tuple[str, str], int] = {}
    for (row, own), (column, other) in permutations(scores.items(), 2):
        games = _games(own, other)
        if games:
            shares[row, column], counts[row, column] = fmean(games), len(games)
    return Heat(names=list(scores), shares=shares, counts=counts)


def _games(row: Wins | None, column: Wins | None) -> list[float]:
    """What the row won of the column on each prompt; None is the baseline."""
    if row is None:
        return [1 - win for win in (column or {}).values()]
    if column is None:
        return list(row.values())
    return [(row[p] > column[p]) + (row[p] == column[p]) / 2 for p in row if p in column]


def _lines(told: Told, evidence: Evidence, plan: SideBySidePlan) -> Iterator[Line]:
    for measurement in evidence.measurements:
        if measurement.metric in OVERALL:
            yield Line(label=OVERALL[measurement.metric], measured=measurement.measured)
    topics = sorted({score.topic for score in told.prompts} - {""})
    for topic in topics:
        own = [row for score in told.prompts if score.topic == topic for row in score.rows]
        yield Line(group="by topic", label=topic, measured=_of_rows(own, plan))
    for judge in sorted({vote.annotator for vote in told.judged}):
        yield Line(group="by judge", label=judge, measured=_of_prompts(_by(judge, told), plan))


def _counting(evidence: Evidence) -> Estimate | None:
    """The win rate that the decision is made on."""
    found = (each.measured for each in evidence.measurements if each.metric == WIN_RATE)
    return next((each for each in found if isinstance(each, Estimate)), None)


def _rule_said(told: Told) -> str:
    """What stands under the title of all that is drawn after the rule on flagged answers."""
    if not told.flagged:
        return ""
    answers = "1 answer" if len(told.flagged) == 1 else f"{len(told.flagged):,} answers"
    return f"\n{answers} flagged as written to win: lost in all of this, whatever was said"


def _of_prompts(scores: Sequence[PromptScore], plan: SideBySidePlan) -> Estimate | Unmeasured:
    """What one judge says."""
    rows = [Row(prompt=s.prompt, annotator="", low=s.low, high=s.high) for s in scores]
    return _of_rows(rows, plan)


def _of_rows(rows: Sequence[Row], plan: SideBySidePlan) -> Estimate | Unmeasured:
    """A share over prompts, for a picture: at the plan's level, at a fixed number of prompts.

    It speaks for other prompts and, where several people voted, for other people.
    """
    rule = Rule(stopping=Stopping.FIXED, level=plan.level, planned=len(rows))
    return share_of_rows(rows, rule)


def _by(judge: str, told: Told) -> list[PromptScore]:
    """What each prompt counts for by one judge: what is settled and flagged as in the panel."""
    scores = _by_prompt([vote for vote in told.judged if vote.annotator == judge])
    for pair in told.pairs:
        known = settled(pair)
        if known is not None and (win := known.worth.win) is not None:
            scores.append(PromptScore(prompt=pair.prompt, topic="", low=win, high=win))
    return [
        replace(score, low=0.0, high=0.0) if score.prompt in told.flagged else score
        for score in scores
    ]


def _by_prompt(votes: Sequence[CandidateVote]) -> list[PromptScore]:
    by_prompt: dict[str, list[CandidateVote]] = {}
    for vote in votes:
        by_prompt.setdefault(vote.prompt, []).append(vote)
    return [
        PromptScore(
            prompt=prompt,
            topic="",
            low=fmean(vote.win or 0.0 for vote in own),
            high=fmean(1.0 if vote.win is None else vote.win for vote in own),
        )
        for prompt, own in by_prompt.items()
    ]
