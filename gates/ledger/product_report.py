"""What the workshop made, as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReport:
    """What is kept of a bench, a judge or a graded generator.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        recipe: Name of the recipe.
        kind: What was made: `bench`, `judge`, `generated`.
        subject: URI of the version that it is about; the product's own digest where there is none.
        made_at: ISO 8601 time.
        named: Which of several that a recipe makes, such as a generator; empty with one.
        sentence: All in one sentence.
        description: Markdown, shown on its page.
        metrics: Numbers by name, which columns sort by.
        files: Contents by path, `topics.html` or `plots/map.png`.
    """

    key: str
    recipe: str
    kind: str
    subject: str
    made_at: str
    sentence: str
    description: str
    named: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = [PurePosixPath(name) for name in self.files]
        if any(path.is_absolute() or ".." in path.parts for path in paths):
            raise ValueError(f"files have relative paths, not {sorted(self.files)}")


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
