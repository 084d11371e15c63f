"""What the queues' flows ask for themselves, whatever page calls them."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.flows import lockouts, mail_queue
from accounts.lockout import full, known, limits
from accounts.models import OutgoingMail, Session, Tally
from accounts.outbox import letters
from audit.events import Event
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.full_limits import tally
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.test_queues_walls")]


def clear(request: HttpRequest) -> HttpResponse:
    (lockout,) = full.page(known.named(limits.NETWORK)).rows
    if request.GET:
        Tally.objects.filter(pk=lockout.pk).update(count=1)  # its hour is over, and another began
    return HttpResponse(str(lockouts.clear(request, lockout, reason="because I can")))


def retry(request: HttpRequest) -> HttpResponse:
    found = OutgoingMail.objects.filter(state="dead")
    outcome = mail_queue.retry(request, found, reason="because I can")
    return HttpResponse(str(outcome.again))


def too_late(view):
    def ended(request: HttpRequest) -> HttpResponse:
        Session.objects.filter(user=request.user.pk).delete()  # elsewhere, while this is under way
        return view(request)

    return ended


urlpatterns = [
    path("t/clear/", clear),
    path("t/retry/", retry),
    path("t/clear-too-late/", too_late(clear)),
    path("t/retry-too-late/", too_late(retry)),
    *of_the_site,
]


@pytest.fixture(autouse=True)
def queues(db, still_clock, settings):
    tally(limits.NETWORK, "198.51.100.7", settings.POLICY_NETWORK_FAILURES)
    row = letters.no_account(to="sam@example.org", language="en").put()
    OutgoingMail.objects.filter(pk=row.pk).update(state="dead")


def untouched() -> bool:
    told = Entry.objects.filter(event__in=[Event.LIMIT_CLEARED, Event.MAIL_RETRIED])
    full_ones = full.page(known.named(limits.NETWORK)).rows
    return bool(full_ones and not told and OutgoingMail.objects.filter(state="dead").exists())


@pytest.mark.parametrize("what", ["clear", "retry"])
def test_whoever_may_does(ada_here, what):
    answer = ada_here.post(f"/t/{what}/")
    assert answer.content in (b"True", b"1") and not untouched()


@pytest.mark.parametrize("what", ["clear", "retry"])
@pytest.mark.parametrize("name", ["tom", "sue", "bob"])
def test_who_may_not_does_nothing(bob, tom, sue, name, what):
    browser = Visitor()
    guess(browser, name, cast.PASSWORD)
    assert browser.post(f"/t/{what}/").status_code == 403
    assert untouched()


@pytest.mark.parametrize("what", ["clear", "retry"])
def test_a_session_that_ends_meanwhile_does_nothing(ada_here, what):
    assert ada_here.post(f"/t/{what}-too-late/").status_code == 403
    assert untouched()


def test_what_opened_by_itself_leaves_no_row(ada_here):
    assert ada_here.post("/t/clear/?opened=1").content == b"False"
    assert not Entry.objects.filter(event=Event.LIMIT_CLEARED)
