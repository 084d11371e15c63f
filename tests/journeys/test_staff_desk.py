"""Ada helps Alice from the staff desk, in a real browser, wide and narrow, light and dark."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.support import cast
from tests.support.alerts import ALARMED
from tests.support.browser import THEMES, barriers
from tests.support.site import Site

pytestmark = pytest.mark.browser

QUEUES = (
    "/admin/accounts/jobrun/",
    "/admin/accounts/outgoingmail/?state=sent",
    "/admin/accounts/outgoingmail/?state=dead",
    "/admin/accounts/lockout/",
    "/admin/accounts/lockout/?limit=network_failures",
    "/admin/audit/alert/",
    "/admin/audit/alert/?state=closed",
    "/admin/audit/alert/?state=x",
)
FULL = """
from types import SimpleNamespace
from accounts.models import OutgoingMail
from accounts.outbox import letters
from audit import trail
from audit.events import Event
from tests.support.full_limits import tally
request = SimpleNamespace(client_ip="2001:db8:6:6::1", request_id="", device_label="")
trail.record(Event.LIMIT_REACHED, request=request, budget="network_failures")
tally("network_failures", "2001:db8:6:6::", 60)
tally("strangers", "uid:987654321", 50)
row = letters.no_account(to="sam@example.org", language="en").put()
error = "SMTPRecipientsRefused 550"
OutgoingMail.objects.filter(pk=row.pk).update(state="dead", attempts=3, last_error=error)
"""

DASHBOARD = [f"/admin/dashboard/{period}" for period in ("", "?period=24h", "?period=x")]

LEAVES = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
mine = User.objects.filter(username="desk-leaving")
mine.update(deletion_due_at=timezone.now() + timedelta(days=9))
"""
# So that each plot of the dashboard has something to draw.
COUNTED = """
from datetime import timedelta
from django.utils import timezone
from audit.counting import COUNTED_BY
from audit.events import Event
from audit.models import HourCount
from audit.watch import gauges
hour = timezone.now().replace(minute=0, second=0, microsecond=0)
HourCount.objects.bulk_create(
    HourCount(hour=hour - timedelta(hours=ago), event=event, detail=detail, count=ago + 1)
    for event in COUNTED_BY
    for detail in ("passkey", "code", "wrong_password", "text+known", "email")
    for ago in range(2, 60, 5)
)
gauges.sample(1)
"""


@pytest.fixture(scope="module")
def people(site: Site) -> None:
    site.person("desk-ada", administrator=True)
    for name in ("desk-alice", "desk-maximiliane-von-hohenberg-sonnenschein"):
        site.person(name)
    site.person("desk-leaving")
    site.does(LEAVES)
    site.does(COUNTED)
    site.does(FULL)
    site.does(ALARMED)


def signs_in(page: Page, site: Site, path: str = "/admin/") -> None:
    page.goto(f"/accounts/login/?next={path}")
    page.locator("[name=login]").fill("desk-ada")
    page.locator("[name=password]").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("[name=code]").fill(site.second_step("desk-ada"))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"**{path}")


def follow(page: Page, link: str) -> None:
    """Whatever looks at the page next must not meet the one that is being left."""
    with page.expect_navigation():
        page.get_by_role("link", name=link).click()


def press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def cut(page: Page, selector: str) -> bool:
    """Whether something is left to scroll sideways inside of it."""
    return bool(page.locator(selector).evaluate("box => box.scrollWidth > box.clientWidth"))


def asks_for_a_second_word(page: Page, person: str, look) -> None:
    """Makes somebody staff, which waits for a second one, and takes it back."""
    page.goto("/admin/approvals/")
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    look(page)
    page.goto(person)
    page.get_by_label("Staff", exact=True).check()
    page.get_by_label("Staff until").fill(f"{timezone.now() + timedelta(days=30):%Y-%m-%d}")
    page.get_by_label("Reason").fill("Ticket 4411, a new colleague")
    press(page, "Save")
    expect(page.get_by_text("wait for a second one of you")).to_be_visible()
    page.goto("/admin/")
    look(page)
    follow(page, "1 request takes two of you")
    look(page)
    follow(page, "Take it back")
    press(page, "Take it back")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)
    page.get_by_label("Reason").fill("Not now")
    press(page, "Take it back")
    expect(page.get_by_text("Taken back.")).to_be_visible()


def walk(page: Page, site: Site, look) -> None:
    """Every page of the desk, and `look(page)` at each."""
    signs_in(page, site)
    for path in ("/admin/", "/admin/auth/group/", "/admin/auth/group/add/", *QUEUES, *DASHBOARD):
        page.goto(path)
        look(page)
    page.goto("/admin/auth/group/")
    follow(page, "Support")
    look(page)
    page.goto("/admin/audit/entry/")
    look(page)
    page.get_by_label("Person").fill("nobody-at-all")
    press(page, "Show")
    expect(page.get_by_role("alert")).to_contain_text("Nobody is called that.")
    look(page)
    page.get_by_label("Person").fill("desk-ada")
    press(page, "Show")
    look(page)
    follow(page, "Export")
    press(page, "Export")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)
    page.goto("/admin/audit/entry/")
    page.locator(".events th a").first.click()
    expect(page.get_by_text("Written by this site")).to_be_visible()
    look(page)
    for alert in (
        "One network against many accounts",
        "Somebody was made staff or a superuser",
        "Emails wait for long",
    ):
        page.goto("/admin/audit/alert/")
        follow(page, alert)
        look(page)
    page.goto("/admin/audit/alert/")
    follow(page, "Many more failed tries than usual")
    page.get_by_text("The numbers").click()
    look(page)
    follow(page, "Mute")
    press(page, "Mute")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)
    page.goto("/admin/accounts/lockout/")
    follow(page, "Clear")
    press(page, "Clear")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)
    page.goto("/admin/accounts/outgoingmail/?state=dead")
    page.locator("[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option(label="Try again now")
    press(page, "Go")
    look(page)
    page.goto("/admin/accounts/user/?q=desk-")
    assert not cut(page, ".results")
    look(page)
    follow(page, "desk-alice@example.org")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    page.get_by_role("link", name="Reason: Give the reason").click()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_text("Groups and permissions").click()
    expect(page.get_by_label("See people, and why")).to_be_visible()
    look(page)
    person = page.url
    follow(page, "History")
    look(page)
    page.goto(person)
    follow(page, "Why can they not sign in?")
    look(page)
    press(page, "Ask")
    expect(page.get_by_text("Nothing stands in the way").first).to_be_visible()
    look(page)
    page.goto(person)
    follow(page, "Add a note")
    press(page, "Add a note")
    expect(page.get_by_role("alert")).to_contain_text("Write the note.")
    look(page)
    page.get_by_label("Note").fill("Called about her phone.")
    press(page, "Add a note")
    expect(page.get_by_text("Called about her phone.").first).to_be_visible()
    look(page)
    follow(page, "Unlock")
    press(page, "Unlock")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)
    for act in (
        "Sign out everywhere",
        "Switch off",
        "Send a reset letter",
        "Remove one second step",
    ):
        page.goto(person)
        follow(page, act)
        press(page, act)
        expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
        look(page)
    asks_for_a_second_word(page, person, look)
    page.goto("/admin/accounts/user/?awaiting_deletion=1&q=desk-")
    expect(page.get_by_text("Awaiting deletion", exact=True).first).to_be_visible()
    look(page)
    follow(page, "desk-leaving@example.org")
    follow(page, "Cancel the deletion")
    press(page, "Cancel the deletion")
    expect(page.get_by_role("alert")).to_contain_text("Give the reason for this change.")
    look(page)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_desk_fits(open_page, people, site, width):
    """Nothing is cut or wider than the window, and the browser complains of nothing."""
    found = []

    def look(page: Page) -> None:
        page.wait_for_load_state()
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{page.url}, {theme}")

    walk(open_page(viewport={"width": width, "height": 800}), site, look)
    assert found == []


def test_the_desk_has_no_barriers(open_page, people, site):
    """Past the policy: axe itself adds styles to pages with more than one stylesheet."""
    found: list[str] = []

    def look(page: Page) -> None:
        for theme, rules in THEMES.items():
            page.emulate_media(color_scheme=theme)
            found.extend(f"{page.url}, {theme}: {one}" for one in barriers(page, only=rules))

    walk(open_page(bypass_csp=True), site, look)
    assert found == []


def test_without_script_a_reset_letter_is_sent_and_ada_signs_out(page_without_script, people, site):
    page = page_without_script
    signs_in(page, site, "/admin/accounts/user/")
    page.get_by_role("row", name="desk-alice").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("send_reset_letter")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Reason").fill("Ticket 4411, lost phone")
    page.get_by_role("button", name="Send the letter").click()
    expect(page.get_by_text("The letter goes to 1 person.")).to_be_visible()
    told = [str(site.letter("desk-alice@example.org", number=n)["Subject"]) for n in (1, 2)]
    assert any("staff changed your account" in subject for subject in told)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/")
    page.wait_for_url("**/accounts/login/**")
