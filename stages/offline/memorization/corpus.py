"""Text files of a training corpus, streamed."""

import codecs
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from policies.errors import InputError
from stages.engine.data import without_credentials

_PIECE_BYTES = 1 << 20


class Corpus:
    """Files of UTF-8 text, read piece by piece, so that memory does not grow with them.

    Args:
        urls: Paths relative to `base`, or fsspec URLs.
        base: The policy's folder.
    """

    def __init__(self, urls: Sequence[str], *, base: Path) -> None:
        self._urls = urls
        self._base = base
        self._digests: dict[str, str] = {}

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """URL, without credentials, and SHA-256 of every file that was read to its end."""
        return tuple(self._digests.items())

    def documents(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Name and pieces of every file; each is to be read to its end before the next.

        Raises:
            InputError: When a file cannot be read, or is not UTF-8.
        """
        for url in self._urls:
            yield without_credentials(url), self._pieces(url)

    def _pieces(self, url: str) -> Iterator[str]:
        import fsspec  # noqa: PLC0415 - a tenth of a second, only where a corpus is read

        shown = without_credentials(url)
        path = url if "://" in url else str(self._base / url)
        digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
        try:
            with fsspec.open(path, "rb") as opened:
                file = cast("BinaryIO", opened)
                while piece := file.read(_PIECE_BYTES):
                    digest.update(piece)
                    yield decoder.decode(piece)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _unread(shown, "it is not UTF-8 text") from None
        except (OSError, ValueError, ImportError) as error:
            raise _unread(shown, str(error).replace(url, shown)) from None
        self._digests[shown] = digest.hexdigest()


def _unread(shown: str, why: str) -> InputError:
    return InputError(
        f"cannot read the corpus file {shown}",
        why=why,
        fix="correct `corpus`: UTF-8 text files, as paths relative to the policy or as URLs",
    )
