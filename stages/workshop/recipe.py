"""What every recipe of the workshop says."""

from typing import Annotated

from pydantic import Field

from policies.base import Count, Name, Strict
from policies.canonical import sha256_of


class Spending(Strict):
    """What all models that a recipe asks may cost together."""

    usd_at_most: Annotated[float, Field(gt=0)] | None = None
    calls_at_most: Count | None = None


class Recipe(Strict):
    """How an instrument is made."""

    recipe: Name
    """Its name: journals and products are kept under it."""
    budget: Spending = Spending()

    @property
    def sha256(self) -> str:
        """Digest of what it says, defaults left out."""
        return sha256_of(self.said())
