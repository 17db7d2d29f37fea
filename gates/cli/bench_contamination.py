"""`gate bench contamination`: has a benchmark leaked into a corpus, or has a model learned it."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number
from gates.cli.frame import Exit
from gates.cli.options import (
    json_option,
    open_services,
    open_workspace,
    state_or_none,
    workspace_option,
)
from gates.cli.output import say_json, say_table
from policies.errors import WrongUsage
from policies.safety_tasks import Columns

if TYPE_CHECKING:
    from stages.engine.data import ItemFile
    from stages.evidence.estimate import Estimate, Unmeasured
    from stages.offline.contamination.order import Asked, Shuffling
    from stages.offline.contamination.report import LeakedItem, Leaks

WORST = 20
"""Leaked items in the table for people; JSON has all."""
SHOWN = 80
"""Characters of a match in that table."""


@click.command("contamination")
@click.argument("items")
@click.option("--corpus", multiple=True, help="File, folder, glob or URL of training text; repeat.")
@click.option("--text-column", default="text", show_default=True, help="Of JSONL and Parquet.")
@click.option(
    "--dirty-at-least",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.5,
    show_default=True,
    help="`longest`: share of an item's words in one run, above 0 and below 1: at 1 a single "
    "changed word would make a leaked item clean.",
)
@click.option("--endpoint", help="An endpoint of gate.toml whose log-probabilities are asked.")
@click.option("--unseen", help="Items of the same kind that the model cannot have seen.")
@click.option(
    "--shards",
    type=click.IntRange(min=5),
    default=50,
    show_default=True,
    help="Parts of the file, each of neighbouring items that are shuffled among themselves.",
)
@click.option(
    "--orders",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Shuffled orders of each part that the file's own is compared with.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shuffled orders.")
@click.option("--state", help="A folder to keep searches and likelihoods in (env: GATE_STATE).")
@workspace_option
@json_option
def command(  # noqa: PLR0913 - the options of one command
    *,
    items: str,
    corpus: tuple[str, ...],
    text_column: str,
    dirty_at_least: float,
    endpoint: str | None,
    unseen: str | None,
    shards: int,
    orders: int,
    seed: int,
    state: str | None,
    workspace: Path,
    as_json: bool,
) -> int:
    """Look for ITEMS (JSONL) in a training corpus, and in what a model finds likely.

    With --corpus every test of the literature: 13-grams (GPT-3), 15-grams (PaLM 2), runs with skips
    (Llama 2), the longest run (ConTAM). With --endpoint those that need log-probabilities only:
    whether the model knows the order of the file (Oren et al.), and Min-K %.

    Exit code 0 whatever is found; 2 when a file cannot be used, 4 when the endpoint says nothing.
    """
    from stages.engine.data import read_items
    from stages.offline.contamination.order import Shuffling

    if not corpus and endpoint is None:
        raise WrongUsage(
            "there is nothing to look in",
            why="neither --corpus nor --endpoint was given",
            fix="name the training text (--corpus), an endpoint of gate.toml (--endpoint), or both",
        )
    file = read_items(items, base=Path(), cluster=None, sha256=None)
    leaks = asked = None
    if corpus:
        leaks = _searched(file, corpus, text_column, dirty_at_least=dirty_at_least, state=state)
    if endpoint is not None:
        others = read_items(unseen, base=Path(), cluster=None, sha256=None) if unseen else None
        shuffling = Shuffling(shards=shards, orders=orders, seed=seed)
        asked = _asked(file, others, endpoint, shuffling=shuffling, place=(workspace, state))
    if as_json:
        say_json(_document(file, leaks, asked))
    else:
        _say(file, leaks, asked)
    return Exit.BROKEN if asked is not None and asked.broken else Exit.YES


def _searched(
    file: "ItemFile",
    corpus: tuple[str, ...],
    text_column: str,
    *,
    dirty_at_least: float,
    state: str | None,
) -> "Leaks":
    """What the corpus says; the search is forgotten where no state is named."""
    from gates.cli.progress import terminal_progress
    from stages.offline.contamination.report import leaks_of
    from stages.offline.contamination.search import search
    from stages.offline.memorization.corpus import Corpus

    with terminal_progress() as progress, state_or_none(state) as kept:
        found = search(
            file.items,
            Corpus(corpus, base=Path(), columns=Columns(text=text_column)),
            state=kept,
            progress=progress,
        )
    return leaks_of(file.items, found, dirty_at_least=dirty_at_least)


def _asked(
    file: "ItemFile",
    unseen: "ItemFile | None",
    endpoint: str,
    *,
    shuffling: "Shuffling",
    place: tuple[Path, str | None],
) -> "Asked":
    """What the endpoint says; what it was asked is kept in the workspace's state."""
    from gates.measuring import judging_endpoints
    from stages.models.logprobs import PromptLogprobs
    from stages.offline.contamination.order import ask
    from stages.offline.tools import endpoint_named

    with open_services(open_workspace(place[0], None, place[1])) as services:
        settings = endpoint_named(endpoint, judging_endpoints(services))
        with closing(PromptLogprobs(settings)) as scorer:
            return ask(
                scorer,
                file.items,
                unseen.items if unseen else (),
                shuffling,
                state=services.state,
                progress=services.progress,
            )


def _say(file: "ItemFile", leaks: "Leaks | None", asked: "Asked | None") -> None:
    click.echo(f"{file.url}: {len(file.items)} items")
    if leaks is not None:
        _say_leaks(leaks)
    if asked is not None:
        _say_asked(asked)


def _say_leaks(leaks: "Leaks") -> None:
    from gates.reports.table import Table

    rows = tuple(
        (tally.test.value, *map(str, tally.counts.values()), _share(tally.contaminated))
        for tally in leaks.tallies
    )
    headings = ("test", "clean", "between", "dirty", "too short", "dirty or between")
    say_table(Table(title="Found in the corpus", headings=headings, rows=rows))
    if not leaks.leaked:
        return
    shown, dirty = min(WORST, len(leaks.leaked)), sum(item.is_dirty for item in leaks.leaked)
    title = (
        f"{shown} of {len(leaks.leaked)} items: {dirty} that some test calls dirty, "
        f"{len(leaks.leaked) - dirty} that one calls neither clean nor dirty"
    )
    headings = ("item", "words", "in a row", "document", "match", "tests")
    say_table(Table(title=title, headings=headings, rows=tuple(map(_row, leaks.leaked[:WORST]))))


def _row(item: "LeakedItem") -> tuple[str, ...]:
    tests = ", ".join(
        f"{test.value} (between)" if test in item.between else test.value for test in item.tests
    )
    longest = item.trace.longest
    assert longest is not None
    words = (str(item.trace.length), str(longest.length))
    return (item.id, *words, longest.document, longest.words[:SHOWN], tests)


def _say_asked(asked: "Asked") -> None:
    from stages.evidence.estimate import Unmeasured

    if isinstance(asked.order, Unmeasured):
        click.echo(f"order: {asked.order.reason}")
    else:
        click.echo(
            f"order: the file's own is likelier than others by {_nats(asked.order.difference)} a "
            f"shard; t = {asked.order.t:.2f}, one-sided p = {asked.order.p:.2g}"
        )
    click.echo(f"Min-K %: {_nats(asked.familiarity.mean)} on average")
    if asked.familiarity.beyond_unseen is not None:
        click.echo(f"Min-K %, beyond unseen items: {_nats(asked.familiarity.beyond_unseen)}")


def _share(measured: "Estimate | Unmeasured") -> str:
    from stages.evidence.estimate import Unmeasured

    if isinstance(measured, Unmeasured):
        return measured.reason
    return f"{measured.value:.1%} ({measured.low:.1%} to {measured.high:.1%})"


def _nats(measured: "Estimate | Unmeasured") -> str:
    from stages.evidence.estimate import Unmeasured

    if isinstance(measured, Unmeasured):
        return measured.reason
    return f"{measured.value:.3f} nats ({measured.low:.3f} to {measured.high:.3f})"


def _document(file: "ItemFile", leaks: "Leaks | None", asked: "Asked | None") -> dict[str, object]:
    return {
        "schema": "gate.contamination/1",
        "items": {"name": file.url, "sha256": file.sha256, "count": len(file.items)},
        "corpus": None if leaks is None else _corpus_json(leaks),
        "endpoint": None if asked is None else _asked_json(asked),
    }


def _corpus_json(leaks: "Leaks") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "data": [{"name": name, "sha256": sha256} for name, sha256 in leaks.data],
        "tests": [
            {
                "test": tally.test.value,
                **{verdict.value: count for verdict, count in tally.counts.items()},
                "contaminated": measured_json(tally.contaminated),
            }
            for tally in leaks.tallies
        ],
        "leaked": [_leaked_json(item) for item in leaks.leaked],
    }


def _leaked_json(item: "LeakedItem") -> dict[str, object]:
    longest = item.trace.longest
    assert longest is not None
    return {
        "id": item.id,
        "tests": [test.value for test in item.tests],
        "between": [test.value for test in item.between],
        "words": item.trace.length,
        "covered": item.trace.covered_share,
        "match": {
            "words": longest.length,
            "text": longest.words,
            "document": longest.document,
            "offset": longest.offset,
        },
    }


def _asked_json(asked: "Asked") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    order, beyond = asked.order, asked.familiarity.beyond_unseen
    return {
        "order": {"difference": measured_json(order), "t": None, "p": None}
        if isinstance(order, Unmeasured)
        else {"difference": measured_json(order.difference), "t": order.t, "p": order.p},
        "min_k": {
            "mean": measured_json(asked.familiarity.mean),
            "beyond_unseen": None if beyond is None else measured_json(beyond),
            "items": [{"id": i, "nats": nats} for i, nats in asked.familiarity.items.items()],
        },
    }
