"""The desk's answer to "why can they not sign in": verdicts and mends, no networks, no devices."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.gates.explain import explain_login
from accounts.lockout import meters
from accounts.models import User
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_gates import (
    HERE,
    frozen,
    nobody,
    on_this_network,
    stopped,
    switched_off,
    without_password,
)
from tests.accounts.test_known_devices import known
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import guess_on_and_on
from tests.support import cast
from tests.support.desk import LIST, page_of
from tests.support.elements import Elements
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGE = "/admin/explain/"


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


@pytest.fixture
def vic(db):
    """Staff who may see people, and change nobody."""
    vic = cast.person("vic", is_staff=True)
    vic.user_permissions.set(Permission.objects.filter(codename="view_user"))
    return vic


@pytest.fixture
def vic_here(vic):
    browser = Visitor()
    guess(browser, "vic", cast.PASSWORD)
    return browser


def ask(browser, identifier="alice", **fields):
    return browser.post(PAGE, {"identifier": identifier, **fields})


def mends(answer):
    """Where the links and buttons of the answer lead."""
    page = Elements(answer.content.decode())
    links = {link["href"] for link in page.of("a") if link.get("class") == "button"}
    return links | {form["action"] for form in page.of("form") if form.get("action") == LIST}


@pytest.mark.parametrize(
    ("make", "said", "mend"),
    [
        (stopped, "Too many wrong passwords in a row", "{list}{pk}/unlock/"),
        (on_this_network, "for this account from this network", "{list}{pk}/unlock/"),
        (switched_off, "The account is switched off.", "{list}{pk}/change/"),
        (without_password, "The account has no password.", "{list}"),
    ],
)
def test_each_closed_gate_is_said_in_words_with_what_opens_it(
    sue_here, alice, clock, settings, make, said, mend
):
    make(clock, settings)
    answer = ask(sue_here, address=HERE)
    words = text_of(answer)
    assert f"Closed: {said}" in words or (said in words and "Closed:" in words)
    assert "1 thing stands in the way" in words and words.count("Open:") == 12
    assert mends(answer) == {mend.format(list=LIST, pk=alice.pk)}


def test_the_reset_button_leads_to_the_letters_own_page(sue_here, alice, clock, settings, mailbox):
    without_password(clock, settings)
    text = ask(sue_here).content.decode()
    form = text[text.index(f'action="{LIST}"') :]
    data = {"action": "send_reset_letter", "_selected_action": alice.pk}
    for name, value in data.items():
        assert f'name="{name}" value="{value}"' in form
    assert "A letter with a link" in text_of(sue_here.post(LIST, data)) and not mailbox.all()


def test_whoever_may_only_see_gets_verdicts_and_no_buttons(vic_here, alice, clock, settings):
    stopped(clock, settings)
    answer = ask(vic_here)
    assert "Closed:" in text_of(answer) and not mends(answer)
    assert "You may not change this account" in text_of(answer)


def test_support_is_offered_nothing_for_other_staff(sue_here, ada, clock, settings):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    answer = ask(sue_here, "ada")
    assert "switched off" in text_of(answer) and not mends(answer)


def test_nobody_is_said_and_nothing_is_offered(sue_here, alice, clock, settings):
    nobody(clock, settings)
    answer = ask(sue_here)
    words = text_of(answer)
    assert "Nobody has this address or username." in words and not mends(answer)
    assert "The account has a password" not in words and "switched on" not in words


def test_open_everywhere_says_so_and_networks_are_asked_of_only_with_an_address(sue_here, alice):
    words = text_of(ask(sue_here))
    assert "Nothing stands in the way" in words and words.count("Open:") == 10
    assert words.count("Not asked:") == 1
    assert "Not asked:" not in text_of(ask(sue_here, address=HERE))


def test_the_caller_hears_more_only_once_proved(sue_here, alice, clock, settings):
    switched_off(clock, settings)
    unproved = text_of(ask(sue_here)).partition("Say to the caller")[2]
    assert "switched off" not in unproved and "Check the address and the password" in unproved
    proved = text_of(ask(sue_here, proved="on")).partition("Say to the caller")[2]
    assert "The account is switched off." in proved


def test_no_network_and_no_device_is_shown(sue_here, alice, clock, settings):
    known(Visitor(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Lynx/2.9"}))
    on_this_network(clock, settings)
    words = ask(sue_here).content.decode()
    assert HERE not in words and "Lynx" not in words and "203.0.113" not in words


def test_asking_is_in_the_trail_and_looking_at_the_form_is_not(sue_here, sue, alice):
    sue_here.get(PAGE)
    asked = Entry.objects.filter(event=Event.SIGN_IN_EXPLAINED)
    assert not asked.exists()
    ask(sue_here)
    row = asked.get()
    assert (row.actor_id, row.subject_id) == (sue.subject_id, alice.subject_id)


@pytest.mark.parametrize("query", ["identifier=alice", "identifier=alice&address=203.0.113.77"])
def test_a_get_answers_nothing(sue_here, alice, query):
    """Or addresses would stand in urls and logs."""
    page = sue_here.get(f"{PAGE}?{query}")
    assert "stands in the way" not in text_of(page) and "alice" not in page.content.decode()
    assert not Entry.objects.filter(event=Event.SIGN_IN_EXPLAINED).exists()


def test_the_persons_page_leads_here_with_the_name_filled_in(sue_here, alice):
    link = f"{PAGE}?person={alice.pk}"
    assert link in sue_here.get(page_of(alice)).content.decode()
    (field,) = [
        one
        for one in Elements(sue_here.get(link).content.decode()).of("input")
        if one.get("name") == "identifier"
    ]
    assert field["value"] == "alice"
    for nonsense in ("x", "-1", "9" * 40, "", "٣"):
        assert sue_here.get(PAGE, {"person": nonsense}).status_code == 200


def test_who_may_not_see_people_may_not_ask(alice, bob, tom, vic_here, sue_here):
    for name in ("tom", "bob"):
        browser = Visitor()
        guess(browser, name, cast.PASSWORD)
        for answer in (browser.get(PAGE, follow=True), browser.post(PAGE, {"identifier": "alice"})):
            assert answer.status_code in (302, 403)
            assert b"Say to the caller" not in answer.content
        assert PAGE not in browser.get("/admin/", follow=True).content.decode()
    assert Visitor().get(PAGE)["Location"].startswith("/admin/login/")
    assert not Entry.objects.filter(event=Event.SIGN_IN_EXPLAINED).exists()
    for browser in (vic_here, sue_here):
        assert PAGE in browser.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"identifier": ""}, "Enter what the caller signs in as."),
        ({"identifier": "x" * 255}, "at most 254"),
        ({"identifier": "a\x00b"}, "Null characters"),
        ({"identifier": "alice", "address": "here"}, "Enter a valid IPv4 or IPv6 address."),
        ({"identifier": "alice", "address": "203.0.113.0/24"}, "Enter a valid IPv4 or IPv6"),
    ],
)
def test_nonsense_is_a_form_error_that_leads_to_its_field(sue_here, alice, fields, said):
    answer = sue_here.post(PAGE, fields)
    text = answer.content.decode()
    assert answer.status_code == 200 and said in text_of(answer)
    assert "<title>Error:" in " ".join(text.split()).replace("<title> ", "<title>")
    name = "address" if "address" in fields else "identifier"
    assert f'<a href="#id_{name}">' in text


def test_known_devices_that_are_stopped_are_explained_too(alice, clock, settings):
    """The road refuses them; a new device is open meanwhile."""
    settings.POLICY_KNOWN_DEVICE_FAILURES = 5
    owner = known()
    guess_on_and_on(lambda *_: guess(owner), clock, 5)
    assert guess(owner, password=cast.PASSWORD).status_code == 429
    told = explain_login("alice", proved=True)
    assert [(one.verdict.gate, one.verdict.reason) for one in told.closed] == [
        ("known_devices", "stopped")
    ]
    assert "known devices" in told.caller


# --- pauses and freezes -----------------------------------------------------------------------------


def wrong(clock, times: int) -> None:
    """From another network each time; each waits for its turn."""
    for number in range(times):
        assert guess(Visitor(), ip=f"198.18.{number}.1").status_code == 200
        clock.forward(seconds=meters.pause(number + 1))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (2, "New devices do not have to wait."),
        (3, "3 wrong passwords came in a row. One more, and they wait 2 seconds."),
        (9, "9 wrong passwords came in a row. One more, and they wait 3 minutes."),
        (10, "10 wrong passwords came in a row. After one more the password works there only once"),
    ],
)
def test_a_pause_that_comes_again_is_told(sue_here, alice, clock, settings, times, said):
    settings.BOT_CHECK = "off"
    settings.POLICY_STRANGER_FAILURES = 11
    wrong(clock, times)
    page = text_of(ask(sue_here))
    assert said in page and "Nothing stands in the way" in page
    assert "The owner's known devices do not have to wait." in page


def test_a_pause_of_known_devices_is_told_of_those(sue_here, alice, clock, settings):
    settings.BOT_CHECK = "off"
    browser = known()
    for number in range(4):
        assert guess(browser, password="wrong").status_code == 200
        clock.forward(seconds=meters.pause(number + 1))
    page = text_of(ask(sue_here))
    assert "Known devices need not wait now. 4 wrong passwords came in a row." in page
    assert "New devices do not have to wait." in page


def test_of_a_freeze_the_owner_is_told_as_you(sue_here, alice, clock, settings):
    frozen(clock, settings)
    page = text_of(ask(sue_here, proved="on"))
    assert "The person has frozen sign-ins until" in page
    assert "You have frozen sign-ins until" in page
    assert "You have frozen" not in text_of(ask(sue_here))


def test_of_a_missing_password_the_owner_is_told_as_you(sue_here, alice, clock, settings):
    without_password(clock, settings)
    page = text_of(ask(sue_here, proved="on"))
    assert "A reset letter lets its owner choose one." in page
    assert "Your account has no password. A reset letter lets you choose one." in page
