"""The units of an A/B in two layers, so that a unit that is done with is written only once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from stages.online.tables import ARM, UNIT, Traffic
from stages.online.units import Ab, Span, grown, left_out, settled

if TYPE_CHECKING:
    from ibis import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The units at one moment, as `units.grown` describes them.

    Attributes:
        open: Units of which something may still change.
        settled: Units whose windows have all closed, as they were then.
        reopened: Units of `settled` that were shown another arm or excluded afterwards: they stand
            in `open` from then on (`unit` alone); None: there is none.
    """

    open: "Table"
    settled: "Table"
    reopened: "Table | None"

    def together(self) -> "Table":
        """A row per unit."""
        import ibis

        return ibis.union(self.open, self.standing())

    def met(self, shown: "Table", ab: Ab) -> "Table":
        """Settled units in new exposures: `unit`, and whether one of them `changes` the unit."""
        known = self.standing().select(UNIT, "crossed", "excluded", was=ARM)
        new = shown.filter(shown[ARM].notnull())
        both = new.mutate(out=left_out(new, ab)).inner_join(known, UNIT)
        crosses = (both[ARM] != both["was"]) & ~both["crossed"]
        changes = crosses | (both["out"] & ~both["excluded"])
        return both.group_by(UNIT).aggregate(changes=changes.any())

    def grown(self, traffic: Traffic, ab: Ab, span: Span, met: "Table") -> "Table":
        """The open layer and every unit that is reopened, with what is new of them.

        Args:
            traffic: Both tables; the span's exposures suffice.
            ab: The A/B.
            span: What is read.
            met: Settled units among its exposures.
        """
        import ibis

        again = self.settled.semi_join(met.filter(met["changes"]), UNIT)
        new = traffic.exposures.anti_join(met.filter(~met["changes"]), UNIT)
        return grown(replace(traffic, exposures=new), ab, span, ibis.union(self.open, again))

    def reopening(self, met: "Table") -> "Table":
        """The units that are reopened now, or were before."""
        new = met.filter(met["changes"]).select(UNIT)
        return new if self.reopened is None else self.reopened.union(new)

    def standing(self) -> "Table":
        """The settled units that were not reopened."""
        if self.reopened is None:
            return self.settled
        return self.settled.anti_join(self.reopened, UNIT)


def done(units: "Table", reopened: "Table | None", traffic: Traffic, until: datetime) -> "Table":
    """The units, and whether they leave the open layer now: `done`."""
    leaves = settled(units, traffic, until)
    if reopened is not None:
        leaves = leaves & ~units[UNIT].isin(reopened[UNIT])
    return units.select(*sorted(units.columns), done=leaves)
