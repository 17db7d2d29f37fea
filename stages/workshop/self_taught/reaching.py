"""Models that could not be asked at all, which says nothing of what they would have replied."""

from collections.abc import Mapping

from stages.engine.threads import Failed
from stages.models.client import EndpointError
from stages.workshop.workroom import Hand


def demand_reached(found: Mapping[str, object], hand: Hand) -> None:
    """Returns when a model could be asked.

    Raises:
        EndpointError: When its endpoint did not work.
    """
    down = [each for each in found.values() if isinstance(each, Failed) and each.unreached]
    if down:
        raise EndpointError(
            f"cannot ask `{hand.name}`",
            why=f"{len(down):,} of {len(found):,} questions did not reach it; {down[0].reason}",
            fix="mend its endpoint, and run the same command again: it asks only what is missing",
        )
