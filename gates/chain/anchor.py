"""What was verified last, kept outside MLflow: without it nobody sees that a chain lost its end."""

from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from gates.chain.places import Place
from gates.chain.record import Head
from gates.trust.pins import Seen
from policies.base import Count, Sha256, Strict, Text
from policies.canonical import canonical_json
from policies.errors import Broken


class Anchor:
    """The newest record of every model, and the newest trust file, that were ever believed.

    Both only grow. On a disk one process writes at a time; in a bucket the later of two writers
    wins, and what it forgot is anchored again by the next command.

    Args:
        place: The folder.
        name: The file in it.
    """

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self._name = name

    def head(self, model: str) -> Head | None:
        """The newest record of a model; None when none was ever believed.

        Raises:
            Broken: When the file cannot be read.
        """
        found = self._read().models.get(model)
        return None if found is None else Head(sequence=found.sequence, sha256=found.sha256)

    @property
    def trust(self) -> Seen | None:
        """The newest trust file; None when none was ever believed."""
        found = self._read().trust
        return None if found is None else Seen(version=found.version, sha256=found.sha256)

    def check_writable(self) -> None:
        """Returns when what is appended can be remembered.

        Raises:
            Broken: When it cannot.
        """
        with self._place.alone():
            pass

    def grow(self, model: str, head: Head) -> None:
        """Remembers a record that was verified, unless a newer one is remembered.

        Raises:
            Broken: When it cannot be written.
        """
        with self._place.alone():
            file = self._read()
            before = file.models.get(model)
            if before is not None and before.sequence >= head.sequence:
                return
            entry = _HeadEntry(sequence=head.sequence, sha256=head.sha256)
            self._write(file.model_copy(update={"models": {**file.models, model: entry}}))

    def grow_trust(self, seen: Seen) -> None:
        """Remembers a trust file that was believed, unless a newer one is remembered."""
        with self._place.alone():
            file = self._read()
            if file.trust is None or file.trust.version < seen.version:
                entry = _SeenEntry(version=seen.version, sha256=seen.sha256)
                self._write(file.model_copy(update={"trust": entry}))

    def _read(self) -> "_File":
        data = self._place.read(self._name)
        if data is None:
            return _File(schema_="gate.anchor/1")
        try:
            return _File.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            raise Broken(
                f"cannot read the anchor {self._name} in {self._place.url}",
                why=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
                fix="restore it from a backup; deleted, every record is verified anew and a chain "
                "that lost its end before is not found out",
            ) from None

    def _write(self, file: "_File") -> None:
        text = canonical_json(file.model_dump(mode="json", by_alias=True))
        self._place.write(self._name, f"{text}\n".encode(), lasting=True)


class _HeadEntry(Strict):
    sequence: Count
    sha256: Sha256


class _SeenEntry(Strict):
    version: Count
    sha256: Sha256


class _File(Strict):
    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["gate.anchor/1"] = Field(alias="schema")
    models: dict[Text, _HeadEntry] = Field(default_factory=dict)
    trust: _SeenEntry | None = None
