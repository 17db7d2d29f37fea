"""The mean reward of answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from policies.benchmark_tasks import RewardTask
from policies.canonical import Json, canonical_json, sha256_of
from policies.errors import Broken, InputError
from stages.engine.answering import AnswerLog
from stages.engine.data import ItemFile
from stages.engine.once import Result, ask_once, journaled
from stages.engine.state import foreign_entry
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Cost
from stages.models.reward_endpoint import Conversation, RewardEndpoint
from stages.models.settings import EndpointSettings
from stages.offline.instrument import Answers, ItemScore, Scores, scored_items
from stages.offline.reward.folder import Files, RewardFolder, read_files
from stages.offline.tools import Tools

_DECIMALS = 6

_NOT_PAID = Failed("not asked: the budget pays for fewer", Cause.OVER_BUDGET)


class Rewarder(Protocol):
    """Something that rewards conversations."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """What its rewards depend on; never a secret."""
        ...

    @property
    def name(self) -> str:
        """For the record."""
        ...

    @property
    def slots(self) -> int:
        """How many calls may run at once."""
        ...

    @property
    def at_once(self) -> int:
        """Most conversations of one call."""
        ...

    def rewards(self, conversations: Sequence[Conversation]) -> Sequence[tuple[float, str]]:
        """The reward of each conversation's last message, and what computed it.

        Raises:
            GateError: When there is not one for each.
        """
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...


@dataclass(kw_only=True)
class Reward:
    """Scores answers by a reward model; several generations count with their mean.

    Attributes:
        task: Names the model.
        tools: Where rewards are journaled.
    """

    task: RewardTask
    tools: Tools
    _loaded: RewardFolder | None = field(default=None)

    def check(self, file: ItemFile) -> None:
        """Returns when the model can be used.

        Raises:
            InputError: When it is neither an endpoint of the workspace nor a folder with a reward
                model of the frozen weights.
            PolicyError: When the plan does not freeze a folder's weights.
        """
        del file
        self._rewarder().close()

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """`reward` of every item."""
        conversations = {
            sha256_of(list(conversation)): conversation
            for item, texts in zip(items, answers, strict=True)
            for conversation in _conversations(item, texts)
        }
        with closing(self._rewarder()) as rewarder:
            identity = sha256_of(dict(rewarder.identity))
            log = AnswerLog(state=self.tools.state, stream=f"rewards/{identity}")
            unpaid = self._unpaid(rewarder, conversations, log)
            results = ask_once(
                lambda portion: [_entry(*each) for each in rewarder.rewards(portion)],
                {key: said for key, said in conversations.items() if key not in unpaid},
                log=log,
                slots=rewarder.slots,
                at_once=rewarder.at_once,
                progress=self.tools.progress,
            )
            results = {**unpaid, **results}
        made_by = sorted({str(result.get("made_by")) for result in journaled(log).values()})
        tools = (("reward model", rewarder.name), ("made by", " and ".join(made_by)))
        cost = Cost(calls=0 if isinstance(rewarder, RewardFolder) else len(results))
        failed = [result for result in results.values() if isinstance(result, Failed)]
        if failed:
            why = f"no reward of {len(failed)} of {len(results)} answers: {failed[0].reason}"
            return Scores(columns=Unmeasured(why, failed[0].cause), tools=tools, cost=cost)
        values = {k: _value(r, log) for k, r in results.items() if not isinstance(r, Failed)}
        problem = _problem(rewarder, made_by, tuple(values.values()))
        if problem:
            return Scores(columns=problem, tools=tools, cost=cost)
        return Scores(
            items=scored_items(items),
            columns={
                "reward": tuple(
                    _mean([values[sha256_of(list(c))] for c in _conversations(item, texts)])
                    for item, texts in zip(items, answers, strict=True)
                )
            },
            tools=tools,
            cost=cost,
        )

    def _unpaid(
        self, rewarder: Rewarder, conversations: Mapping[str, Conversation], log: AnswerLog
    ) -> Mapping[str, Failed]:
        """What the purse does not pay for; nobody is asked for it.

        A reward model does not tell its tokens: a call counts with one for each byte that is sent.
        """
        purse, price = self.tools.purse, self.tools.prices.endpoint(self.task.reward)
        if isinstance(rewarder, RewardFolder) or not purse.limited:
            return {}
        usd = {
            key: price.usd(len(canonical_json(list(said)).encode()), 0)
            for key, said in conversations.items()
        }
        known = journaled(log)
        purse.charge_service(log.stream, {key: usd[key] for key in usd if key in known})
        missing = [key for key in usd if key not in known]
        fits = purse.admit_at([usd[key] for key in missing], calls_each=1) if missing else 0
        if isinstance(fits, Failed):
            return dict.fromkeys(missing, fits)
        purse.charge_service(log.stream, {key: usd[key] for key in missing[:fits]})
        return dict.fromkeys(missing[fits:], _NOT_PAID)

    def files(self) -> Files:
        """The files of the folder that the task names; nothing is loaded.

        Raises:
            InputError: When there is no such folder, or not one with the frozen weights.
            PolicyError: When the plan does not freeze them.
        """
        folder = self.tools.base / self.task.reward
        if not folder.is_dir():
            known = ", ".join(self.tools.endpoints) or "none"
            raise InputError(
                f"cannot find the reward model `{self.task.reward}`",
                why=f"{folder.resolve()} is no folder, and gate.toml knows no such endpoint; it "
                f"knows {known}",
                fix="correct `reward`: a folder relative to the policy, or an endpoint's name",
            )
        return read_files(folder.resolve(), sha256=self.task.reward_sha256)

    def _rewarder(self) -> Rewarder:
        if self.task.reward in self.tools.endpoints:
            return _Served(self.tools.served(self.task.reward, what="a reward model"))
        if self._loaded is None:
            self._loaded = RewardFolder(self.files())
        return self._loaded


class _Served:
    """A reward model behind an endpoint; one conversation a call."""

    at_once = 1

    def __init__(self, settings: EndpointSettings) -> None:
        self._endpoint = RewardEndpoint(settings)
        self.name = f"{settings.model} at {settings.base_url}"
        self.slots = settings.slots

    @property
    def identity(self) -> Mapping[str, Json]:
        return self._endpoint.identity

    def rewards(self, conversations: Sequence[Conversation]) -> Sequence[tuple[float, str]]:
        rewarded = [self._endpoint.reward(conversation) for conversation in conversations]
        return [(each.value, each.model) for each in rewarded]

    def close(self) -> None:
        self._endpoint.close()


def _conversations(item: Item, texts: Answers) -> Iterator[Conversation]:
    for text in texts:
        yield (*item.messages, {"role": "assistant", "content": text})


def _entry(value: float, made_by: str) -> Result:
    if not math.isfinite(value):
        raise Broken(
            "cannot use a reward that is no finite number",
            why=f"the reward model gave {value}",
            fix="look at the model's weights, or leave the conversation out",
        )
    return {"reward": round(value, _DECIMALS), "made_by": made_by}


def _value(result: Result, log: AnswerLog) -> float:
    match result:
        case {"reward": int() | float() as value, "made_by": str()}:
            return float(value)
        case _:
            raise foreign_entry("a reward", stream=log.stream, state=log.state)


def _problem(
    rewarder: Rewarder, made_by: Sequence[str], values: Sequence[float]
) -> Unmeasured | None:
    """Why finite rewards say nothing all the same."""
    if isinstance(rewarder, RewardFolder):
        return None
    if len(made_by) > 1:
        return Unmeasured(
            f"the model behind {rewarder.name} changed while it was measured: it called itself "
            f"{' and '.join(made_by)}; name one of them as the endpoint's `model` in gate.toml"
        )
    if len(values) > 1 and set(values) == {1.0}:
        return Unmeasured(
            f"{rewarder.name} rewards every answer with exactly 1: it applies softmax to its one "
            "label; serve it without (vLLM: --pooler-config with `use_activation` off)"
        )
    return None


def _mean(values: Sequence[float]) -> ItemScore:
    shown = ", ".join(f"{value:.6f}" for value in values)
    return ItemScore(round(sum(values) / len(values), _DECIMALS), f"reward {shown}")
