"""A model that is asked nothing: who it is, so that the journals of its replies can be read."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.canonical import Json
from stages.evidence.items import Response
from stages.models.client import EndpointError, ModelClient, Request


@dataclass(frozen=True, slots=True)
class Unasked:
    """Another client's identity without its voice.

    Attributes:
        client: Whose.
    """

    client: ModelClient

    @property
    def identity(self) -> Mapping[str, Json]:
        """The other's."""
        return self.client.identity

    @property
    def slots(self) -> int:
        """One, of no use."""
        return 1

    def answer(self, request: Request) -> Response:
        """Never.

        Raises:
            EndpointError: Always.
        """
        del request
        raise EndpointError(
            "nobody is asked", why="only what is journaled is looked at", fix="gate run POLICY"
        )

    def close(self) -> None:
        """Leaves the other open, which is not its own."""
