"""A second home of records and of what they rest on, by digest: it outlives deleted MLflow runs."""

from collections.abc import Iterable

from gates.chain.encoding import previous_in
from gates.chain.places import Place
from gates.chain.record import Head
from policies.canonical import sha256_of_bytes
from policies.errors import Broken

ENVELOPES = "envelopes"
BLOBS = "blobs"
ERASURES = "erasures"


class Mirror:
    """Files named by their SHA-256; one that is not what its name says is not there.

    Args:
        place: Folder of `envelopes/`, `blobs/` and `erasures/`.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> str:
        """Where it is, for people."""
        return self._place.url

    def keep(self, blob: bytes) -> str:
        """Keeps bytes that a record rests on.

        Returns:
            Their SHA-256.
        """
        return self._keep(BLOBS, blob)

    def blob(self, sha256: str) -> bytes | None:
        """Bytes that were kept; None when they are not there, or not those."""
        return self._read(BLOBS, sha256)

    def sound_blob(self, sha256: str) -> bytes | None:
        """Bytes that were kept; None when they are not there.

        Raises:
            Broken: When the file is there and is not what its name says.
        """
        data = self._place.read(f"{BLOBS}/{sha256}")
        if data is not None and sha256_of_bytes(data) != sha256:
            raise self._altered(BLOBS, sha256)
        return data

    def erase(self, digests: Iterable[str], statement: bytes) -> None:
        """Removes bytes for good, once it is written down that they are.

        Args:
            digests: Of what is removed.
            statement: Signed: what is removed, by whom and why.
        """
        self._keep(ERASURES, statement)
        for sha256 in digests:
            self._place.remove(f"{BLOBS}/{sha256}")

    @property
    def erasures(self) -> tuple[bytes, ...]:
        """Every statement on what was erased; nobody has verified them."""
        found = (self._read(ERASURES, name) for name in self._place.names(ERASURES))
        return tuple(each for each in found if each is not None)

    def keep_envelope(self, envelope: bytes) -> None:
        """Keeps an envelope that is in the ledger."""
        self._keep(ENVELOPES, envelope)

    def back_from(self, head: Head, *, model: str) -> tuple[bytes, ...] | None:
        """Every envelope up to a head, oldest first, each named by the one after it.

        Returns:
            They lead by their digests to the head, so they are what was verified when it was; None
            when one is missing.
        """
        found: list[bytes] = []
        sha256: str | None = head.sha256
        while sha256 is not None:
            envelope = self._read(ENVELOPES, sha256)
            if envelope is None:
                return None
            sha256 = previous_in(envelope, what=f"an earlier record of {model}")
            found.append(envelope)
        return tuple(reversed(found)) if len(found) == head.sequence else None

    def everything(self) -> tuple[bytes, ...]:
        """Every envelope, of all models, in no order that means anything.

        Raises:
            Broken: When a file is not what its name says.
        """
        found = []
        for name in self._place.names(ENVELOPES):
            envelope = self._read(ENVELOPES, name)
            if envelope is None:
                raise self._altered(ENVELOPES, name)
            found.append(envelope)
        return tuple(found)

    def _altered(self, folder: str, name: str) -> Broken:
        return Broken(
            f"{folder}/{name} in {self._place.url} was altered",
            why="its SHA-256 is not its name",
            fix="restore it from MLflow or a backup",
        )

    def _keep(self, folder: str, data: bytes) -> str:
        sha256 = sha256_of_bytes(data)
        if self._read(folder, sha256) is None:
            self._place.write(f"{folder}/{sha256}", data)
        return sha256

    def _read(self, folder: str, sha256: str) -> bytes | None:
        data = self._place.read(f"{folder}/{sha256}")
        return data if data is not None and sha256_of_bytes(data) == sha256 else None
