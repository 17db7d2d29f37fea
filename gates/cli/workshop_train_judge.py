"""`gate workshop train-judge`: a judge that learns without labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from gates.cli.frame import Exit
from gates.cli.output import say_table
from gates.cli.recipe_work import (
    Flags,
    folder_for,
    open_work,
    recipe_argument,
    to_option,
    work_options,
)

if TYPE_CHECKING:
    from gates.workshop.judges import Judges
    from stages.evidence.records import Measurement
    from stages.workshop.self_taught.loop import Graduate
    from stages.workshop.self_taught.standing import Standing


@click.command("train-judge")
@recipe_argument
@to_option("pairs, data, models and judges", beside="judges")
@work_options
def command(*, to: Path | None, **given: Unpack[Flags]) -> int:
    """Teach a judge of pairs as RECIPE says: by its own right judgements of pairs made for it.

    Every reply is journaled and every model stands whole or not at all: run the same command again
    after an interruption, and nothing is asked or trained twice. Exit code 0 when the last judge is
    shown to be better than the untaught one and none to have fallen behind the one before, 1 when
    one is shown to be worse, 3 when neither is shown or the budget does not pay for it, 4 when
    something broke.
    """
    from gates.workshop.judges import train_judges
    from stages.workshop.self_taught.recipe import SelfTaught

    work = open_work(given)
    file = work.read(SelfTaught)
    with work.services() as services:
        judges = train_judges(file, services, to=folder_for(file, to, beside="judges"))
    work.tell(lambda: _json(judges), lambda: _say(judges), pages=judges.pages)
    return _exit(judges)


def _exit(judges: "Judges") -> Exit:
    from stages.workshop.self_taught.standing import Came

    codes = {Came.FURTHER: Exit.YES, Came.BACK: Exit.NO, Came.UNCLEAR: Exit.CANNOT_TELL}
    return codes[judges.came]


def _json(judges: "Judges") -> dict[str, object]:
    from stages.evidence.codec import cost_json
    from stages.workshop.self_taught.standing import standings

    course = judges.course
    return {
        "schema": "gate.workshop-train-judge/1",
        "came": judges.came.value,
        "pairs": {
            "folder": str(course.made.product.folder),
            "sha256": course.made.product.sha256,
            "learned_from": len(course.made.contests),
            "dropped": dict(course.made.dropped),
        },
        "tests": [
            {
                "name": exam.name,
                "sha256": exam.sha256,
                "pairs": len(exam.pairs),
                "units": len({pair.item.cluster for pair in exam.pairs}),
                "left_out": dict(exam.left_out),
            }
            for exam in course.made.exams
        ],
        "judges": [
            {
                **_schooling_json(judge),
                "tests": [
                    {"name": name, "cost": cost_json(sat.heard.cost)}
                    for name, sat in judge.sat.items()
                ],
                "measurements": [_standing_json(one) for one in standings(course, judge.iteration)],
            }
            for judge in course.judges
        ],
        "cost": cost_json(course.cost),
        "pages": [page or None for page in judges.pages],
    }


def _schooling_json(judge: "Graduate") -> dict[str, object]:
    said = judge.schooling
    if said is None:
        return {"iteration": 0, "folder": None, "sha256": None, "schooling": None}
    return {
        "iteration": judge.iteration,
        "folder": str(said.product.folder),
        "sha256": said.product.sha256,
        "schooling": {
            "right": len(said.lessons.right),
            "preferences": len(said.lessons.preferences),
            "replies": said.replies,
            "unread": said.unread,
            "model": said.trained.model or str(said.trained.folder),
            "steps": said.trained.steps,
            "loss": said.trained.loss,
            "seconds": said.trained.seconds,
        },
    }


def _standing_json(one: "Standing") -> dict[str, object]:
    return {
        "metric": one.value.metric,
        "measured": _measured(one.value),
        "over_previous": _measured(one.over_previous),
        "over_untaught": _measured(one.over_untaught),
        "p_previous": one.p_previous,
        "p_untaught": one.p_untaught,
        "over_once": _measured(one.over_once),
    }


def _measured(one: "Measurement | None") -> object:
    from stages.evidence.codec import measured_json

    return None if one is None else measured_json(one.measured)


def _say(judges: "Judges") -> None:
    from gates.reports.table import Table
    from gates.reports.wording import cost_words
    from gates.workshop.judges import costs, headings, left_out, sentence, table, title

    course = judges.course
    click.echo(sentence(judges))
    for judge in course.judges[1:]:
        said = judge.schooling
        assert said is not None  # it was taught
        click.echo(
            f"  iteration {judge.iteration}: {len(said.lessons.right):,} right judgements, "
            f"{len(said.lessons.preferences):,} preferences, of {said.replies:,} replies "
            f"({said.unread:,} unreadable); frozen in {said.product.folder}"
        )
    say_table(Table(title=title(course), headings=headings(course), rows=tuple(table(course))))
    say_table(Table(title="tests", headings=("judge", "test", "took"), rows=tuple(costs(course))))
    for said_of_test in left_out(course):
        click.echo(said_of_test)
    click.echo(f"left out: {len(course.made.dropped):,} instructions")
    click.echo(f"cost: {cost_words(course.cost)}")
