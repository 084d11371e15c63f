"""The terms change under somebody who is signed in: narrow and wide, in both themes, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TEXT = """# What this is

A place to sign in, for people who work together. It is run by a few of them.

# What you promise

You give your own address, and keep your password to yourself.
You do not try to get into accounts of others.
"""


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site with terms: its own, because others would be asked on every page."""
    file = tmp_path / "terms.txt"
    file.write_text(TEXT)
    changes = "We say who runs this site. | You may leave at any time."
    one = Site(
        tmp_path / "site", TERMS_FILE=str(file), TERMS_VERSION="2027-01", TERMS_CHANGES=changes
    )
    with one as running:
        yield running


def test_terms_are_agreed_to_at_sign_up_and_again(
    open_page: Callable[..., Page], own_site: Site
) -> None:
    own_site.person("walter")
    own_site.does(
        "from accounts.models import User; User.objects.update(terms_agreed='2026-01 ' + 64 * '0')"
    )
    page = open_page(
        base_url=own_site.url, reduced_motion="reduce", viewport={"width": 320, "height": 900}
    )
    found: list[str] = []

    def look(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found.extend(looked_at(page, f"{name}-{width}"))

    page.goto("/accounts/signup/")
    look("Create an account", "sign-up-with-terms")
    fill(page, email="sam@example.org", password1="nine lanterns over the marsh")
    press(page, "Create account")
    expect(page.get_by_role("alert")).to_contain_text("Agree to the terms to create an account")
    look("Create an account", "sign-up-with-terms-refused")
    page.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    fill(page, password1="nine lanterns over the marsh")
    press(page, "Create account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")

    page.goto("/accounts/login/")
    fill(page, login="walter", password=cast.PASSWORD)
    press(page, "Sign in")
    look("The terms have changed", "terms-changed")
    page.get_by_role("link", name="Read the terms, version 2027-01").click()
    look("Terms", "terms")
    page.goto("/accounts/profile/")
    expect(page.get_by_role("heading", level=1)).to_have_text("The terms have changed")
    page.get_by_role("button", name="Agree and continue").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/accounts/profile/$"))
    assert found == []
