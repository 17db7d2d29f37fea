"""A checkpoint under measurement, as every stage sees it."""

from dataclasses import dataclass

from stages.models.client import ModelClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One checkpoint.

    Attributes:
        uri: MLflow URI, `models:/assistant/12`.
        known_as: Its name in votes and traffic files.
        digest: SHA-256 of how it answers: of its files, or of its endpoint's identity.
        client: How to ask it; None when it is known by votes or traffic only.
    """

    uri: str
    known_as: str
    digest: str
    client: ModelClient | None
