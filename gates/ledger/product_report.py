"""What the workshop made, as the ledger keeps it."""

from dataclasses import dataclass
from typing import Protocol

from gates.ledger.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReport(Report):
    """What is kept of a bench, a judge or a graded generator.

    Attributes:
        recipe: Name of the recipe.
        kind: What was made: `bench`, `judge`, `generated`.
        subject: URI of the version that it is about; the product's own digest where there is none.
        named: Which of several that a recipe makes, such as a generator; empty with one.
    """

    recipe: str
    kind: str
    subject: str
    named: str = ""


class ProductKeeper(Protocol):
    """Keeps what the workshop made."""

    def log_product(self, report: ProductReport) -> str:
        """Writes what was made, beside what else the workshop made; idempotent by its key.

        Returns:
            Address of its page; empty where the store has no UI.

        Raises:
            LedgerDown: When the store does not answer.
        """
        ...
