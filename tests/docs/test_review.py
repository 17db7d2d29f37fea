"""The reviewer's guide shows every picture that its script takes, and names only what is there."""

import re
from pathlib import Path

from gates.examples import MOST
from gates.ledger.ledger import Logged
from gates.ledger.mlflow_ledger.columns import ROOM, STAGE, VERDICT
from gates.ledger.mlflow_ledger.contents import TABLE_COLUMNS
from gates.ledger.mlflow_ledger.experiments import COLUMNS
from infra.docs.review_screenshots import shots
from stages.evidence.records import StageName

DOCS = Path(__file__).parents[2] / "infra" / "docs"
TEXT = (DOCS / "review.md").read_text(encoding="utf-8")


def logged(version: int) -> Logged:
    runs = {StageName.OFFLINE: f"off{version}", StageName.SIDE_BY_SIDE: f"votes{version}"}
    url = f"http://mlflow.example/#/experiments/1/runs/run{version}"
    return Logged(
        candidate=f"models:/a/{version}", run_id=f"run{version}", stage_run_ids=runs, url=url
    )


def test_every_picture_that_is_taken_is_shown_and_none_else() -> None:
    taken = {f"images/review_{s.name}.png" for s in shots("http://x", [logged(2), logged(3)])}
    shown = set(re.findall(r"\((images/[a-z_]+\.png)\)", TEXT))
    assert shown == taken
    assert all((DOCS / picture).is_file() for picture in shown)


def test_every_column_is_explained() -> None:
    for name in (*COLUMNS, VERDICT, STAGE, ROOM):
        assert f"`{name}`" in TEXT
    for name in TABLE_COLUMNS:
        assert name in TEXT


def test_the_number_of_questions_is_the_programs() -> None:
    assert f"at most {MOST} of a stage" in TEXT
