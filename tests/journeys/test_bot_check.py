"""The page of the bot check in a real Chromium: solved, waited for, by keys, narrow and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import looked_at, skip_to_main
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PASSWORD = "nine lanterns over the marsh"
SCRIPT = "**/botcheck/solve.js"
# Whoever comes back to the page is not sent on by it: so it stays where it can be looked at.
# Between two rounds the solver sends itself a message; here none arrives before `goOn()`.
HELD_UP = """
const send = MessagePort.prototype.postMessage;
const waiting = [];
MessagePort.prototype.postMessage = function (message) {
  waiting.push(() => send.call(this, message));
};
window.goOn = () => {
  MessagePort.prototype.postMessage = send;
  waiting.forEach((go) => go());
};
"""
CAME_BACK = "performance.getEntriesByType = () => [{ type: 'back_forward' }];"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One whose budgets run low from the first request on."""
    one = Site(
        tmp_path_factory.mktemp("checked"),
        BOT_CHECK="own",
        POLICY_BOT_CHECK_PERCENT="1",
        POLICY_BOT_CHECK_SITE="100",
        POLICY_SITE_FAILURES="100",
        POLICY_BOT_CHECK_WAIT_SECONDS="5",
    )
    with one as running:
        # One wrong password, sign-up and reset are a hundredth of the site's each.
        running.person("first")
        running.does(
            "from accounts.lockout import budgets, limits, meters\n"
            "[budgets.spend(one, '198.51.100.7') for one in (budgets.SIGNUPS, budgets.RESETS)]\n"
            "meters.take([limits.site()], {})",
        )
        yield running


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)


def lost(route: Route) -> None:
    route.abort("aborted")


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def title(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_the_browser_solves_it_and_goes_on_by_itself(
    open_page: Callable[..., Page], site: Site
) -> None:
    page = open_page()
    page.goto("/accounts/signup/")
    fill(page, name="Sam Smith", email="sam@example.org", password1=PASSWORD)
    press(page, "Create account")
    title(page, "Check your email")
    text = site.letter("sam@example.org").get_body(preferencelist=("plain",)).get_content()
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", text)
    page.fill("[name=code]", code.group())
    press(page, "Confirm")
    title(page, "Hello, Sam")
    press(page, "Sign out")
    fill(page, login="sam@example.org", password=PASSWORD)
    press(page, "Sign in")
    title(page, "Hello, Sam")


def test_by_keys_alone_where_the_script_does_not_come(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.route(SCRIPT, lost)
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email address or username").press_sequentially("keys@example.org")
    page.keyboard.press("Enter")
    title(page, "A short check")
    expect(page.get_by_role("main")).to_contain_text("Wait 5 seconds, then press Continue.")
    skip_to_main(page)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Continue")
    page.keyboard.press("Enter")
    title(page, "A short check")
    expect(page.get_by_role("alert")).to_have_text("That was too soon.")


def test_whoever_presses_while_it_is_being_solved_presses_once(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    page.add_init_script(CAME_BACK)
    page.add_init_script(HELD_UP)
    page.goto("/accounts/password/reset/")
    fill(page, login="early@example.org")
    press(page, "Send reset email")
    expect(page.get_by_role("status")).to_contain_text("solving a small puzzle")
    press(page, "Continue")
    page.evaluate("goOn()")
    title(page, "Check your email")


def test_without_script_one_waits_once_and_types_nothing_again(
    open_page: Callable[..., Page], site: Site
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/accounts/login/")
    fill(page, login="first@example.org", password="a kettle of quiet violets")
    press(page, "Sign in")
    title(page, "A short check")
    expect(page.get_by_role("main")).to_contain_text("Wait 5 seconds, then press Continue.")
    assert "a kettle of quiet violets" not in page.content()
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_have_text("That was too soon.")
    while page.get_by_role("alert").is_visible():  # a press too soon begins no new wait
        with page.expect_navigation():
            press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_it_is_readable_narrow_and_without_barriers(
    open_page: Callable[..., Page], script: bool
) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    if script:
        page.add_init_script(CAME_BACK)
    else:
        page.route(SCRIPT, lost)
    kind = "script" if script else "plain"
    page.goto("/accounts/password/reset/")
    assert looked_at(page, f"reset-ask-{kind}") == []
    fill(page, login="narrow@example.org")
    press(page, "Send reset email")
    title(page, "A short check")
    if script:
        expect(page.get_by_role("status")).to_have_text("Done. Press Continue.")
    assert looked_at(page, f"bot-check-{kind}") == []
    if script:
        press(page, "Continue")
        title(page, "Check your email")
