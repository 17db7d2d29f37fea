"""Takes the pictures of `review.md` anew: `python -m infra.docs.review_screenshots`.

Starts PostgreSQL and an MLflow server that keeps its data in it, runs the demo against them, opens
the pages in headless Chromium, and writes `infra/docs/images/review_*.png`. Needs PostgreSQL and
Chromium (`apt-get install postgresql chromium`).
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gates.cli.clock import now
from gates.demo.show import run_demo
from gates.ledger.ledger import Logged
from infra.docs.screenshot import IMAGES, opened, take
from stages.engine.progress import Silent
from stages.evidence.records import StageName
from tests.servers.mlflow_server import running_mlflow_server
from tests.servers.postgres import fresh_database, running_postgres


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: Of its file, behind `review_`.
        url: The page.
        once: A text that stands on it when it is ready.
    """

    name: str
    url: str
    once: str


def main() -> None:
    """Takes every picture."""
    parser = argparse.ArgumentParser(description="Takes the pictures of review.md anew.")
    parser.add_argument("--to", type=Path, default=IMAGES, help="the folder they go to")
    to: Path = parser.parse_args().to
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as databases,
        running_mlflow_server(Path(folder), database=fresh_database(databases)) as address,
    ):
        shown = run_demo(
            Path(folder) / "demo",
            now=now(),
            progress=Silent(),
            say=print,
            store=address,
        )
        with opened() as page:
            for shot in shots(address, shown.after.logged):
                take(page, shot.url, once=shot.once, to=to / f"review_{shot.name}.png")


def shots(address: str, logged: Sequence[Logged]) -> Iterator[Shot]:
    """The way of a reviewer through the pages of a round.

    Args:
        address: Of the MLflow server.
        logged: Where the round is found; two of its candidates must have been voted on.
    """
    voted = [one for one in logged if StageName.SIDE_BY_SIDE in one.stage_run_ids]
    best, other = voted[-1], voted[-2]
    runs = best.url.rpartition("/")[0]
    name, _, version = best.candidate.removeprefix("models:/").rpartition("/")
    yield Shot("table", f"{runs}?viewStateShareKey=gate", "gate/room")
    yield Shot("nearest", f"{runs}?viewStateShareKey=gate-nearest", "Nearest to the limit")
    yield Shot("run", best.url, "Description")
    yield Shot("artifacts", f"{best.url}/artifacts/findings.json", "View as table")
    yield Shot("compared", compared(best, other, runs), "criterion")
    votes = best.stage_run_ids[StageName.SIDE_BY_SIDE]
    yield Shot("votes", f"{runs}/{votes}/traces", "preference")
    mine, theirs = (one.stage_run_ids[StageName.OFFLINE] for one in (best, other))
    yield Shot("items", f"{runs}/{mine}/traces?compareToRunUuid={theirs}", "compare to")
    yield Shot("version", f"{address}/#/models/{quote(name)}/versions/{version}", "Written by gate")


def compared(one: Logged, other: Logged, runs: str) -> str:
    """The findings of two candidates beside each other, a row per criterion."""
    wanted = f"attributes.run_id IN ('{one.run_id}', '{other.run_id}')"
    return f"{runs}?searchFilter={quote(wanted, safe='')}&compareRunsMode=ARTIFACT"


if __name__ == "__main__":
    main()
