"""A workroom for a recipe: the models that it names, its journals, its budget."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gates.admission import admissions
from gates.measuring import judging_endpoints, prices_of
from gates.services import Services
from gates.workshop.recipe_file import RecipeFile, RecipeT
from policies.errors import WrongUsage
from stages.judges.purse import Cap, Purse
from stages.models.chat import chat_client
from stages.workshop.recipe import Recipe
from stages.workshop.workroom import Hand, Workroom


@contextmanager
def open_workroom(
    file: RecipeFile[RecipeT],
    services: Services,
    *,
    names: Iterable[str],
    folder: Path,
) -> Iterator[Workroom]:
    """A workroom, whose connections are closed at the end.

    Args:
        file: The recipe.
        services: Workspace, journals and progress.
        names: Of the models that the recipe names, each an `[endpoints.NAME]` of the workspace.
        folder: Where products are to stand.

    Raises:
        WrongUsage: When the workspace does not name such a model, or the budget caps money and one
            of them has no price.
        Broken: When gate.toml says that one was admitted by a gate of its own, and it was not.
    """
    named = tuple(dict.fromkeys(names))
    hands = {name: _hand(name, services) for name in named}
    budget = file.recipe.budget
    try:
        _demand_prices(file.recipe, named, services)
        admissions(named, judging_endpoints(services), services)
        yield Workroom(
            name=file.recipe.recipe,
            state=services.state,
            base=file.folder,
            folder=folder,
            hands=hands,
            purse=Purse(Cap(calls=budget.calls_at_most, usd=budget.usd_at_most)),
            progress=services.progress,
        )
    finally:
        for hand in hands.values():
            hand.client.close()


def _demand_prices(recipe: Recipe, names: Iterable[str], services: Services) -> None:
    """Returns when money can be counted where it is capped, before anybody is asked."""
    cap, prices = recipe.budget.usd_at_most, prices_of("", services)
    unpriced = [name for name in names if prices.endpoint(name).usd(1, 1) is None]
    if cap is None or not unpriced:
        return
    raise WrongUsage(
        f"cannot keep to a budget of {cap:g} USD",
        why=f"gate.toml says no price of {', '.join(f'`{name}`' for name in unpriced)}",
        fix=f"write usd_per_million_tokens = {{ input = ..., output = ... }} under "
        f"[endpoints.{unpriced[0]}] (0 where it costs nothing), or cap `calls_at_most` instead",
    )


def _hand(name: str, services: Services) -> Hand:
    endpoints = judging_endpoints(services)
    if name not in endpoints:
        raise WrongUsage(
            f"cannot ask `{name}`",
            why=f"gate.toml names {', '.join(sorted(endpoints)) or 'no endpoints'}",
            fix=f"write [endpoints.{name}] into gate.toml, or name another in the recipe",
        )
    return Hand(
        name=name,
        client=chat_client(endpoints[name]),
        price=prices_of("", services).endpoints[name],
    )
