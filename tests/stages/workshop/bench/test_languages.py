import importlib.util

import pytest

from policies.errors import Broken
from stages.workshop.bench.languages import language_teller

installed = importlib.util.find_spec("py3langid") is not None


@pytest.mark.skipif(not installed, reason="py3langid is not installed: checkpoint-gate[workshop]")
def test_a_sentence_is_told_by_its_language_and_code_is_left_out() -> None:
    tell = language_teller()

    assert tell("How do I sort a list of dictionaries in Python?") == "en"
    assert tell("Wie sortiere ich eine Liste von Wörterbüchern in Python?") == "de"
    assert tell("¿Cómo puedo ordenar una lista de diccionarios?") == "es"
    assert tell("什么是人工智能请详细解释") == "zh"
    code = "def sort(values): return sorted(values, key=lambda value: value.name)"
    assert tell(f"Was macht dieser Code genau?\n```python\n{code}\n{code}\n```") == "de"


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(Broken) as refused:
        language_teller()

    assert "checkpoint-gate[workshop]" in refused.value.fix
