"""HTML pages from templates in which foreign text is text: escaped, and of printable characters."""

from collections.abc import Callable, Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from gates.reports.escaping import xml_text
from gates.reports.wording import version_words


def template(name: str, *, filters: Mapping[str, Callable[..., str]] | None = None) -> Template:
    """A template of this folder; a value that it names and is not given is a bug, not a blank.

    Args:
        name: Its file, such as `report.html`.
        filters: What it may call values by, beside Jinja's own and `version`, for the URI of
            a checkpoint.
    """
    environment = Environment(
        loader=PackageLoader("gates.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"version": version_words, **(filters or {})}
    return environment.get_template(name)


def _printable(value: object) -> object:
    """Texts without half a surrogate pair, which no page can be written with."""
    return xml_text(value) if isinstance(value, str) else value
