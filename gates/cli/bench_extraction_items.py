"""`gate bench extraction-items`: items of the extraction protocol, drawn from a corpus."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option
from gates.cli.output import check_writable, say_json, say_table, write_file
from policies.safety_tasks import Columns

if TYPE_CHECKING:
    from policies.canonical import Json


@click.command("extraction-items")
@click.option(
    "--corpus", "corpus", multiple=True, required=True, help="File, folder, glob or URL; repeat."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The items file that is written.",
)
@click.option(
    "--prefix-tokens",
    multiple=True,
    type=click.IntRange(min=1),
    default=(50, 100, 200, 500),
    show_default=True,
    help="Length of a prompt; repeat: each sequence is asked with every length.",
)
@click.option(
    "--suffix-tokens",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Length of the continuation that is to be recited.",
)
@click.option(
    "--per-stratum",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Sequences drawn of those that the corpus holds once, 2 or 3 times, 4 to 7 times, ...",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of that draw."
)
@click.option("--tokenizer", help="Folder of a Hugging Face tokenizer; else words are counted.")
@click.option("--text-column", default="text", show_default=True, help="Of JSONL and Parquet.")
@json_option
def command(  # noqa: PLR0913 - the options of one command
    *,
    corpus: tuple[str, ...],
    out: Path,
    prefix_tokens: tuple[int, ...],
    suffix_tokens: int,
    per_stratum: int,
    seed: int,
    tokenizer: str | None,
    text_column: str,
    as_json: bool,
) -> int:
    """Draw prompts and their known continuations from a corpus, by how often it repeats them.

    The file is for a task with `extraction_tokens` and `cluster: cluster`.
    """
    from gates.decide.spoken import count_words
    from policies.canonical import canonical_json, sha256_of_bytes
    from stages.offline.memorization.corpus import Corpus
    from stages.offline.memorization.extraction_items import Sequences, make_extraction_items
    from stages.offline.memorization.tokens import WORDS, read_tokenizer

    check_writable(out)
    sequences = Sequences(
        prefix_tokens=prefix_tokens,
        suffix_tokens=suffix_tokens,
        per_stratum=per_stratum,
        seed=seed,
        tokenizer=WORDS if tokenizer is None else read_tokenizer(tokenizer, base=Path()),
    )
    source = Corpus(corpus, base=Path(), columns=Columns(text=text_column))
    records = list(make_extraction_items(source, sequences))
    data = "".join(f"{canonical_json(record)}\n" for record in records).encode()
    write_file(out, data)
    if as_json:
        say_json(_document(out, sha256_of_bytes(data), records))
    else:
        items = count_words(len(records), "items")
        click.echo(f"{items} in {out} (sha256 {sha256_of_bytes(data)})")
        _say_strata(Counter(int(str(r["duplicates"])) for r in records))
        if {r["cluster"] for r in records} & {file.shown for file in source.files}:
            click.echo(
                "note: a text file is one document, and of a document one sequence is drawn a row "
                "of this table; a JSONL or Parquet file holds many documents"
            )
    return Exit.YES


def _document(out: Path, sha256: str, records: Sequence[Mapping[str, "Json"]]) -> dict[str, object]:
    counts = Counter((int(str(r["duplicates"])), int(str(r["prefix_tokens"]))) for r in records)
    return {
        "schema": "gate.extraction-items/1",
        "file": str(out),
        "sha256": sha256,
        "items": len(records),
        "strata": [
            {"duplicates": duplicates, "prefix_tokens": prefix, "items": count}
            for (duplicates, prefix), count in sorted(counts.items())
        ],
    }


def _say_strata(counts: Counter[int]) -> None:
    from gates.reports.table import Table

    strata: Counter[int] = Counter()
    for duplicates, items in counts.items():
        strata[duplicates.bit_length()] += items
    rows = tuple(
        (f"{1 << bits - 1} to {(1 << bits) - 1}", str(items))
        for bits, items in sorted(strata.items())
    )
    say_table(Table(title="", headings=("times in the corpus", "items"), rows=rows))
