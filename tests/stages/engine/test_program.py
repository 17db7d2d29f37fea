import importlib.metadata

from stages.engine.program import code_version


def test_the_version_is_the_installed_programs() -> None:
    assert code_version() == importlib.metadata.version("checkpoint-gate")
    assert code_version()[0].isdigit()
