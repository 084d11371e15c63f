"""The page that lists the devices somebody is known on, and forgets them."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path

from accounts.devices import device_label
from accounts.flows import known_devices
from accounts.known_devices import devices
from accounts.models import KnownDevice, Session, User
from audit.events import Event
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_known_devices import known
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.support import cast
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

PAGE = "/accounts/sessions/"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


@pytest.fixture
def here(client, alice):
    guess(client, password=cast.PASSWORD)
    return client


def phone(name="alice"):
    return known(Visitor(headers={"user-agent": IPHONE}), name)


def forgotten():
    return [
        (entry.subject_id, entry.facts["devices"], entry.facts["reason"])
        for entry in Entry.objects.filter(event=Event.DEVICE_FORGOTTEN).order_by("pk")
    ]


def test_the_page_says_what_signs_others_out(here):
    page = here.get(PAGE)
    assert "Forgetting one does not sign it out." in text_of(page)
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    assert 'href="/accounts/password/change/">Change your password</a>' in main


def test_it_lists_the_persons_devices_this_one_first(here, alice, bob, clock):
    clock.forward(minutes=10)
    phone()
    known(name="bob")
    said = text_of(here.get(PAGE)).partition("Known devices")[2]
    assert said.index("Firefox on Linux This device") < said.index("Safari on iPhone")
    assert said.count("Last used") == 2 and said.count("This device") == 1
    assert "Let in by letter" not in said


def test_a_letters_device_says_until_when(alice, mailbox, client, clock):
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/London")
    other = phone()
    device = KnownDevice.objects.get()
    client.post("/accounts/unlock/", {"login": "alice"})
    client.post("/accounts/unlock/code/", {"code": mailbox.latest().code})
    guess(other, password=cast.PASSWORD)
    said = text_of(other.get(PAGE))
    assert "Let in by letter, until " in said and "(UTC)" not in said
    assert KnownDevice.objects.exclude(pk=device.pk).get().expires_at


def test_forgetting_one_makes_it_a_stranger_and_ends_no_session(here, elsewhere, alice, clock):
    other = Visitor(headers={"user-agent": IPHONE})
    guess(other, password=cast.PASSWORD)
    device = KnownDevice.objects.latest("pk")
    answer = here.post(PAGE, {"device": device.pk}, follow=True)
    assert "1 device is forgotten." in text_of(answer)
    assert other.get("/accounts/").status_code == 200
    assert [each.pk for each in devices.of_user(alice)] != [device.pk]
    guess_on_and_on(elsewhere, clock, 6)
    other.post("/accounts/logout/")
    assert guess(other, password=cast.PASSWORD, ip="203.0.113.9").status_code == 429
    assert forgotten() == [(alice.subject_id, 1, "by_person")]


def test_forgetting_all_others_keeps_this_one(here, alice):
    phone(), phone()
    this = devices.of_user(alice).latest("-pk")
    answer = here.post(PAGE, {"action": "others"}, follow=True)
    assert "2 devices are forgotten." in text_of(answer)
    assert [each.pk for each in devices.of_user(alice)] == [this.pk]
    assert "Forget all other devices" not in text_of(answer)
    assert forgotten() == [(alice.subject_id, 2, "by_person")]


def test_this_one_can_go_too_and_then_the_page_is_empty(here, alice):
    answer = here.post(PAGE, {"device": KnownDevice.objects.get().pk}, follow=True)
    assert "No device is known." in text_of(answer)
    assert here.get("/accounts/").status_code == 200


def test_it_takes_a_fresh_proof_and_then_goes_on(here, alice, clock):
    device = KnownDevice.objects.get()
    clock.forward(minutes=6)
    for data in ({"action": "others"}, {"device": device.pk}):
        asked = here.post(PAGE, data)
        assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert KnownDevice.objects.exists() and not forgotten()
    here.post(asked["Location"], {"password": cast.PASSWORD})
    assert not KnownDevice.objects.filter(pk=device.pk).exists()


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30, "9223372036854775807", "\x00", "٣"])
def test_nobody_elses_and_no_nonsense_is_forgotten(here, bob, number):
    known(name="bob")
    theirs = KnownDevice.objects.get(user=bob)
    for chosen in (number, theirs.pk):
        assert here.post(PAGE, {"device": chosen}).status_code == 404
    assert KnownDevice.objects.count() == 2 and not forgotten()


def forget_too_late(request):
    device = KnownDevice.objects.get(user=request.user)
    Session.objects.filter(user=request.user).delete()  # elsewhere, while this is under way
    if request.POST.get("action"):
        return HttpResponse(known_devices.forget_others(request))
    return HttpResponse(known_devices.forget(request, device.pk))


urlpatterns = [path("t/forget-too-late/", forget_too_late), *of_the_site]


@pytest.mark.urls("tests.accounts.test_devices_page")
@pytest.mark.parametrize("action", ["", "others"])
def test_a_session_that_ends_meanwhile_forgets_nothing(here, action):
    assert here.post("/t/forget-too-late/", {"action": action}).status_code == 403
    assert KnownDevice.objects.exists() and not forgotten()


def test_a_visitor_signs_in_first(db):
    assert Visitor().get(PAGE)["Location"].startswith("/accounts/login/")


def test_the_trail_hears_once_that_ten_failures_made_a_stranger(alice, clock):
    owner = known()
    guess_on_and_on(lambda *_: guess(owner), clock, 9)
    assert not forgotten()
    guess_on_and_on(lambda *_: guess(owner), clock, 5)
    assert forgotten() == [(alice.subject_id, 1, "failures")]


def test_a_right_tenth_try_forgets_nothing(alice, clock):
    owner = known()
    guess_on_and_on(lambda *_: guess(owner), clock, 9)
    clock.forward(minutes=15)
    known(owner)
    assert not forgotten()


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_one_is_the_last(settings):
    settings.POLICY_FREE_FAILURES = 1000
    alice = cast.person("alice")
    value = known().cookies["__Host-device"].value

    def act(number):
        browser = Visitor()
        browser.cookies["__Host-device"] = value
        return guess(browser, password=f"wrong {number}").status_code

    race(act, 14)
    assert forgotten() == [(alice.subject_id, 1, "failures")]


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
         " Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " CriOS/125.0 Mobile/15E148 Safari/604.1", "Chrome on iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " Version/17.5 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
    ],
)  # fmt: skip
def test_devices_are_called_what_people_call_them(agent, label):
    assert device_label(agent) == label
