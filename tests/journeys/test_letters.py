"""Somebody doubts a letter and asks about it, looks through what they were sent, and learns of a
sign-in on another device: narrow and wide, in both themes, without script too."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAST = """
from accounts.models import User
from accounts.outbox import letters
from accounts.outbox.letters import Happening
person = User.objects.get(username={who!r})
from django.utils import timezone
at = Happening(at=timezone.now(), device="Firefox on Linux")
letters.address_changed(kind="main", old="", new="n@example.org", happened=at,
    link="/accounts/rescue/", **letters.reader(person)).put()
far = "an.address.of.mine@" + "long." * 8 + "example.org"
letters.reset_held(**letters.reader(person, to=far)).put()
from accounts.models import OutgoingMail
OutgoingMail.objects.filter(letter="reset_held").update(state="dead", last_error="SMTP 550 at rcpt")
"""


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_letter_is_checked(open_page: Callable[..., Page], site: Site, script: bool) -> None:
    width = 320 if script else 1280
    who = f"doubts{width}"
    address = site.person(who)
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

    body = site.letter(address).get_body(preferencelist=("plain",))
    assert body is not None
    shown = re.search(r"Reference (\S+)\.", " ".join(body.get_content().split()))
    assert shown

    page.goto("/accounts/login/")
    page.get_by_role("link", name="Check an email").click()
    look("letter-check")
    press(page, "Check")
    expect(page.get_by_role("alert")).to_contain_text("Enter the reference")
    look("letter-check-error")
    fill(page, reference="ABCDE-FGHJK", email=address)
    press(page, "Check")
    expect(page.get_by_role("status")).to_contain_text("We know no email with this reference")
    look("letter-check-no")
    fill(page, reference=shown[1].lower(), email=address.upper())
    press(page, "Check")
    expect(page.get_by_role("status")).to_contain_text("We sent this email.")
    expect(page.get_by_role("main")).to_contain_text("A change of your email addresses")
    look("letter-check-yes")

    page.goto("/accounts/login/")
    fill(page, login=who, password=cast.PASSWORD)
    press(page, "Sign in")
    page.goto("/accounts/activity/")
    page.get_by_role("link", name="Emails we sent you").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Emails we sent you")
    expect(page.get_by_text("A sign-in on a new device")).to_have_count(1)
    expect(page.get_by_text("Could not be delivered")).to_have_count(1)
    look("letters")
    assert found == []


def test_staff_see_whether_letters_left(open_page: Callable[..., Page], site: Site) -> None:
    site.person("unreached")
    site.does(PAST.format(who="unreached"))
    site.person("helpful", administrator=True)
    page = open_page(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    page.goto("/accounts/login/")
    fill(page, login="helpful", password=cast.PASSWORD)
    press(page, "Sign in")
    fill(page, code=site.second_step("helpful"))
    press(page, "Continue")
    key = site.sql("SELECT id FROM accounts_user WHERE username = ?", "unreached")[0][0]
    page.goto(f"/admin/accounts/user/{key}/change/")
    expect(page.get_by_role("cell", name="SMTP 550 at rcpt")).to_be_visible()
    found = []
    for wide in (1280, 320):
        page.set_viewport_size({"width": wide, "height": 900})
        found += looked_at(page, f"staff-letters-{wide}")
    assert found == []
