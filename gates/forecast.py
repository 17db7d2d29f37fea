"""What a round would cost, as ranges; nothing is called."""

from contextlib import ExitStack

from gates.ab import Ab
from gates.amounts import NOTHING, Range, StageForecast
from gates.ledger.ledger import Version
from gates.measuring import online_sources
from gates.membership import Round
from gates.offline_due import OfflineBooks
from gates.services import Services
from gates.side_by_side_due import SideBySideBooks
from gates.subjects import opened
from policies.errors import InputError
from stages.engine.subject import Subject
from stages.evidence.records import StageName
from stages.online.sources import locate, paths


def forecast(round_: Round, services: Services) -> tuple[StageForecast, ...]:
    """The cost of each demanded stage, beyond what is journaled already.

    Raises:
        InputError: When items or recorded outputs cannot be read.
    """
    policy, found = round_.file.policy, []
    reach = Range(low=len(round_.members), high=len(round_.members))
    for stage in map(StageName, policy.plan.stages()):
        match stage:
            case StageName.OFFLINE:
                with ExitStack() as clients:
                    subjects = _members(round_, services, clients)
                    books = OfflineBooks(round=round_, services=services)
                    found.append(books.due(subjects, reach=reach))
            case StageName.SIDE_BY_SIDE:
                with ExitStack() as clients:
                    subjects = _members(round_, services, clients)
                    compared = SideBySideBooks(round=round_, services=services)
                    found.append(compared.due(subjects, reach=reach))
            case StageName.ONLINE:
                found.append(_online(round_, services, reach))
        quota = policy.keep.get(stage.value)
        reach = Range(high=min(reach.high, quota.most) if quota else reach.high)
    return tuple(found)


def _members(round_: Round, services: Services, clients: ExitStack) -> tuple[Subject, ...]:
    """Every checkpoint of the round, closed with `clients`."""
    versions = {v.uri: v for v in (*round_.members, *filter(None, (round_.baseline,)))}
    return tuple(opened(version, services, clients) for version in versions.values())


def _online(round_: Round, services: Services, reach: Range) -> StageForecast:
    plan = round_.file.policy.plan.online
    assert plan is not None
    left = sorted((_days_left(round_, v, services) for v in round_.members), reverse=True)
    try:
        source = locate(plan, base=round_.file.folder, named=online_sources(services))
        size = sum(path.stat().st_size for path in paths(source).values()) or None
    except InputError:
        size = None
    return StageForecast(
        stage=StageName.ONLINE,
        candidates=reach,
        days=Range(low=min(reach.low, 1) * left[0], high=sum(left[: int(reach.high)])),
        data_bytes=size,
        usd=None,
        gpu_minutes=NOTHING,
    )


def _days_left(round_: Round, version: Version, services: Services) -> float:
    """Days from the newest look that was taken at a candidate's A/B to the last one planned."""
    ab = Ab(file=round_.file, version=version, services=services)
    try:
        taken = ab.taken()
    except InputError:  # its traffic is not there yet
        taken = {}
    return ab.written.looks[-1] - max(taken, default=0.0)
