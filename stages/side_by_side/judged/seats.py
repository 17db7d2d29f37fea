"""Who sits on the panel: a judge of the compared checkpoints' own family is told or left out."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import InputError
from policies.side_by_side import OwnFamily, SideBySidePlan
from stages.engine.subject import Subject
from stages.models.chat import told
from stages.models.settings import EndpointSettings
from stages.side_by_side.judged.families import family_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A judge that is asked.

    Attributes:
        name: Its endpoint's.
        weight: Its share of the panel's word, relative to the other judges'.
        settings: How it is reached.
    """

    name: str
    weight: float
    settings: EndpointSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """A panel for one candidate and its baseline.

    Attributes:
        sitting: Who is asked.
        left_out: Why others are not, by name.
        notes: What people should know of those who are asked, a sentence each.
    """

    sitting: tuple[Seat, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]


def seats_of(
    plan: SideBySidePlan,
    candidate: Subject,
    baseline: Subject,
    endpoints: Mapping[str, EndpointSettings],
) -> Seats:
    """The panel that judges a candidate against the baseline.

    A judge is of a checkpoint's family when both are made by one maker, or are one model at one
    address. Where a family cannot be told, a note says whose: nothing rules out self-preference.

    Raises:
        InputError: When the workspace does not know an endpoint that the plan names.
    """
    sitting, left_out, notes = [], {}, []
    untold = [
        f"{role} `{subject.known_as}`"
        for subject, role in ((candidate, "candidate"), (baseline, "baseline"))
        if plan.judges and _family(subject, plan) is None
    ]
    for name, judge in plan.judges.items():
        settings = _endpoint(name, endpoints)
        family = judge.family or family_of(
            settings.model or (settings.folder.name if settings.folder else "")
        )
        kin = _kin(settings, family, (candidate, baseline), plan)
        if kin is not None and plan.judging.own_family is OwnFamily.EXCLUDE:
            left_out[name] = f"{kin}, and `judging.own_family` leaves it out"
            continue
        if kin is not None:
            notes.append(f"judge {name} {kin}: it may favour its own")
        elif family is None:
            untold.append(f"judge {name}")
        sitting.append(Seat(name=name, weight=judge.weight, settings=settings))
    if untold and sitting:
        notes.append(f"of unknown family: {', '.join(untold)}")
    return Seats(sitting=tuple(sitting), left_out=left_out, notes=tuple(notes))


def _kin(
    settings: EndpointSettings,
    family: str | None,
    subjects: tuple[Subject, Subject],
    plan: SideBySidePlan,
) -> str | None:
    """How a judge is related to those it would judge; None when it is not known to be."""
    for subject, role in zip(subjects, ("candidate", "baseline"), strict=True):
        if _serves(settings, subject):
            return f"is the {role} itself"
        of_subject = _family(subject, plan)
        if family and of_subject and family.casefold() == of_subject.casefold():
            return f"is of the {role}'s family, {of_subject}"
    return None


def _serves(settings: EndpointSettings, subject: Subject) -> bool:
    identity = subject.client.identity if subject.client else {}
    if settings.folder is not None:
        return identity.get("sha256") == told(settings)["sha256"]
    where = (settings.base_url, settings.model)
    return None not in where and (identity.get("base_url"), identity.get("model")) == where


def _family(subject: Subject, plan: SideBySidePlan) -> str | None:
    """As the plan says; else by the name that it is served under, or that it is known by."""
    if plan.judging.model_family:
        return plan.judging.model_family
    served = subject.client.identity.get("model") if subject.client else None
    return family_of(str(served or "")) or family_of(subject.known_as)


def _endpoint(name: str, known: Mapping[str, EndpointSettings]) -> EndpointSettings:
    if name not in known:
        raise InputError(
            f"cannot ask the judge `{name}`",
            why=f"gate.toml knows no such endpoint; it knows {', '.join(known) or 'none'}",
            fix=f"add [endpoints.{name}] with base_url and model to gate.toml",
        )
    return known[name]
