"""A night on one screen: what changed, who goes to people, what needs a person, what it cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gates.decide.spoken import count_words
from gates.reports.escaping import inert
from gates.reports.templates import template
from gates.reports.wording import cost_words
from gates.triage.outcome import Night, Outcome, Sort, Waiting

SHOWN = 8
"""Lines of a section that fit a screen together with the others; the JSON has them all."""

_SENTENCE = 160
_REMARK = 320
"""Of what a person is asked to mend: the command that mends it stands at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a section.

    Attributes:
        name: What it is about; may be empty.
        text: What is said.
        sort: How the checkpoint was sorted; empty where it is about none.
        command: What may be run; empty where nothing may.
        url: Where more is found; empty where there is no page.
    """

    name: str
    text: str
    sort: str = ""
    command: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A question that a reader has, and its answer.

    Attributes:
        title: The question.
        lines: The answer.
        empty: What is said when there is none.
        more: How many lines are not shown; empty where all are.
    """

    title: str
    lines: tuple[Line, ...]
    empty: str
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPage:
    """All that is shown of a night.

    Attributes:
        title: Which night.
        summary: How many of each sort.
        cost: What it took, and all nights together.
        sections: The rest.
    """

    title: str
    summary: str
    cost: str
    sections: tuple[Section, ...]


def page_of(night: Night) -> NightPage:
    """What is shown of a night."""
    return NightPage(
        title=f"Night {night.number} of policy {night.policy}, {night.ended:%Y-%m-%d %H:%M} UTC",
        summary=summary(night),
        cost=f"Cost tonight: {cost_words(night.cost)} in {_minutes(night)}; "
        f"of all nights: {cost_words(night.cost_so_far)}.",
        sections=(
            _cut("What changed since last night", _changed(night), "Nothing."),
            _cut("Who goes to people next", [_next(one) for one in night.for_people], "Nobody."),
            _needs_person(night),
        ),
    )


def summary(night: Night) -> str:
    """How many checkpoints of each sort, in one sentence."""
    counts = [f"{len(found)} {sort.value}" for sort in Sort if (found := night.of(sort))]
    many = count_words(len(night.outcomes), "checkpoints")
    return f"{many} taken up: {', '.join(counts)}." if counts else "No new checkpoints."


def as_markdown(page: NightPage) -> str:
    """The page as Markdown; foreign text is inert."""
    parts = [f"# {inert(page.title)}", inert(page.summary), inert(page.cost)]
    for section in page.sections:
        parts.append(f"## {inert(section.title)}")
        lines = "\n".join(f"- {_markdown(line)}" for line in section.lines)
        parts.append(lines or inert(section.empty))
        if section.more:
            parts.append(inert(section.more))
    return "\n\n".join(parts) + "\n"


def as_html(page: NightPage) -> str:
    """The page as HTML: no script, nothing loaded, foreign text escaped."""
    return template("night.html").render(page=page)


def as_text(page: NightPage) -> str:
    """The page as a terminal shows it."""
    parts = [page.title, page.summary, page.cost]
    for section in page.sections:
        parts += ["", f"{section.title}:"]
        parts += [f"  {_plain(line)}" for line in section.lines] or [f"  {section.empty}"]
        if section.more:
            parts.append(f"  {section.more}")
    return "\n".join(parts)


def _changed(night: Night) -> list[Line]:
    return [_line(outcome, night) for outcome in night.changed]


def _next(one: Outcome | Waiting) -> Line:
    match one:
        case Outcome():
            return _line(one, None)
        case Waiting():
            waits = f"waits since {one.since[:10]}: {_short(one.sentence)}"
            return Line(
                name=one.known_as, text=waits, sort=Sort.ADVANCE.value, command=one.command or ""
            )


def _needs_person(night: Night) -> Section:
    lines = [Line(name="", text=_short(remark, _REMARK)) for remark in night.remarks]
    if night.waiting:
        waits = count_words(night.waiting, "decisions")
        lines.append(Line(name="", text=f"{waits} wait for MLflow, which does not answer"))
    lines += [_line(outcome, None) for outcome in night.needs_person]
    return _cut("What needs a person", lines, "Nothing.")


def _cut(title: str, lines: Sequence[Line], empty: str) -> Section:
    more = len(lines) - SHOWN
    return Section(
        title=title,
        lines=tuple(lines[:SHOWN]),
        empty=empty,
        more=f"and {more:,} more; report.json has all" if more > 0 else "",
    )


def _line(outcome: Outcome, night: Night | None) -> Line:
    before = None if night is None else night.before.get(outcome.candidate)
    was = "" if before is None else f"was {before.value}; "
    return Line(
        name=outcome.known_as,
        text=f"{was}{_short(outcome.sentence)}",
        sort=outcome.sort.value,
        command=outcome.command or "",
        url=outcome.url,
    )


def _markdown(line: Line) -> str:
    return " ".join(_parts(line, name=_linked(line), text=inert(line.text), mark="**"))


def _linked(line: Line) -> str:
    name = inert(line.name)
    return f"[{name}]({line.url})" if line.url and line.name else name


def _plain(line: Line) -> str:
    return " ".join(_parts(line, name=line.name, text=" ".join(line.text.split()), mark=""))


def _parts(line: Line, *, name: str, text: str, mark: str) -> Iterable[str]:
    if line.sort:
        yield f"{mark}{line.sort}{mark}"
    if name:
        yield f"{name}:"
    yield text
    if line.command:
        yield f"(`{line.command}`)"


def _short(text: str, most: int = _SENTENCE) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _minutes(night: Night) -> str:
    minutes = (night.ended - night.began).total_seconds() / 60
    return f"{minutes:,.0f} minutes" if minutes >= 1 else "less than a minute"
