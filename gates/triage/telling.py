"""What a night tells beside its report: a page in MLflow, and changes for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from gates.ledger.ledger import LedgerDown
from gates.ledger.night_report import NightReport
from gates.notify.events import Event, EventKind, tell
from gates.services import Services
from gates.triage.outcome import Night, Sort
from gates.triage.page import as_html, as_markdown, page_of, summary
from gates.triage.report_json import night_json
from policies.canonical import canonical_json, sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where a night is found.

    Attributes:
        url: Page of its MLflow run; empty where there is none.
        files: The report, by file name.
    """

    url: str
    files: dict[str, bytes]


def tell_night(night: Night, services: Services) -> Told:
    """Logs a night's report, and journals what people are told; neither can fail the night."""
    url = _logged(night, services)
    tell(services.state, *_events(night, url), at=services.clock())
    return Told(url=url, files=_files(night, url))


def _logged(night: Night, services: Services) -> str:
    page = page_of(night)
    try:
        return services.ledger.log_night(
            NightReport(
                key=sha256_of(["night", night.policy, night.number, night.began.isoformat()]),
                policy=night.policy,
                model=night.model,
                name=f"night {night.number}",
                at=night.ended.isoformat(),
                sentence=summary(night),
                description=as_markdown(page),
                metrics=_metrics(night),
                files=_files(night, ""),
            )
        )
    except LedgerDown:
        return ""  # its decisions wait in the outbox, and the files are written


def _files(night: Night, url: str) -> dict[str, bytes]:
    page = page_of(night)
    return {
        "report.md": as_markdown(page).encode(),
        "report.html": as_html(page).encode(),
        "report.json": f"{canonical_json(night_json(night, url=url))}\n".encode(),
    }


def _metrics(night: Night) -> dict[str, float]:
    counts = {sort.value: float(len(night.of(sort))) for sort in Sort}
    usd = {} if night.cost.usd is None else {"usd": night.cost.usd}
    return {**counts, "calls": float(night.cost.calls), **usd}


def _events(night: Night, url: str) -> Iterator[Event]:
    for outcome in night.needs_person:
        yield Event(
            kind=EventKind.NEEDS_PERSON,
            key=f"{night.policy} {outcome.candidate} {outcome.sort.value}",
            model=night.model,
            sentence=f"{outcome.known_as} is {outcome.sort.value}: {outcome.sentence}",
            url=outcome.url or url or None,
        )
    if night.outcomes:
        yield Event(
            kind=EventKind.TRIAGE_DONE,
            key=f"{night.policy} {night.number} {night.began.isoformat()}",
            model=night.model,
            sentence=f"night {night.number} of policy {night.policy}: {summary(night)}",
            url=url or None,
        )
