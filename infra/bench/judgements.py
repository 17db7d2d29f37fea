"""Judgements a second of a model on this machine: as the loop draws them, and one by one.

The loop puts many questions at once, which `LocalTransformers` answers together; a plain call of
transformers answers one after the other.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from infra.examples.tiny_model import tiny_llama
from policies.task import Sampling
from stages.judges.comparing import Contest
from stages.models.client import EmptyAnswer, Request
from stages.models.local_transformers import LocalTransformers
from stages.workshop.self_taught.briefing import ShortBriefing

AT_ONCE, ONE_BY_ONE = 256, 16
TOKENS, SLOTS = 32, 64
SIZES = {"0.1 M": (64, 2), "6 M": (384, 4)}
"""Width and layers, by parameters."""


def main() -> None:
    """Prints judgements a second either way, and their ratio, for each size."""
    for name, (hidden, layers) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            tiny_llama(Path(folder), words(), hidden=hidden, layers=layers)
            together = rate(LocalTransformers(Path(folder), slots=SLOTS), AT_ONCE)
            alone = rate(LocalTransformers(Path(folder), slots=1), ONE_BY_ONE)
        print(
            f"  {name:6} {together:8.1f} judgements a second, {alone:6.1f} one by one; "
            f"ratio {together / alone:.1f}"
        )


def rate(model: LocalTransformers, count: int) -> float:
    """Judgements a second, after a few that are not counted."""
    judge(model, range(model.slots))
    began = time.perf_counter()
    judge(model, range(model.slots, model.slots + count))
    return count / (time.perf_counter() - began)


def judge(model: LocalTransformers, numbers: range) -> None:
    """Asks for a judgement of each; random weights say anything, or nothing."""

    def ask(number: int) -> None:
        contest = Contest(
            id=str(number),
            messages=({"role": "user", "content": f"bring a w{number % 99} please"},),
            answer_a=f"here is a w{number % 99}",
            answer_b=f"here is a w{number % 98}",
        )
        item = ShortBriefing().question(contest, a_first=True).item
        sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=TOKENS, seed=number)
        with suppress(EmptyAnswer):
            model.answer_in_part(Request(item=item, sampling=sampling))

    with ThreadPoolExecutor(model.slots) as threads:
        list(threads.map(ask, numbers))


def words() -> list[str]:
    """All that is said."""
    frame = "Question : Answer A B Which is better ? bring a please here"
    return [*frame.split(), *(f"w{number}" for number in range(99))]


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
