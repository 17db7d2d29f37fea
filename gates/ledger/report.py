"""Reports that decide nothing, as the ledger keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What every report says, of whatever it is.

    Attributes:
        key: Unique key; logging the same key twice changes nothing.
        at: ISO 8601 time of what it tells.
        sentence: All in one sentence.
        description: Markdown, shown on its page.
        metrics: Numbers by name, which columns sort by.
        files: Contents by path, `report.html` or `plots/map.png`.
    """

    key: str
    at: str
    sentence: str
    description: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = [PurePosixPath(name) for name in self.files]
        if any(path.is_absolute() or ".." in path.parts for path in paths):
            raise ValueError(f"files have relative paths, not {sorted(self.files)}")
