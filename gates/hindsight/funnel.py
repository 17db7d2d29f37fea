"""The funnel: who came how far, what it cost, and what each stage foretells; pure."""

from dataclasses import dataclass

from gates.hindsight.checkpoints import Past
from gates.hindsight.flow import Flow, flows_of
from gates.hindsight.foretelling import Foretold, foretold_by
from gates.hindsight.saving import Saved, saved_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """All that is said of a policy's stages.

    Attributes:
        past: The checkpoints it is about.
        flows: Each stage.
        saved: What it saved not to send everybody to people.
        foretold: Each measure against the next stage's primaries.
    """

    past: Past
    flows: tuple[Flow, ...]
    saved: Saved
    foretold: tuple[Foretold, ...]


def funnel_of(past: Past) -> Funnel:
    """The funnel of all checkpoints that a policy decided about."""
    return Funnel(past=past, flows=flows_of(past), saved=saved_by(past), foretold=foretold_by(past))
