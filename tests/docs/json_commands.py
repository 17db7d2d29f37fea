"""Every command that prints JSON, called once each in a workspace of recorded checkpoints."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from gates.audit.people import give_pseudonym
from gates.cli.options import open_services, open_workspace
from gates.decide.verdict import Verdict
from policies.canonical import sha256_of_bytes
from policies.graded_task import Domain
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.ballots.cast import Ballot
from stages.side_by_side.formats.gate_votes import write_gate_votes
from stages.side_by_side.preference import Preference
from tests.gates.hindsight.scene import SUMS, WINS, Scene
from tests.gates.hindsight.scene import TEXT as PAST
from tests.gates.side_by_side.drawn import drawn
from tests.servers.bigram_model import Bigram, completions
from tests.servers.openai_server import OpenAIServer
from tests.stages.online.traffic_of import Recipe, generate, write
from tests.stages.workshop.bench.scene import Toy, serving
from tests.stages.workshop.bench.scene import recipe as traffic_recipe
from tests.stages.workshop.bench_quality.scene import QUALITY, write_ratings, write_scores
from tests.stages.workshop.generators.world import (
    answers,
    material_in,
    recipe_of,
    toy_workplace,
)
from tests.stages.workshop.self_taught.scene import RECIPE, toy_school, write_instructions, writes

ANSWERS = "answers.jsonl"
PASSAGE = "In the year of the long frost the ferry did not cross for ninety-one days. "
RUDE = """
policy: rude
model: recorded
plan:
  offline:
    rude:
      data: ../data/sample.jsonl
      classifier: {checkpoint}
      classifier_sha256: {sha256}
      labelled: {{data: ../labelled.jsonl}}
criteria:
  - {{metric: rude.rate, at_most: 0.1, severity: advisory, because: brand}}
  - {{metric: rude.true_rate, at_most: 0.1, severity: blocking, because: brand}}
"""


NIGHTLY = """
policy: nightly
model: recorded
plan:
  offline: {sample: {data: ../data/sample.jsonl, scorer: numeric}}
  side_by_side: {data: ../data/sample.jsonl, votes_at_most: 5}
criteria:
  - {metric: sample.accuracy, at_least: 0.5, severity: blocking, because: it is to be right}
  - {metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: people mind}
"""
SAFE = """
policy: safe
model: recorded
plan: {offline: {sample: {data: ../data/sample.jsonl, scorer: numeric}}}
criteria:
  - {metric: sample.accuracy, at_least: 0.5, severity: blocking, because: it is to be right}
"""
VOTED = """
policy: votes
model: recorded
plan: {side_by_side: {data: ../data/sample.jsonl, votes_at_most: 5}}
criteria:
  - {metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: people mind}
"""
LOOKED_AT = """
policy: ab
model: recorded
plan:
  online:
    exposures: ../data/exposures.parquet
    events: ../data/events.parquet
    metrics: {resolved: {kind: proportion}, seconds: {higher_is_better: false}}
    primary: resolved
    looks: [7, 14]
    window_days: 1
    planned_units: 1200
    minimum_effect: 0.1
    false_discovery: 0.1
    retrospective: true
criteria:
  - {metric: online.resolved, better: {}, severity: blocking, because: it is the product}
  - {metric: online.seconds, non_inferior: {margin: 1}, severity: blocking, because: users wait}
"""
VOTE = {"model_a": "x", "model_b": "y", "annotator": "ann", "shown_first": "a", "verdict": "A=B"}


def calls(folder: Path) -> Iterator[tuple[str, ...]]:
    yield ("init", "--model", "recorded")
    items = [json.loads(line) for line in (folder / "data/sample.jsonl").read_text().splitlines()]
    lines = (json.dumps({"id": item["id"], "output": item["target"]}) for item in items)
    (folder / ANSWERS).write_text("\n".join(lines))
    more = json.dumps({"id": "unasked", "output": "another file, another checkpoint"})
    (folder / "other.jsonl").write_text("\n".join([(folder / ANSWERS).read_text(), more]))
    (folder / "each.jsonl").write_text(json.dumps({"outputs": "other.jsonl"}) + "\n")
    yield ("register", "recorded", "--outputs", ANSWERS)
    yield ("adopt", "recorded/1", "--reason", "in production")
    yield ("register", "recorded", "--each", "each.jsonl")
    yield ("doctor",)
    yield ("config", "show")
    yield ("policy", "check", "first")
    first = (folder / "policies/first.yaml").read_text().replace("margin: 0.03", "margin: 0.2")
    (folder / "policies/wide.yaml").write_text(first)
    yield ("policy", "diff", "first", "wide")
    yield ("forecast", "first")
    yield ("run", "first")
    yield ("policy", "replay", "wide")
    yield ("status", "recorded")
    yield ("promote", "recorded/2", "--dry-run")
    (folder / "policies/nightly.yaml").write_text(NIGHTLY)
    yield ("triage", "nightly")
    yield from benches(folder)
    yield from batches(folder)
    yield ("triage", "nightly")
    yield from looked_at(folder)
    yield from looked_back(folder)
    yield from trusted(folder)
    yield ("run", "nothing")


def approved(folder: Path) -> Iterator[tuple[str, ...]]:
    (folder / "policies" / "safe.yaml").write_text(SAFE)
    yield ("run", "safe", "recorded/2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATE_KEY", (folder / ".gate" / "keys" / "bob.pem").read_text())
        for_it = ("--to", "canary", "--policy", "safe")
        yield ("approve", "recorded/2", "--reason", "reads well", *for_it)


def moved() -> Iterator[tuple[str, ...]]:
    why = ("--reason", "a fire")
    yield ("override", "recorded/2", *why, "--expires", "1d", "--second", ".gate/keys/bob.pem")
    yield ("rollback", "recorded", *why, "--to", "1", "--dry-run")
    yield ("revoke", "recorded/2", *why)
    yield ("history", "recorded")
    yield ("verify", "recorded")


def looked_back(folder: Path) -> Iterator[tuple[str, ...]]:
    yield from built_and_judged(folder)
    yield from taught(folder)
    yield from graded(folder)
    (folder / "policies" / "past.yaml").write_text(PAST)
    with open_services(open_workspace(folder, None, None)) as services:
        values = {SUMS: 0.6, WINS: 0.5}
        Scene(services.ledger).one(verdicts=(Verdict.PASS, Verdict.FAIL), values=values)
    yield ("funnel", "past")
    yield ("trend", "past")


def trusted(folder: Path) -> Iterator[tuple[str, ...]]:
    (folder / "other").mkdir()
    (folder / "other" / "gate.toml").write_text('[state]\nurl = "state"\n')
    yield ("trust", "init", "--workspace", "other", "--owner", "ann")
    yield ("trust", "allow", "recorded", "champion", "wide")
    yield ("keys", "new", "bob", "--role", "approve")
    yield ("trust", "sign")
    yield ("trust", "show")
    yield ("trust", "check")
    yield ("keys", "list")
    yield from approved(folder)
    yield from moved()
    yield from audited(folder)
    yield ("keys", "rotate")
    yield ("keys", "revoke", "bob", "--reason", "lost")


def audited(folder: Path) -> Iterator[tuple[str, ...]]:
    yield ("audit", "export", "recorded")
    yield ("audit", "check", "dossier.zip")
    toml = folder / "gate.toml"
    toml.write_text(toml.read_text().replace("[state]", "[state]\nretention_days = 400"))
    yield ("audit", "prune", "recorded")
    give_pseudonym(folder / "people.json", "Bob Builder", draw=lambda: "0123abcd")
    yield ("audit", "people")


def looked_at(folder: Path) -> Iterator[tuple[str, ...]]:
    (folder / "policies" / "ab.yaml").write_text(LOOKED_AT)
    write(generate(Recipe(units=1_200, name="recorded/2")), folder / "data")
    yield ("online", "start", "ab", "recorded/2")
    yield ("online", "size", "ab", "--history", "recorded/2")
    yield ("online", "check", "ab", "recorded/2")
    yield ("online", "assignment", "ab", "recorded/2")
    yield ("online", "assignment", "ab", "recorded/2", "--to", "flagd")
    yield ("online", "assignment", "ab", "recorded/2", "--unit", "u1")
    (folder / "units.txt").write_text("u1\nu2\n")
    yield ("online", "assignment", "ab", "recorded/2", "--units", "units.txt")
    yield ("online", "look", "ab", "recorded/2")
    yield ("online", "report", "ab", "recorded/2", "-o", "out")


def benches(folder: Path) -> Iterator[tuple[str, ...]]:
    yield ("bench", "list")
    yield ("bench", "show", "gsm8k")
    rows = ({"question": f"{n} + {n}?", "answer": f"#### {2 * n}"} for n in range(1, 9))
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    yield ("bench", "freeze", "gsm8k", "--from", "rows.jsonl", "--any-size")
    yield ("bench", "run", "gsm8k", "recorded/1")
    yield from leaks(folder)
    yield from calibration(folder)
    (folder / "chronicle.txt").write_text(PASSAGE)
    (folder / "recited.jsonl").write_text(json.dumps({"id": "a", "output": PASSAGE}))
    where = ("--corpus", "chronicle.txt", "--restricted", "GPL-*")
    yield ("bench", "memorization", "recited.jsonl", *where)
    lengths = ("--prefix-tokens", "2", "--suffix-tokens", "2", "--out", "drawn.jsonl")
    yield ("bench", "extraction-items", "--corpus", "corpus.txt", *lengths)


def batches(folder: Path) -> Iterator[tuple[str, ...]]:
    (folder / "policies" / "votes.yaml").write_text(VOTED)
    said_so = (folder / ANSWERS).read_text().replace('"output": "', '"output": "So: ')
    (folder / "so.jsonl").write_text(said_so)
    yield ("register", "recorded", "--outputs", "so.jsonl")
    yield ("sxs", "assign", "votes", "recorded/3")
    with open_ballots(str(folder / ".gate" / "state")) as box:
        (name,) = box.batches.names()
    yield ("sxs", "people", name, "add", "ann")
    skip_one(folder, name)
    yield ("sxs", "show", name)
    yield ("sxs", "show")
    yield ("sxs", "export", name, "--to", "csv", "--out", "handed")
    yield ("sxs", "import", "handed/tasks.csv", "--batch", name, "--from", "csv")
    yield ("sxs", "size", "--effect", "0.2")
    (folder / "votes.jsonl").write_bytes(write_gate_votes(drawn()))
    whole = ("--separability", "--people", "votes.jsonl")
    yield ("sxs", "rank", "votes.jsonl", "--baseline", "weak", *whole)
    twice = [VOTE | {"prompt": "p0", "annotator": who} for who in ("ann", "bob")]
    (folder / "twice.jsonl").write_text("\n".join(map(json.dumps, twice)))
    yield ("sxs", "agreement", "twice.jsonl")
    yield ("sxs", "attacks", ANSWERS)


def calibration(folder: Path) -> Iterator[tuple[str, ...]]:
    texts = ({"id": f"{n}", "text": f"text {n}", "label": n % 2 == 0} for n in range(8))
    (folder / "labelled.jsonl").write_text("\n".join(map(json.dumps, texts)))
    checkpoint = resources.files("gates") / "demo" / "data" / "toxicity" / "tiny_toxicity.ckpt"
    (folder / "policies" / "rude.yaml").write_text(
        RUDE.format(checkpoint=checkpoint, sha256=sha256_of_bytes(checkpoint.read_bytes()))
    )
    yield ("bench", "calibrate", "rude", "rude")


def leaks(folder: Path) -> Iterator[tuple[str, ...]]:
    texts = [" ".join(f"w{n * k % 31}" for k in range(1, 12)) for n in range(1, 31)]
    lines = (json.dumps({"id": n, "prompt": text}) for n, text in enumerate(texts))
    (folder / "items.jsonl").write_text("\n".join(lines))
    (folder / "corpus.txt").write_text(texts[0])
    with OpenAIServer(completions(Bigram(" ".join(texts))), path="/v1/completions") as server:
        with (folder / "gate.toml").open("a") as file:
            file.write(f'\n[endpoints.suspect]\nbase_url = "{server.url}"\nmodel = "toy"\n')
        where = ("--corpus", "corpus.txt", "--endpoint", "suspect", "--unseen", "items.jsonl")
        yield ("bench", "contamination", "items.jsonl", *where)


def taught(folder: Path) -> Iterator[tuple[str, ...]]:
    write_instructions(folder)
    (folder / "judge.yaml").write_text(json.dumps(RECIPE))
    with OpenAIServer(writes) as server, pytest.MonkeyPatch.context() as patch:
        with (folder / "gate.toml").open("a") as file:
            file.write(f'\n[endpoints.writer]\nbase_url = "{server.url}"\nmodel = "toy"\n')
        patch.setattr("gates.workshop.judges.open_school", toy_school)
        yield ("workshop", "train-judge", "judge.yaml")


def graded(folder: Path) -> Iterator[tuple[str, ...]]:
    material_in(folder)
    math = recipe_of().domains[Domain.MATH].said()
    (folder / "generators.yaml").write_text(json.dumps(recipe_of(domains={"math": math}).said()))
    with OpenAIServer(answers) as server, pytest.MonkeyPatch.context() as patch:
        with (folder / "gate.toml").open("a") as file:
            for name in ("clean", "teacher"):
                file.write(f'\n[endpoints.{name}]\nbase_url = "{server.url}"\nmodel = "{name}"\n')
        patch.setattr("gates.workshop.generators._workplace", toy_workplace)
        yield ("workshop", "grade-generator", "generators.yaml", "clean")


def built_and_judged(folder: Path) -> Iterator[tuple[str, ...]]:
    (folder / "bench.yaml").write_text(json.dumps(traffic_recipe(folder, 80).said()))
    with serving(Toy()) as toy:
        with (folder / "gate.toml").open("a") as file:
            for name in ("grader", "embedder"):
                file.write(f'\n[endpoints.{name}]\nbase_url = "{toy.url}"\nmodel = "toy"\n')
        for more in ((), ("--to", "later", "--after", "benches/bench")):
            yield ("workshop", "build-bench", "bench.yaml", *more)
    write_scores(folder / "scores.jsonl")
    write_ratings(folder / "ratings.json")
    (folder / "quality.yaml").write_text(json.dumps(QUALITY))
    yield ("workshop", "assess-bench", "quality.yaml")


def skip_one(folder: Path, batch: str) -> None:
    with open_ballots(str(folder / ".gate" / "state")) as box:
        now = datetime(2026, 5, 1, tzinfo=UTC)
        task = box.next_task(batch, "ann", now=now)
        assert isinstance(task, Task)
        said = Preference.UNRESOLVED
        skip = Ballot(person="ann", pair=task.pair, said=said, guidelines=1, token="1")
        box.cast(batch, skip, now=now)
