"""One suite over both kinds of places: a folder, and a bucket behind an fsspec URL."""

from pathlib import Path
from uuid import uuid4

import pytest

from gates.chain.anchor import Anchor
from gates.chain.mirror import Mirror
from gates.chain.places import Bucket, Folder, Place, open_place
from gates.chain.record import Head
from policies.errors import Broken


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return open_place(f"file://{tmp_path / 'records'}")
    return open_place(f"memory://{uuid4().hex}/records/")


def test_an_url_is_a_bucket_and_a_path_is_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_place(str(tmp_path)), Folder)
    assert isinstance(open_place("memory://bucket"), Bucket)


def test_what_is_not_there_is_nothing(place: Place) -> None:
    assert place.read("a/b") is None
    assert place.names("a") == ()
    place.remove("a/b")


def test_what_is_written_is_read_back_replaced_named_and_removed(place: Place) -> None:
    for data in (b"first", b"second"):
        place.write("a/b", data, lasting=True)
        assert place.read("a/b") == data
    place.write("a/a", b"")
    assert place.names("a") == ("a", "b")
    place.remove("a/b")
    assert place.names("a") == ("a",)
    assert place.read("a/b") is None


def test_a_mirror_and_an_anchor_stand_in_any_place(place: Place) -> None:
    mirror, anchor = Mirror(place), Anchor(place, "anchor.json")
    digest = mirror.keep(b"evidence")
    assert mirror.blob(digest) == b"evidence"
    mirror.erase([digest], b"said")
    assert mirror.blob(digest) is None
    assert mirror.erasures == (b"said",)
    head = Head(sequence=2, sha256="2" * 64)
    anchor.grow("assistant", head)
    anchor.grow("assistant", Head(sequence=1, sha256="1" * 64))
    assert Anchor(place, "anchor.json").head("assistant") == head


def test_a_place_that_nobody_knows_is_an_error_without_its_secrets() -> None:
    place = open_place("nosuch://user:secret@bucket/records")
    for ask in (lambda: place.read("a"), lambda: place.names("a"), lambda: place.write("a", b"")):
        with pytest.raises(Broken) as error:
            ask()
        assert "secret" not in f"{error.value.message} {error.value.why}"
