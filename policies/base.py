"""The strict frozen model under every policy file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from policies.canonical import Json


class Strict(BaseModel):
    """Refuses unknown keys, coercion, NaN and infinity; immutable once built."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    def said(self) -> dict[str, Json]:
        """What differs from the defaults, as JSON.

        A digest of it outlives fields that later versions add; a default, once released, never
        changes its value.
        """
        said: dict[str, Json] = self.model_dump(mode="json", exclude_defaults=True)
        return said


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""A name in a policy: lower case letters, digits and underscores."""

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""Text that says something."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256, as 64 hexadecimal digits."""

OpenShare = Annotated[float, Field(gt=0, lt=1)]
"""A share strictly between 0 and 1."""

DecidingLevel = Annotated[float, Field(ge=0.9, lt=1)]
"""A two-sided confidence level that something is decided by: 95 % on each side at least."""

Count = Annotated[int, Field(ge=1)]
"""A whole number of at least 1."""
