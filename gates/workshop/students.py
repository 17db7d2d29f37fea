"""Where students of generators are taught and asked: on this machine, or behind an endpoint."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace

from gates.measuring import judging_endpoints, prices_of
from gates.services import Services
from stages.models.local_transformers import LocalTransformers
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.models.tuning_endpoint import TuningEndpoint
from stages.workshop.generators.intrinsic import LikelihoodOf
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.generators.schooling import Teaching
from stages.workshop.generators.sitting import InPart
from stages.workshop.training.base_folder import folder_of, template_of
from stages.workshop.training.fine_tuning_endpoint import FineTuningEndpoint, check_tellable
from stages.workshop.training.settings import Base
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_trainer import TrlTrainer
from stages.workshop.workroom import Hand, Workroom

SLOTS = 64
"""Questions that a model on this machine is asked at once."""

FREE = Price(usd_input=0.0, usd_output=0.0)
"""Of models on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Students:
    """How students come to be, and what else the untaught one tells.

    Attributes:
        teaching: How.
        likelihood: How likely the untaught student finds answers; None behind an endpoint, which
            does not tell it.
    """

    teaching: Teaching
    likelihood: LikelihoodOf | None


@contextmanager
def open_students(recipe: GraderRecipe, room: Workroom, services: Services) -> Iterator[Students]:
    """The students of a recipe; connections and models are closed at the end.

    Raises:
        InputError: When the base cannot be used, or an endpoint cannot be told how to train it.
        WrongUsage: When the endpoint has no address or no model.
    """
    with ExitStack() as opened:
        if isinstance(recipe.student, str):
            yield _behind(recipe.student, recipe, services, opened)
        else:
            yield _here(recipe.student, room, services, opened)


def local_model(base: Base, room: Workroom) -> LocalTransformers:
    """A model in a folder that a recipe names."""
    return LocalTransformers(
        folder_of(base, room.base), slots=SLOTS, chat_template=template_of(base, room.base)
    )


def _here(base: Base, room: Workroom, services: Services, opened: ExitStack) -> Students:
    untaught = opened.enter_context(closing(local_model(base, room)))

    def student(trained: Trained) -> Hand:
        assert trained.folder is not None  # it was trained here
        client = LocalTransformers(trained.folder, slots=SLOTS)
        return Hand(name="a student", client=InPart(client), price=FREE)

    teaching = Teaching(
        trainer=TrlTrainer(room.base, progress=services.progress),
        start=base,
        untaught=Hand(name="the untaught student", client=InPart(untaught), price=FREE),
        student=student,
        free=True,
    )
    return Students(teaching=teaching, likelihood=untaught.log_likelihood)


def _behind(endpoint: str, recipe: GraderRecipe, services: Services, opened: ExitStack) -> Students:
    settings = judging_endpoints(services)[endpoint]
    tuning = opened.enter_context(closing(TuningEndpoint(settings)))
    start = Base(where=str(settings.model))
    check_tellable(start, recipe.training)  # before anybody is paid for what it would be taught
    price = prices_of("", services).endpoint(endpoint)

    def asked(model: str) -> Hand:
        client = OpenAICompatible(replace(settings, model=model))
        return Hand(name=endpoint, client=InPart(client), price=price)

    untaught = asked(start.where)
    opened.callback(untaught.client.close)
    trainer = FineTuningEndpoint(tuning, services.state)
    teaching = Teaching(
        trainer=trainer,
        start=start,
        untaught=untaught,
        student=lambda trained: asked(trained.model),
        free=False,
        begin=trainer.begin,
    )
    return Students(teaching=teaching, likelihood=None)
