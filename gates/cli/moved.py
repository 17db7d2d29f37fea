"""What commands that move an alias have in common: how long they wait, and what they say serves."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from gates.cli.choices import Number
from gates.cli.frame import Exit

if TYPE_CHECKING:
    from gates.promotion.aftermath import Aftermath
    from gates.promotion.production import Patience

P = ParamSpec("P")
T = TypeVar("T")


def wait_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--wait`: how long production may take."""
    return click.option(
        "--wait",
        type=Number(min=0),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long production may take to serve it; 0 asks once.",
    )(function)


def patience_of(seconds: float) -> "Patience":
    """Patience by the clock on the wall."""
    from gates.promotion.production import Patience

    return Patience(seconds=seconds, pause=time.sleep)


def serving_json(aftermath: "Aftermath | None", version: str) -> dict[str, object] | None:
    """What became of a moved alias outside the registry, as every command's JSON has it."""
    if aftermath is None:
        return None
    from gates.promotion.deploying import Deployed
    from gates.promotion.recognition import NotAsked, Serving

    deployed = aftermath.deployed
    asked = None if isinstance(aftermath.served, NotAsked) else False
    return {
        "deployed": None if deployed is None else isinstance(deployed, Deployed),
        "serving": True if isinstance(aftermath.served, Serving) else asked,
        "sentence": aftermath.sentence(version),
    }


def moved_code(aftermath: "Aftermath | None") -> int:
    """4 when the alias moved and what serves is not, or not known to be, the version."""
    return Exit.YES if aftermath is None or aftermath.is_well else Exit.BROKEN
