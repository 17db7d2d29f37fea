"""What a reviewer sees: the pages of a real MLflow server in headless Chromium."""

from collections.abc import Iterator

import pytest

from gates.decide.verdict import Verdict
from gates.ledger.ledger import Document, Logged, NewVersion, Page, Pages
from gates.ledger.mlflow_ledger.experiments import COLUMNS, NUMBERS
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from stages.evidence.records import StageName
from tests.fakes import decisions
from tests.servers.chromium import Browser, open_browser
from tests.servers.mlflow_server import running_mlflow_server

pytestmark = [pytest.mark.integration, pytest.mark.pictures]

WORST = "toxicity rate may be as high as 3.10 %; the policy allows 0.50 %: fail"
MANY = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_mlflow_server(tmp_path_factory.mktemp("pages")) as address:
        yield address


@pytest.fixture(scope="module")
def logged(server: str) -> tuple[Logged, ...]:
    ledger = MlflowLedger(server)
    for _ in range(3):
        ledger.register(
            NewVersion(
                name="assistant", tags={"gate_source": "external"}, description="Tuned in May."
            )
        )
    toxic = decisions.finding("toxicity.rate", Verdict.FAIL, distance=-3.0)
    fine = tuple(decisions.finding(f"task_{n}.f1") for n in range(MANY - 1))
    lines = "\n".join(f"- **PASS** task_{n}.f1 is as good as the baseline" for n in range(MANY - 1))
    page = Page(
        description=f"**FAIL** at offline\n\n- **FAIL** {WORST}\n{lines}",
        documents=(Document(path="report.html", content=b"<h1>Why it failed</h1>"),),
    )
    record = decisions.record(
        findings=(*fine, toxic), pages={decisions.CANDIDATE: Pages(candidate=page)}
    )
    return ledger.log(record)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def experiment(logged: tuple[Logged, ...]) -> str:
    return logged[0].url.split("/runs/")[0]


def test_the_table_of_verdicts_has_a_column_for_each_and_a_row_per_candidate(
    logged: tuple[Logged, ...], browser: Browser
) -> None:
    url = f"{experiment(logged)}/runs?viewStateShareKey=gate"
    text = browser.text(url, once="models:/assistant/3")
    assert "2 matching runs" in text
    for column in (*COLUMNS, *NUMBERS):
        assert column in text
    for row in ("assistant/2 FAIL", "assistant/3 HOLD", "waiting: annotators: votes on 120"):
        assert row in text


def test_the_plain_table_says_the_verdict_in_the_name(
    logged: tuple[Logged, ...], browser: Browser
) -> None:
    text = browser.text(f"{experiment(logged)}/runs", once="assistant/2 FAIL")
    assert "assistant/3 HOLD" in text


def test_the_page_of_a_candidate_says_verdict_and_worst_finding_first(
    logged: tuple[Logged, ...], browser: Browser
) -> None:
    text = browser.text(logged[0].url, once=WORST)
    description = text[text.index("Description") :]
    assert description.index("FAIL at offline") < description.index(WORST)
    assert description.index(WORST) < description.index("task_0.f1 is as good")
    assert f"Metrics ({4 * MANY + len(NUMBERS)})" in text
    assert "gate_verdict: FAIL" in " ".join(text.split()).replace(" :", ":")
    assert "Finished" in text
    links = browser.links(once=logged[0].stage_run_ids[StageName.OFFLINE])
    assert any("models/assistant/versions/2" in link for link in links)


def test_the_findings_stand_as_a_table_and_the_report_as_a_page(
    logged: tuple[Logged, ...], browser: Browser
) -> None:
    text = browser.text(f"{logged[0].url}/artifacts/findings.json", once="toxicity.rate")
    for name in ("record.json", "report.html", "verdict", "View as table"):
        assert name in text
    browser.text(f"{logged[0].url}/artifacts/report.html", once="report.html")
    frame = browser.page.frame_locator("iframe").locator("h1")
    frame.wait_for()
    assert frame.inner_text() == "Why it failed"


def test_the_page_of_an_ab_leads_to_its_look(logged: tuple[Logged, ...], browser: Browser) -> None:
    online = logged[1].stage_run_ids[StageName.ONLINE]
    text = browser.text(f"{experiment(logged)}/runs/{online}", once="look 2 CONTINUE")
    assert "online waits" in text or "online says HOLD" in text


def test_the_model_version_shows_its_verdicts_and_leads_to_the_decision(
    logged: tuple[Logged, ...], server: str, browser: Browser
) -> None:
    text = browser.text(f"{server}/#/models/assistant/versions/2", once="gate_verdict")
    assert "Tuned in May." in text
    assert "FAIL under policy release" in text
    assert "gate_offline" in text
    assert browser.links(once=logged[0].run_id)


def test_evidence_stands_beside_the_stage(logged: tuple[Logged, ...], server: str) -> None:
    version = MlflowLedger(server).version("assistant/2")
    stored = MlflowLedger(server).latest(version, "release")
    assert stored is not None
    assert stored.evidence == decisions.record().evidence
    assert stored.run_id == logged[0].run_id
