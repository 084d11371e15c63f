"""Somebody lost their phone and their codes: the slow lane as people walk it, on a narrow page."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django_otp.oath import hotp
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, letter, press
from tests.support import cast
from tests.support.browser import barriers, screenshot
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NARROW = {"width": 320, "height": 900}
LOST = "from tests.support import recovering; recovering.lost({name!r})"
A_WEEK_LATER = """
from datetime import timedelta
from django.db.models import F
from mfa.models import RecoveryRequest
week = timedelta(days=8)
rows = RecoveryRequest.objects.filter(user__username={name!r}, state="waiting")
assert rows.update(**{{one: F(one) - week for one in ("requested_at", "ready_at", "ends_at")}}) == 1
"""


def looked_at(page: Page, heading: str, *, script: bool) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    if script:
        screenshot(page, f"recovery-{heading.lower().replace(' ', '-').replace('?', '')}")
        assert barriers(page) == []
        page.wait_for_load_state()  # with its stylesheet
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def code_of(page: Page) -> str:
    import base64

    seed = base64.b32decode(page.locator("#seed").inner_text().replace(" ", ""))
    return f"{hotp(seed, int(time.time()) // 30):06}"


def asks(page: Page, site: Site, address: str, *, script: bool) -> None:
    """Through the page of the second step, as whoever cannot pass it."""
    page.goto("/accounts/login/")
    fill(page, login=address, password=cast.PASSWORD)
    press(page, "Sign in")
    page.get_by_role("link", name="Try another way").click()
    page.get_by_role("link", name="I cannot use any of these").click()
    looked_at(page, "You cannot use your second step", script=script)
    page.get_by_role("link", name="How that works").click()
    looked_at(page, "Get in without a second step", script=script)
    before = len(site.letters(address))
    press(page, "Email me a code")
    looked_at(page, "Check your email", script=script)
    site.letter(address, number=before + 1)
    newest = [one for one in site.letters(address) if one["Subject"].startswith("Your code")][-1]
    body = newest.get_body(preferencelist=("plain",))
    assert body is not None
    words = [word for word in body.get_content().split() if len(word) == 9 and word[4] == "-"]
    fill(page, code=words[0])
    press(page, "Continue")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_a_lost_phone_to_a_new_one(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    name = f"lost-{'with' if script else 'without'}"
    address = f"{name}@example.org"
    site.does(LOST.format(name=name))
    page = open_page(java_script_enabled=script, viewport=NARROW)
    asks(page, site, address, script=script)
    looked_at(page, "What happens now", script=script)
    for told in (address, f"{name}.spare@example.org"):
        letter(site, told, "A request to remove two-step sign-in")
    site.does(A_WEEK_LATER.format(name=name))
    page.context.clear_cookies()  # a week later no browser has a session
    asks(page, site, address, script=script)
    looked_at(page, "Set up an authenticator app", script=script)
    fill(page, code="000000")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    fill(page, code=code_of(page))
    press(page, "Continue")
    looked_at(page, "Save your recovery codes", script=script)
    codes = page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_label("I have saved these codes").check()
    press(page, "Finish")
    expect(page.get_by_role("status")).to_contain_text("Your new second step is set up.")
    fill(page, login=address, password=cast.PASSWORD)
    press(page, "Sign in")
    page.get_by_role("link", name="Try another way").click()
    page.get_by_label("Use a recovery code").check()
    press(page, "Use this way")
    fill(page, code=codes[0])
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_the_owner_sees_it_and_stops_it(
    open_page: Callable[..., Page], site: Site, script: bool
) -> None:
    name = f"stops-{'with' if script else 'without'}"
    address = f"{name}@example.org"
    site.does(LOST.format(name=name))
    stranger = open_page(java_script_enabled=script, viewport=NARROW)
    asks(stranger, site, address, script=False)
    _code, link = letter(site, f"{name}.spare@example.org", "A request to remove two-step sign-in")
    owner = open_page(java_script_enabled=script, viewport=NARROW)
    owner.goto(link)
    looked_at(owner, "Stop this request?", script=script)
    assert owner.url.endswith("/accounts/mfa/reset/stop/")
    press(owner, "Stop it and sign out every device")
    looked_at(owner, "The request is stopped", script=script)
    owner.goto(link)
    looked_at(owner, "This link cannot be used", script=script)


def test_an_open_session_says_so_and_stops_it(open_page: Callable[..., Page], site: Site) -> None:
    name = "at-home"
    address = f"{name}@example.org"
    site.does(LOST.format(name=name))
    owner = open_page(viewport=NARROW)
    owner.goto("/accounts/login/")
    fill(owner, login=address, password=cast.PASSWORD)
    press(owner, "Sign in")
    seed = bytes(range(20))
    fill(owner, code=f"{hotp(seed, int(time.time()) // 30):06}")
    press(owner, "Continue")
    asks(open_page(), site, address, script=False)
    owner.goto("/accounts/")
    expect(owner.get_by_text("Somebody asked to remove your two-step sign-in.")).to_be_visible()
    looked_at(owner, "Hello", script=True)
    press(owner, "Stop this")
    looked_at(owner, "The request is stopped", script=True)
