"""A dossier is one file whose every byte is accounted for, and nothing in it leads out of it."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.audit import packing
from gates.audit.packing import pack, unpack
from gates.trust.untrusted import Untrusted
from policies.errors import InputError

FILES = {"contents.json": b"{}", "records/000001.json": b"one", "verify.py": b"two"}


def put(folder: Path, data: bytes) -> Path:
    path = folder / "dossier.zip"
    path.write_bytes(data)
    return path


def zipped(name: str, *, kind: int = zipfile.ZIP_STORED, data: bytes = b"") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", kind) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def test_what_was_packed_is_unpacked_and_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    assert unpack(put(tmp_path, pack(FILES))) == FILES
    assert pack(dict(reversed(FILES.items()))) == pack(FILES)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_flipped_bit_of_the_zip_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    packed = bytearray(pack(FILES))
    place = data.draw(st.integers(0, len(packed) * 8 - 1))
    packed[place // 8] ^= 1 << place % 8
    path = put(tmp_path_factory.mktemp("flipped"), bytes(packed))
    try:
        found = unpack(path)
    except Untrusted:
        return
    assert pack(found) == bytes(packed)  # another honest zip; its contents are another's
    assert found != FILES


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd.json", "../out.json", "a/../../out.json", "a\\b.json", "c:a.json", "a/b/c.json"],
)
def test_names_that_lead_out_of_it_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Untrusted):
        unpack(put(tmp_path, zipped(name)))


def test_a_zip_that_unpacks_to_more_than_it_is_is_refused(tmp_path: Path) -> None:
    bomb = zipped("contents.json", kind=zipfile.ZIP_DEFLATED, data=bytes(10**7))
    with pytest.raises(Untrusted, match="cannot believe"):
        unpack(put(tmp_path, bomb))


def test_files_that_lie_over_one_another_are_refused(tmp_path: Path) -> None:
    packed = pack({"aa.json": bytes(5000), "ab.json": b""})
    first = packed.index(b"PK\x01\x02")
    second = packed.index(b"PK\x01\x02", first + 4)
    doubled = packed[:second] + packed[first:second].replace(b"aa.json", b"ab.json")
    end = bytearray(packed[packed.index(b"PK\x05\x06") :])
    end[12:16] = (2 * (second - first)).to_bytes(4, "little")
    with pytest.raises(Untrusted):
        unpack(put(tmp_path, doubled + bytes(end)))


def test_files_that_are_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_OF_ONE", 2)
    with pytest.raises(Untrusted, match="too large"):
        unpack(put(tmp_path, pack(FILES)))
    monkeypatch.setattr(packing, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="cannot read"):
        unpack(put(tmp_path, pack(FILES)))


def test_what_is_no_zip_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Untrusted, match="cannot believe"):
        unpack(put(tmp_path, b"nonsense"))
    with pytest.raises(InputError, match="cannot read"):
        unpack(tmp_path / "none.zip")
