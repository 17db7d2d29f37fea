"""What is dear, for every test that asks: started once a session, when first asked for."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.fakes.shown_demo import shown
from tests.fakes.sketches import looks_at_none, sketched
from tests.order import arranged
from tests.servers.mlflow_server import mlflow_server
from tests.servers.postgres import postgres, postgres_server

__all__ = ["mlflow_server", "postgres", "postgres_server", "shown"]

os.environ.pop("COLUMNS", None)  # a worker of pytest-xdist has it, and tables follow it
os.environ.setdefault("GATE_ALLOW_LOCAL_STATE", "1")  # folders of tests need not last

settings.register_profile(
    "patient", deadline=None
)  # how long a test takes says nothing of the program
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arranged(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if not looks_at_none(item):
        return (yield)
    with sketched():
        return (yield)
