"""Bytes of corpus files: opened, unpacked and digested as they are read."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from policies.errors import InputError

PIECE_BYTES = 1 << 20
_FIX = (
    "correct `corpus`: UTF-8 text, JSONL or Parquet, as URLs or as paths relative to the policy "
    "(to the folder you are in, where `--corpus` names it)"
)


class DigestedFile:
    """A file whose bytes are digested as they are read, from its start to its end.

    Args:
        file: Open for reading.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes; empty at the end."""
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def sha256(self) -> str:
        """Digest of the whole file; reads what is left."""
        while self.read(PIECE_BYTES):
            pass
        return self._digest.hexdigest()


def opened(place: str) -> BinaryIO:
    """A local file or a URL, open for reading.

    Raises:
        OSError, ValueError, ImportError: When it cannot be opened.
    """
    if "://" not in place:
        return cast("BinaryIO", open(place, "rb"))  # noqa: PTH123 - the caller closes it
    import fsspec  # noqa: PLC0415 - a tenth of a second, only where a URL is read

    return cast("BinaryIO", fsspec.open(place, "rb").open())


def unpacked(file: DigestedFile, name: str) -> Iterator[bytes]:
    """The content of a file, unpacked where its name ends in `.gz` or `.zst`.

    Raises:
        OSError, EOFError, ValueError: When it is not what its name says, or is cut off.
        ImportError: When zstandard is not installed.
    """
    if name.endswith(".gz"):
        yield from _gunzipped(file)
    elif name.endswith(".zst"):
        yield from _unzstd(file)
    else:
        while piece := file.read(PIECE_BYTES):
            yield piece


def unread(shown: str, why: str) -> InputError:
    """The error of a corpus file that cannot be used."""
    return InputError(f"cannot read the corpus file {shown}", why=why, fix=_FIX)


def bare_corpus(entries: Sequence[str], needed: str) -> InputError:
    """The error of entries of a corpus in which nothing can be found, whatever was memorized.

    Args:
        entries: At least one, without credentials.
        needed: What no document of them has.
    """
    more = f" (nor of {len(entries) - 1} more)" if len(entries) > 1 else ""
    return InputError(
        "cannot search the corpus",
        why=f"no document of {entries[0]}{more} has {needed}",
        fix=f"{_FIX}; or leave that entry out",
    )


def _gunzipped(file: DigestedFile) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:  # type: ignore[call-overload]
            while piece := stream.read(PIECE_BYTES):
                yield piece
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _unzstd(file: DigestedFile) -> Iterator[bytes]:
    """Frame after frame; the library's own reader takes a cut frame for the end."""
    import zstandard  # noqa: PLC0415 - part of the extra `scan`

    unpacker = zstandard.ZstdDecompressor()
    frame = unpacker.decompressobj()
    begun = False
    while data := file.read(PIECE_BYTES >> 2):
        while data:
            if frame.eof:
                frame, begun = unpacker.decompressobj(), False
            begun = True
            try:
                piece = frame.decompress(data)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from None
            if piece:
                yield piece
            data = frame.unused_data if frame.eof else b""
    if begun and not frame.eof:
        raise EOFError("it ends in the middle of a zstd frame")
