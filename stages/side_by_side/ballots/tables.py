"""The tables of the ballot box: what was said is only ever added to.

`sxs_seats` alone is changed and emptied: who holds one of the `overlap` places at a pair. That a
seat is there once, and has one person, keeps a pair from more votes than it may have.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

METADATA = MetaData()

SCHEMA = 1
"""Version of all these tables; what a later one changes, it must still read as it was."""


class Words(TypeDecorator[str]):
    """What people wrote; what no database can keep becomes a replacement character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without NUL and without halves of surrogate pairs."""
        del dialect
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()


SCHEMAS = Table(  # one row: what the tables were made by
    "sxs_schema",
    METADATA,
    Column("version", Integer, primary_key=True),
)


def _batch() -> Column[str]:
    return Column("batch", ForeignKey("sxs_batches.name"), primary_key=True)


BATCHES = Table(
    "sxs_batches",
    METADATA,
    Column("name", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("body", Text, nullable=False),  # as `batch_codec` writes it
    Column("at", String, nullable=False),
)

GUIDELINES = Table(
    "sxs_guidelines",
    METADATA,
    _batch(),
    Column("version", Integer, primary_key=True),
    Column("text", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", String, nullable=False),
)

STOPS = Table(
    "sxs_stops",
    METADATA,
    _batch(),
    Column("why", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", String, nullable=False),
)

PEOPLE = Table(  # a row per change, each the whole person; the last one stands
    "sxs_people",
    METADATA,
    _batch(),
    Column("name", String, primary_key=True),
    Column("change", Integer, primary_key=True),
    Column("segment", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("link", Integer, nullable=False),
    Column("opted_out", Text, nullable=False),  # a JSON list
    Column("qualified", Boolean, nullable=False),
    Column("since", Integer, nullable=False),
    Column("changed_by", Words, nullable=False),
    Column("at", String, nullable=False),
)

LEAD_LINKS = Table(  # a row for each that replaced the one before it, which was 0 at first
    "sxs_lead_links",
    METADATA,
    _batch(),
    Column("version", Integer, primary_key=True),
    Column("by", Words, nullable=False),
    Column("at", String, nullable=False),
)

ACTS = Table(  # votes, skips, and what takes one of them back
    "sxs_acts",
    METADATA,
    _batch(),
    Column("number", Integer, primary_key=True),
    Column("person", String, nullable=False),
    Column("pair", String, nullable=False),
    Column("turn", Integer, nullable=False),  # even: a vote or a skip; odd: the undoing of it
    Column("place", Integer, nullable=False),  # its number; of a correction, the place corrected
    Column("gold", Boolean, nullable=False),
    Column("preference", String, nullable=False),  # A being the pair's answer a
    Column("seconds", Float),
    Column("comment", Words, nullable=False),
    Column("guidelines", Integer, nullable=False),
    Column("token", String, nullable=False),
    Column("undoes", Integer),
    Column("at", String, nullable=False),
    UniqueConstraint("batch", "person", "pair", "turn"),  # a person votes once, and undoes it once
    UniqueConstraint("batch", "person", "token"),
    ForeignKeyConstraint(["batch", "undoes"], ["sxs_acts.batch", "sxs_acts.number"]),
    ForeignKeyConstraint(
        ["batch", "guidelines"], ["sxs_guidelines.batch", "sxs_guidelines.version"]
    ),
)

SEATS = Table(
    "sxs_seats",
    METADATA,
    _batch(),
    Column("pair", String, primary_key=True),
    Column("seat", Integer, primary_key=True),  # from 0, below the overlap
    Column("person", String, nullable=False),
    Column("until", String),  # NULL: for good, they voted
    UniqueConstraint("batch", "pair", "person"),
)

FLAGS = Table(
    "sxs_flags",
    METADATA,
    _batch(),
    Column("number", Integer, primary_key=True),
    Column("pair", String, nullable=False),
    Column("person", String, nullable=False),
    Column("comment", Words, nullable=False),
    Column("at", String, nullable=False),
    UniqueConstraint("batch", "pair", "person", "comment"),
)

ADJUDICATIONS = Table(
    "sxs_adjudications",
    METADATA,
    _batch(),
    Column("number", Integer, primary_key=True),
    Column("pair", String, nullable=False),
    Column("lead", String, nullable=False),
    Column("preference", String, nullable=False),
    Column("comment", Words, nullable=False),
    Column("at", String, nullable=False),
)
