"""Pages as a person sees them: headless Chromium of this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser as LaunchedBrowser
from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP votes.example 127.0.0.1",  # a name that is not this machine's own
]
SHOWN_WITHIN_MS = 60_000
TAB_WITHIN_MS = 30_000
TAB = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Browser:
    """One tab."""

    page: Page

    def text(self, url: str, *, once: str) -> str:
        """What a page says, as soon as a text stands on it."""
        self.page.goto("about:blank")
        self.page.goto(url)
        self.page.wait_for_function(
            "text => document.body.innerText.includes(text)", arg=once, timeout=SHOWN_WITHIN_MS
        )
        return str(self.page.inner_text("body"))

    def links(self, *, once: str = "") -> list[str]:
        """Where the links of the page lead, as soon as one leads to what is awaited."""
        if once:
            self.page.locator(f'a[href*="{once}"]').first.wait_for(state="attached")
        return [str(a.get_attribute("href")) for a in self.page.query_selector_all("a[href]")]


@dataclass(frozen=True)
class Chromium:
    """A browser whose tabs know nothing of each other."""

    launched: LaunchedBrowser

    @contextmanager
    def tab(self, **options: object) -> Iterator[Page]:
        """A tab with cookies of its own; options as of playwright's `new_context`."""
        chosen: dict[str, Any] = {"viewport": TAB, **options}
        with self.launched.new_context(**chosen) as context:
            page = context.new_page()
            page.set_default_timeout(TAB_WITHIN_MS)
            yield page


@contextmanager
def open_chromium() -> Iterator[Chromium]:
    """A browser with as many tabs as a test opens; skipped or failed without it, as below."""
    with _launched() as launched:
        yield Chromium(launched)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser; without Chromium the test is skipped, or fails where every tool is required."""
    with _launched() as launched:
        page = launched.new_page(viewport={"width": 2200, "height": 1200})
        page.set_default_timeout(SHOWN_WITHIN_MS)
        yield Browser(page)


@contextmanager
def _launched() -> Iterator[LaunchedBrowser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        why = "there is no Chromium; install it with: apt-get install chromium"
        if os.environ.get("GATE_REQUIRE_ALL"):
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()
