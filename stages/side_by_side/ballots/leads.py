"""The link of whoever leads a batch: which version of it opens the lead's page."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.ballots.database import Database
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.tables import LEAD_LINKS


class Leads:
    """Links of leads, counted batch by batch; every new one is kept with who made it.

    Args:
        database: Where they are kept.
        batches: The batches.
    """

    def __init__(self, database: Database, batches: Batches) -> None:
        self._database = database
        self._batches = batches

    def link(self, batch: str) -> int:
        """Version of the link that opens the lead's page; 0 before there was another one."""
        self._batches.get(batch)
        with self._database.reading() as connection:
            return _last(connection, batch)

    def reissue_link(self, batch: str, *, by: str = "", now: datetime) -> int:
        """Makes the lead's links of earlier versions open nothing; the version from now on."""
        with self._database.writing(batch) as connection:
            version = _last(connection, batch) + 1
            row = {"batch": batch, "version": version, "by": by, "at": moment(now)}
            connection.execute(insert(LEAD_LINKS).values(row))
            return version


def _last(connection: Connection, batch: str) -> int:
    asked = select(func.max(LEAD_LINKS.c.version)).where(LEAD_LINKS.c.batch == batch)
    return connection.execute(asked).scalar() or 0
