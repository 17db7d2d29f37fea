"""A process that judges is killed by the system, and another one goes on."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from stages.evidence.estimate import Unmeasured
from stages.side_by_side.judged import scoring
from tests.servers import judge, openai_server
from tests.stages.side_by_side.judged.conftest import Court, pair

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[4]
PAIRS = [pair(str(n), f"a long answer {n}", f"short {n}") for n in range(20)]
SLOTS = 2

MORTAL = """
import sys
from pathlib import Path
from policies.side_by_side import SideBySidePlan
from stages.engine.folder_state import FolderState
from stages.models.prices import Prices
from stages.models.settings import EndpointSettings
from stages.side_by_side.judged.bench import Bench
from stages.side_by_side.judged.panel import Panel
from tests.stages.side_by_side.judged.conftest import BASELINE, CANDIDATE
from tests.stages.side_by_side.judged.test_killed import PAIRS, SLOTS
url, folder = sys.argv[1], Path(sys.argv[2])
settings = EndpointSettings(base_url=url, model="longer", retries=0, attempts=1, slots=SLOTS)
bench = Bench(base=folder, state=FolderState(folder / "state"), endpoints={"longer": settings},
              prices=Prices(), round="day-1")
plan = SideBySidePlan(votes_at_most=20, judges=["longer"])
Panel(plan=plan, bench=bench).judge(CANDIDATE, BASELINE, PAIRS)
"""


def test_a_killed_process_loses_no_verdict_that_it_had_journaled(court: Court) -> None:
    """Only what was on its way when it died is asked again: at most as much as there are slots."""
    told = judge.comparing(judge.prefers_longer)
    court.seat(
        "longer",
        lambda call: told(call) if len(court.asked) <= 12 else openai_server.hang(),
    )
    dying = subprocess.Popen(
        [sys.executable, "-c", MORTAL, court.server.url, str(court.folder)], cwd=ROOT
    )
    while len(court.asked) < 12 + SLOTS:
        assert dying.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)  # what was answered is journaled by then
    dying.send_signal(signal.SIGKILL)
    dying.wait()

    court.seat("longer", told)
    rows = court.judge(PAIRS).rows(scoring.win)

    assert not isinstance(rows, Unmeasured)
    assert {row.low for row in rows} == {1.0}
    times = Counter(call.prompt for call in court.asked)
    assert len(times) == 2 * len(PAIRS)
    assert sum(number - 1 for number in times.values()) == SLOTS
