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
        """Digest of what it says of the making, defaults left out.

        The budget is no part of it: who raises it goes on with what was made so far.
        """
        return sha256_of({key: said for key, said in self.said().items() if key != "budget"})
