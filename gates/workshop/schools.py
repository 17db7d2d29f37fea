"""Where judges of a recipe are taught and asked: on this machine, or behind an endpoint."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

from gates.measuring import judging_endpoints, prices_of
from gates.services import Services
from stages.models.local_transformers import LocalTransformers
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import UNPRICED
from stages.models.tuning_endpoint import TuningEndpoint
from stages.workshop.self_taught.academy import Academy
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.base_folder import folder_of, template_of
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint
from stages.workshop.training.settings import Base
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_trainer import TrlTrainer
from stages.workshop.workroom import Hand, Workroom

SLOTS = 64
"""Questions that a model on this machine is asked at once."""


@contextmanager
def open_school(recipe: SelfTaught, room: Workroom, services: Services) -> Iterator[Academy]:
    """The school of a recipe, whose connections are closed at the end.

    Raises:
        InputError: When the seed cannot be used.
        Broken: When what trains it is not installed.
    """
    with ExitStack() as opened:
        if recipe.pupil.endpoint is not None:
            yield _behind(recipe.pupil.endpoint, recipe, room, services, opened)
        else:
            assert recipe.pupil.model is not None  # the recipe's own rule
            yield _here(recipe.pupil.model, recipe, room, services)


def _here(base: Base, recipe: SelfTaught, room: Workroom, services: Services) -> Academy:
    # Before anybody is paid for pairs that no seed could learn from.
    seed, template = folder_of(base, room.base), template_of(base, room.base)

    def open_model(trained: Trained | None, name: str) -> Hand:
        if trained is None or trained.folder is None:
            client = LocalTransformers(seed, slots=SLOTS, chat_template=template)
        else:
            client = LocalTransformers(trained.folder, slots=SLOTS)
        return Hand(name=name, client=client, price=UNPRICED)

    return Academy(
        recipe=recipe,
        folder=room.folder,
        base=base,
        trainer=TrlTrainer(room.base, progress=services.progress),
        open_model=open_model,
        free=True,
    )


def _behind(
    endpoint: str, recipe: SelfTaught, room: Workroom, services: Services, opened: ExitStack
) -> Academy:
    settings = judging_endpoints(services)[endpoint]
    price = prices_of("", services).endpoint(endpoint)

    def open_model(trained: Trained | None, name: str) -> Hand:
        asked = settings if trained is None else replace(settings, model=trained.model)
        client = opened.enter_context(closing(OpenAICompatible(asked)))
        return Hand(name=name, client=client, price=price)

    return Academy(
        recipe=recipe,
        folder=room.folder,
        base=Base(where=str(settings.model)),
        trainer=FineTuningEndpoint(
            opened.enter_context(closing(TuningEndpoint(settings))), services.state
        ),
        open_model=open_model,
        free=False,
    )
