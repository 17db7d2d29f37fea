"""Who meets which arm: rules for flag services, lists of units, and one unit's place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from gates.online.planned import online_plan, sides
from gates.services import Services
from policies.canonical import Json
from policies.errors import InputError, WrongUsage
from policies.online import OnlinePlan
from policies.policy import PolicyFile
from stages.online.assignment.experiment import Experiment, Place, place
from stages.online.assignment.flagd import flag_json, flagd_place
from stages.online.assignment.growthbook import feature_json
from stages.online.assignment.planning import experiment_of
from stages.online.assignment.roster import Roster, roster


class Service(StrEnum):
    """Who reads what is written."""

    GROWTHBOOK = "growthbook"
    FLAGD = "flagd"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An A/B and who assigns its units.

    Attributes:
        experiment: How units are put into arms, or shall be.
        by_gate: Whether by our files; otherwise others do it by theirs.
    """

    experiment: Experiment
    by_gate: bool


def assigned(
    file: PolicyFile, candidates: Sequence[str], services: Services, *, coverage: float = 1.0
) -> Assigned:
    """The A/B of a policy's candidates.

    Args:
        file: The policy.
        candidates: Versions; none stands for all that are no baseline.
        services: The ledger says what the versions are called.
        coverage: Share of all units that takes part, in (0, 1].

    Raises:
        WrongUsage: The policy has no A/B, or not as many candidates as it has challengers.
        PolicyError: The plan's names tell no arms apart.
    """
    plan = online_plan(file)
    who = sides(file, candidates, services)
    found = experiment_of(plan, who.champion, who.challengers, coverage=coverage)
    return Assigned(experiment=found, by_gate=plan.assignment == "gate")


def rule(found: Assigned, service: Service, *, day: float) -> Json:
    """What a flag service reads.

    Args:
        found: The A/B.
        service: Who reads it.
        day: Days since the first exposure of the A/B.

    Raises:
        WrongUsage: Others assign, the service cannot keep units in their arms, or it reads lists.
    """
    _refuse_others(found)
    match service:
        case Service.GROWTHBOOK:
            return feature_json(found.experiment, day=day)
        case Service.FLAGD:
            return flag_json(found.experiment)
        case Service.CSV:
            raise WrongUsage(
                "a list of arms needs the units",
                why="nothing but their names says which there are",
                fix="name a file with one unit per line: --units FILE",
            )
        case _:
            assert_never(service)


def arms_of_units(found: Assigned, units: Sequence[str], *, day: float) -> Roster:
    """The arms of units that are first exposed on a day.

    Raises:
        WrongUsage: Others assign.
        InputError: A unit is empty, not ASCII or listed twice.
    """
    _refuse_others(found)
    try:
        return roster(found.experiment, units, first_day=day)
    except ValueError as error:
        raise _no_unit("cannot put the units into arms", error) from error


def place_of(found: Assigned, unit: str, service: Service, *, day: float) -> Place:
    """Where a unit that is first exposed on a day lies, as a service computes it.

    Raises:
        WrongUsage: Others assign, or the service cannot keep units in their arms.
        InputError: The unit is empty, or not ASCII where that matters.
    """
    _refuse_others(found)
    try:
        if service is Service.FLAGD:
            return flagd_place(found.experiment, unit)
        return place(found.experiment, unit, first_day=day)
    except ValueError as error:
        raise _no_unit(f"cannot put the unit {unit!r} into an arm", error) from error


def columns_to_log(plan: OnlinePlan) -> tuple[str, ...]:
    """Columns that the exposures of an A/B must carry, whoever assigns."""
    own = (plan.unit, "timestamp", "experiment_id", "variation_id")
    return tuple(dict.fromkeys((*own, *plan.exclude, *plan.segments)))


def _refuse_others(found: Assigned) -> None:
    if not found.by_gate:
        raise WrongUsage(
            "others assign the units of this A/B",
            why="its plan says `assignment: external`",
            fix="leave out --to, --unit and --units to see what their exposures must carry, or "
            "say `assignment: gate`",
        )


def _no_unit(what: str, error: ValueError) -> InputError:
    return InputError(
        what,
        why=str(error),
        fix="name units by ASCII text, each once: flag services hash other text differently",
    )
