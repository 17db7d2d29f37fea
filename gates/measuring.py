"""From a policy to stages that measure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol, assert_never

from gates.admission import Admission, admissions, standing_of
from gates.chain.alias_standing import ab_end_words
from gates.chain.record import Kept
from gates.decide.stage_gate import task_open
from gates.gate_toml import Asking, DataSection
from gates.ledger.ledger import Version
from gates.membership import Round
from gates.preregistration import preregister, source_sha256
from gates.services import Services
from gates.subjects import key_in, plan_digest, pressed, reached
from gates.task_order import offline_order
from policies.benchmark_tasks import Harness
from policies.errors import GateError
from policies.plan import OfflineTask, Plan
from policies.policy import Policy, PolicyFile
from policies.side_by_side import SideBySidePlan
from stages.engine.checkpoints import Checkpoints
from stages.engine.program import code_version
from stages.engine.ration import Ration
from stages.engine.state_url import is_postgres, state_folder
from stages.engine.subject import Subject
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Evidence, Measurement, Provenance, Quantity, StageName, Validity
from stages.judges.purse import Cap
from stages.models.prices import UNPRICED, Price, Prices
from stages.models.settings import EndpointSettings
from stages.offline.harness.environment import Programs
from stages.offline.judging import judging_of
from stages.offline.measure import OfflineStage
from stages.online.look_journal import LookJournal, stream_of
from stages.online.measure import OnlineStage, World
from stages.online.sources import Connection, Tables, relation
from stages.online.sources import Source as OnlineSource
from stages.online.unit_folder import UnitFolder
from stages.online.validity import Registration
from stages.side_by_side.answering import Answering
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.comparison import Comparing
from stages.side_by_side.gathering import Gathering
from stages.side_by_side.judged.bench import Bench
from stages.side_by_side.judged.panel import Panel
from stages.side_by_side.measure import SideBySideStage


class Stage(Protocol):
    """A stage that measures one step at a time."""

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None
    ) -> Evidence:
        """Evidence with one step more; equal to `so_far` when nothing more can be measured now."""
        ...


def stage_of(name: StageName, round_: Round, services: Services, *, candidate: str) -> Stage:
    """The stage that measures what a policy plans; an A/B is preregistered when it is reached."""
    file, plan = round_.file, round_.file.policy.plan
    match name:
        case StageName.OFFLINE:
            return offline_stage(file, services)
        case StageName.SIDE_BY_SIDE:
            assert plan.side_by_side is not None
            return _side_by_side(plan.side_by_side, file, services)
        case StageName.ONLINE:
            assert plan.online is not None
            version = next(v for v in round_.members if v.uri == candidate)
            baseline = round_.baseline.uri if round_.baseline else None
            registered = preregister(file.policy, version, services, baseline=baseline)
            ended = _ended(version, services, since=registered.at)
            return OnlineStage(
                plan.online,
                Registration(
                    sha256=registered.sha256,
                    at=registered.at,
                    current_sha256=file.policy.stage_sha256(name),
                    alpha=registered.alpha,
                    source_moved=registered.source_sha256
                    not in (None, source_sha256(file.policy, services)),
                    baseline=registered.baseline,
                    current_baseline=baseline,
                    ended=None if ended is None else ab_end_words(ended),
                ),
                World(
                    base=file.folder,
                    now=services.clock,
                    as_of=services.looks_as_of,
                    sources=online_sources(services),
                    units=unit_folder(services),
                    journal=LookJournal(
                        state=services.state, stream=stream_of(file.policy.policy, candidate)
                    ),
                ),
            )
        case _:
            assert_never(name)


def _ended(version: Version, services: Services, *, since: datetime) -> Kept | None:
    """The record by which people ended an A/B: no look is taken any more."""
    if services.custody is None:
        return None
    return services.custody.at_hand(version.name).ab_ended(version.uri, since=since)


def offline_stage(
    file: PolicyFile, services: Services, *, ration: Ration | None = None, to_the_end: bool = False
) -> OfflineStage:
    """The offline stage of a policy.

    Args:
        file: The policy, with an offline plan.
        services: Where answers are journaled, and whom tasks may ask.
        ration: What may be asked now; None: all that is planned.
        to_the_end: Whether a task that stops early goes on whatever its criteria say.

    Raises:
        Broken: When a judge of its tasks is not admitted, and gate.toml says that it is.
    """
    plan = file.policy.plan.offline
    assert plan is not None
    endpoints = judging_endpoints(services)
    admissions(
        offline_judges(plan, endpoints),
        endpoints,
        services,
        asks=ration is None or not ration.is_spent,
    )
    return OfflineStage(
        plan,
        order=offline_order(file),
        base=file.folder,
        state=services.state,
        progress=services.progress,
        calls_at_most=file.policy.budget.calls_at_most,
        endpoints=endpoints,
        actors=services.workspace.actors,
        prices=prices_of(file.policy.model, services),
        goes_on=None if to_the_end else partial(task_open, file.policy),
        programs=harness_programs(services),
        ration=ration,
    )


def offline_judges(tasks: Mapping[str, OfflineTask], endpoints: Collection[str]) -> tuple[str, ...]:
    """Endpoints that are asked about answers to offline tasks, each once."""
    asked = (judging_of(task, endpoints) for task in tasks.values())
    return tuple(dict.fromkeys(each.endpoint for each in asked if each is not None))


def judges_named(plan: Plan, endpoints: Collection[str]) -> tuple[str, ...]:
    """Endpoints that any stage of a plan asks about answers, each once."""
    compared = plan.side_by_side.judges if plan.side_by_side is not None else ()
    return tuple(dict.fromkeys((*offline_judges(plan.offline or {}, endpoints), *compared)))


def judges_standing(plan: Plan, services: Services) -> Iterator[Admission | GateError]:
    """Of each judge of a plan that names an admission: that it has it, or why not; none is asked.

    What cannot be looked up is told as any other reason.
    """
    try:
        endpoints = judging_endpoints(services)
    except GateError as error:
        yield error
        return
    yield from standing_of(judges_named(plan, endpoints), endpoints, services)


def panel_of(
    plan: SideBySidePlan,
    file: PolicyFile,
    services: Services,
    *,
    admitted: Mapping[str, Admission] | None = None,
) -> Panel:
    """The judges of a plan.

    Args:
        plan: Names them.
        file: The policy that it stands in.
        services: The outside world.
        admitted: Judges that were admitted by their own gate; None where nobody is to be asked.
    """
    budget = file.policy.budget
    return Panel(
        plan=plan,
        bench=Bench(
            base=file.folder,
            state=services.state,
            endpoints=judging_endpoints(services),
            prices=prices_of(file.policy.model, services),
            round=services.clock().date().isoformat(),
            cap=Cap(calls=budget.calls_at_most, usd=budget.usd_at_most),
            progress=services.progress,
            admitted={
                name: partial(admission.suspend, services=services)
                for name, admission in (admitted or {}).items()
            },
        ),
    )


def gathering_of(plan: SideBySidePlan, file: PolicyFile, services: Services) -> Gathering:
    """Where the votes of a plan are."""
    return Gathering(
        plan=plan,
        base=file.folder,
        policy=file.policy.policy,
        open_box=lambda: open_ballots(services.workspace.state_url),
    )


def _side_by_side(plan: SideBySidePlan, file: PolicyFile, services: Services) -> SideBySideStage:
    admitted = admissions(plan.judges, judging_endpoints(services), services)
    comparing = Comparing(
        plan=plan,
        gathering=gathering_of(plan, file, services),
        answering=Answering(
            plan=plan,
            checkpoints=Checkpoints(state=services.state, progress=services.progress),
            calls_at_most=file.policy.budget.calls_at_most,
        ),
        panel=panel_of(plan, file, services, admitted=admitted) if plan.judges else None,
    )
    price = prices_of(file.policy.model, services).checkpoint
    return SideBySideStage(plan, comparing, price=price)


def online_sources(services: Services) -> dict[str, OnlineSource]:
    """Traffic that the workspace names, `[data.NAME]`, by name."""
    return {name: _tables(section, services) for name, section in services.workspace.data.items()}


def unit_folder(services: Services) -> UnitFolder:
    """Where this machine keeps the state of units between looks; it may be deleted."""
    url = services.workspace.state_url
    root = services.cache if is_postgres(url) else state_folder(url)
    return UnitFolder(path=root / "units")


def _tables(section: DataSection, services: Services) -> Tables:
    at = None
    if section.connection is not None:
        variable = section.password_env
        password = key_in(variable, services)
        at = Connection(url=section.connection, password=password, password_env=variable)
    return Tables(
        exposures=relation(section.exposures, section.exposures_sql, of=at),
        events=relation(section.events, section.events_sql, of=at),
        connection=at,
        columns=section.columns,
    )


def harness_programs(services: Services) -> Programs:
    """Where the workspace says that harnesses are, `[harnesses]`."""
    workspace = services.workspace
    return Programs(
        base=workspace.root,
        paths={name: path for name in Harness if (path := workspace.harnesses.get(name))},
        environment=workspace.environment,
    )


def judging_endpoints(services: Services) -> dict[str, EndpointSettings]:
    """Judges and services that the workspace names, `[endpoints.NAME]`, by name."""
    return {
        name: reached(
            section,
            pressed(section, key_in(section.api_key_env, services)),
            services.workspace.root,
        )
        for name, section in services.workspace.endpoints.items()
    }


def prices_of(model_name: str, services: Services) -> Prices:
    """What a registered model and the endpoints cost, as the workspace says it."""
    workspace = services.workspace
    model = workspace.models.get(model_name)
    return Prices(
        checkpoint=UNPRICED if model is None else _price(model),
        endpoints={name: _price(section) for name, section in workspace.endpoints.items()},
    )


def _price(section: Asking) -> Price:
    usd = section.usd_per_million_tokens
    return Price(
        usd_input=usd.input if usd else None,
        usd_output=usd.output if usd else None,
        gpus=section.gpus,
        tokens_per_second=section.tokens_per_second,
    )


def without_evidence(
    policy: Policy, stage: StageName, candidate: str, *, baseline: str | None, why: Unmeasured
) -> Evidence:
    """Evidence that nothing could be measured, and why."""
    return Evidence(
        stage=stage,
        candidate=candidate,
        baseline=baseline,
        measurements=tuple(
            Measurement(
                metric=metric.name,
                quantity=quantity,
                measured=why,
                validity=Validity.ANYTIME,
            )
            for metric in policy.plan.metrics().values()
            if metric.stage == stage
            for quantity in Quantity
        ),
        provenance=Provenance(
            candidate="",
            baseline=None,
            plan=plan_digest(policy, stage),
            data=(),
            code=code_version(),
        ),
    )
