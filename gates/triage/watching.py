"""What nobody may have seen since the last night: an alias moved by hand, an override that ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from gates.chain.bodies import Override
from gates.chain.chain import Chain
from gates.notify.events import Event, EventKind
from gates.promotion.whereabouts import moved_outside
from gates.services import Services
from policies.errors import GateError

NEAR = timedelta(hours=48)
"""How long before it expires an override is told of: a working day to put something better in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a person must know of.

    Attributes:
        events: A change each, told once.
    """

    events: tuple[Event, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Their sentences."""
        return tuple(event.sentence for event in self.events)


def watched(model: str, services: Services) -> Seen:
    """What the registry says of a model and its records do not, and overrides near their end.

    Without signed records there is nothing to hold the registry against. Records that cannot be
    verified are told of, and end no night: promotion refuses them.

    Args:
        model: Registered model name.
        services: The ledger, and the custody of the records.
    """
    if services.custody is None:
        return Seen()
    try:
        chain = services.custody.chain(model)
        return Seen(events=(*_outside(chain, services), *_near_their_end(chain, services)))
    except GateError as error:
        day = services.clock().date().isoformat()
        return Seen(
            events=(
                Event(
                    kind=EventKind.NEEDS_PERSON,
                    key=f"{model} records {day}",
                    model=model,
                    sentence=f"the records of {model} cannot be believed: {error.in_short}",
                ),
            )
        )


def _outside(chain: Chain, services: Services) -> Iterator[Event]:
    """Aliases that are under the gate, and that something else has moved."""
    custody = services.custody
    assert custody is not None
    holders = {a: v.uri for v in services.ledger.versions(chain.model) for a in v.aliases}
    governed = {alias for alias in holders if custody.trust.entry(chain.model, alias) is not None}
    governed |= set(_recorded_aliases(chain))
    for alias in sorted(governed):
        serving = chain.serving(alias)
        recorded = None if serving is None else serving.record.subject.name
        holder = holders.get(alias)
        found = moved_outside(holder=holder, recorded=recorded, alias=alias)
        if found is not None:
            yield Event(
                kind=EventKind.ALIAS_MOVED_OUTSIDE,
                key=f"{chain.model} {alias} {recorded} {holder}",
                model=chain.model,
                sentence=found.reason,
            )


def _recorded_aliases(chain: Chain) -> Iterator[str]:
    for kept in chain.counting:
        alias = getattr(kept.record.body, "alias", None)
        if isinstance(alias, str) and chain.serving(alias) is not None:
            yield alias


def _near_their_end(chain: Chain, services: Services) -> Iterator[Event]:
    now = services.clock()
    for kept in chain.overrides(now):
        body = kept.record.body
        assert isinstance(body, Override)
        if body.expires - now <= NEAR:
            name = kept.record.subject.name.removeprefix("models:/")
            yield Event(
                kind=EventKind.OVERRIDE_NEAR_EXPIRY,
                key=kept.sha256,
                model=chain.model,
                sentence=f"OVERRIDE of {name} as {body.alias} expires on "
                f"{body.expires:%Y-%m-%d %H:%M} UTC: {body.reason}",
            )
