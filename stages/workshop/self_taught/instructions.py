"""Which instructions pairs are made of: read, each once, sorted by a model into categories."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from policies.errors import InputError
from stages.engine.data import read_items
from stages.engine.threads import Failed
from stages.evidence.items import Item
from stages.judges.asking import SHOWN_AT_MOST, Brief, Case, ask_judge
from stages.judges.conversation import not_shown, turns
from stages.judges.verdict import Form, Verdict
from stages.workshop.self_taught.reaching import demand_reached
from stages.workshop.self_taught.recipe import Categories, SelfTaught
from stages.workshop.spending import demand_within_budget
from stages.workshop.workroom import Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What a judge learns from.

    Attributes:
        items: In the file's order; no two ask the same.
        dropped: Why others are not among them, by id.
        sha256: Digest of the file.
    """

    items: tuple[Item, ...]
    dropped: Mapping[str, str]
    sha256: str


def read_instructions(
    recipe: SelfTaught, workroom: Workroom, *, tested: Collection[str]
) -> Instructions:
    """The instructions of a recipe that can be used.

    Args:
        recipe: What to read.
        workroom: Where its paths start.
        tested: Digests of the questions that judges are tested on: nobody learns from those.

    Raises:
        InputError: When the file cannot be used, or nothing of it.
    """
    read = read_items(
        recipe.instructions, base=workroom.base, cluster=None, sha256=recipe.instructions_sha256
    )
    kept: dict[str, Item] = {}
    dropped: dict[str, str] = {}
    for item in read.items:
        why = _unusable(item, kept, tested)
        if why is not None:
            dropped[item.id] = why
        elif recipe.instructions_at_most is None or len(kept) < recipe.instructions_at_most:
            kept[item.digest] = item
        else:
            dropped[item.id] = f"the recipe takes {recipe.instructions_at_most:,}"
    found = Instructions(items=tuple(kept.values()), dropped=dropped, sha256=read.sha256)
    _demand_some(found.items, dropped, f"instructions of {read.url}")
    return found


def sort_out(instructions: Instructions, sorting: Categories, workroom: Workroom) -> Instructions:
    """Those of the categories that the recipe keeps, as a model sorts them.

    Args:
        instructions: To sort.
        sorting: Categories, and which of them are kept.
        workroom: Where the model is asked; every reply is journaled.

    Raises:
        InputError: When none is kept.
        OutOfBudget: When the recipe's budget does not pay for it.
        EndpointError: When the model cannot be reached.
    """
    hand = workroom.hand(sorting.by)
    brief = Brief(
        instructions=sorting.prompt,
        form=Form(name="category", key="category", choices=sorting.names),
    )
    judged = ask_judge(
        hand.client,
        brief,
        [Case(id=item.id, exhibits=turns(item)) for item in instructions.items],
        log=workroom.log("categories"),
        progress=workroom.progress,
        ask_with=workroom.asker(hand),
    )
    demand_reached(judged.verdicts, hand)
    demand_within_budget(judged.verdicts.values(), "sorting the instructions")
    dropped = dict(instructions.dropped)
    for name, verdict in judged.verdicts.items():
        why = _sorted_out(verdict, sorting.keep)
        if why is not None:
            dropped[name] = why
    kept = tuple(item for item in instructions.items if item.id not in dropped)
    _demand_some(kept, dropped, f"instructions of the categories {', '.join(sorting.keep)}")
    return Instructions(items=kept, dropped=dropped, sha256=instructions.sha256)


def _sorted_out(verdict: Verdict | Failed, keep: Sequence[str]) -> str | None:
    if isinstance(verdict, Failed):
        return f"it has no category: {verdict.reason}"
    return None if verdict.choice in keep else f"its category is {verdict.choice}"


def _unusable(item: Item, kept: Mapping[str, Item], tested: Collection[str]) -> str | None:
    if item.digest in kept:
        return f"it asks what `{kept[item.digest].id}` asks"
    if item.digest in tested:
        return "judges are tested on it"
    if item.messages[-1].get("role") != "user":
        return "its last message is not the user's"
    if hidden := not_shown(item):
        return hidden
    if sum(len(exhibit.text) for exhibit in turns(item)) > SHOWN_AT_MOST:
        return "it is too long to be judged"
    return None


def _demand_some(items: Sequence[Item], dropped: Mapping[str, str], what: str) -> None:
    if not items:
        name, why = next(iter(dropped.items()))
        raise InputError(
            f"cannot use the {what}",
            why=f"all {len(dropped):,} were left out, `{name}` since {why}",
            fix="give instructions of another kind, or keep more categories",
        )
