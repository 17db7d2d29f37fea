"""Whether judges' votes are on the bench that a recipe names, and on models."""

import re
from collections.abc import Collection, Mapping, Sequence

from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.side_by_side.vote import Vote
from stages.workshop.bench_quality.recipe import AssessmentRecipe

Votes = Mapping[str, Sequence[Vote]]
"""By judge."""

_INSTRUCTION = re.compile(r"\.[a-z][a-z0-9_]*$")
"""How the name of a model ends that was told something; versions such as `.5` are none."""


def demand_variants(recipe: AssessmentRecipe, votes: Votes) -> None:
    """Returns when no vote that the gate wrote is on a variant that counts as a model.

    Variants are called `MODEL.INSTRUCTION` there, beside the model.
    """
    named = {each.model for each in recipe.every_variant}
    for name, judge in recipe.judges.items():
        played = {model for vote in votes[name] for model in vote.pair}
        own = judge.format is VotesFormat.GATE
        found = [
            (model, of)
            for model in sorted(played - named)
            if own and (of := model.rpartition(".")[0]) in played and _INSTRUCTION.search(model)
        ]
        if found:
            said = ", ".join(f"{{model: {model}, of: {of}}}" for model, of in found)
            raise InputError(
                f"cannot assess by the votes of `{name}`",
                why=f"`{found[0][0]}` is called as `{found[0][1]}` with an instruction is, which "
                "is no other model",
                fix=f"write `variants: [{said}]`, or call it otherwise in the votes",
            )


def demand_prompts(recipe: AssessmentRecipe, votes: Votes, prompts: Collection[str]) -> None:
    """Returns when every judge voted on the bench's prompts; people may have voted on others."""
    for name in recipe.judges:
        others = [vote for vote in votes[name] if vote.prompt not in prompts]
        if others:
            raise InputError(
                f"cannot assess {recipe.bench} by the votes of `{name}`",
                why=f"{len(others):,} of {len(votes[name]):,} are on prompts that it does not "
                f"hold, such as `{others[0].prompt}` ({others[0].where})",
                fix="name votes on this bench's prompts, by their `id`, or in `bench` the bench "
                "that they are on",
            )
