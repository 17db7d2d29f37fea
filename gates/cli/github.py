"""What a command adds when it runs inside GitHub Actions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from gates.reports.github import Annotation, annotation
from policies.problems import PolicyRefused


def write_step_summary(environment: Mapping[str, str], text: str) -> None:
    """Adds Markdown to the job's summary page; does nothing elsewhere.

    What was decided or moved stands whatever happens here, so a page that refuses is only told.
    """
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not _in_github(environment) or not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(text + "\n")
    except OSError as error:
        click.echo(f"warning: cannot write the step summary {path}: {error.strerror}", err=True)


def annotate(environment: Mapping[str, str], remark: Annotation) -> None:
    """Puts a remark on a line of a file; does nothing elsewhere.

    GitHub reads the remark from stderr as well, so that stdout stays the command's own.
    """
    if _in_github(environment):
        click.echo(annotation(remark), err=True)


@contextmanager
def annotating(environment: Mapping[str, str]) -> Iterator[None]:
    """Annotates the lines of a policy that is refused, then lets the error go on."""
    try:
        yield
    except PolicyRefused as refused:
        for problem in refused.problems:
            remark = Annotation(
                level="error",
                message=problem.sentence(refused.where),
                file=refused.where,
                line=max(problem.line, 1),
                title=problem.field,
            )
            annotate(environment, remark)
        raise


def _in_github(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"
