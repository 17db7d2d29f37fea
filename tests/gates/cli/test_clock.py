"""The clock of the command line."""

from datetime import UTC

from gates.cli.clock import now


def test_the_time_has_its_zone() -> None:
    assert now().tzinfo is UTC
