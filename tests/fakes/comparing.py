"""Two checkpoints that answered prompts, and a policy that compares them side by side."""

from hashlib import sha256

from gates.ledger.ledger import Version
from gates.registration import Recorded, Registration, adopt, register
from policies.policy import PolicyFile
from tests.fakes.shell import said
from tests.fakes.workplace import NOW, Workplace, lines, policy_text

PROMPTS = 12
WINS = "{metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: people mind}"
PLAN = (
    "side_by_side: {data: ../data/chats.jsonl, votes_at_most: 20, overlap: 2, topic: kind, "
    "gold: ../data/gold.jsonl, guidelines: ../data/guide.md}"
)


def compared(
    place: Workplace, plan: str = PLAN, more: str = "", *, says: str = "It is a fine number."
) -> PolicyFile:
    """Prompts, gold, guidelines, a champion and a candidate; on two prompts both say the same."""
    lines(
        place.data / "chats.jsonl",
        (
            {"id": f"p{n}", "prompt": f"Explain {n}.", "kind": ("maths", "prose")[n % 2]}
            for n in range(PROMPTS)
        ),
    )
    lines(
        place.data / "gold.jsonl",
        (
            {
                "id": f"g{n}",
                "prompt": f"What is {n} + 1?",
                "kind": "maths",
                "answer_a": str(n + 1),
                "answer_b": "A fish.",
                "preference": "A>>B",
            }
            for n in range(3)
        ),
    )
    (place.data / "guide.md").write_text("# Prefer what helps\n")
    champion = answering(place, "It is a number.")
    adopt(place.ledger, champion.uri, alias="champion", reason="live", at=NOW.isoformat())
    answering(place, says)
    return place.policy(policy_text((plan,), (WINS,), more))


def answering(place: Workplace, says: str) -> Version:
    """A version with recorded answers to the prompts."""
    number = len(place.ledger.models.get("assistant", [])) + 1
    file = place.data / f"chats-{number}.jsonl"
    lines(
        file,
        (
            {"id": f"p{n}", "output": f"{_of(n)} On {n}: {says}" if n > 1 else "It depends."}
            for n in range(PROMPTS)
        ),
    )
    how = Recorded(file=file, format="jsonl")
    return register(place.ledger, Registration(name="assistant", how=how))


def _of(number: int) -> str:
    """Words about a number and no other."""
    return " ".join(sha256(f"{number}/{part}".encode()).hexdigest()[:8] for part in range(10))


def assigned(place: Workplace) -> str:
    """The name of the batch of a candidate that was just made from the command line."""
    compared(place)
    candidates = said("sxs", "assign", "release", "--json").json["candidates"]
    assert isinstance(candidates, list)
    (one,) = candidates
    return str(one["batch"]["name"])
