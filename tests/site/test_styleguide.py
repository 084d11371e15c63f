"""The style guide shows everything there is, and the little behaviours do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings
from playwright.sync_api import Page, expect

from accounts.errors import WAITS
from accounts.views.styleguide import REFUSALS, icon_names, styleguide
from tests.support.browser import looked_at

ROOT = Path(settings.BASE_DIR)
browser_test = pytest.mark.browser


@pytest.fixture(scope="module")
def guide() -> str:
    with override_settings(LANGUAGES=[("en", "English"), ("ar", "Arabic")]):
        answer = styleguide(RequestFactory().get("/styleguide/"))
    assert answer.status_code == 200
    return answer.content.decode()


def classes_of(stylesheet: Path) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", stylesheet.read_text(), flags=re.DOTALL)
    return set(re.findall(r"(?<![\w\d])\.([a-z][\w-]*)", text))


@pytest.mark.parametrize(
    "stylesheet", sorted((ROOT / "static/css/elements").glob("*.css")), ids=lambda path: path.stem
)
def test_the_guide_shows_every_element_in_every_state(guide, stylesheet):
    shown = {name for value in re.findall(r'class="([^"]*)"', guide) for name in value.split()}
    # `entry` and `opener` belong to the frames, which the guide is not in.
    assert classes_of(stylesheet) - shown - {"entry", "opener"} == set()


def test_the_guide_shows_every_icon(guide):
    for name in icon_names():
        assert f'icons.svg#{name}"' in guide


def test_the_guide_shows_every_refusal_and_every_wait():
    """What the guide shows is looked at for barriers (tests/journeys/test_no_barriers.py)."""
    templates = ROOT / "templates"
    pages = {str(path.relative_to(templates)) for path in templates.glob("errors/**/*.html")}
    # The frame of the waits; the two that stand for no refusal are pages of their own in the guide.
    pages -= {"errors/wait/base.html", "errors/400.html", "errors/403_csrf.html"}
    assert pages - {refusal.template for refusal in REFUSALS.values()} == set()
    assert set(WAITS) - {getattr(refusal, "budget", "") for refusal in REFUSALS.values()} == set()


def test_the_guide_shows_both_themes_and_a_field_that_went_wrong(guide):
    assert 'data-theme="light"' in guide and 'data-theme="dark"' in guide
    assert 'aria-invalid="true"' in guide
    ids = re.findall(r'\sid="([^"]*)"', guide)
    assert len(ids) == len(set(ids))


def test_the_guide_is_not_there_in_production(client):
    assert client.get("/styleguide/").status_code == 404


# --- in a browser ----------------------------------------------------------------------------------


@browser_test
@pytest.mark.parametrize("width", [320, 1280])
def test_no_element_has_a_barrier_or_overflows(open_page, width):
    page: Page = open_page(viewport={"width": width, "height": 800})
    page.goto("/styleguide/")
    assert looked_at(page, f"guide-{width}") == []


@browser_test
def test_a_password_can_be_shown_and_is_hidden_before_it_is_sent(page: Page):
    page.goto("/accounts/login/")
    field = page.locator("#id_password")
    field.fill("a kettle of quiet violets")
    expect(field).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Hide password")).to_have_text("Hide")
    page.get_by_role("button", name="Hide password").click()
    expect(field).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    page.evaluate(
        "document.querySelector('#id_password').form"
        ".addEventListener('submit', (event) => event.preventDefault())"
    )
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(field).to_have_attribute("type", "password")


@browser_test
def test_the_summary_takes_the_focus_and_its_links_lead_to_the_fields(page: Page):
    page.goto("/accounts/signup/")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_label("Email address")).to_be_focused()


@browser_test
@pytest.mark.parametrize(
    "given", ["kfwp7xrt", "kfwp-7xrt", " KFWP 7XRT\n"], ids=["plain", "dash", "spaces"]
)
def test_a_code_gets_its_dash(page: Page, given):
    page.goto("/styleguide/")
    field = page.get_by_label("Code from the email")
    field.press_sequentially(given.strip())
    field.blur()
    assert field.input_value().upper() == "KFWP-7XRT"


@browser_test
def test_the_length_of_a_new_password_is_told(page: Page):
    page.goto("/accounts/signup/")
    page.get_by_label("Create a password").fill("eleven here")
    expect(page.get_by_text("11 of at least 15 characters")).to_be_visible()
    page.get_by_label("Create a password").fill("fifteen is here")
    expect(page.get_by_text("Long enough")).to_be_visible()
    expect(page.get_by_text("of at least 15 characters")).to_be_hidden()


@browser_test
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sam@gmial.com", "sam@gmail.com"),
        ("sam@gmail.co", "sam@gmail.com"),
        ("sam@hotmaill.com", "sam@hotmail.com"),
        ("Sam@Yahop.com", "Sam@yahoo.com"),
    ],
)
def test_a_likely_slip_is_asked_about(page: Page, typed, meant):
    page.goto("/accounts/signup/")
    field = page.get_by_label("Email address")
    field.fill(typed)
    field.blur()
    expect(page.get_by_text(f"Did you mean {meant}?")).to_be_visible()
    page.get_by_role("button", name="Keep what I typed").click()
    expect(page.get_by_text("Did you mean")).to_have_count(0)
    expect(field).to_have_value(typed)
    expect(field).to_be_focused()
    field.fill("x" + typed)
    field.blur()
    page.get_by_role("button", name="Use this").click()
    expect(field).to_have_value("x" + meant)


@browser_test
def test_other_addresses_are_taken_as_they_are(page: Page):
    page.goto("/accounts/signup/")
    field = page.get_by_label("Email address")
    for typed in ("sam@gmail.com", "sam@mail.com", "sam@ymail.com", "sam@example.org", "sam@", ""):
        field.fill(typed)
        field.blur()
        expect(page.locator("[data-behaviour=typo] > [aria-live]")).to_be_empty()


@browser_test
def test_a_long_address_breaks_at_its_signs(open_page):
    page = open_page(viewport={"width": 320, "height": 800})
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email address or username").fill("samantha.other@department.example.com")
    page.get_by_role("button", name="Send reset email").click()
    address = page.locator("main bdi")
    expect(address).to_have_text("samantha.other@department.example.com")
    lines = address.evaluate(
        "(bdi) => [...bdi.childNodes].filter((part) => part.data).map((part) => {"
        " const range = document.createRange(); range.selectNode(part);"
        " return range.getClientRects().length; })"
    )
    assert lines == [1] * 5


@browser_test
def test_the_name_typed_at_sign_in_goes_along_and_nowhere_else(page: Page):
    page.goto("/accounts/login/")
    name = page.get_by_label("Email address or username")
    name.fill("sam@example.com")
    page.get_by_role("link", name="Forgotten your password?").click()
    expect(name).to_have_value("sam@example.com")
    assert page.url.endswith("/accounts/password/reset/")
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_role("link", name="Back to sign in").click()
    expect(name).to_have_value("sam@example.com")
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_label("Email address")).to_have_value("sam@example.com")
    page.reload()
    expect(page.get_by_label("Email address")).to_have_value("")


@browser_test
def test_the_language_menu_closes_by_escape_and_gives_the_focus_back(page: Page):
    page.goto("/accounts/login/")
    menu, summary = page.locator("details.menu"), page.locator("details.menu summary")
    summary.click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
