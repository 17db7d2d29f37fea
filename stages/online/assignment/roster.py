"""Units and their arms as CSV, for those who read a list instead of a rule; pure."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from stages.online.assignment.experiment import Experiment, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A list of units that take part.

    Attributes:
        text: CSV with the unit, `experiment_id`, `variation_id` and the unit's bucket.
        units: Units that were given.
        outside: Of these, units that take no part, and are not listed.
    """

    text: str
    units: int
    outside: int


def roster(experiment: Experiment, units: Iterable[str], *, first_day: float = 0.0) -> Roster:
    """The arms of units that are first exposed on one day, in the order given.

    Args:
        experiment: The A/B.
        units: Each once.
        first_day: Days between the first exposure of the A/B and these units' own.

    Raises:
        ValueError: A unit is empty, not ASCII, or listed twice.
    """
    buffer, seen, outside = io.StringIO(), set[str](), 0
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow((experiment.unit, "experiment_id", "variation_id", "bucket"))
    for unit in units:
        if unit in seen:
            raise ValueError(f"unit {unit} is listed twice")
        seen.add(unit)
        found = place(experiment, unit, first_day=first_day)
        if found.arm is None:
            outside += 1
        else:
            table.writerow((unit, experiment.key, found.arm.name, f"{found.bucket:.4f}"))
    return Roster(text=buffer.getvalue(), units=len(seen), outside=outside)
