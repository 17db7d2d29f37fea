"""What a reviewer sees in MLflow of each candidate: report, decision and plots."""

import json
from collections.abc import Mapping

from gates.decide.rounds import RoundEvidence
from gates.decide.verdict import CandidateDecision, RoundDecision, StageDecision
from gates.ledger.ledger import Document, Page, Pages
from gates.reports.decision_json import decision_json
from gates.reports.html import html
from gates.reports.markdown import markdown, stage_markdown
from gates.reports.plots import forest_png, rows_of
from policies.policy import Policy
from stages.evidence.records import Evidence, StageName


def pages_of(
    policy: Policy,
    decision: RoundDecision,
    evidence: RoundEvidence,
) -> dict[str, Pages]:
    """The pages of every candidate, by its URI; each carries the decision on the whole round."""
    said = json.dumps(decision_json(decision), indent=2, ensure_ascii=False, allow_nan=False)
    whole = Document(path="decision.json", content=said.encode())
    return {
        candidate.candidate: _pages(
            policy, decision, candidate, evidence=evidence.get(candidate.candidate, {}), whole=whole
        )
        for candidate in decision.candidates
    }


def _pages(
    policy: Policy,
    decision: RoundDecision,
    candidate: CandidateDecision,
    *,
    evidence: Mapping[StageName, Evidence],
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
        stages={stage.stage: _stage_page(stage, plots) for stage in candidate.stages},
    )


def _stage_page(stage: StageDecision, plots: Mapping[StageName, bytes]) -> Page:
    found = plots.get(stage.stage)
    picture = (Document(path="findings.png", content=found),) if found is not None else ()
    return Page(description=stage_markdown(stage), documents=picture)
