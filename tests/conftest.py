"""What is dear, for every test that asks: started once a session, when first asked for."""

import os

from tests.fakes.shown_demo import shown
from tests.servers.mlflow_server import mlflow_server
from tests.servers.postgres import postgres, postgres_server

__all__ = ["mlflow_server", "postgres", "postgres_server", "shown"]

os.environ.pop("COLUMNS", None)  # a worker of pytest-xdist has it, and tables follow it
