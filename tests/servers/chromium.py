"""Pages as a person sees them: headless Chromium of this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOWN_WITHIN_MS = 60_000


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

    def links(self) -> list[str]:
        """Where the links of the page lead."""
        return [str(a.get_attribute("href")) for a in self.page.query_selector_all("a[href]")]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser; without Chromium the test is skipped, or fails where every tool is required."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        why = "there is no Chromium; install it with: apt-get install chromium"
        if os.environ.get("GATE_REQUIRE_ALL"):
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 2200, "height": 1200})
        page.set_default_timeout(SHOWN_WITHIN_MS)
        yield Browser(page)
        chromium.close()
