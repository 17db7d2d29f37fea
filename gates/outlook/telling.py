"""What an outlook is told as: lines for people, JSON for programs."""

from collections.abc import Iterable, Iterator

from gates.outlook.missing import Missed
from gates.outlook.needing import Needed
from gates.outlook.outlook import Outlook
from policies.canonical import Json


def lines_of(found: Outlook | None) -> Iterator[str]:
    """What is missed, what it takes, and what that takes for granted."""
    if found is None:
        return
    if found.missed is not None:
        yield found.missed.words
    yield found.takes
    if found.needed is not None:
        yield f"assuming that {found.needed.assumption}; {found.needed.method}"


def outlook_json(found: Iterable[Outlook]) -> list[Json]:
    """The key `outlook` of what `gate explain --json` prints."""
    return [
        {
            "stage": one.stage.value,
            "metric": one.finding.metric,
            "demand": one.finding.demand,
            "severity": one.finding.severity.value,
            "verdict": one.finding.verdict.value,
            "missed": None if one.missed is None else _missed(one.missed),
            "final": one.final,
            "takes": one.takes,
            "needed": None if one.needed is None else _needed(one.needed),
        }
        for one in found
    ]


def _missed(gap: Missed) -> Json:
    return {"value": gap.value, "bound": gap.bound, "words": gap.words}


def _needed(needed: Needed) -> Json:
    return {
        "unit": needed.unit,
        "have": needed.have,
        "soonest": needed.soonest,
        "half": needed.half,
        "latest": needed.latest,
        "passes": needed.passes,
        "assumption": needed.assumption,
        "method": needed.method,
    }
