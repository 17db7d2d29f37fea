"""The bundled data is what the program writes, byte for byte."""

import hashlib
from pathlib import Path

import yaml

from gates.demo.bundle import DATA, write_bundle
from tests.fakes.workplace import snapshot


def not_the_classifier(path: Path) -> bool:
    return path.is_file() and "toxicity" not in path.parts


def test_the_bundle_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    assert snapshot(tmp_path) == snapshot(DATA, not_the_classifier)


def test_the_policy_names_the_classifier_that_is_bundled() -> None:
    policy = yaml.safe_load((DATA.parents[2] / "policies" / "demo.yaml").read_text())
    task = policy["plan"]["offline"]["toxicity"]
    file = DATA / "toxicity" / Path(task["classifier"]).name
    assert task["classifier_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_classifier_says_that_it_is_a_demo() -> None:
    folders = [p.name for p in (DATA / "toxicity").iterdir() if p.is_dir()]
    assert folders == ["demo_tiny_toxicity_not_for_release"]
