"""A funnel in sentences."""

from collections.abc import Iterator

from gates.decide.spoken import amount_words, count_words, level_words, metric_words, plain_words
from gates.hindsight.flow import Flow, Known
from gates.hindsight.foretelling import Foretold, Population
from gates.hindsight.funnel import Funnel
from gates.reports.table import Table
from gates.reports.wording import stage_words
from stages.evidence.estimate import Estimate, Unmeasured

EXPLORATORY = (
    "exploratory: each interval is right by itself as often as it says; of twenty about one misses"
)
MEANINGS = (
    "as seen: ranks of the measures as they are, noise included, of those that were let through",
    "true: ranks of the true values behind them, their known errors taken out",
)


def flow_table(funnel: Funnel) -> Table:
    """Who came into each stage and what became of them."""
    return Table(
        title="",
        headings=("stage", "in", "out", "FAIL", "HOLD", "last looks"),
        rows=tuple(
            (
                stage_words(flow.stage),
                str(flow.came),
                str(flow.passed),
                *(str(number) for verdict, number in flow.verdicts.items() if verdict != "PASS"),
                ", ".join(f"{number} {look}" for look, number in flow.looks.items()) or "-",
            )
            for flow in funnel.flows
        ),
    )


def cost_table(funnel: Funnel) -> Table:
    """What each stage cost."""
    return Table(
        title="",
        headings=(
            "stage",
            "calls",
            "prompt tokens",
            "answer tokens",
            "votes",
            "GPU minutes",
            "USD",
        ),
        rows=tuple(_cost_row(flow) for flow in funnel.flows),
    )


def _cost_row(flow: Flow) -> tuple[str, ...]:
    cost = flow.cost
    numbers = (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.votes)
    said = (_known_words(known, flow.came) for known in (flow.gpu_minutes, flow.usd))
    return (stage_words(flow.stage), *(f"{number:,}" for number in numbers), *said)


def _known_words(known: Known, candidates: int) -> str:
    """An amount; what is not known is said, never 0."""
    if not candidates:
        return "-"
    if known.amount is None:
        return "not known"
    unknown = f", not known of {known.unknown} of {candidates}" if known.unknown else ""
    return f"{amount_words(known.amount)}{unknown}"


def saved_words(funnel: Funnel) -> str:
    """What it saved not to send everybody to people."""
    saved = funnel.saved
    return (
        f"saved against sending everybody to people: votes {_amount(saved.votes)}; money for calls "
        f"{_amount(saved.usd)}. {count_words(saved.stopped, 'candidates')} stopped before people, "
        f"taken to cost what the {saved.compared} compared to the end cost on average"
    )


def _amount(found: Estimate | Unmeasured) -> str:
    if isinstance(found, Unmeasured):
        return f"unmeasured ({found.reason})"
    assert found.low is not None
    assert found.high is not None
    low, value, high = (plain_words(number) for number in (found.low, found.value, found.high))
    return f"{value} ({low} to {high}; {level_words(found.level)}, n = {found.n})"


def looked_at(funnel: Funnel) -> str:
    """How many correlations there are, and what that means."""
    number = len(funnel.foretold)
    if not number:
        return "no stage follows another with measures: nothing can be foretold"
    return f"{count_words(number, 'correlations')} looked at, {EXPLORATORY}"


def pair_words(one: Foretold) -> str:
    """Which measures are held against each other."""
    return f"{metric_words(one.metric)} and {metric_words(one.target)}"


def correlation_words(found: Estimate | Unmeasured) -> str:
    """A correlation with its interval, or why there is none."""
    if isinstance(found, Unmeasured):
        return f"unmeasured, {found.reason}"
    return f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def population_words(one: Foretold) -> str:
    """Of whom the true correlation is told, and how they were chosen."""
    number = "" if one.population is Population.LET_THROUGH else f" ({one.both + one.alone})"
    ranked = (
        "no quota ranked"
        if one.ranked_by is None
        else (f"a quota ranked by {metric_words(one.ranked_by)}")
    )
    return (
        f"{one.both} were let through and have a result, {ranked}; the true one holds for "
        f"{one.population}{number}"
    )


def asides(one: Foretold) -> Iterator[str]:
    """Who is left out and why, whose baseline it is, and which errors were derived."""
    if one.baseline is not None:
        yield f"held against {one.baseline}"
    if one.left_out:
        yield f"left out: {', '.join(f'{number} {why}' for why, number in one.left_out)}"
    if one.derived:
        yield f"{count_words(one.derived, 'standard errors')} derived from exact intervals"


def foretold_lines(one: Foretold) -> Iterator[str]:
    """All that is said of one correlation."""
    yield pair_words(one)
    if isinstance(one.seen, Unmeasured) and one.seen == one.true:
        yield f"  {correlation_words(one.seen)}"
    else:
        yield f"  as seen {correlation_words(one.seen)}"
        yield f"  true    {correlation_words(one.true)}"
    yield f"  {population_words(one)}"
    yield from (f"  {aside}" for aside in asides(one))
