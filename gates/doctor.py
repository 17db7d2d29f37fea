"""Is everything reachable that a round needs; and if not, how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gates.equipment import Equipment, equipment_of, equipment_of_judges
from gates.ledger.ledger import Version
from gates.measuring import judges_standing
from gates.membership import how_to_adopt, needs_baseline
from gates.services import Services
from gates.subjects import subject_of
from gates.trusting import signer_in, trust_in
from policies.benchmark_tasks import CodeTask
from policies.errors import GateError
from policies.load import load_policy
from policies.policy import Policy, PolicyFile
from stages.engine.sandbox import Limits
from stages.engine.sandbox_guarantees import sandbox_for
from stages.models.fingerprint import served_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing looked at.

    Attributes:
        name: What was looked at.
        healthy: Whether it is as it must be.
        sentence: What was found.
        fix: How to mend it; empty when healthy.
    """

    name: str
    healthy: bool
    sentence: str
    fix: str = ""


def examine(services: Services) -> Iterator[Examined]:
    """Looks at everything in the order in which a round would need it.

    Each failure is reported and the examination goes on; only what rests on the failed thing is
    left out.
    """
    yield _tried("state", lambda: _state(services))
    ledger = _tried("ledger", lambda: _ledger(services))
    yield ledger
    if services.workspace.trust_file is not None:
        yield _tried("trust", lambda: _trust(services))
    paths = sorted((services.workspace.root / "policies").glob("*.yaml"))
    if not paths:
        yield Examined(
            name="policies",
            healthy=False,
            sentence=f"no policy in {services.workspace.root / 'policies'}",
            fix="gate init writes a first one",
        )
    for path in paths:
        yield from _policy(path, services, reachable=ledger.healthy)


def _trust(services: Services) -> str:
    trust = trust_in(services.workspace, services.state, at=services.clock())
    signer = signer_in(services.workspace)
    assert trust is not None
    signs = "and nothing signs here" if signer is None else "and a key signs here"
    return f"version {trust.version} of the trust file is believed, {signs}"


def _policy(path: Path, services: Services, *, reachable: bool) -> Iterator[Examined]:
    try:
        file = PolicyFile(policy=load_policy(path), path=path)
    except GateError as error:
        yield _sick(f"policy {path.stem}", error)
        return
    name = f"policy {file.policy.policy}"
    yield Examined(name=name, healthy=True, sentence=f"{path.name} is valid")
    yield from _equipment(file.policy, services)
    yield from _sandboxes(file.policy)
    if reachable:
        yield from _judges(file.policy, services)
        try:
            yield from _model(file.policy, services)
        except GateError as error:
            yield _sick(f"{file.policy.model}@{file.policy.baseline}", error)


def _equipment(policy: Policy, services: Services) -> Iterator[Examined]:
    """Libraries, programs and endpoints that a plan needs; each need is told once."""
    seen: set[Equipment] = set()
    needs = {n: equipment_of(t, services) for n, t in (policy.plan.offline or {}).items()}
    if policy.plan.side_by_side is not None:
        needs["side_by_side"] = equipment_of_judges(policy.plan.side_by_side, services)
    for name, needed in needs.items():
        for need in needed:
            if need not in seen:
                seen.add(need)
                yield Examined(
                    name=f"policy {policy.policy}: {name}",
                    healthy=need.there,
                    sentence=need.sentence,
                    fix=need.fix,
                )


def _judges(policy: Policy, services: Services) -> Iterator[Examined]:
    """Judges that gate.toml says are admitted by a gate of their own; they are not asked."""
    for found in judges_standing(policy.plan, services):
        if isinstance(found, GateError):
            yield _sick(f"policy {policy.policy}: admission", found)
            continue
        unlike = (
            found.unlike(policy.plan.side_by_side.judging) if policy.plan.side_by_side else None
        )
        yield Examined(
            name=f"policy {policy.policy}: admission of {found.judge}",
            healthy=True,
            sentence=unlike or f"{found.version.uri} passed {found.policy}",
        )


def _sandboxes(policy: Policy) -> Iterator[Examined]:
    """What keeps in the programs that tasks run."""
    for name, task in (policy.plan.offline or {}).items():
        if isinstance(task, CodeTask):
            yield _tried(f"policy {policy.policy}: sandbox of {name}", partial(_sandbox, task))


def _sandbox(task: CodeTask) -> str:
    limits = Limits(seconds=task.seconds_at_most, megabytes=task.megabytes_at_most)
    return sandbox_for(limits, without=task.without).described


def _model(policy: Policy, services: Services) -> Iterator[Examined]:
    versions = services.ledger.versions(policy.model)
    champion = next((v for v in versions if policy.baseline in v.aliases), None)
    name = f"{policy.model}@{policy.baseline}"
    if champion is not None:
        yield Examined(name=name, healthy=True, sentence=f"the baseline is {champion.uri}")
        yield _tried(f"{champion.uri} answers", lambda: _answers(champion, services))
    elif needs_baseline(policy):
        yield Examined(
            name=name,
            healthy=False,
            sentence=f"{policy.model} has no {policy.baseline} yet, and policy {policy.policy} "
            "compares with it",
            fix=how_to_adopt(policy.model, versions),
        )


def _answers(version: Version, services: Services) -> str:
    subject = subject_of(version, services)
    if subject.client is None:
        return "known by votes and traffic only"
    try:
        return f"served identity {served_identity(subject.client)[:12]}"
    finally:
        subject.client.close()


def _state(services: Services) -> str:
    with services.state.lock("doctor"):
        services.state.append("doctor", [{"at": services.clock().isoformat()}])
    return f"journals are kept in {services.state.url}"


def _ledger(services: Services) -> str:
    services.ledger.ping()
    return f"MLflow answers at {services.ledger.uri}"


def _tried(name: str, look: Callable[[], str]) -> Examined:
    try:
        return Examined(name=name, healthy=True, sentence=look())
    except GateError as error:
        return _sick(name, error)


def _sick(name: str, error: GateError) -> Examined:
    sentence = error.message + (f" ({error.why})" if error.why else "")
    return Examined(name=name, healthy=False, sentence=sentence, fix=error.fix)
