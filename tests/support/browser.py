"""A real Chromium against a real site. Tests that ask for `page` or `open_page` carry
`pytest.mark.browser`; where no Chromium is found they are left out with one loud line, or fail the
run when REQUIRE_BROWSER=1.

Every page is watched: a CSP violation, an error in the console, a script error or a file that does
not load fails the test that saw it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.support import at_rest
from tests.support.chromium import QUIET, chromium
from tests.support.site import Site

PATIENCE_MS = 15_000  # on a busy machine; what comes sooner is not waited for
expect.set_options(timeout=PATIENCE_MS)
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
"""


# --- with or without a browser on the machine -----------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = [item for item in items if item.get_closest_marker("browser")]
    for item in wanted:
        item.add_marker(pytest.mark.xdist_group("browser"))  # one Chromium, one site
    if chromium() is None and wanted:
        items[:] = [item for item in items if item not in wanted]
        config.hook.pytest_deselected(items=wanted)


def pytest_sessionstart() -> None:
    if chromium() is None and os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError("REQUIRE_BROWSER=1, and no Chromium was found on this machine.")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if chromium() is None:
        terminalreporter.write_line(
            "BROWSER TESTS WERE NOT RUN: no Chromium was found (install it, or set CHROMIUM).",
            red=True,
            bold=True,
        )


# --- fixtures -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for all browser tests: people in it are told apart by their names."""
    one = Site(tmp_path_factory.mktemp("site"), PSEUDO_LOCALE="on")
    one.manage("auth_pseudolocale")
    with one as running:
        yield running
        assert at_rest.in_clear(running) == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield launched
        launched.close()
        # Whoever asks the database while Playwright's loop runs has a connection that is found in it
        # alone.
        connections.close_all()


class Watch:
    """Collects what a page complains of."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def over(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def violation(self, _source: dict[str, Any], text: str) -> None:
        self.complaints.append(f"CSP: {text}")

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium repeats the status of every page that is not 200 here; files are seen below.
        known = message.text.startswith("Failed to load resource: the server responded")
        if message.type in ("error", "warning") and not known:
            self.complaints.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.complaints.append(f"{response.status}: {response.url}")

    def _failed(self, request: Request) -> None:
        # A file that was still on its way when the next page was opened is no complaint.
        if request.resource_type != "document" and request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"not loaded: {request.url}")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def open_page(browser: Browser, site: Site, watch: Watch) -> Iterator[Callable[..., Page]]:
    """`open_page(java_script_enabled=False, color_scheme="dark", viewport=…)`: a new browser
    profile each time, its addresses relative to the site."""
    contexts = []

    def opened(**options: Any) -> Page:
        wide = {"width": 1280, "height": 800}
        settings = {"base_url": site.url, "viewport": wide, "locale": "en-GB", **options}
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.expose_binding("reportViolation", watch.violation)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        watch.over(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watch.complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def page_without_script(open_page: Callable[..., Page]) -> Page:
    return open_page(java_script_enabled=False)


AXE = Axe().axe_script
# What passed stays in the page: to hand it all over takes longer than to find it.
VIOLATIONS = """
(options) => axe.run(options).then(({violations}) => violations.flatMap(({id, nodes}) =>
    nodes.map(({target, html}) => `${id}: ${target} ${html.slice(0, 120)}`)))
"""
# Colours that fade into each other would be measured half way.
AT_REST = """
() => document.getAnimations().filter((one) => one instanceof CSSTransition)
    .forEach((one) => one.finish())
"""
# By theme, what is asked in it: the rules of axe whose outcome another theme can change come again.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
THEMES = {"light": None, "dark": OF_COLOURS}


def skip_to_main(page: Page) -> None:
    """By keys, from the top of a page to its main part: the next Tab lands on what is first there."""
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
    # The address changes at once; where Tab goes on from, only when the page is drawn again.
    expect(skip).not_to_be_focused()


def looked_at(page: Page, name: str) -> list[str]:
    """What is wrong with the page as it stands, in both themes: what axe finds, and a page wider than
    its window. Pictures are called `<name>-<theme>`."""
    found = []
    for theme, rules in THEMES.items():
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        screenshot(page, f"{name}-{theme}")
        found += [f"{name}, {theme}: {barrier}" for barrier in barriers(page, only=rules)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name}, {theme}: wider than its window")
    page.emulate_media(color_scheme="light")
    return found


def barriers(page: Page, *, only: dict[str, Any] | None = None) -> list[str]:
    """What axe finds wrong with the page as it stands, one line for each thing. `only` the rules of
    colours, where the same page was looked at in another theme."""
    page.wait_for_load_state()
    page.evaluate(AT_REST)
    # Preloading puts copies of the stylesheets into the page, whose imports are not found there.
    options = {"preload": False, "resultTypes": ["violations"]}
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(VIOLATIONS, options | ({"runOnly": only} if only else {}))
    return found


def screenshot(page: Page, name: str) -> None:
    """With SCREENSHOTS=1, keep a picture of the whole page under var/screenshots/ to be looked at."""
    if os.environ.get("SCREENSHOTS") == "1":
        folder = Path(__file__).resolve().parents[2] / "var" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
