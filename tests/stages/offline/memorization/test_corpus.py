import hashlib
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.offline.memorization import corpus as module
from stages.offline.memorization.corpus import Corpus


def read(corpus: Corpus) -> list[tuple[str, str]]:
    return [(name, "".join(pieces)) for name, pieces in corpus.documents()]


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
def test_files_are_read_whole_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(module, "_PIECE_BYTES", piece)
    (tmp_path / "a.txt").write_text("naïve 東京 🙂")
    (tmp_path / "b.txt").write_text("")
    corpus = Corpus(("a.txt", (tmp_path / "b.txt").as_uri()), base=tmp_path)
    assert [text for _, text in read(corpus)] == ["naïve 東京 🙂", ""]
    assert [digest for _, digest in corpus.digests] == [
        hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.txt", "b.txt")
    ]
    assert corpus.digests[0][0] == "a.txt"


@pytest.mark.parametrize("data", [b"caf\xe9", b"caf\xc3", None])
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "a.txt").write_bytes(data)
    corpus = Corpus(("a.txt",), base=tmp_path)
    with pytest.raises(InputError, match=r"a\.txt"):
        read(corpus)
    assert corpus.digests == ()


def test_credentials_of_an_address_are_never_shown(tmp_path: Path) -> None:
    corpus = Corpus(("nosuch://user:secret@host/a.txt?sig=secret",), base=tmp_path)
    with pytest.raises(InputError) as refused:
        read(corpus)
    assert "secret" not in str(refused.value)
