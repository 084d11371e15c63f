"""The browser fixtures notice what they are there to notice; else a quiet run would prove nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.browser import Watch, barriers

pytestmark = pytest.mark.browser


def complaints(watch: Watch, page: Page) -> str:
    page.wait_for_function("() => true")  # what the page reported by now has been heard
    heard = "\n".join(watch.complaints)
    watch.complaints.clear()
    return heard


def test_a_quiet_page_gives_no_complaint(page: Page, watch: Watch) -> None:
    page.goto("/accounts/login/")
    assert complaints(watch, page) == ""


def test_a_violation_of_the_content_policy_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/accounts/login/")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "CSP: style-src" in complaints(watch, page)


def test_a_file_that_does_not_load_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/accounts/login/")
    page.evaluate("fetch('/static/no-such-file.css').then((answer) => answer.text())")
    page.wait_for_load_state("networkidle")
    assert "404: " in complaints(watch, page)


def test_an_error_of_a_script_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/accounts/login/")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('oh') })")
    assert "script: oh" in complaints(watch, page)


def test_an_error_page_alone_is_no_complaint(page: Page, watch: Watch) -> None:
    page.goto("/no-such-page/")
    assert complaints(watch, page) == ""


def test_a_barrier_is_found(page: Page) -> None:
    page.goto("/accounts/login/")
    assert barriers(page) == []
    page.evaluate("document.querySelector('label').remove()")
    assert [line for line in barriers(page) if line.startswith("label")]


def test_nothing_of_the_page_needs_a_script(page_without_script: Page, watch: Watch) -> None:
    page_without_script.goto("/accounts/login/")
    assert page_without_script.get_by_role("button", name="Sign in", exact=True).is_visible()
    assert watch.complaints == []
