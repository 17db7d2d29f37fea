"""What a changed policy does, as the comment on the pull request that changes it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from gates.decide.spoken import count_words
from gates.replay.judging import Outcome
from gates.replay.telling import Tally, change_words, moved, remarks
from gates.reports.escaping import inert
from gates.reports.markdown import table_lines
from gates.reports.table import Table
from gates.reports.value_words import value_words
from policies.diff import Change, Effect
from policies.measured_anew import MeasuredAnew, measured_anew
from policies.policy import Policy

SHOWN = 25
"""Decisions told one by one; the comment says how many more there are."""


def comment(old: Policy, new: Policy, changes: Sequence[Change], tally: Tally | None = None) -> str:
    """Markdown: what changed and whether that loosens, what it measures anew, what it decides.

    Args:
        old: The policy in force.
        new: The proposed one.
        changes: Their difference.
        tally: The replay of the recorded decisions under `new`; None when nothing was replayed.
    """
    lines = [
        f"### Policy {inert(new.policy)}: {_effects(changes)}",
        "",
        f"`{old.sha256[:12]}` becomes `{new.sha256[:12]}`",
        "",
        *(_changes(changes) if changes else ()),
        _measures(measured_anew(old, new)),
        *_registered(old, new),
        *(() if tally is None else _replayed(tally)),
    ]
    return "\n".join(lines) + "\n"


def _effects(changes: Sequence[Change]) -> str:
    """The direction first: a reviewer looks for what loosens."""
    if not changes:
        return "demands the same"
    counts = Counter(change.effect for change in changes)
    named = {Effect.LOOSENS: "loosen", Effect.TIGHTENS: "tighten", Effect.CHANGES: "change"}
    said = [f"{counts[e]} {verb}" for e, verb in named.items() if counts[e]]
    return f"{count_words(len(changes), 'changes')} ({', '.join(said)})"


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    order = (Effect.LOOSENS, Effect.TIGHTENS, Effect.CHANGES)
    worst = sorted(changes, key=lambda change: order.index(change.effect))
    yield from table_lines(
        Table(
            title="",
            headings=("effect", "field", "old", "new"),
            rows=tuple(
                (c.effect.value, c.path, value_words(c.old), value_words(c.new)) for c in worst
            ),
        )
    )
    yield ""


def _measures(anew: MeasuredAnew) -> str:
    if not anew:
        return "Nothing is measured anew: recorded evidence is decided again."
    tasks = [f"the offline task {inert(name)}" for name in anew.tasks]
    stages = [f"the {stage.replace('_', ' ')} stage" for stage in anew.stages]
    return (
        f"Measured anew: {', '.join([*tasks, *stages])}. What the journal holds already is neither "
        "asked nor paid for again."
    )


def _registered(old: Policy, new: Policy) -> Iterator[str]:
    if old.plan.online and old.stage_sha256("online") != new.stage_sha256("online"):
        yield ""
        yield (
            "A running A/B keeps the plan and criteria that were registered before it began; under "
            "these it is INVALID, so end it under the policy that it began with."
        )


def _replayed(tally: Tally) -> Iterator[str]:
    yield ""
    yield f"#### {tally.words}"
    yield ""
    if tally.changed:
        rows = tuple(
            (
                one.again.outcome.value,
                one.decided.decision.candidate,
                one.decided.decided_at[:10],
                moved(one),
                "; ".join(
                    [one.again.reason, *map(change_words, one.again.criteria), *remarks(one)]
                ),
            )
            for outcome in (Outcome.FLIPS, Outcome.LACKS)
            for one in tally.of(outcome)
        )
        headings = ("", "candidate", "decided", "verdict", "why")
        yield from table_lines(Table(title="", headings=headings, rows=rows[:SHOWN]))
        if len(rows) > SHOWN:
            yield ""
            yield f"and {len(rows) - SHOWN} more: `gate policy replay` lists them all."
