"""Strangers guess until they have to wait, and the owner walks past them: by letter, or by staff."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, letter, press
from tests.support import cast
from tests.support.browser import barriers
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WAIT = "Wait a little before trying again"


@dataclass
class Owner:
    name: str
    address: str


@pytest.fixture
def owner(site: Site, request: pytest.FixtureRequest) -> Owner:
    """Somebody of this test's own."""
    name = f"owner-{abs(hash(request.node.name)) % 10**9}"
    return Owner(name, site.person(name))


def signs_in(page: Page, name: str, password: str = cast.PASSWORD) -> None:
    page.goto("/accounts/login/")
    fill(page, login=name, password=password)
    press(page, "Sign in")


STRANGERS_GO_ON = """
from django.utils import timezone
from accounts.lockout import buckets, limits
from accounts.models import Tally, User
budget, subject = limits.strangers(buckets.of_user(User.objects.get(username={name!r}))).key
rows = Tally.objects.filter(budget=budget, subject=subject)
assert rows.update(count=20, started_at=timezone.now()) == 1
"""


def guess_until_the_wait(page: Page, site: Site, name: str) -> None:
    """The first pause is a second; that of twenty guesses lasts for longer than the test."""
    for _ in range(8):
        signs_in(page, name, "not the password at all")
        if page.get_by_role("heading", level=1).inner_text() == WAIT:
            break
    expect(page.get_by_role("heading", level=1)).to_have_text(WAIT)
    site.does(STRANGERS_GO_ON.format(name=name))


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_strangers_wait_and_the_owner_gets_in_by_letter(
    open_page: Callable[..., Page], site: Site, owner: Owner, script: bool
) -> None:
    stranger = open_page(java_script_enabled=script)
    guess_until_the_wait(stranger, site, owner.name)
    expect(stranger.get_by_role("main")).to_contain_text("Your account is safe")

    page = open_page(java_script_enabled=script, viewport={"width": 320, "height": 800})
    signs_in(page, owner.name)
    expect(page.get_by_role("main")).to_contain_text("You can try again in 15 minutes.")
    assert not script or not barriers(page)
    press(page, "Email me a code")
    code, _link = letter(site, owner.address, "Your way in")
    page.fill("[name=code]", "BCDF-GHJK")
    press(page, "Let this browser try")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    page.fill("[name=code]", code.lower())
    press(page, "Let this browser try")
    expect(page.get_by_role("status")).to_contain_text("for 15 minutes")
    fill(page, login=owner.name, password=cast.PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello")

    page.goto("/accounts/sessions/")
    expect(page.get_by_role("listitem")).to_contain_text(["This device"] * 2)
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_role("status")).to_contain_text("1 device is forgotten.")
    expect(page.get_by_role("main")).to_contain_text("No device is known.")


def test_by_keyboard_from_the_wait_to_the_link(
    open_page: Callable[..., Page], site: Site, owner: Owner
) -> None:
    guess_until_the_wait(open_page(), site, owner.name)
    page = open_page()
    signs_in(page, owner.name)
    button = page.get_by_role("button", name="Email me a code")
    for _ in range(12):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    elsewhere = open_page()
    elsewhere.goto(letter(site, owner.address, "Your way in")[1])
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Let this browser try")
    assert "/link/" in elsewhere.url and not barriers(elsewhere)
    press(elsewhere, "Let this browser try")
    fill(elsewhere, login=owner.name, password=cast.PASSWORD)
    press(elsewhere, "Sign in")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Hello")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_staff_ask_why_and_open_the_account(
    open_page: Callable[..., Page], site: Site, owner: Owner, script: bool
) -> None:
    guess_until_the_wait(open_page(), site, owner.name)
    ada = f"ada-{owner.name}"
    site.person(ada, administrator=True)
    page = open_page(java_script_enabled=script)
    signs_in(page, ada)
    fill(page, code=site.second_step(ada))
    press(page, "Continue")
    page.goto("/admin/")
    page.get_by_role("link", name="Why can somebody not sign in?").click()
    page.get_by_label("Email address or username").fill(owner.address)
    page.get_by_label("I have made sure").check()
    press(page, "Ask")
    expect(
        page.get_by_text("Wrong passwords in a row make new devices wait.").first
    ).to_be_visible()
    assert owner.address not in page.url
    page.get_by_role("link", name="Unlock", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(f"goes to {owner.address}")
    page.get_by_label("Reason").fill("Ticket 4411, we rang back")
    press(page, "Unlock")
    expect(page.get_by_text(f"Unlocked: {owner.name} can try to sign in at once.")).to_be_visible()

    back = open_page()
    signs_in(back, owner.name)
    expect(back.get_by_role("heading", level=1)).to_have_text("Hello")
    told = site.letter(owner.address).get_body(preferencelist=("plain",))
    assert told is not None and "Ticket 4411, we rang back" in told.get_content()


def test_the_shell_explains_and_opens(
    open_page: Callable[..., Page], site: Site, owner: Owner
) -> None:
    stranger = open_page()
    guess_until_the_wait(stranger, site, owner.name)
    closed = json.loads(site.manage("auth_explain", owner.address, "--json", code=3))
    assert [gate["gate"] for gate in closed["gates"] if not gate["open"]] == ["strangers"]
    said = site.manage("auth_user", "unlock", owner.name, "--reason", "by telephone", "--yes")
    assert said.startswith(f"Opened {owner.name}")
    assert "Nothing stands in the way." in site.manage("auth_explain", owner.name)
    signs_in(stranger, owner.name)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Hello")
