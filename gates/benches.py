"""One benchmark measured on one version, outside of any round: estimates, and no verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gates.admission import admissions
from gates.measuring import harness_programs, judging_endpoints, offline_judges, prices_of
from gates.services import Services
from gates.subjects import subject_of
from policies.benchmark import HARNESS, kind_of
from policies.canonical import Json, canonical_json
from policies.coherence_of_plans import plan_problems
from policies.errors import WrongUsage
from policies.plan import OfflineTask, Plan
from policies.problems import Problem
from policies.shape import problems_of
from policies.yaml_source import read_yaml
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost, Evidence, Measurement, Quantity
from stages.offline.catalogue.items import datasheet_of
from stages.offline.measure import OfflineStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be measured.

    Attributes:
        benchmark: Its name in the catalogue.
        version: The registered version.
        items: The frozen items; None for `data/NAME.jsonl`, or for none where a harness asks.
        more: What the task says beside the catalogue, as `key=value`.
    """

    benchmark: str
    version: str
    items: Path | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured.

    Attributes:
        benchmark: Its name in the catalogue.
        candidate: URI of the version.
        data: Name and digest of what was read.
        measurements: A value per metric of the task, in its order.
        cost: Of the answers, whenever they were asked.
    """

    benchmark: str
    candidate: str
    data: tuple[tuple[str, str], ...]
    measurements: tuple[Measurement, ...]
    cost: Cost

    @property
    def lacking(self) -> tuple[Cause, ...]:
        """Why metrics were not measured; empty when all were."""
        absent = (m.measured for m in self.measurements)
        return tuple(absence.cause for absence in absent if isinstance(absence, Unmeasured))


def measure(asked: Asked, services: Services) -> Measured:
    """Measures a benchmark on a version; what is in the journal already is not asked again.

    Raises:
        WrongUsage: When there is no such benchmark or version, no items, or the task lacks
            something that a policy would say.
        InputError: When the items are not the frozen ones, or cannot be read.
        Broken: When a server, a journal or a tool cannot be used, or a judge is not admitted.
    """
    task = _task(asked, services)
    version = services.ledger.version(asked.version)
    endpoints = judging_endpoints(services)
    admissions(offline_judges({asked.benchmark: task}, endpoints), endpoints, services)
    subject = subject_of(version, services)
    stage = OfflineStage(
        {asked.benchmark: task},
        order=(asked.benchmark,),
        base=services.workspace.root / "policies",
        state=services.state,
        progress=services.progress,
        endpoints=endpoints,
        programs=harness_programs(services),
        prices=prices_of(version.name, services),
    )
    try:
        evidence: Evidence = stage.measure_next(subject, None, None)
        while (further := stage.measure_next(subject, None, evidence)) != evidence:
            evidence = further
    finally:
        if subject.client is not None:
            subject.client.close()
    return Measured(
        benchmark=asked.benchmark,
        candidate=version.uri,
        data=evidence.provenance.data,
        measurements=tuple(m for m in evidence.measurements if m.quantity is Quantity.VALUE),
        cost=evidence.cost,
    )


def _task(asked: Asked, services: Services) -> OfflineTask:
    benchmark = services.workspace.benchmarks.entry(asked.benchmark).benchmark
    more = _more(asked)
    given: Mapping[str, Json] = {**more, **_items(asked.items)}
    said = {**benchmark.defaults(given), **given}
    if kind_of(said) != HARNESS and "data" not in said:
        said = {**said, **_items(_frozen(asked, services))}
    return _checked(asked, {"benchmark": asked.benchmark, **said})


def _more(asked: Asked) -> Mapping[str, Json]:
    """`key=value` pairs, each value as a policy would write it."""
    found: dict[str, Json] = {}
    for pair in asked.more:
        key, equals, value = pair.partition("=")
        source = read_yaml(f"{key}: {value}")
        if not equals or source.problems or not isinstance(source.value, Mapping):
            raise WrongUsage(
                f"cannot read --with {pair}",
                why="it is no key and value of a task",
                fix="write it like --with judge=judge_a",
            )
        found |= source.value
    return found


def _items(path: Path | None) -> Mapping[str, Json]:
    """The items, at the digest that their datasheet says, where there is one."""
    if path is None:
        return {}
    sheet = datasheet_of(path)
    said = read_yaml(sheet.read_text(encoding="utf-8")).value if sheet.is_file() else None
    sha256 = said.get("sha256") if isinstance(said, Mapping) else None
    return {"data": str(path.absolute()), **({} if sha256 is None else {"sha256": sha256})}


def _frozen(asked: Asked, services: Services) -> Path:
    path = services.workspace.root / "data" / f"{asked.benchmark}.jsonl"
    if not path.is_file():
        raise WrongUsage(
            f"there are no items of {asked.benchmark}",
            why=f"{path} is not there, and --items names no other file",
            fix=f"gate bench freeze {asked.benchmark}",
        )
    return path


def _checked(asked: Asked, task: Mapping[str, Json]) -> OfflineTask:
    name = asked.benchmark
    try:
        plan = Plan.model_validate_json(canonical_json({"offline": {name: task}}))
    except ValidationError as error:
        raise _refused(name, problems_of(error, Plan)) from None
    problems = tuple(plan_problems(plan))
    if problems:
        raise _refused(name, problems)
    assert plan.offline is not None
    return plan.offline[name]


def _refused(name: str, problems: tuple[Problem, ...]) -> WrongUsage:
    return WrongUsage(
        f"cannot measure {name} like this",
        why="\n       ".join(
            f"{p.field}: found {p.found}; expected {p.expected}" for p in problems
        ),
        fix="say what is missing, or say it right, with --with KEY=VALUE, as a policy's task would",
    )
