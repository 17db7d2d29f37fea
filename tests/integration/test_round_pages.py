"""A round from the command line to a real MLflow server, read from its pages by a browser."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.chain import Chain
from tests.servers.chromium import Browser, open_browser

pytestmark = [pytest.mark.integration, pytest.mark.pictures, pytest.mark.timeout(420)]

NAME = "pages_of_a_round"


@dataclass(frozen=True)
class Round:
    """What `gate run` said of each candidate, by version number, and where.

    Attributes:
        chain: The workspace.
        said: The candidates of `gate.decision/1`.
    """

    chain: Chain
    said: dict[str, dict[str, Any]]

    def url(self, version: str) -> str:
        return str(self.said[version]["url"])

    @property
    def table(self) -> str:
        return self.url("2").split("/runs/")[0] + "/runs?viewStateShareKey=gate"


@pytest.fixture(scope="module")
def round_(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Round:
    folder = tmp_path_factory.mktemp("round")
    chain = Chain(folder=folder, name=NAME, tracking_uri=mlflow_server, state=folder / "state")
    chain.write()
    chain.register_recorded(("old", "good", "weak"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
        said = chain.run("--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)["candidates"]
    return Round(chain=chain, said={str(c["candidate"]).rpartition("/")[2]: c for c in found})


def test_verdicts_and_worst_findings_stand_on_the_pages_of_a_real_round(round_: Round) -> None:
    worst = worst_sentence(round_.said["3"])
    with open_browser() as browser:
        table = plain(browser, round_.table, once=f"{NAME}/3 FAIL")
        assert "2 matching runs" in table
        assert f"{NAME}/2 PASS" in table
        assert worst[:40] in table  # the column of sentences shows their beginning at least

        failed = plain(browser, round_.url("3"), once="gate_verdict")
        description = failed[failed.index("Description") :]
        assert "FAIL" in description
        assert worst in description
        assert "gate_verdict: FAIL" in failed.replace(" :", ":")
        assert browser.links(once=f"models/{NAME}/versions/3")

        passed = plain(browser, round_.url("2"), once="gate_verdict")
        assert "gate_verdict: PASS" in passed.replace(" :", ":")
        for stage in ("offline", "side by side", "online"):
            assert stage in passed


def worst_sentence(candidate: dict[str, Any]) -> str:
    findings = [f for stage in candidate["stages"] for f in stage["findings"]]
    return next(str(f["sentence"]) for f in findings if f["verdict"] == "FAIL")


def plain(browser: Browser, url: str, *, once: str) -> str:
    """A page's text with single spaces."""
    return " ".join(browser.text(url, once=once).split())
