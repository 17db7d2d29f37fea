"""A night of 500 checkpoints of which 490 are unchanged, beside one of the 10 new ones alone.

A real MLflow store in SQLite and a real endpoint over HTTP; 490 versions were taken up by earlier
nights. Mostly the 10 should be paid for: in calls, and in time.
"""

import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gates.ledger.ledger import NewVersion
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from gates.triage.night import triage
from gates.triage.night_book import NightBook
from stages.evidence.records import Cost
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.servers.openai_server import Call, OpenAIServer, Reaction, text

UNCHANGED, NEW = 490, 10


def main() -> None:
    """Prints calls and seconds of both, and their ratio."""
    alone = night(unchanged=0)
    among = night(unchanged=UNCHANGED)
    for said, (calls, seconds) in ((f"{NEW} alone", alone), (f"{NEW} among 500", among)):
        print(f"  {said:14} {calls:6,} calls {seconds:8.1f} s")
    print(f"  ratio {among[0] / alone[0]:.2f} of calls, {among[1] / alone[1]:.2f} of time")


def night(*, unchanged: int) -> tuple[int, float]:
    """Calls and seconds of a night that takes up the new ones."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(solved) as server:
        place = Workplace(Path(folder), now=datetime.now(UTC))
        place.champion()
        ledger = MlflowLedger(f"sqlite:///{folder}/mlflow.db")
        champion = ledger.register(
            NewVersion(
                name="assistant",
                tags=place.ledger.version("assistant/1").tags,
                file=place.data / "assistant-1.jsonl",
            )
        )
        ledger.tag(champion, {"gate_adopted": "since May"})
        ledger.set_alias(champion, "champion")
        tags = {"gate_source": "endpoint", "gate_base_url": server.url, "gate_model_name": "toy"}
        made = [
            ledger.register(NewVersion(name="assistant", tags=tags)) for _ in range(unchanged + NEW)
        ]
        book = NightBook(state=place.state, policy="release")
        before = book.begin(place.now)
        book.note_known(before, [version.uri for version in made[:unchanged]])
        book.end(before, (), Cost(), place.now)
        services = replace(place.services, ledger=ledger)
        file = place.policy(policy_text(criteria=(SOUND, NO_WORSE)))
        began = time.perf_counter()
        found = triage(file, services)
        seconds = time.perf_counter() - began
        if len(found.outcomes) != NEW:
            raise SystemExit(f"{len(found.outcomes)} were taken up, not {NEW}")
        return len(server.calls), seconds


def solved(call: Call) -> Reaction:
    """The sum, or a greeting."""
    words = call.prompt.split()
    return text(str(int(words[2]) + int(words[4][:-1])) if words[:2] == ["what", "is"] else "hello")


if __name__ == "__main__":
    main()
