"""What a plan says of a bench of the workshop that it uses: that it was judged, or why not."""

from typing import Annotated

from pydantic import Field, model_validator

from policies.base import DecidingLevel, Sha256, Strict, Text

Figure = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\..+$")]
"""A figure of an assessment: a ranking and what is told of it, such as `judge_a.separability`."""


class Assessment(Strict):
    """That the bench behind `data` was judged before it is used, or why it is used all the same."""

    folder: Text | None = None
    """What `gate workshop assess-bench` froze, of this very bench."""
    sha256: Sha256 | None = None
    """Digest that it is frozen at."""
    at_least: dict[Figure, float] = Field(default_factory=dict)
    """What figures must reach with their whole interval."""
    at_most: dict[Figure, float] = Field(default_factory=dict)
    """What figures must stay within with their whole interval."""
    level: DecidingLevel = 0.95
    """Confidence level that figures must have: at a low one any interval is narrow."""
    waived: Text | None = None
    """Why the bench is used although nobody judged it; every report says so."""

    @model_validator(mode="after")
    def _judged_or_waived(self) -> "Assessment":
        if (self.folder is None) == (self.waived is None):
            raise ValueError("say `folder`, or in `waived` why there is none")
        if self.waived is not None and (self.sha256 or self.at_least or self.at_most):
            raise ValueError("`sha256`, `at_least` and `at_most` are about a `folder`")
        return self
