"""Servers that every test may ask for; each starts once a session, when first asked for."""

from tests.servers.mlflow_server import mlflow_server

__all__ = ["mlflow_server"]
