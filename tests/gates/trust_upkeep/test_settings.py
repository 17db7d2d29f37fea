"""`[trust]` is written into a gate.toml, and nothing else of it changes."""

from pathlib import Path

import pytest

from gates.gate_toml import parse_gate_toml
from gates.trust_upkeep.settings import repin, with_trust
from policies.errors import WrongUsage

ONE, TWO = "a" * 64, "b" * 64
BEFORE = '# mine\n[state]\nurl = ".gate/state"  # here\n'


def test_a_section_is_added_at_the_end() -> None:
    text = with_trust(BEFORE, keyid=ONE, key=".gate/keys/a.pem", where="gate.toml")
    assert text.startswith(BEFORE)
    trust = parse_gate_toml(text, where="gate.toml").content.trust
    assert (trust.root, trust.keys, trust.key) == ("trust.json", [ONE], ".gate/keys/a.pem")


def test_a_section_that_is_there_is_completed() -> None:
    before = f'[trust]  # ours\nanchor = "anchor.json"\n\n{BEFORE}'
    text = with_trust(before, keyid=ONE, key=None, where="gate.toml")
    trust = parse_gate_toml(text, where="gate.toml").content.trust
    assert (trust.root, trust.keys, trust.anchor) == ("trust.json", [ONE], "anchor.json")
    assert text.endswith(BEFORE)


def test_what_would_be_no_gate_toml_is_refused() -> None:
    with pytest.raises(WrongUsage):
        with_trust("[trust]\nkeys = []\n", keyid=ONE, key=None, where="gate.toml")


@pytest.mark.parametrize("written", [f'keys = ["{ONE}"]', f'keys=[\n  "{ONE}",  # ann\n]'])
def test_pins_are_changed_and_all_else_stays(tmp_path: Path, written: str) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(f"{BEFORE}[trust]\n{written}\nanchor = 'a'  # why\n", encoding="utf-8")
    repin(file, [ONE, TWO])
    text = file.read_text("utf-8")
    assert text.startswith(BEFORE)
    assert text.endswith("anchor = 'a'  # why\n")
    assert parse_gate_toml(text, where="gate.toml").content.trust.keys == [ONE, TWO]


@pytest.mark.parametrize("text", [BEFORE, f'trust.keys = ["{ONE}"]\n', '[trust]\nroot = "a"\n'])
def test_pins_that_are_not_found_are_told_and_nothing_is_written(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="cannot find `keys`") as caught:
        repin(file, [TWO])
    assert TWO in caught.value.fix
    assert file.read_text("utf-8") == text
