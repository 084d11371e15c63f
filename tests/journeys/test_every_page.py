"""Every page of the accounts as a window of 1280 by 1024 shows it at 400 %: nothing sideways, nothing
cut off, no barrier in either theme and either direction, all of it by keyboard, and forms that Chromium
finds in order for its password manager."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from tests.site.test_pseudolocale import pseudo_locale
from tests.support import furnished
from tests.support.browser import REPORT_VIOLATIONS, Watch, looked_at
from tests.support.every_page import every_page, switch_all_on
from tests.support.visitor import Visitor

__all__ = ["pseudo_locale"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]

AT_400_PERCENT = {"width": 320, "height": 256}
SITE = "https://testserver"

# Words that stand outside of what they stand in, or of the window, where nothing scrolls to them.
CUT_OFF = """
() => [...document.querySelectorAll("body *")].filter((one) => {
    const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !one.checkVisibility() || one.closest(".hush, .skip, svg, option")) return false;
    const box = one.getBoundingClientRect();
    if (box.left < -1 || box.right > innerWidth + 1) return true;
    for (let around = one; around !== document.body; around = around.parentElement) {
        const style = getComputedStyle(around), frame = around.getBoundingClientRect();
        if (["hidden", "clip"].includes(style.overflowX)
            && (box.left < frame.left - 1 || box.right > frame.right + 1
                || (around === one && one.scrollWidth > one.clientWidth + 1))) return true;
        if (["hidden", "clip"].includes(style.overflowY)
            && (box.top < frame.top - 1 || box.bottom > frame.bottom + 1)) return true;
    }
    return false;
}).map((one) => `cut off: ${one.outerHTML.slice(0, 120)}`)
"""
# What has the focus is judged as the next key is pressed: by then the page has scrolled to it.
REACHABLE = """
() => {
    const all = "a[href], button, input, select, textarea, summary, [tabindex]";
    window.due = [...document.querySelectorAll(all)].filter((one) =>
        one.tabIndex >= 0 && !one.disabled && one.type !== "hidden" && one.checkVisibility()
        && !(one.type === "radio" && !one.checked
             && document.querySelector(`[name="${one.name}"]:checked`)));
    window.reached = [];
    window.wrong = [];
    addEventListener("keydown", () => {
        const at = document.activeElement;
        if (at === document.body || reached.includes(at)) return;
        const say = (what) => wrong.push(`${what}: ${at.outerHTML.slice(0, 120)}`);
        const style = getComputedStyle(at), box = at.getClientRects()[0];
        if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) say("no ring");
        const x = box.left + box.width / 2, y = box.top + Math.min(box.height, innerHeight) / 2;
        const seen = document.elementFromPoint(x, y);
        if (!seen || !(at.contains(seen) || seen.contains(at))) say("hidden");
        if (reached.length && box.bottom + scrollY <= reached.above) say("above the one before");
        reached.above = box.top + scrollY;
        reached.push(at);
    }, true);
    // A date has a stop for each of its parts, and one for its calendar.
    return due.length + 4 * due.filter((one) => one.type === "date").length;
}
"""
JUDGED = """
() => wrong.concat(due.filter((one, place) => reached[place] !== one)
    .map((one) => `not reached in its place: ${one.outerHTML.slice(0, 120)}`))
"""


@pytest.fixture
def page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A browser whose site is the one that the test holds: `page.looks_by` asks for its pages."""
    context = browser.new_context(viewport=AT_400_PERCENT, reduced_motion="reduce")
    context.expose_binding("reportViolation", watch.violation)
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.new_page()
    watch.over(page)
    page.on("console", lambda message: noted(watch, message))
    yield page
    context.close()
    assert watch.complaints == []


def noted(watch: Watch, message: ConsoleMessage) -> None:
    """What Chromium says of forms that its password manager makes nothing of."""
    if message.text.startswith("[DOM]"):
        watch.complaints.append(f"{message.location['url']}: {message.text}")


def shows(page: Page, browser: Visitor, path: str) -> None:
    """`path` as `browser` gets it. What the page's scripts would send is not."""
    got = browser.get(path)
    assert got.status_code == 200, path
    headers = {name: value for name, value in got.items() if name != "Content-Length"}

    def answer(route: Route) -> None:
        where = urlsplit(route.request.url).path
        if where.startswith("/static/"):
            route.fulfill(path=finders.find(where.removeprefix("/static/")))
        elif route.request.is_navigation_request():
            route.fulfill(status=200, headers=headers, body=got.content)
        else:
            route.abort("aborted")

    page.unroute_all()
    page.route(f"{SITE}/**", answer)
    page.goto(SITE + path)


def by_keyboard(page: Page) -> list[str]:
    """What is wrong with the way through the page by Tab alone."""
    for _ in range(page.evaluate(REACHABLE) + 1):
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(JUDGED)
    return found


def test_every_page_fits_has_no_barrier_and_is_used_by_keyboard(
    page: Page, settings: Any, pseudo_locale: None
) -> None:
    switch_all_on(settings)
    found: list[str] = []
    for path, browser in every_page(furnished.furnished("sam")):
        for language, direction in (("en", "ltr"), ("ar-xb", "rtl")):
            browser.cookies["language"] = language
            shows(page, browser, path)
            assert page.locator("html").get_attribute("dir") == direction
            look = page.evaluate(CUT_OFF) + looked_at(page, "as it is")
            if direction == "ltr":  # the order of what is reached is no other in the other one
                look += by_keyboard(page)
            found += [f"{path} ({language}): {one}" for one in look]
        browser.cookies["language"] = "en"
    assert not found, "\n".join(found)


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_recovery_codes_print_on_one_page(page: Page, settings: Any, paper: str) -> None:
    user = furnished.furnished("sam")
    shows(page, furnished.signed_in(user), "/accounts/mfa/recovery-codes/generate/")
    printed = page.pdf(format=paper)
    assert re.findall(rb"/Type\s*/Page\b", printed) == [b"/Type /Page"]
    page.emulate_media(media="print")
    codes = page.locator("ol.codes li")
    assert codes.count() == 10 and all(one.is_visible() for one in codes.all())
    assert not page.get_by_role("navigation").count()
