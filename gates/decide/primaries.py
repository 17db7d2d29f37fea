"""What a primary of an A/B must show to win, and which of its criteria are guardrails."""

from collections.abc import Sequence

from policies.criteria import Better, Criterion, Severity
from stages.evidence.records import Look


def demands_on(primary: str, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """What a primary must show to win; empty when nothing is demanded of it.

    Of its criteria that block (of all, where none does) the ones that demand `better`; where none
    does, all of them. Its other criteria are guardrails.
    """
    own = [c for c in criteria if c.metric == primary]
    binding = [c for c in own if c.severity is Severity.BLOCKING] or own
    return tuple(c for c in binding if isinstance(c.demand, Better)) or tuple(binding)


def hypotheses_of(look: Look, criteria: Sequence[Criterion]) -> tuple[tuple[Criterion, ...], ...]:
    """What a candidate may win by, each with all that it must show.

    One for each primary where one of them must win, one of all primaries where all must.
    """
    demands = tuple(demands_on(primary, criteria) for primary in look.all_primaries)
    if look.any_primary:
        return demands
    return (tuple(c for of_one in demands for c in of_one) if all(demands) else (),)
