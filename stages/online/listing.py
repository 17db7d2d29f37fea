"""SQL that lists rows, for people: it runs where the traffic stands."""

from pathlib import Path
from typing import TYPE_CHECKING

from stages.online.backends import DUCKDB
from stages.online.sources import Query, Relation, Tables
from stages.online.tables import Traffic
from stages.online.traffic_rules import Asked, Rule, Where

if TYPE_CHECKING:
    from ibis import Table


def rows_that_break(traffic: Traffic, asked: Asked, rule: Rule) -> "Table":
    """The rows of a rule as the source has them, every column as it is there."""
    from ibis.expr.operations import Project

    exposed = rule.where in (Where.EXPOSURES, Where.ALL_EXPOSURES)
    typed = traffic.exposures if exposed else traffic.events
    project = typed.op()
    assert isinstance(project, Project), "typed tables select columns of the source's"
    columns = {name: value.to_expr() for name, value in project.values.items()}
    found = (rule.listed or rule.breaks)(columns)
    if rule.where is Where.EXPOSURES:
        found = (columns["ab"] == asked.arms.experiment) & found
    return project.parent.to_expr().filter(found)


def sql_of(rows: "Table", traffic: Traffic, tables: Tables) -> str:
    """The query of some rows, in the words of the engine that reads them.

    A file is named without its folder: the query runs beside it.
    """
    sql = str(traffic.connection.compile(rows))
    for typed, relation in (
        (traffic.exposures, tables.exposures),
        (traffic.events, tables.events),
    ):
        sql = _in_its_own_words(sql, typed, relation, traffic.connection.name)
    return sql


def _in_its_own_words(sql: str, typed: "Table", relation: Relation, backend: str) -> str:
    """The query with the source in place of what the engine calls it for itself."""
    from ibis.expr.operations import DatabaseTable

    source = _source(relation, backend)
    if source is None:
        return sql
    for table in typed.op().find(DatabaseTable):
        sql = sql.replace(f'"{table.name}"', source)
    return sql


def _source(relation: Relation, backend: str) -> str | None:
    """What stands after FROM; None where the engine knows it by its own name."""
    match relation:
        case Path() if backend == DUCKDB:
            name = relation.name.replace("'", "''")
            is_text = relation.suffix == ".csv"
            return f"read_csv('{name}', all_varchar = true)" if is_text else f"'{name}'"
        case Query():
            return f"({relation.sql.strip().rstrip(';')})"
        case _:
            return None
