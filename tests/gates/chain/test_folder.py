"""A folder of records is whole only with what its decisions rest on."""

from pathlib import Path

import pytest

from gates.chain.folder import ERASURE, missing_in
from gates.chain.mirror import Mirror
from gates.chain.places import Folder
from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from policies.errors import Broken
from tests.gates.promotion.scene import Scene, scene


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Version 2 was decided and signed by `ann`."""
    return scene(tmp_path_factory.mktemp("folder"))


@pytest.fixture
def mirror(made: Scene, tmp_path: Path) -> Mirror:
    """A copy of its records."""
    return Mirror(Folder(made.copied(tmp_path).place.folder / ".gate" / "records"))


def missing(made: Scene, mirror: Mirror) -> tuple[str, ...]:
    return missing_in(mirror, made.chain, trust=made.custody.trust)


def blobs(mirror: Mirror) -> list[Path]:
    return sorted((Path(mirror.url) / "blobs").iterdir())


def test_everything_that_a_decision_rests_on_is_kept(made: Scene, mirror: Mirror) -> None:
    assert missing(made, mirror) == ()


def test_each_blob_that_is_gone_is_named(made: Scene, mirror: Mirror) -> None:
    for blob in blobs(mirror):
        data = blob.read_bytes()
        blob.unlink()
        assert missing(made, mirror) == (blob.name,)
        blob.write_bytes(data)


def test_each_blob_that_was_altered_is_refused(made: Scene, mirror: Mirror) -> None:
    for blob in blobs(mirror):
        data = blob.read_bytes()
        blob.write_bytes(data + b" ")
        with pytest.raises(Broken, match=f"blobs/{blob.name} .* was altered"):
            missing(made, mirror)
        blob.write_bytes(data)


@pytest.mark.parametrize(("owner", "believed"), [("ann", True), ("bob", False)])
def test_what_was_erased_is_not_missing_if_somebody_may_say_so(
    made: Scene, mirror: Mirror, owner: str, *, believed: bool
) -> None:
    gone = blobs(mirror)[0].name
    said = sign(ERASURE, canonical_bytes({"erased": [gone]}), (made.keyring.signers[owner],))
    mirror.erase([gone], encode(said))
    assert missing(made, mirror) == (() if believed else (gone,))
