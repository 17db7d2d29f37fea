"""Worlds of stage 2 in which a sound candidate wins: by files, by people, by judges, by both."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from gates.side_by_side.assigning import assign
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted, Ballot
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference
from tests.fakes.workplace import NOW
from tests.faults.world import DATA, NEW, OLD, World, at_endpoint
from tests.servers import judge
from tests.servers.openai_server import Behaviour

PROMPTS = 24
CANDIDATE, BASELINE = "assistant/2", "assistant/1"
CREW = ("ann", "bob", "cyd", "dan")
PANEL = "judge"


def prompt(number: int) -> str:
    return f"Tell me of {number}."


def wins(number: int) -> bool:
    """Whether the candidate's answer is the better, longer one: five times out of six."""
    return number % 6 != 0


def says(name: str, asked: str) -> str:
    """Words of its own for each prompt."""
    found = re.search(r"\d+", asked)
    number = int(found[0]) if found else 0
    words = (14 if wins(number) else 6) if name == NEW else 10
    return " ".join(
        hashlib.sha256(f"{name} {asked} {n}".encode()).hexdigest()[:7] for n in range(words)
    )


def compared(world: World) -> None:
    """Prompts, and two checkpoints that answered them."""
    world.write(
        "items.jsonl",
        ({"id": f"p{n}", "prompt": prompt(n), "kind": "any"} for n in range(PROMPTS)),
    )
    world.comparison = {"data": f"{DATA}/items.jsonl", "votes_at_most": PROMPTS}
    world.criteria.append({"metric": "side_by_side.win_rate", "at_least": 0.5})
    world.says = says


def by_files(world: World) -> None:
    """One annotator's votes in a file."""
    compared(world)
    world.comparison["votes"] = [f"{DATA}/votes.jsonl"]
    world.write(
        "votes.jsonl",
        (
            {
                "id": f"v{n}",
                "prompt": f"p{n}",
                "model_a": CANDIDATE,
                "model_b": BASELINE,
                "annotator": "ann",
                "shown_first": "ab"[n % 2],
                "verdict": "A>B" if wins(n) else "B>A",
                "answer_a": says(NEW, prompt(n)),
                "answer_b": says(OLD, prompt(n)),
            }
            for n in range(PROMPTS)
        ),
    )


def anytime(world: World) -> None:
    """The same votes, looked at after every one."""
    by_files(world)
    world.comparison["stopping"] = "anytime"


def boxed(world: World) -> None:
    """Four people who vote on the page, two on every prompt."""
    compared(world)
    world.comparison |= {"votes_at_most": 2 * PROMPTS, "overlap": 2}
    world.criteria[-1]["at_least"] = 0.4
    world.after_registration.append(lambda: voted(world))


def by_judges(world: World) -> None:
    """A panel of one judge, whose word counts."""
    compared(world)
    seat(world, PANEL)
    world.comparison["count"] = "judges"


def by_two_judges(world: World) -> None:
    """A panel of two."""
    by_judges(world)
    seat(world, "other")


def asked(world: World) -> None:
    """Checkpoints that answer over HTTP, before a judge."""
    by_judges(world)
    at_endpoint(world, says)


def fused(world: World) -> None:
    """People on half of the prompts, a judge on all of them."""
    by_judges(world)
    world.comparison |= {"count": "fused", "votes_at_most": PROMPTS // 2}
    world.criteria[-1]["at_least"] = 0.2
    world.after_registration.append(lambda: voted(world))


def seat(world: World, name: str, behaviour: Behaviour | None = None) -> None:
    """A judge more, which prefers what is longer."""
    world.endpoints[name] = world.serve(behaviour or judge.comparing(judge.prefers_longer))
    world.comparison.setdefault("judges", {})[name] = {}


def box(world: World) -> BallotBox:
    """The ballot box, closed with the world."""
    return world.open.enter_context(open_ballots(str(world.place.folder / "state")))


def batch(world: World) -> Batch:
    """The candidate's batch, made now if it was not yet."""
    with open_ballots(str(world.place.folder / "state")) as opened:
        (made,) = assign(
            world.place.policy(world.policy()), ["assistant/2"], world.place.services, opened
        )
    assert isinstance(made.found, Batch), made.found
    return made.found


def voted(
    world: World,
    *,
    most: int = 10_000,
    crew: tuple[str, ...] = CREW,
    backwards: bool = False,
    says_better: Callable[[int], bool] = wins,
) -> int:
    """People who vote until nothing is left for them; how many votes they cast."""
    made, cast = batch(world), 0
    with open_ballots(str(world.place.folder / "state")) as opened:
        known = {person.name for person in opened.people.all(made.name)}
        for name in crew:
            if name not in known:
                opened.people.add(made.name, name, now=NOW)
        idle: set[str] = set()
        for turn in count():
            person = crew[turn % len(crew)]
            now = NOW + timedelta(seconds=-turn if backwards else turn)
            task = opened.next_task(made.name, person, now=now)
            if cast >= most or len(idle) == len(crew):
                return cast
            if not isinstance(task, Task):
                idle.add(person)
                continue
            idle.discard(person)
            answer = opened.cast(made.name, ballot_for(made, task, says_better), now=now)
            cast += isinstance(answer, Accepted)
    raise AssertionError


def ballot_for(made: Batch, task: Task, better: Callable[[int], bool] = wins) -> Ballot:
    """What a person says who knows which answer is better."""
    number = int(made.shown[task.pair].prompt[1:])
    said = Preference.A_BETTER if better(number) else Preference.B_BETTER
    return Ballot(
        person=task.annotator,
        pair=task.pair,
        said=said if task.a_first else said.turned,
        guidelines=1,
        token=f"{task.annotator}-{task.pair}",
    )
