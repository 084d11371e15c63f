"""Staff open an account for further tries: with a reason, a row in the trail and a letter."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.urls import path

from accounts.flows import staff
from accounts.gates.explain import explain_login
from accounts.models import KnownDevice, Session, Tally, User
from audit.events import Event
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_known_devices import known
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.site.test_pseudolocale import pseudo_locale  # noqa: F401 - a fixture
from tests.support import cast
from tests.support.desk import LIST, page_of
from tests.support.elements import Elements
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


@pytest.fixture
def stopped(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = settings.POLICY_KNOWN_DEVICE_FAILURES = 5
    owner = known()
    guess_on_and_on(elsewhere, clock, 5)
    guess_on_and_on(lambda *_: guess(owner), clock, 5)
    return owner


def unlock_alice(request):
    staff.unlock(request, User.objects.get(username="alice"), reason="because I can")
    return HttpResponse()


def unlock_too_late(request):
    Session.objects.filter(user=request.user.pk).delete()  # elsewhere, while this is under way
    return unlock_alice(request)


urlpatterns = [
    path("t/unlock/", unlock_alice),
    path("t/unlock-too-late/", unlock_too_late),
    *of_the_site,
]


def unlock_page(person):
    return f"{LIST}{person.pk}/unlock/"


def unlocks():
    return Entry.objects.filter(event=Event.UNLOCKED_BY_STAFF)


def test_it_opens_the_account_everywhere_is_kept_and_told(
    sue_here, sue, alice, stopped, elsewhere, mailbox
):
    assert elsewhere(password=cast.PASSWORD).status_code == 429
    assert guess(stopped, password=cast.PASSWORD).status_code == 429
    answer = sue_here.post(unlock_page(alice), {"reason": "ticket 4411"}, follow=True)
    assert "Unlocked: alice can try to sign in at once." in text_of(answer)
    assert answer.request["PATH_INFO"] == page_of(alice)
    assert elsewhere(password=cast.PASSWORD).status_code == 302
    assert guess(stopped, password=cast.PASSWORD).status_code == 302
    row = unlocks().get()
    assert (row.actor_id, row.subject_id) == (sue.subject_id, alice.subject_id)
    assert row.facts == {"reason": "ticket 4411"}
    failed, letter = mailbox.all(alice.email)
    assert (failed.kind, letter.kind) == ("failed_tries", "staff_changed")
    assert "ticket 4411" in letter.text and "opened for sign-in again" in letter.text


def test_it_is_the_accounts_own_limits_and_nothing_else(sue_here, alice, bob, settings, clock):
    settings.POLICY_NETWORK_FAILURES = 10
    for name in ("alice", "bob", *(f"nobody{n}" for n in range(8))):
        guess(Visitor(), name, ip="203.0.113.9")
    known()
    devices, password = list(KnownDevice.objects.values()), alice.password
    sue_here.post(unlock_page(alice), {"reason": "ticket 4411"})
    assert guess(Visitor(), password=cast.PASSWORD, ip="203.0.113.9").status_code == 429
    assert not AccessAttempt.objects.filter(username=f"uid:{alice.pk}").exists()
    assert AccessAttempt.objects.filter(username=f"uid:{bob.pk}").exists()
    assert list(KnownDevice.objects.values()) == devices
    assert User.objects.get(pk=alice.pk).password == password


def test_the_confirm_page_says_the_effect_and_asks_for_a_reason(sue_here, alice, mailbox):
    said = text_of(sue_here.get(unlock_page(alice)))
    for effect in ("are forgotten", "stay as they are", "alice@example.org", "counted anew"):
        assert effect in said
    assert "stays switched off" not in said
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "stays switched off" in text_of(sue_here.get(unlock_page(alice)))
    for reason in ("", "  ", "ab", "x" * 401):
        answer = sue_here.post(unlock_page(alice), {"reason": reason})
        text = answer.content.decode()
        assert answer.status_code == 200 and '<a href="#id_reason">Reason: ' in text
        assert "<title>Error:" in " ".join(text.split()).replace("<title> ", "<title>")
    assert not unlocks() and not mailbox.all()


def test_looking_changes_nothing(sue_here, alice, stopped):
    before = list(Tally.objects.order_by("pk").values())
    sue_here.get(unlock_page(alice))
    sue_here.head(unlock_page(alice))
    assert list(Tally.objects.order_by("pk").values()) == before and not unlocks()


def test_it_takes_a_fresh_proof(sue_here, alice, clock):
    clock.forward(minutes=6)
    asked = sue_here.post(unlock_page(alice), {"reason": "ticket 4411"})
    assert asked["Location"].startswith("/accounts/reauthenticate/") and not unlocks()
    sue_here.post(asked["Location"], {"password": cast.PASSWORD})
    assert unlocks().count() == 1


@pytest.mark.parametrize("whom", ["ada", "mallory", "sue"])
def test_support_opens_no_other_staff_nor_themselves(sue_here, sue, ada, mallory, whom, mailbox):
    person = User.objects.get(username=whom)
    for send in (sue_here.get, sue_here.post):
        assert send(unlock_page(person), {"reason": "because I can"}).status_code == 403
    assert not unlocks() and not mailbox.all()


def test_who_may_not_change_people_opens_nobody(alice, bob, tom):
    for name in ("tom", "bob"):
        browser = Visitor()
        guess(browser, name, cast.PASSWORD)
        answer = browser.post(unlock_page(alice), {"reason": "because I can"}, follow=True)
        assert answer.status_code == 403
    stranger = Visitor().post(unlock_page(alice), {"reason": "because I can"})
    assert stranger["Location"].startswith("/admin/login/")
    assert not unlocks()


@pytest.mark.urls("tests.accounts.test_staff_unlock")
@pytest.mark.parametrize("name", ["tom", "bob"])
def test_the_flow_asks_for_itself_whatever_page_calls_it(client, alice, bob, tom, name):
    guess(client, name, cast.PASSWORD)
    assert client.post("/t/unlock/").status_code == 403
    assert not unlocks()


@pytest.mark.urls("tests.accounts.test_staff_unlock")
def test_a_session_that_ends_meanwhile_opens_nobody(sue_here, alice):
    assert sue_here.post("/t/unlock-too-late/").status_code == 403
    assert not unlocks()


@pytest.mark.parametrize("number", ["0", "9" * 19, "9" * 18])
def test_nobody_is_not_found(sue_here, number):
    assert sue_here.get(f"{LIST}{number}/unlock/").status_code == 404


def test_an_operator_has_no_request_and_is_kept_as_such(alice, stopped, mailbox):
    staff.unlock(None, alice, reason="by telephone")
    row = unlocks().get()
    assert (row.actor_id, row.subject_id) == ("", alice.subject_id)
    assert mailbox.kinds(alice.email) == ["failed_tries", "staff_changed"]
    assert explain_login("alice").is_open


@pytest.mark.usefixtures("pseudo_locale")
def test_the_letter_says_it_in_the_persons_language(sue_here, alice, mailbox):
    User.objects.filter(pk=alice.pk).update(language="ar-xb")
    sue_here.post(unlock_page(alice), {"reason": "ticket 7"})
    assert "was opened for sign-in" not in mailbox.latest(alice.email).text


def test_the_history_names_it(sue_here, alice):
    sue_here.post(unlock_page(alice), {"reason": "ticket 4411"})
    said = text_of(sue_here.get(f"{LIST}{alice.pk}/history/"))
    assert "Opened for further tries" in said and "ticket 4411" in said


def test_the_persons_page_leads_there_for_those_who_may(sue_here, alice, ada):
    def links(person):
        page = Elements(sue_here.get(page_of(person)).content.decode())
        return {link.get("href") for link in page.of("a")}

    assert {unlock_page(alice), f"/admin/explain/?person={alice.pk}"} <= links(alice)
    assert unlock_page(ada) not in links(ada)
