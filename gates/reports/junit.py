"""A decision as JUnit XML: a test case per criterion, and one per stage for its verdict."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from gates.decide.limits import demand_words
from gates.decide.verdict import CandidateDecision, RoundDecision, StageDecision, Verdict
from gates.reports.escaping import xml_text
from policies.policy import Policy
from stages.evidence.records import StageName


def junit(decision: RoundDecision, policy: Policy) -> str:
    """The whole round as one XML document.

    A FAIL is a failure; HOLD, UNMEASURED and a stage that was not reached are errors. Nothing is
    ever skipped: a skipped test looks like a passed one.
    """
    suites = ET.Element("testsuites", name=xml_text(f"gate policy {decision.policy}"))
    for candidate in decision.candidates:
        suites.append(_suite(candidate, policy))
    _count(suites, suites.iter("testcase"))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(candidate: CandidateDecision, policy: Policy) -> ET.Element:
    suite = ET.Element("testsuite", name=xml_text(candidate.candidate))
    reached = {stage.stage: stage for stage in candidate.stages}
    for name in policy.plan.stages():
        stage = reached.get(StageName(name))
        if stage is None:
            _not_reached(suite, StageName(name), policy)
        else:
            _reached(suite, stage)
    _count(suite, suite.iter("testcase"))
    return suite


def _reached(suite: ET.Element, stage: StageDecision) -> None:
    _case(suite, stage.stage, "verdict", (stage.verdict, stage.reason))
    for finding in stage.findings:
        name = f"{finding.metric} {finding.demand} ({finding.severity})"
        _case(suite, stage.stage, name, (finding.verdict, finding.sentence))


def _not_reached(suite: ET.Element, stage: StageName, policy: Policy) -> None:
    metrics = policy.plan.metrics()
    told = (Verdict.UNMEASURED, "the stage was not reached")
    _case(suite, stage, "verdict", told)
    for criterion in policy.criteria_of(stage.value):
        demand = demand_words(criterion, metrics[criterion.metric])
        _case(suite, stage, f"{criterion.metric} {demand} ({criterion.severity})", told)


def _case(suite: ET.Element, stage: StageName, name: str, told: tuple[Verdict, str]) -> None:
    case = ET.SubElement(suite, "testcase", classname=stage.value, name=xml_text(name))
    verdict, sentence = told
    if verdict is Verdict.PASS:
        ET.SubElement(case, "system-out").text = xml_text(sentence)
        return
    kind = "failure" if verdict is Verdict.FAIL else "error"
    ET.SubElement(case, kind, type=verdict.value, message=xml_text(sentence))


def _count(element: ET.Element, cases: Iterable[ET.Element]) -> None:
    found = list(cases)
    for kind, name in (("failure", "failures"), ("error", "errors")):
        element.set(name, str(sum(case.find(kind) is not None for case in found)))
    element.set("tests", str(len(found)))
    element.set("skipped", "0")
