"""Takes the picture of the annotators' page anew: `python -m infra.docs.annotators_screenshot`.

Serves a batch of one pair from a folder of its own, opens it in headless Chromium as its annotator
would, and writes `infra/docs/images/annotators.png`.
"""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from infra.docs.screenshot import IMAGES, opened
from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.batch import Batch, Terms
from stages.side_by_side.pairs import Pair
from tests.servers.ballot_server import BallotServer, now

BATCH = "picture"
SIZE = {"width": 1200, "height": 860}
QUESTION = "How do I take the mean of a list in Python? It may be empty."
SHORT = """Use the standard library:

```python
from statistics import mean

print(mean([3, 4, 5]))
```

That prints `4`. For an empty list it raises an error.
"""
LONG = """It depends on what an **empty** list means to you:

1. If it is a mistake, let it fail: `statistics.mean([])` raises `StatisticsError`.
2. If it may happen, say what you want instead:

```python
def mean_or_none(values):
    if not values:
        return None
    return sum(values) / len(values)
```

| values | result |
| --- | ---: |
| `[3, 4, 5]` | 4.0 |
| `[]` | `None` |
"""


def main() -> None:
    """Takes the picture."""
    parser = argparse.ArgumentParser(description="Takes the picture of the annotators' page.")
    parser.add_argument("--to", type=Path, default=IMAGES, help="the folder it goes to")
    to = parser.parse_args().to / "annotators.png"
    with tempfile.TemporaryDirectory() as folder, open_ballots(folder) as box:
        box.batches.open(one_pair(), now=now())
        box.people.add(BATCH, "ann", now=now())
        with BallotServer(box) as server, opened() as page:
            page.set_viewport_size(SIZE)
            page.goto(server.link("ann", batch=BATCH))
            page.get_by_role("heading", name="Pair 1:").wait_for()
            picture = Image.open(io.BytesIO(page.screenshot()))
    picture.quantize(128).save(to, optimize=True)
    print(f"{to}: {to.stat().st_size:,} bytes")


def one_pair() -> Batch:
    """A batch that looks like the first of many."""
    pairs = tuple(
        Pair(
            prompt=f"question-{number}",
            messages=(
                {"role": "system", "content": "You help people who write programs. Be brief."},
                {"role": "user", "content": QUESTION},
            ),
            model_a="assistant/12",
            model_b="assistant/11",
            answer_a=LONG,
            answer_b=SHORT,
        )
        for number in range(24)
    )
    terms = Terms(
        name=BATCH,
        policy="release",
        candidates=("assistant/12",),
        baseline="assistant/11",
        prompts=len(pairs),
        overlap=1,
        seed=3,
        guidelines="",
    )
    return Batch(terms=terms, pairs=pairs)


if __name__ == "__main__":
    main()
