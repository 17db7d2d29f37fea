"""What is measured of generated data itself, before anybody learns from it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.benchmark_tasks import RewardTask
from policies.errors import GateError
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.judges.asking import Brief, Case, ask_judge
from stages.judges.fence import Exhibit
from stages.judges.verdict import Form
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import Told
from stages.offline.reward.instrument import Reward
from stages.offline.tools import Tools
from stages.stats.mean_distances import mean_cosine_distance
from stages.stats.means import mean_t
from stages.stats.shares import clopper_pearson
from stages.workshop.generators.cells import Instance
from stages.workshop.generators.generating import Generated
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.spending import demand_paid, demand_within_budget
from stages.workshop.workroom import Workroom

Embed = Callable[[str, Sequence[str]], NDArray[np.float64] | Unmeasured]
"""Vectors of the texts of a step, a row each."""

LikelihoodOf = Callable[[Sequence[Told]], Sequence[Likelihood | Unmeasured]]
"""How likely the untaught student finds answers."""

_STEPS = (1, 2, 3, 4, 5)

DIFFICULTY = Brief(
    instructions="""\
You see an instruction that a language model is to be trained on. Judge how hard it is to carry \
out well, for somebody who knows the field.
1: trivial; known or done at once. 2: easy; one obvious step. 3: needs some thought or several \
steps. 4: hard; needs skill, care and several steps that depend on each other. 5: very hard; an \
expert would need time. What cannot be carried out at all because it is confused is 1.""",
    form=Form(name="difficulty", key="score", choices=_STEPS),
)

QUALITY = Brief(
    instructions="""\
You see an instruction and a response that a language model is to be trained to give. Judge how \
good the response is as an example: right, complete, on the point, and clear.
1: wrong, or no answer to the instruction. 2: mostly wrong, or lacks what matters. 3: partly \
right, with mistakes or gaps that matter. 4: right and complete, with small flaws. 5: nothing to \
be improved.""",
    form=Form(name="quality", key="score", choices=_STEPS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What looks at a cell's data.

    Attributes:
        recipe: Names judge and reward model.
        room: Where it is journaled and paid.
        tools: What reward models are reached by.
        embed: Gives vectors; None where nothing does.
        likelihood: The untaught student's; None where it lies in no folder.
    """

    recipe: GraderRecipe
    room: Workroom
    tools: Tools
    embed: Embed | None
    likelihood: LikelihoodOf | None

    def at(self, generated: Generated) -> Mapping[str, Estimate | Unmeasured]:
        """Every intrinsic metric of a cell, by its own name.

        Raises:
            OutOfBudget: When the budget does not pay for it.
            Broken: When a journal or a library cannot be used.
        """
        level, some = self.recipe.level, generated.instances[: self.recipe.looked_at]
        usable = clopper_pearson(len(generated.instances), max(1, generated.asked), level=level)
        if not some:
            nothing = Unmeasured("there is nothing to look at", Cause.UNDERPOWERED)
            return {"usable": usable, **dict.fromkeys(_OTHERS, nothing)}
        name = generated.cell.name
        return {
            "difficulty": self._judged(DIFFICULTY, some, answered=False),
            "quality": self._judged(QUALITY, some, answered=True),
            "reward": self._rewarded(some),
            "perplexity": self._perplexity(some),
            "instruction_diversity": self._apart(
                f"{name}/instructions", [one.instruction for one in some]
            ),
            "response_diversity": self._apart(f"{name}/responses", [one.response for one in some]),
            "usable": usable,
        }

    def _judged(
        self, brief: Brief, some: Sequence[Instance], *, answered: bool
    ) -> Estimate | Unmeasured:
        if self.recipe.judge is None:
            return Unmeasured("the recipe names no judge", Cause.WAITING)
        hand = self.room.hand(self.recipe.judge)
        cases = [
            Case(
                id=one.id,
                exhibits=(
                    Exhibit("instruction", one.instruction),
                    *((Exhibit("response", one.response),) if answered else ()),
                ),
            )
            for one in some
        ]
        judged = ask_judge(
            hand.client,
            brief,
            cases,
            log=self.room.log(f"looking/{brief.form.name}"),
            progress=self.room.progress,
            ask_with=self.room.asker(hand),
        )
        demand_within_budget(judged.verdicts.values(), f"judging {brief.form.name}")
        verdicts = judged.all()
        if isinstance(verdicts, Unmeasured):
            return verdicts
        return mean_step([int(v.choice) for v in verdicts.values()], level=self.recipe.level)

    def _rewarded(self, some: Sequence[Instance]) -> Estimate | Unmeasured:
        if self.recipe.reward is None:
            return Unmeasured("the recipe names no reward model", Cause.WAITING)
        task = RewardTask(
            data="instances", reward=self.recipe.reward, reward_sha256=self.recipe.reward_sha256
        )
        items = [Item(id=one.id, messages=_question(one), cluster=one.id) for one in some]
        try:
            scores = Reward(task=task, tools=self.tools).score(
                items, [(one.response,) for one in some]
            )
        except GateError as error:
            return Unmeasured(error.in_short)
        column = scores.column("reward")
        if isinstance(column, Unmeasured):
            demand_paid(column, "rewarding the responses")
            return column
        values = [score.value for score in column if score is not None]
        return mean_t(values, level=self.recipe.level, unit="number")

    def _perplexity(self, some: Sequence[Instance]) -> Estimate | Unmeasured:
        if self.likelihood is None:
            return Unmeasured("the student lies in no folder, so nothing tells likelihoods")
        rows = [Told(messages=_question(one), answer=one.response) for one in some]
        return perplexity(self.likelihood(rows), level=self.recipe.level)

    def _apart(self, step: str, texts: Sequence[str]) -> Estimate | Unmeasured:
        if self.embed is None:
            return Unmeasured("the recipe names no embeddings", Cause.WAITING)
        vectors = self.embed(step, texts)
        if isinstance(vectors, Unmeasured):
            return vectors
        return mean_cosine_distance(vectors, level=self.recipe.level)


_OTHERS = (
    "difficulty",
    "quality",
    "reward",
    "perplexity",
    "instruction_diversity",
    "response_diversity",
)


def mean_step(steps: Sequence[int], *, level: float) -> Estimate | Unmeasured:
    """Mean of verdicts from 1 to 5, also where all are the same: the scale has ends.

    Args:
        steps: One per instance.
        level: Two-sided level in (0, 1).
    """
    most = len(_STEPS) - 1
    found = mean_t([(step - 1) / most for step in steps], level=level, unit="share")
    if isinstance(found, Unmeasured):
        return found
    assert found.low is not None
    assert found.high is not None
    return replace(
        found,
        value=1 + most * found.value,
        standard_error=None if found.standard_error is None else most * found.standard_error,
        low=1 + most * found.low,
        high=1 + most * found.high,
        unit="number",
    )


def perplexity(told: Sequence[Likelihood | Unmeasured], *, level: float) -> Estimate | Unmeasured:
    """Geometric mean of each response's own perplexity, with an interval over responses.

    Every response counts with its own mean over its own tokens: neither padding nor the other rows
    of a batch are part of it (the paper's scripts give every row the mean of its batch, padding
    counted).

    Args:
        told: One per response; one that has none leaves the whole unmeasured.
        level: Two-sided level in (0, 1).
    """
    lacking = [one for one in told if isinstance(one, Unmeasured)]
    if lacking:
        return Unmeasured(f"{len(lacking)} of {len(told)} responses: {lacking[0].reason}")
    nats = [-one.log_probability / one.tokens for one in told if isinstance(one, Likelihood)]
    found = mean_t(nats, level=level, unit="number")
    if isinstance(found, Unmeasured):
        return found
    assert found.low is not None
    assert found.high is not None
    value = math.exp(found.value)
    return replace(
        found,
        value=value,
        standard_error=value * (found.standard_error or 0.0),
        low=math.exp(found.low),
        high=math.exp(found.high),
        method=f"geometric mean over responses, {found.method} of its logarithm",
    )


def _question(one: Instance) -> tuple[Mapping[str, str], ...]:
    return ({"role": "user", "content": one.instruction},)
