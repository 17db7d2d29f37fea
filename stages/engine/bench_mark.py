"""By what items of a bench are known wherever they lie."""

from policies.assessment import Assessment
from policies.errors import PolicyError
from stages.engine.data import ItemFile

FIELD = "bench"
"""The field of every item of a bench that says so."""

_PREFIX = "gate.bench/"


def mark_of(recipe: str) -> str:
    """What stands in the field.

    Args:
        recipe: Name of the bench's recipe.
    """
    return f"{_PREFIX}{recipe}"


def refuse_copied(file: ItemFile, said: Assessment | None) -> None:
    """Returns unless items are of a bench of the workshop and nothing is said of how it was judged.

    Where they lie in the bench's own folder, `demand_assessed` has seen to it; this finds copies.

    Args:
        file: The items.
        said: What the plan says of their assessment.

    Raises:
        PolicyError: When they are.
    """
    if said is not None:
        return
    for item in file.items:
        mark = item.fields.get(FIELD)
        if isinstance(mark, str) and mark.startswith(_PREFIX):
            raise PolicyError(
                f"cannot use {file.url}",
                why=f"its item {item.id} is of the bench `{mark.removeprefix(_PREFIX)}` of the "
                "workshop, and the plan names no assessment of it",
                fix="name the bench's own items.jsonl, in the folder that was frozen, and "
                "`assessment: {folder: ...}` beside it, or say `assessment: {waived: why}`",
            )
