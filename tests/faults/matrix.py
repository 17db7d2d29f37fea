"""The fail-closed matrix: every fault of every stage, and what becomes of a candidate with it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults import (
    ab_plans,
    ab_records,
    ab_rows,
    ab_sources,
    ballots,
    classifying,
    evidence,
    exchanged,
    harnesses,
    judging,
    panels,
    programs,
    recordings,
    replies,
    rivals,
    searching,
    voting,
)
from tests.faults.world import Fault, Harmless, Inject, Outcome, Scene, outcome

FAULTS: tuple[Fault, ...] = (
    *replies.FAULTS,
    *recordings.FAULTS,
    *harnesses.FAULTS,
    *classifying.FAULTS,
    *searching.FAULTS,
    *judging.FAULTS,
    *programs.FAULTS,
    *voting.FAULTS,
    *ballots.FAULTS,
    *exchanged.FAULTS,
    *rivals.FAULTS,
    *panels.FAULTS,
    *evidence.FAULTS,
    *ab_rows.FAULTS,
    *ab_plans.FAULTS,
    *ab_records.FAULTS,
    *ab_sources.FAULTS,
)

HARMLESS: tuple[Harmless, ...] = (
    *voting.HARMLESS,
    *ballots.HARMLESS,
    *exchanged.HARMLESS,
    *rivals.HARMLESS,
    *panels.HARMLESS,
    *ab_rows.HARMLESS,
    *ab_plans.HARMLESS,
    *ab_records.HARMLESS,
    *ab_sources.HARMLESS,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault of the matrix.

    Attributes:
        fault: What was injected.
        without: What became of the candidate before: it must pass, or the row shows nothing.
        outcome: What became of it with the fault: it must not pass.
    """

    fault: Fault
    without: Outcome
    outcome: Outcome

    @property
    def blocks(self) -> bool:
        """Whether the fault, and nothing else, keeps the candidate from passing."""
        return (
            self.without.passes
            and not self.outcome.passes
            and self.fault.said in self.outcome.sentence
        )


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """Something harmless.

    Attributes:
        harmless: What was injected.
        without: What became of the candidate before: it must pass, or this shows nothing.
        outcome: What became of it with it: the same, to the letter.
    """

    harmless: Harmless
    without: Outcome
    outcome: Outcome

    @property
    def holds(self) -> bool:
        """Whether nothing came of it."""
        return self.without.passes and self.outcome == self.without


def unchanged(harmless: Harmless) -> Unchanged:
    """Something harmless in a world of its own, beside the same world without it."""
    return Unchanged(
        harmless=harmless,
        without=sound(harmless.scene),
        outcome=_in_a_folder(harmless.scene, harmless.inject),
    )


def row(fault: Fault) -> Row:
    """A fault in a world of its own, beside the same world without it."""
    return Row(
        fault=fault, without=sound(fault.scene), outcome=_in_a_folder(fault.scene, fault.inject)
    )


@cache
def sound(scene: Scene) -> Outcome:
    """What becomes of a scene's candidate where nothing is injected: once for all its faults."""
    return _in_a_folder(scene, lambda _: None)


def _in_a_folder(scene: Scene, inject: Inject) -> Outcome:
    with TemporaryDirectory() as folder:
        return outcome(Path(folder), scene, inject)
