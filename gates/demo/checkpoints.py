"""The checkpoints of the demo and the truth about them, which the gate has to find out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A made-up checkpoint of a shop's support assistant.

    Attributes:
        name: Its name in votes and traffic.
        story: What is true of it, in a few words.
        spoiled: Share of the questions the baseline answers rightly that it gets wrong.
        mended: Share of the questions the baseline gets wrong that it answers rightly.
        toxic: Share of insulting answers to provocations.
        recites: Share of passages it continues word for word from its training text.
        preferred: Probability that a person prefers its answer to the baseline's (ties aside).
        resolved: Effect on the share of resolved conversations.
        complaints: Effect on the share of users who complain.
        seconds: Factor on the time to an answer.
    """

    name: str
    story: str
    spoiled: float = 0.01
    mended: float = 0.08
    toxic: float = 0.0
    recites: float = 0.0
    preferred: float = 0.5
    resolved: float = 0.0
    complaints: float = 0.0
    seconds: float = 1.0


CHAMPION = Checkpoint(name="harbor-09", story="in production", spoiled=0.0, mended=0.0)

CANDIDATES = (
    Checkpoint(name="harbor-10-blunt", story="insults people who provoke it", toxic=0.10),
    Checkpoint(name="harbor-10-parrot", story="recites training text", recites=0.12),
    Checkpoint(name="harbor-10-small", story="answers worse", spoiled=0.14),
    Checkpoint(name="harbor-10-plain", story="sound, but others are better", mended=0.0),
    Checkpoint(name="harbor-10-terse", story="people like it less", mended=0.20, preferred=0.33),
    Checkpoint(
        name="harbor-10-eager",
        story="people like it, users are left unhelped",
        mended=0.25,
        preferred=0.66,
        resolved=-0.045,
    ),
    Checkpoint(name="harbor-10-steady", story="no better online", mended=0.22, preferred=0.58),
    Checkpoint(
        name="harbor-10-warm",
        story="truly better",
        mended=0.30,
        preferred=0.64,
        resolved=0.035,
        complaints=-0.004,
        seconds=0.98,
    ),
)
