"""What a reviewer sees in MLflow of each candidate: report, decision and plots."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gates.decide.rounds import RoundEvidence
from gates.decide.verdict import CandidateDecision, RoundDecision
from gates.examples import compared_examples, offline_examples
from gates.ledger.examples import Examples
from gates.ledger.ledger import Document, Page, Pages
from gates.reports.baseline_plot import baseline_png, compared
from gates.reports.decision_json import decision_json
from gates.reports.html import html
from gates.reports.items.change import changes
from gates.reports.items.histogram import spread_png
from gates.reports.items.page import items_html
from gates.reports.items.table import items_table
from gates.reports.markdown import markdown, stage_markdown
from gates.reports.online.course import AbCourse
from gates.reports.online.report import AbReport, ab_html, guards_of
from gates.reports.online.report import pictures as ab_pictures
from gates.reports.plots import forest_png, rows_of
from gates.reports.side_by_side.pairs import pairs_html
from gates.reports.side_by_side.rounds import pictures, round_pictures
from gates.reports.wording import version_words
from policies.plan import OfflineTask
from policies.policy import Policy
from policies.side_by_side import WIN_RATE
from stages.evidence.records import Evidence, StageName
from stages.offline.item_records import ItemRecord
from stages.side_by_side.told import Told

Items = Mapping[str, Sequence[ItemRecord]]
"""Single items of the offline stage, by the URI of the candidate that answered them."""

Comparisons = Mapping[str, Told]
"""Votes of the next stage, by the URI of the candidate that they are on."""

Courses = Mapping[str, AbCourse]
"""How A/Bs went, by the URI of their candidate."""

Contracts = Mapping[str, tuple[tuple[str, str], ...]]
"""What data contracts found, by the URI of the A/B's candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What people are shown beside the measurements of a round.

    Attributes:
        items: Single items of the offline stage.
        told: Single votes of the next.
        courses: The looks of the last.
        contracts: The report of its data contract, by candidate, as (name, content).
    """

    items: Items = field(default_factory=dict)
    told: Comparisons = field(default_factory=dict)
    courses: Courses = field(default_factory=dict)
    contracts: Contracts = field(default_factory=dict)


def pages_of(
    policy: Policy,
    decision: RoundDecision,
    evidence: RoundEvidence,
    seen: Seen,
) -> dict[str, Pages]:
    """The pages of every candidate, by its URI; each carries the decision on the whole round."""
    beside = tuple(_round_documents(policy, evidence, seen.told))
    said = json.dumps(decision_json(decision), indent=2, ensure_ascii=False, allow_nan=False)
    whole = Document(path="decision.json", content=said.encode())
    return {
        candidate.candidate: _pages(
            policy,
            decision,
            candidate,
            evidence=evidence.get(candidate.candidate, {}),
            details=_Details(
                items=seen.items.get(candidate.candidate, ()),
                told=seen.told.get(candidate.candidate),
                course=seen.courses.get(candidate.candidate),
                contract=seen.contracts.get(candidate.candidate, ()),
                round_=beside,
            ),
            whole=whole,
        )
        for candidate in decision.candidates
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    """Beside the measurements of a candidate: items, votes, looks, and the round's pictures."""

    items: Sequence[ItemRecord]
    told: Told | None
    course: AbCourse | None
    contract: Sequence[tuple[str, str]]
    round_: Sequence[Document]


def _pages(
    policy: Policy,
    decision: RoundDecision,
    candidate: CandidateDecision,
    *,
    evidence: Mapping[StageName, Evidence],
    details: _Details,
    whole: Document,
) -> Pages:
    plots = {s.stage: forest_png(rows_of(policy, s)) for s in candidate.stages if s.findings}
    report = html(decision, candidate, evidence=evidence, plots=plots)
    return Pages(
        candidate=Page(
            description=markdown(decision, candidate, evidence),
            documents=(
                Document(path="report.html", content=report.encode()),
                whole,
            ),
        ),
        stages={
            stage.stage: Page(
                description=stage_markdown(stage),
                documents=(
                    *_picture("findings.png", plots.get(stage.stage)),
                    *_stage_documents(policy, evidence.get(stage.stage), details),
                ),
                examples=_stage_examples(policy, stage.stage, details),
            )
            for stage in candidate.stages
        },
        look=_look_page(policy, decision, candidate, details.course, evidence),
    )


def _look_page(
    policy: Policy,
    decision: RoundDecision,
    candidate: CandidateDecision,
    course: AbCourse | None,
    evidence: Mapping[StageName, Evidence],
) -> Page:
    """The newest look at an A/B: its report, and every picture of it."""
    stage = next((s for s in candidate.stages if s.stage is StageName.ONLINE), None)
    if course is None or stage is None:
        return Page()
    report = AbReport(
        candidate=candidate.candidate,
        baseline=decision.baseline or "",
        policy=decision.policy,
        registered='registered, as the check "plan registered" says',
        stage=stage,
        course=course,
        guards=guards_of(policy, stage),
        checks=evidence[StageName.ONLINE].checks,
    )
    names = [version_words(uri) for uri in (report.candidate, report.baseline)]
    shown = ab_pictures(course, title=" against ".join(names))
    page = Document(path="ab.html", content=ab_html(report, shown).encode())
    return Page(
        description=stage_markdown(stage),
        documents=(page, *(Document(path=p.path, content=p.content) for p in shown)),
    )


def _stage_documents(
    policy: Policy, evidence: Evidence | None, details: _Details
) -> Iterator[Document]:
    """A stage against the baseline; its items, votes, or what was found of its traffic."""
    if evidence is None:
        return
    rows = compared(evidence, policy.plan.metrics())
    yield from _picture("against_baseline.png", baseline_png(rows) if rows else None)
    if evidence.stage is StageName.OFFLINE:
        for name, task in (policy.plan.offline or {}).items():
            own = [record for record in details.items if record.task == name]
            yield from _item_documents(name, task, evidence, own)
    if evidence.stage is StageName.ONLINE:
        for name, content in details.contract:
            yield Document(path=name, content=content.encode())
    if evidence.stage is StageName.SIDE_BY_SIDE:
        yield from details.round_
        if details.told is not None:
            yield from _compared_documents(policy, evidence, details.told)


def _stage_examples(policy: Policy, stage: StageName, details: _Details) -> Examples:
    """Single items or prompts; of an A/B nobody is told what single users did."""
    if stage is StageName.OFFLINE:
        return offline_examples(policy, details.items)
    if stage is StageName.SIDE_BY_SIDE and details.told is not None:
        return compared_examples(details.told)
    return Examples()


def _compared_documents(policy: Policy, evidence: Evidence, told: Told) -> Iterator[Document]:
    """Pictures of the votes, and the answers that were compared."""
    plan = policy.plan.side_by_side
    assert plan is not None
    for path, content in pictures(told, evidence, plan, limits=policy.least(WIN_RATE)):
        yield Document(path=f"votes/{path}", content=content)
    if told.pairs:
        yield Document(path="votes/pairs.html", content=pairs_html(told).encode())


def _round_documents(
    policy: Policy, evidence: RoundEvidence, told: Comparisons
) -> Iterator[Document]:
    """The candidates of a round beside each other."""
    plan = policy.plan.side_by_side
    if plan is None:
        return
    measured = {
        uri: stages[StageName.SIDE_BY_SIDE]
        for uri, stages in evidence.items()
        if StageName.SIDE_BY_SIDE in stages
    }
    for path, content in round_pictures(told, measured, level=plan.level):
        yield Document(path=f"votes/{path}", content=content)


def _item_documents(
    name: str, task: OfflineTask, evidence: Evidence, records: Sequence[ItemRecord]
) -> Iterator[Document]:
    """A page and a table of a task's items, and how its scores are spread."""
    metrics = task.metrics(name)
    found = changes(metrics[0], records)
    if not found:
        return
    page = items_html(name, found, candidate=evidence.candidate, baseline=evidence.baseline)
    yield Document(path=f"items/{name}.html", content=page.encode())
    yield Document(path=f"items/{name}.json", content=items_table(found))
    for metric in metrics:
        yield from _picture(
            f"spread/{metric.name}.png", spread_png(metric.name, changes(metric, records))
        )


def _picture(path: str, content: bytes | None) -> Iterator[Document]:
    if content is not None:
        yield Document(path=path, content=content)
