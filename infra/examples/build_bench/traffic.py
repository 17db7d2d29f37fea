"""Traffic of an imagined assistant. Usage: traffic.py MONTH FILE; months differ in what is asked.

Every prompt is a question of a topic and clauses that each meet one criterion of a good bench
prompt, so that what a bench should hold is known.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

TOPICS: Mapping[str, tuple[str, ...]] = {
    "databases": ("sql query", "index", "join", "transaction", "table", "postgres"),
    "cooking": ("recipe", "oven", "sauce", "dough", "flavour", "vegetables"),
    "contracts": ("clause", "liability", "lease", "tenant", "notice", "warranty"),
    "networks": ("router", "packet", "latency", "firewall", "subnet", "bandwidth"),
    "gardens": ("soil", "seedlings", "compost", "pruning", "roses", "watering"),
    "statistics": ("variance", "regression", "sample", "interval", "prior", "median"),
    "travel": ("itinerary", "train", "hostel", "visa", "luggage", "museum"),
    "music": ("chord", "melody", "rhythm", "guitar", "scale", "verse"),
}
"""Words of every topic."""

CLAUSES: Mapping[str, str] = {
    "specificity": "Return exactly {n} numbered steps and nothing else.",
    "domain_knowledge": "Use the terms that practitioners of the field use.",
    "complexity": "Take into account that part {n} depends on how you answer the first part.",
    "problem_solving": "Weigh two approaches against each other and justify your choice.",
    "creativity": "Propose an approach that is not in any textbook.",
    "technical_accuracy": "Every figure must be correct to {n} decimal places.",
    "real_world": "I need it on Monday for a customer who pays {n} euros.",
}
"""A clause by the criterion that it meets."""

HARD = ("databases", "networks", "statistics", "contracts")
"""Topics of which most prompts meet most criteria."""


def prompts(count: int, *, month: int = 1, seed: int = 0) -> Iterator[str]:
    """Prompts; in later months gardens come up more often.

    Args:
        count: How many.
        month: From 1.
        seed: Of the draw.
    """
    random = np.random.default_rng([seed, month])
    names = list(TOPICS)
    weights = np.array([1.0 + (month - 1) * 2 * (name == "gardens") for name in names])
    for _ in range(count):
        name = names[int(random.choice(len(names), p=weights / weights.sum()))]
        first, second, third = random.choice(TOPICS[name], 3, replace=False)
        met = random.random(len(CLAUSES)) < (0.92 if name in HARD else 0.35)
        asked = f"How do I combine {first}, {second} and {third} for case {random.integers(10**6)}?"
        clauses = [
            clause.format(n=random.integers(2, 900))
            for clause, kept in zip(CLAUSES.values(), met, strict=True)
            if kept
        ]
        yield " ".join([asked, *(clauses[place] for place in random.permutation(len(clauses)))])


def conversation(prompt: str, number: int) -> Mapping[str, object]:
    """A prompt as WildChat and LMSYS-Chat have it; some people say who they are."""
    secret = f" Write to ann.{number}@example.org." if number % 50 == 0 else ""
    turns = [{"role": "user", "content": prompt + secret}, {"role": "assistant", "content": "..."}]
    return {"conversation_id": str(number), "conversation": turns}


def main() -> None:
    """Writes a month."""
    month, path = int(sys.argv[1]), Path(sys.argv[2])
    rows = [conversation(text, n) for n, text in enumerate(prompts(1_200, month=month))]
    rows += rows[:60]  # people ask twice
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
