"""Many candidates named in one file, a JSON object a line, as `gate register --each` takes them."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError, model_validator

from gates.registration import Endpoint, External, How, InFolder, Pyfunc, Recorded, Registration
from policies.base import Strict, Text
from policies.canonical import Json
from policies.errors import InputError
from policies.shape import problems_of
from stages.evidence.json_lines import json_lines


class CandidateLine(Strict):
    """One candidate; the keys are the options of `gate register`, with `_` for `-`."""

    known_as: Text | None = None
    endpoint: Text | None = None
    model_name: Text | None = None
    api_key_env: Text | None = None
    outputs: Text | None = None
    """Relative to the folder of the file."""
    format: Literal["jsonl", "alpaca_eval"] | None = None
    """Of `outputs`; `jsonl` when it is not said."""
    pyfunc: Text | None = None
    folder: Text | None = None
    """Of a transformers model, relative as `outputs` is."""
    external: bool = False
    description: str = ""
    """For people."""

    @model_validator(mode="after")
    def _one_way(self) -> "CandidateLine":
        endpoint = self.endpoint or self.model_name or self.api_key_env
        ways = [endpoint, self.outputs, self.pyfunc, self.folder, self.external]
        if sum(map(bool, ways)) > 1:
            raise ValueError(
                "it answers in one way: give an endpoint, outputs, pyfunc, folder or external"
            )
        if self.format is not None and self.outputs is None:
            raise ValueError("`format` belongs to `outputs`")
        return self

    def how(self, folder: Path) -> How:
        """How it answers; `outputs` and `folder` start from a folder."""
        if self.outputs is not None:
            return Recorded(file=folder / self.outputs, format=self.format or "jsonl")
        if self.pyfunc is not None:
            return Pyfunc(uri=self.pyfunc)
        if self.folder is not None:
            place = (folder / self.folder).resolve()
            return InFolder(folder=place, named=str(place))
        if self.external:
            return External()
        return Endpoint(
            base_url=self.endpoint, model_name=self.model_name, api_key_env=self.api_key_env
        )


def parse_candidates(
    data: bytes, *, name: str, folder: Path, where: str
) -> tuple[Registration, ...]:
    """What a file says of new versions of a model.

    Args:
        data: The file's bytes.
        name: Registered model name.
        folder: Where paths of recorded outputs and of models start.
        where: The file's name, for errors.

    Returns:
        A registration per line that is not blank; at least one.

    Raises:
        InputError: Naming file and line, when a line does not describe a candidate, or none does.
    """
    found = tuple(
        candidate(value, name=name, folder=folder, where=f"the candidate at {where}:{number}")
        for number, value in json_lines(data, where=where)
    )
    if not found:
        raise InputError(
            f"{where} names no candidate",
            why="it has no line",
            fix='write a line per candidate: {"known_as": "NAME", "outputs": "FILE"}',
        )
    return found


def candidate(value: Json, *, name: str, folder: Path, where: str) -> Registration:
    """What a JSON object says of one new version.

    Args:
        value: Keys of `CandidateLine`.
        name: Registered model name.
        folder: Where paths of recorded outputs and of models start.
        where: What it describes, for errors.

    Raises:
        InputError: When it does not describe a candidate.
    """
    try:
        said = CandidateLine.model_validate(value)
    except ValidationError as error:
        problems = problems_of(error, CandidateLine)
        raise InputError(
            f"cannot register {where}",
            why="\n       ".join(
                f"{p.field}: found {p.found}; expected {p.expected}" for p in problems
            ),
            fix="gate register --help says what there is; nothing was registered",
        ) from None
    return Registration(
        name=name,
        how=said.how(folder),
        known_as=said.known_as,
        description=said.description,
    )
