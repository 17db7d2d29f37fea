"""The outside world that instruments work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from policies.safety_tasks import ToxicityTask
from stages.engine.answering import Ask, ask_at_once
from stages.engine.progress import Progress
from stages.engine.ray_cluster import Actors
from stages.engine.state import State
from stages.judges.purse import Purse
from stages.models.chat import Chat, chat_client, check_chat
from stages.models.prices import Prices
from stages.models.settings import EndpointSettings
from stages.offline.toxicity.scores import Classifier

ClassifierFor = Callable[[ToxicityTask], Classifier]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What an instrument may use.

    Attributes:
        base: The policy's folder, which paths are relative to.
        state: Where scores and verdicts are journaled before they are used.
        progress: Where to show how far it is.
        classifier_for: Finds the classifier that a toxicity task names.
        endpoints: The workspace's `[endpoints.NAME]`, by name.
        actors: Ray's workers, for what can be spread; None to do it on this machine.
        purse: What all endpoints may cost together; a stage counts their cost itself.
        prices: What each costs, for the purse.
    """

    base: Path
    state: State
    progress: Progress
    classifier_for: ClassifierFor
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    actors: Actors | None = None
    purse: Purse = field(default_factory=Purse)
    prices: Prices = field(default_factory=Prices)

    def asker(self, name: str) -> Ask:
        """How questions are put to an endpoint: within the purse, where it has a bottom."""
        if not self.purse.limited:
            return ask_at_once
        return self.purse.guard(ask_at_once, self.prices.endpoint(name))

    def endpoint(self, name: str) -> EndpointSettings:
        """The settings of an endpoint that a task names.

        Raises:
            InputError: When the workspace does not know it.
        """
        return endpoint_named(name, self.endpoints)

    def check_chat(self, name: str) -> None:
        """Returns when a task can have its chat model: one behind an endpoint is not asked.

        Raises:
            InputError: When the workspace does not know it, or its folder holds no model that can
                be run.
        """
        check_chat(self.endpoint(name))

    def served(self, name: str, *, what: str) -> EndpointSettings:
        """The settings of a service that no folder can stand for.

        Raises:
            InputError: When the workspace does not know it, or names a folder.
        """
        settings = self.endpoint(name)
        if settings.folder is not None:
            raise InputError(
                f"cannot ask the model in {settings.folder} as {what}",
                why=f"[endpoints.{name}] names a folder, whose model only chats",
                fix=f"name the `base_url` and `model` of {what} there",
            )
        return settings

    def client(self, name: str, *, extra: Mapping[str, Json] | None = None) -> Chat:
        """A client for a chat model that a task names; the caller closes it.

        Args:
            name: The endpoint's.
            extra: Fields of every request beside OpenAI's.

        Raises:
            InputError: When the workspace does not know it.
            WrongUsage: When its settings or its folder cannot be used.
        """
        return chat_client(self.endpoint(name), extra=extra)


def endpoint_named(name: str, known: Mapping[str, EndpointSettings]) -> EndpointSettings:
    """The settings of an endpoint.

    Args:
        name: Its name.
        known: The workspace's, by name.

    Raises:
        InputError: When the workspace does not know it.
    """
    if name not in known:
        raise InputError(
            f"cannot ask the endpoint `{name}`",
            why=f"gate.toml knows no such endpoint; it knows {', '.join(known) or 'none'}",
            fix=f"add [endpoints.{name}] with base_url and model to gate.toml",
        )
    return known[name]
