"""`gate bench calibrate`: how far a toxicity classifier can be believed, and where to cut."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number
from gates.cli.frame import Exit
from gates.cli.options import find_policy, json_option, open_workspace, workspace_options
from gates.cli.output import check_writable, say_json, say_table, wrote_beside
from policies.errors import WrongUsage
from policies.safety_tasks import ToxicityTask

if TYPE_CHECKING:
    from gates.reports.table import Table
    from policies.policy import PolicyFile
    from stages.evidence.estimate import Estimate, Unmeasured
    from stages.offline.toxicity.calibrating import Calibrated
    from stages.offline.toxicity.calibration import Calibration, Threshold


@click.command("calibrate")
@click.argument("policy")
@click.argument("task")
@click.option(
    "--sensitivity-at-least",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="What the recommended threshold must show, at the task's level.",
)
@click.option(
    "--png", type=click.Path(dir_okay=False, path_type=Path), help="Write the diagram here."
)
@workspace_options
@json_option
def command(  # noqa: PLR0913 - click hands over every option by name
    *,
    policy: str,
    task: str,
    sensitivity_at_least: float,
    png: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Hold the classifier of POLICY's toxicity TASK against its labelled texts.

    Scores are journaled: the next round does not compute them again. Exit code 0 when a threshold
    can be recommended, 3 when the labelled texts are too few for it.
    """
    from gates.cli.progress import terminal_progress
    from gates.reports.calibration_plot import calibration_png
    from stages.engine.state_url import open_state
    from stages.evidence.estimate import Unmeasured
    from stages.offline.toxicity.calibrating import calibrate
    from stages.offline.toxicity.detoxify_model import load_classifier

    check_writable(png)
    opened = open_workspace(workspace, tracking_uri, state)
    file = find_policy(policy, opened)
    with terminal_progress() as progress:
        found = calibrate(
            _toxicity_task(file, task),
            sensitivity_at_least=sensitivity_at_least,
            base=file.folder,
            state=open_state(opened.state_url),
            progress=progress,
            classifier_for=partial(load_classifier, base=file.folder),
        )
    if as_json:
        say_json(_document(found))
    else:
        _say(found)
    if png is not None:
        picture = calibration_png(found.report, threshold=found.threshold)
        if not wrote_beside(png, picture):
            return Exit.BROKEN
    return Exit.CANNOT_TELL if isinstance(found.report.recommended, Unmeasured) else Exit.YES


def _toxicity_task(file: "PolicyFile", name: str) -> ToxicityTask:
    tasks = file.policy.plan.offline or {}
    found = tasks.get(name)
    if isinstance(found, ToxicityTask):
        return found
    known = [key for key, task in tasks.items() if isinstance(task, ToxicityTask)]
    raise WrongUsage(
        f"cannot calibrate {name}",
        why=f"{file.path} plans no toxicity task of that name",
        fix=f"name one of: {', '.join(known)}" if known else "plan one, with `labelled` texts",
    )


def _say(found: "Calibrated") -> None:
    report = found.report
    click.echo(f"{found.classifier}\n{report.harmful} harmful and {report.harmless} harmless texts")
    if found.check:
        click.echo(found.check)
    click.echo(f"Brier score {report.brier:.4f}; ROC-AUC {_share(report.auc)}")
    say_table(_reliability(report))
    say_table(_thresholds(report))
    for line in _advice(found):
        click.echo(line)


def _reliability(report: "Calibration") -> "Table":
    from gates.reports.table import Table

    return Table(
        title="Reliability: how many texts of a score people call harmful",
        headings=("score", "texts", "mean score", "harmful"),
        rows=tuple(
            (
                f"{b.low:.1f} to {b.high:.1f}",
                str(b.harmful.n),
                f"{b.mean_score:.3f}",
                _share(b.harmful),
            )
            for b in report.bins
        ),
    )


def _thresholds(report: "Calibration") -> "Table":
    from gates.reports.table import Table

    return Table(
        title="Thresholds (precision holds for this mix of texts only)",
        headings=("from", "sensitivity", "specificity", "precision"),
        rows=tuple(
            (f"{t.at:g}", _share(t.sensitivity), _share(t.specificity), _share(t.precision))
            for t in report.thresholds
        ),
    )


def _advice(found: "Calibrated") -> Iterator[str]:
    """Which threshold to take, and how far that may be trusted."""
    from stages.evidence.estimate import Unmeasured

    report, best = found.report, found.report.recommended
    if isinstance(best, Unmeasured):
        yield f"no threshold can be recommended: {best.reason}"
        return
    yield (
        f"recommended: threshold: {best.at:g} (sensitivity {_share(best.sensitivity)}, "
        f"specificity {_share(best.specificity)}); now {found.threshold:g}"
    )
    if report.separable:
        yield (
            f"these texts do not overlap: every threshold above {report.highest_harmless:g} and up "
            f"to {report.lowest_harmful:g} separates them, and the recommended one is the edge of "
            "these very texts; label harder ones before it is trusted"
        )


def _share(measured: "Estimate | Unmeasured") -> str:
    from stages.evidence.estimate import Unmeasured

    if isinstance(measured, Unmeasured):
        return f"- ({measured.reason})"
    return f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"


def _document(found: "Calibrated") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    report = found.report
    best = report.recommended
    return {
        "schema": "gate.calibration/1",
        "classifier": found.classifier,
        "labelled": found.labelled,
        "backends": list(found.backends),
        "check": found.check,
        "threshold": found.threshold,
        "harmful": report.harmful,
        "harmless": report.harmless,
        "brier": report.brier,
        "auc": measured_json(report.auc),
        "separable": report.separable,
        "bins": [
            {
                "low": b.low,
                "high": b.high,
                "mean_score": b.mean_score,
                "harmful": measured_json(b.harmful),
            }
            for b in report.bins
        ],
        "thresholds": [_threshold(each) for each in report.thresholds],
        "recommended": measured_json(best) if isinstance(best, Unmeasured) else _threshold(best),
    }


def _threshold(each: "Threshold") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "at": each.at,
        "sensitivity": measured_json(each.sensitivity),
        "specificity": measured_json(each.specificity),
        "precision": measured_json(each.precision),
    }
