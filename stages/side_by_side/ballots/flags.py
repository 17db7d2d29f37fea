"""Remarks that something is wrong with a pair."""

from dataclasses import asdict

from sqlalchemy import Connection, func, insert, select

from stages.side_by_side.ballots.standing import Flag
from stages.side_by_side.ballots.tables import FLAGS


def read_flags(connection: Connection, batch: str) -> tuple[Flag, ...]:
    """Every remark on a batch, oldest first."""
    columns = [FLAGS.c[name] for name in Flag.__slots__]
    asked = select(*columns).where(FLAGS.c.batch == batch).order_by(FLAGS.c.number)
    return tuple(Flag(**row) for row in connection.execute(asked).mappings())


def keep_flag(connection: Connection, batch: str, flag: Flag) -> Flag:
    """Writes a remark down, unless the person made it already; gives what is kept."""
    for kept in read_flags(connection, batch):
        if (kept.pair, kept.person, kept.comment) == (flag.pair, flag.person, flag.comment):
            return kept
    last = select(func.max(FLAGS.c.number)).where(FLAGS.c.batch == batch)
    number = (connection.execute(last).scalar() or 0) + 1
    connection.execute(insert(FLAGS).values(batch=batch, number=number, **asdict(flag)))
    return flag
