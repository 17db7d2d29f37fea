"""Every ballot box: SQLite in a folder, and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from tests.servers.postgres import fresh_database


@pytest.fixture(params=["folder", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a test keeps its votes; nothing is there."""
    if request.param == "folder":
        return str(tmp_path / "state")
    return fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def box(url: str) -> Iterator[BallotBox]:
    with open_ballots(url) as opened:
        yield opened
