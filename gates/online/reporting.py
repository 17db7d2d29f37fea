"""An A/B is told: what every look saw, and what was decided at the newest."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.ab import Ab, online_stage, verdict_of
from gates.preregistration import Preregistration
from gates.reports.online.course import course_of
from gates.reports.online.report import AbReport, Picture, guards_of, pictures
from gates.reports.wording import version_words
from gates.wealth import ENDS, Stake, record
from policies.errors import InputError, WrongUsage
from stages.evidence.records import Evidence, StageName
from stages.online.checking import check_traffic
from stages.online.look_journal import TakenLook
from stages.online.reading import Unreadable, report_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A report with its pictures.

    Attributes:
        report: What is told.
        pictures: Its pictures; none before the first look.
        stakes: What the A/Bs of the policy drew so far; empty where they draw nothing.
    """

    report: AbReport
    pictures: tuple[Picture, ...]
    stakes: tuple[Stake, ...]


def told(ab: Ab) -> Told:
    """The report of an A/B; it takes no look and decides nothing.

    Raises:
        WrongUsage: When it was never registered.
        InputError: When its traffic cannot be read where it must be.
    """
    found, policy = ab.registration, ab.file.policy
    if found is None:
        raise WrongUsage(
            f"{ab.version.uri} has no A/B under policy {policy.policy}",
            why="its plan was never written down",
            fix=f"gate online start {ab.file.path} {ab.version.name}/{ab.version.version}",
        )
    stored = ab.services.ledger.latest(ab.version, policy.policy)
    stage = online_stage(stored)
    of_candidate = {} if stored is None else stored.evidence.get(ab.version.uri, {})
    evidence = of_candidate.get(StageName.ONLINE)
    seen = ab.seen(_looks(evidence))
    course = course_of(policy, ab.plan, seen) if seen else None
    baseline = (stored.baseline if stored else None) or ""
    same = stored is not None and stored.policy_sha256 == policy.sha256
    return Told(
        report=AbReport(
            candidate=ab.version.uri,
            baseline=baseline,
            policy=policy.policy,
            registered=_registered(ab, found),
            stage=stage,
            course=course,
            guards=guards_of(policy, stage) if same else (),
            checks=() if evidence is None else evidence.checks,
        ),
        pictures=()
        if course is None
        else pictures(
            course, title=f"{version_words(ab.version.uri)} against {version_words(baseline)}"
        ),
        stakes=record(policy.policy, ab.services.state),
    )


def contract_files(ab: Ab) -> tuple[tuple[str, str], ...]:
    """The data contract's own report as (name, content); empty where there is none.

    It is on the traffic up to now; of an A/B that has ended up to its last look, since nobody
    promised any data after it.
    """
    try:
        if verdict_of(ab.decided()) in ENDS and (taken := ab.taken()):
            return _contract_at(ab, list(taken.values()))
        report = check_traffic(ab.reading()).report
    except InputError:
        return ()
    return () if report is None else report_files(report)


def _contract_at(ab: Ab, taken: Sequence[TakenLook]) -> tuple[tuple[str, str], ...]:
    *before, last = taken
    since = before[-1].look.day if before else None
    with ab.reading().opened(last.start) as traffic:
        if isinstance(traffic, Unreadable):
            found = traffic.found
        else:
            found = traffic.inspected([last.look], since=since)
    return () if found is None else found.files


def _registered(ab: Ab, found: Preregistration) -> str:
    said = (
        f"plan and criteria {found.sha256[:12]} registered by {found.by or 'somebody'} at "
        f"{found.at.isoformat()}"
    )
    now = ab.file.policy.stage_sha256(StageName.ONLINE)
    return said if now == found.sha256 else f"{said}, and changed since to {now[:12]}"


def _looks(evidence: Evidence | None) -> int:
    return 0 if evidence is None or evidence.look is None else evidence.look.number
