"""A stranger who knows the password takes an account over; its owner reads the old mailbox and takes it
back. Without a script, narrow, every page on the way looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.second_steps import code_for
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NEW = "nine lanterns over the marsh"
NARROW = {"width": 320, "height": 900}


def sign_in(page: Page, who: str, password: str = cast.PASSWORD) -> None:
    page.goto("/accounts/login/")
    fill(page, login=who, password=password)
    press(page, "Sign in")


def newest(site: Site, to: str, about: str) -> str:
    """The path of the link in the newest letter to them with that in its subject."""
    texts = [
        one.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        for one in site.letters(to)
        if about in str(one["Subject"])
    ]
    found = re.search(r"https?://[^/\s]+(/accounts/undo/\S+)", texts[-1])
    assert found, texts[-1]
    return found.group(1)


def wait_for(site: Site, to: str, about: str) -> None:
    number = 1
    while about not in str(site.letter(to, number=number)["Subject"]):
        number += 1


def add_an_app(page: Page) -> None:
    import base64

    page.goto("/accounts/mfa/totp/activate/")
    seed = base64.b32decode(page.locator("#seed").inner_text().replace(" ", ""))
    fill(page, code=code_for(seed))
    press(page, "Turn on")
    page.get_by_label("I have saved these codes").check()
    press(page, "Finish")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-step sign-in")


def test_taken_over_and_taken_back(open_page: Callable[..., Page], site: Site) -> None:
    found: list[Any] = []
    owner = "undoing@example.org"
    site.person("undoing")
    site.does(
        "from datetime import timedelta; from django.utils import timezone;"
        " from accounts.models import AddressSince;"
        " from accounts.models import User; long = timezone.now() - timedelta(days=30);"
        " AddressSince.objects.filter(address__email='undoing@example.org').update(confirmed_at=long);"
        " User.objects.filter(username='undoing').update(password_changed_at=long)"
    )
    intruder = open_page()
    sign_in(intruder, owner)
    intruder.goto("/accounts/email/")
    fill(intruder, email="mallory.undo@example.org")
    press(intruder, "Add address")
    letter = site.letter("mallory.undo@example.org")
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", str(letter.get_body(("plain",))))
    assert code
    fill(intruder, code=code.group())
    press(intruder, "Confirm")
    intruder.goto("/accounts/email/")
    intruder.get_by_role("button", name="Make main").click()
    add_an_app(intruder)
    wait_for(site, owner, "Two-step sign-in")

    page = open_page(viewport=NARROW, reduced_motion="reduce")
    page.goto(newest(site, owner, "address"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop this change?")
    found.extend(looked_at(page, "undo-stop"))
    press(page, "Stop it and sign out every device")
    expect(page.get_by_role("heading", level=1)).to_have_text("The change is stopped")
    found.extend(looked_at(page, "undo-prove"))
    intruder.goto("/accounts/")
    expect(intruder).to_have_url(re.compile("/accounts/login/"))
    fill(page, proof="not it")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("That is not right")
    found.extend(looked_at(page, "undo-prove-wrong"))
    fill(page, proof=cast.PASSWORD)
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a new password")
    found.extend(looked_at(page, "undo-password"))
    fill(page, password1=NEW, password2=NEW)
    press(page, "Save it and put everything back")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is put back")
    found.extend(looked_at(page, "undo-done"))
    sign_in(page, owner, NEW)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.goto("/accounts/email/")
    expect(page.get_by_role("main")).not_to_contain_text("mallory.undo@example.org")
    page.goto("/accounts/mfa/")
    expect(page.get_by_role("main")).to_contain_text("off")
    assert not found, "\n".join(map(str, found))


def test_the_owner_keeps_it_on_an_old_device_and_a_new_one_is_told_why(
    open_page: Callable[..., Page], site: Site
) -> None:
    """Without a script. Somebody else reads the mailbox of before."""
    found: list[Any] = []
    address = site.person("keeping")
    page = open_page(viewport=NARROW, reduced_motion="reduce")
    sign_in(page, address)
    site.does(
        "from datetime import timedelta; from django.utils import timezone;"
        " from accounts.models import AddressSince, KnownDevice; long = timezone.now() -"
        " timedelta(days=30);"
        " AddressSince.objects.filter(address__email='keeping@example.org').update(confirmed_at=long);"
        " KnownDevice.objects.filter(user__username='keeping').update(created_at=long)"
    )
    page.goto("/accounts/password/change/")
    fill(page, oldpassword=cast.PASSWORD, password1=NEW, password2=NEW)
    press(page, "Save new password")
    wait_for(site, address, "password")
    thief = open_page(java_script_enabled=False)
    thief.goto(newest(site, address, "password"))
    press(thief, "Stop it and sign out every device")
    stranger = open_page(viewport=NARROW, reduced_motion="reduce")
    sign_in(stranger, address, NEW)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You cannot sign in here for now")
    found.extend(looked_at(stranger, "undo-held"))
    sign_in(page, address, NEW)
    expect(page.get_by_role("main")).to_contain_text("A change to your account was stopped.")
    found.extend(looked_at(page, "undo-notice"))
    press(page, "Keep the change")
    expect(page.get_by_role("status")).to_contain_text("your account is open again")
    sign_in(stranger, address, NEW)
    expect(stranger.get_by_role("heading", level=1)).to_contain_text("Hello")
    assert not found, "\n".join(map(str, found))
