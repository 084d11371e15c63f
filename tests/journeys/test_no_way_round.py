"""Every road into a session, walked in a real Chromium by somebody who has a second step: each one
stops before it, no later page opens by its address, and behind it the road goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import THIRD, fill, letter, press
from tests.journeys.test_sign_in_code import code_for
from tests.support import at_rest, cast
from tests.support.second_steps import CODES, SEED
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

STEP = "Enter the code from your authenticator app"
HAS_APP = """
from tests.support import cast, second_steps
second_steps.give_app(cast.person({name!r}))
"""
LATER = (
    "/accounts/",
    "/accounts/profile/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/mfa/",
    "/accounts/mfa/recovery-codes/",
    "/accounts/mfa/webauthn/",
    "/admin/",
    "/admin/accounts/user/",
)


def by_password(page: Page, site: Site, name: str) -> None:
    page.goto("/accounts/login/")
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")


def by_mailed_code(page: Page, site: Site, name: str) -> None:
    page.goto("/accounts/login/code/")
    fill(page, login=name)
    press(page, "Send code")
    fill(page, code=code_for(site, f"{name}@example.org"))
    press(page, "Sign in")


def by_reset(page: Page, site: Site, name: str) -> None:
    page.goto("/accounts/password/reset/")
    fill(page, login=name)
    press(page, "Send reset email")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    page.goto(letter(site, f"{name}@example.org", "Reset")[1])


def by_the_staff_desk(page: Page, site: Site, name: str) -> None:
    page.goto("/admin/")
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")


@pytest.mark.parametrize(
    ("road", "behind", "script"),
    [
        (by_password, "Hello", True),
        (by_mailed_code, "Hello", False),
        (by_reset, "Choose a new password", False),
        (by_the_staff_desk, "Staff", True),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_no_road_leads_past_the_second_step(
    open_page: Callable[..., Page],
    site: Site,
    road: Callable[[Page, Site, str], None],
    behind: str,
    script: bool,
) -> None:
    name = f"round-{road.__name__.replace('_', '-')}{int(script)}"
    if road is by_the_staff_desk:
        site.person(name, administrator=True)
    else:
        site.does(HAS_APP.format(name=name))
    page = open_page(java_script_enabled=script)
    heading = page.get_by_role("heading", level=1)
    road(page, site, name)
    expect(heading).to_have_text(STEP)
    step = page.url
    for path in LATER:
        page.goto(path)
        expect(heading).to_have_text("Sign in" if road is by_reset else STEP)
    assert site.sessions_of(name) == 0
    page.goto(step)
    fill(page, code="000000")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    fill(page, code=site.second_step(name))
    press(page, "Continue")
    expect(heading).to_have_text(behind)
    if road is by_reset:
        fill(page, password1=THIRD, password2=THIRD)
        press(page, "Save new password")
        expect(page.get_by_role("main")).to_contain_text("Sign in with it now.")
        assert site.sessions_of(name) == 0
    else:
        assert site.sessions_of(name) == 1


def test_a_sign_up_with_their_address_leads_nowhere(open_page, site: Site) -> None:
    """Its road goes on after the address is confirmed, and theirs is: the letter has no code, and the
    link in it opens the sign-in page."""
    site.does(HAS_APP.format(name="round-sign-up"))
    page = open_page()
    heading = page.get_by_role("heading", level=1)
    page.goto("/accounts/signup/")
    fill(page, name="Mallory", email="round-sign-up@example.org", password1=THIRD)
    press(page, "Create account")
    expect(heading).to_have_text("Check your email")
    code, link = letter(site, "round-sign-up@example.org", "")
    assert code == ""
    fill(page, code="BCDF-GHJK")
    press(page, "Confirm")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    page.goto(link)
    expect(heading).to_have_text("Sign in")
    by_password(page, site, "round-sign-up")
    expect(heading).to_have_text(STEP)
    assert site.sessions_of("round-sign-up") == 0


def test_nothing_of_it_lies_readable(site: Site) -> None:
    """Whatever ran on this site before: neither its database, byte by byte, nor what it said holds a
    seed, a code or a challenge."""
    site.does(HAS_APP.format(name="round-at-rest"))
    kept = at_rest.files(site)
    assert any(b"round-at-rest" in content for content in kept.values()), "the wrong files"
    for secret in (SEED, SEED.hex().encode(), CODES[3].encode(), b'{"challenge": "x"}'):
        assert at_rest.in_clear(site, {"planted": b"so " + secret + b" it is"}), secret
    assert at_rest.in_clear(site) == []
