"""HTML pages and what they are made of: templates, one style sheet, one script."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stages.side_by_side.ballots.moments import to_the_minute
from stages.side_by_side.web.safe_html import safe_html

_KINDS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def page(name: str, values: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
    """A page from a template; foreign text is escaped, and half a surrogate pair is a mark."""
    html = _templates().get_template(name).render(values)
    return HTMLResponse(html.encode("utf-8", "replace"), status_code=status)


async def static(request: Request) -> Response:
    """A file that pages need; its address changes with what it holds, so it may be kept."""
    name = request.path_params["name"]
    if name not in _KINDS:
        return Response("there is no such file", status_code=404, media_type="text/plain")
    keep = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_held(name), media_type=_KINDS[name], headers=keep)


@cache
def _held(name: str) -> bytes:
    return files("stages.side_by_side.web").joinpath("static", name).read_bytes()


def _address(name: str) -> str:
    return f"/static/{name}?{sha256(_held(name)).hexdigest()[:12]}"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("stages.side_by_side.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = safe_html
    environment.filters["to_the_minute"] = to_the_minute
    environment.globals["static"] = cache(_address)
    return environment
