"""Which program measures and decides."""

import importlib.metadata


def code_version() -> str:
    """Version of the program, as provenance and records carry it."""
    return importlib.metadata.version("checkpoint-gate")
