"""Somebody looks through what happened to their account, finds what they did not do, and shuts the
stranger out: with and without script, narrow and wide, in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import SECOND, fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAST = """
from accounts.models import User
from audit import trail
from audit.events import Event
from tests.support.trail import request_from
person, ada = User.objects.get(username={who!r}), "22222222-2222-4222-8222-222222222222"
def happens(event, actor=None, **facts):
    trail.record(event, subject=person, actor=actor, **dict(request=request_from(), **facts))
happens(Event.SIGNUP_CONFIRMED, actor=person)
happens(Event.ADDRESS_CONFIRMED, actor=person, label="a.rather.long.one@" + "mail." * 12 + "org")
happens(Event.STAFF_USER_CHANGED, actor=ada, fields=["name", "time_zone"], reason="Asked, ticket 4411")
for _ in range(5):
    happens(Event.SIGN_IN_FAILED, reason="wrong_password")
happens(Event.RECOVERY_CODE_USED, actor=person, left=7)
happens(Event.FACTOR_ADDED, actor=person, factor="passkey")
happens(Event.PASSWORD_CHANGED, actor=person, sessions=3)
"""


def signs_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    fill(page, login=name, password=cast.PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_through_ones_activity(open_page: Callable[..., Page], site: Site, script: bool) -> None:
    width = 320 if script else 1280
    who = f"active{width}"
    site.person(who)
    site.does(PAST.format(who=who))
    page = open_page(
        java_script_enabled=script,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    found: list[str] = []

    def look(name: str) -> None:
        for wide in (1280, 320) if script else ():
            page.set_viewport_size({"width": wide, "height": 900})
            found.extend(looked_at(page, f"{name}-{wide}"))

    signs_in(page, who)
    page.goto("/accounts/activity/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Activity")
    look("activity")
    page.get_by_text("5 failed tries").click()
    expect(page.get_by_role("link", name="Failed to sign in: wrong password")).to_have_count(5)
    look("activity-open")
    page.select_option("[name=show]", "changes")
    press(page, "Filter")
    expect(page.get_by_text("5 failed tries")).to_have_count(0)
    page.get_by_role("link", name="Changed the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Changed the password")
    expect(page.get_by_role("main")).to_contain_text("3 other devices were signed out")
    look("activity-entry")

    stranger = open_page()
    signs_in(stranger, who)
    page.goto("/accounts/rescue/")
    expect(page.get_by_text("You are signed in on 1 other device.")).to_be_visible()
    look("rescue-others")
    page.goto("/accounts/activity/")
    page.get_by_role("link", name="Added a passkey").click()
    press(page, "This was me")
    expect(page.get_by_role("status")).to_contain_text("this was you")
    look("activity-entry-me")
    press(page, "This was not me")
    expect(page.get_by_role("heading", level=1)).to_have_text("Secure your account")
    expect(page.get_by_role("status")).to_contain_text("1 other device is signed out.")
    look("rescue")
    stranger.goto("/accounts/")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")
    body = site.letter(f"{who}@example.org").get_body(preferencelist=("plain",))
    assert body is not None and "This was not me" in body.get_content()

    page.get_by_role("link", name="Change your password").click()
    fill(page, oldpassword=cast.PASSWORD, password1=SECOND, password2=SECOND)
    press(page, "Save new password")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    page.goto("/accounts/activity/?show=changes")
    expect(page.get_by_text("This was not you")).to_have_count(1)
    expect(page.get_by_role("link", name="Said that something was not you")).to_have_count(1)
    look("activity-answered")
    assert found == []
