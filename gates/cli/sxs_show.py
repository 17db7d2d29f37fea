"""`gate sxs show`: how far a batch is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import box_options, complete_batch, open_box
from gates.cli.batch_list import say_batches
from gates.cli.frame import Exit
from gates.cli.options import json_option, open_workspace
from gates.cli.output import say_json, say_table
from gates.cli.sxs_people import person_json

if TYPE_CHECKING:
    from gates.side_by_side.showing import Shown, Skipped
    from stages.side_by_side.ballots.person import PersonSummary
    from stages.side_by_side.ballots.topics import TopicProgress

HEADINGS = ("name", "status", "votes", "gold right", "skipped", "median time", "too fast")


@click.command("show")
@click.argument("batch", required=False, shell_complete=complete_batch)
@box_options
@json_option
def command(*, batch: str | None, workspace: Path, state: str | None, as_json: bool) -> int:
    """Show how far BATCH is: by topic, by person, and how far people agree; or list the batches.

    Nothing of who wins is told: whoever leads a batch must not know before it ends.
    """
    from gates.side_by_side.showing import show

    with open_box(open_workspace(workspace, None, state)) as box:
        if batch is None:
            say_batches(box, as_json=as_json)
            return Exit.YES
        found = show(box, batch)
    if as_json:
        say_json(_json(found))
    else:
        _say(found)
    return Exit.YES


def _json(found: "Shown") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    progress = found.progress
    stopped = progress.stopped
    return {
        "schema": "gate.sxs-show/1",
        "batch": found.batch,
        "policy": found.policy,
        "votes": progress.votes,
        "needed": progress.needed,
        "pairs_done": progress.pairs_done,
        "pairs": progress.pairs,
        "settled": found.settled,
        "stopped": None if stopped is None else asdict(stopped),
        "disputes": found.disputes,
        "flags": found.flags,
        "skips": [_skip(skipped) for skipped in found.skipped],
        "agreement": measured_json(found.agreement),
        "only_voter": found.lonely,
        "topics": [{"topic": t.topic, "votes": t.votes, "needed": t.needed} for t in found.topics],
        "people": [_person(summary) for summary in found.people],
    }


def _skip(skipped: "Skipped") -> dict[str, object]:
    skip = skipped.skip
    return {
        "prompt": skipped.prompt,
        "person": skip.person,
        "comment": skip.comment,
        "at": skip.at,
    }


def _person(summary: "PersonSummary") -> dict[str, object]:
    person = person_json(summary.person, None)
    del person["link"]
    return {
        **person,
        "votes": summary.votes,
        "gold": summary.gold,
        "gold_right": summary.gold_right,
        "skipped": summary.skipped,
        "undone": summary.undone,
        "seconds": summary.seconds,
        "median_seconds": summary.median_seconds,
        "fast": summary.fast,
        "first_position": summary.first_position,
        "warned": summary.warned,
        "last": summary.last or None,
    }


def _say(found: "Shown") -> None:
    from gates.cli.measured import share_words
    from gates.decide.spoken import count_words
    from gates.reports.table import Table

    progress = found.progress
    click.echo(
        f"batch {found.batch}: {progress.votes:,} of {progress.needed:,} votes, "
        f"{progress.pairs_done:,} of {progress.pairs:,} pairs done, {found.settled:,} settled by "
        "the rule"
    )
    if progress.stopped is not None:
        by = f" by {progress.stopped.by}" if progress.stopped.by else ""
        click.echo(f"stopped {progress.stopped.at}{by}: {progress.stopped.why}")
    told = (
        (found.disputes, "open disputes"),
        (found.flags, "flags"),
        (len(found.skipped), "skips"),
    )
    click.echo(", ".join(count_words(number, noun) for number, noun in told))
    if found.disputes:
        click.echo("votes on a disputed pair count as they stand, whatever a lead says of it")
    click.echo(f"agreement (Krippendorff's alpha): {share_words(found.agreement)}")
    if found.lonely is not None:
        click.echo(
            f"WARNING only {found.lonely} has voted: intervals are over prompts alone, and say "
            "nothing of what other people would prefer"
        )
    click.echo()
    if len(found.topics) > 1:
        topics = tuple(map(_topic_row, found.topics))
        say_table(Table(title="By topic", headings=("topic", "votes"), rows=topics))
    say_table(
        Table(title="By person", headings=HEADINGS, rows=tuple(map(_person_row, found.people)))
    )
    if found.skipped:
        skips = tuple(
            (s.prompt, s.skip.person, _on_one_line(s.skip.comment)) for s in found.skipped
        )
        say_table(Table(title="Skipped", headings=("prompt", "who", "why"), rows=skips))


def _on_one_line(comment: str) -> str:
    """Foreign words without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in comment)


def _topic_row(topic: "TopicProgress") -> tuple[str, ...]:
    return (topic.topic, f"{topic.votes:,} of {topic.needed:,}")


def _person_row(summary: "PersonSummary") -> tuple[str, ...]:
    person = summary.person
    status = f"{person.status}{': ' + person.reason if person.reason else ''}"
    median = summary.median_seconds
    return (
        person.name,
        f"{status}{' (warned)' if summary.warned else ''}",
        f"{summary.votes:,}",
        f"{summary.gold_right} of {summary.gold}" if summary.gold else "",
        str(summary.skipped),
        "" if median is None else f"{median:.0f} s",
        str(summary.fast),
    )
