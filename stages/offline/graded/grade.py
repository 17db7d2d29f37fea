"""A grade of a generator as its file says it: whose it is, how it was made, what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.canonical import Json
from policies.errors import InputError
from stages.engine.product import Product
from stages.evidence.codec import measured_json, read_measured
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.fields import Field, read_json

KIND = "generator_grade"
"""What a product of the workshop is called that holds one."""

FILE = "grade.json"

_SCHEMA = "gate.generator-grade/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What was measured of a checkpoint that made training data.

    Attributes:
        checkpoint: Its URI, or its endpoint's name.
        digest: SHA-256 of how it answers.
        recipe: Name of the recipe.
        level: Confidence level of every interval.
        measured: By a metric's own name, such as `pgr.math`.
    """

    checkpoint: str
    digest: str
    recipe: str
    level: float
    measured: Mapping[str, Estimate | Unmeasured]


def grade_json(grade: Grade) -> dict[str, Json]:
    """A grade as its file says it."""
    return {
        "schema": _SCHEMA,
        "checkpoint": grade.checkpoint,
        "digest": grade.digest,
        "recipe": grade.recipe,
        "level": grade.level,
        "measurements": [
            {"metric": metric, "measured": measured_json(measured)}
            for metric, measured in grade.measured.items()
        ],
    }


def grade_in(product: Product) -> Grade:
    """The grade that a product holds.

    Raises:
        InputError: When its file is no grade of this program.
    """
    if FILE not in product.files:
        raise InputError(
            f"cannot read the grade in {product.folder}",
            why=f"it holds no {FILE}",
            fix="make it anew with gate workshop grade-generator",
        )
    path = product.file(FILE)
    whole = read_json(path.read_bytes(), where=str(path))
    said = whole.keyed("schema", "checkpoint", "digest", "recipe", "level", "measurements")
    if said["schema"].value != _SCHEMA:
        raise said["schema"].refused(f"is not {_SCHEMA}: make the grade anew")
    entries = said["measurements"].each(_read_measurement)
    if len(dict(entries)) < len(entries):
        raise said["measurements"].refused("names a metric twice")
    return Grade(
        checkpoint=said["checkpoint"].text(),
        digest=said["digest"].text(),
        recipe=said["recipe"].text(),
        level=said["level"].number(),
        measured=dict(entries),
    )


def _read_measurement(field: Field) -> tuple[str, Estimate | Unmeasured]:
    said = field.keyed("metric", "measured")
    return said["metric"].text(), read_measured(said["measured"])
