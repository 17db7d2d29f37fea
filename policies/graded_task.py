"""The offline task that reads how well a checkpoint teaches: a grade, made by the workshop."""

from enum import StrEnum

from policies.base import Name, Sha256, Text
from policies.metric import Metric, Unit, offline_metric
from policies.task import Task


class Domain(StrEnum):
    """What is taught."""

    MATH = "math"
    CODE = "code"
    INSTRUCTION_FOLLOWING = "instruction_following"


class Method(StrEnum):
    """How a checkpoint makes training data."""

    INSTANCE = "instance"
    """A new instruction with its answer, from three demonstrations."""
    RESPONSE = "response"
    """An answer to a given instruction."""
    QUALITY = "quality"
    """A given instruction and its answer, both made better."""


PGR = "pgr"
"""Performance gap recovered, in percent: 0 is the untaught student, 100 the reference."""

INTRINSIC: dict[str, bool] = {
    "difficulty": True,
    "quality": True,
    "reward": True,
    "perplexity": False,
    "instruction_diversity": True,
    "response_diversity": True,
    "usable": True,
}
"""What is measured of the generated data itself, and whether more of it is better."""

_SHARES = ("usable",)


class GradedTask(Task):
    """A grade of the checkpoint as a generator of training data, read from its frozen folder."""

    graded: Text
    """Folder of the grade, `{version}` standing for the version's number."""
    recipe: Name | None = None
    """Name of the recipe that it must be made by; None: any."""
    recipe_sha256: Sha256 | None = None
    """Digest of that recipe; a grade of another one is refused. None: whatever it says."""

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """`pgr`, then by domain and by method, then what was measured of the data.

        Gaps are compared with the baseline's, in percentage points; nothing else is.
        """
        parts = (*Domain, *Method)
        return (
            *(
                offline_metric(name, own, better=True, unit=Unit.NUMBER)
                for own in (PGR, *(f"{PGR}.{part}" for part in parts))
            ),
            *(
                offline_metric(
                    name,
                    own,
                    better=better,
                    unit=Unit.SHARE if own in _SHARES else Unit.NUMBER,
                    paired=False,
                )
                for own, better in INTRINSIC.items()
            ),
        )
