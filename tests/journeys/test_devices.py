"""Somebody looks where they are signed in, signs out a phone, then everything else: two browsers, with
and without script, narrow and wide, in both themes, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import press
from tests.journeys.test_activity import signs_in
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
MANY = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import KnownDevice, Session, User
person, now = User.objects.get(username={who!r}), timezone.now()
agents = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "x"]
for number in range(25):
    moment = now - timedelta(minutes=number + 1)
    Session.objects.create(
        key=f"{{person.pk:040}}{{number:024}}", user=person, data="", client_ip=f"192.0.2.{{number}}",
        user_agent=agents[number % 3], credentials_version=person.credentials_version,
        signed_in_at=moment, last_seen_at=moment, expires_at=now + timedelta(hours=9),
        device=10**12 if number in (3, 6) else None,
        proved=[dict(method=word, at=0) for word in ("password", "app")],
    )
"""


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_through_ones_devices(open_page: Callable[..., Page], site: Site, script: bool) -> None:
    who = f"devices{script}".lower()
    site.person(who)
    page = open_page(
        java_script_enabled=script,
        reduced_motion="reduce",
        viewport={"width": 1280 if script else 320, "height": 900},
    )
    phone = open_page(user_agent=IPHONE)
    found: list[str] = []

    def look(name: str) -> None:
        for wide in (1280, 320) if script else ():
            page.set_viewport_size({"width": wide, "height": 900})
            found.extend(looked_at(page, f"{name}-{wide}"))

    signs_in(phone, who)
    signs_in(page, who)
    page.goto("/accounts/sessions/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Devices")
    expect(page.get_by_text("This device").first).to_be_visible()
    look("devices")
    button = page.get_by_role("button", name="Sign out Safari on iPhone")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Safari on iPhone is signed out.")
    expect(page.get_by_role("main")).to_contain_text("You are only signed in here.")
    look("devices-alone")
    phone.goto("/accounts/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Sign in")

    signs_in(phone, who)
    site.does(MANY.format(who=who))
    page.reload()
    expect(page.get_by_text("The same device as above")).to_have_count(1)
    look("devices-many")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    look("devices-older")
    page.get_by_role("link", name="Sign out all other devices").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out all other devices?")
    look("devices-others")
    press(page, "Sign out all other devices")
    expect(page.get_by_role("status")).to_contain_text("26 other devices are signed out.")
    assert site.sessions_of(who) == 1
    phone.goto("/accounts/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert found == []
