"""What a session does that ended while its request was under way, and what is done twice: nothing."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path

from accounts.flows import deletion, terms
from accounts.models import Consent, Session
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_deletion import OVERVIEW, ask, awaits, sign_in
from tests.accounts.test_terms import named

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def elsewhere(request):
    """Somebody ends the sessions, as from another device."""
    assert request.user.is_authenticated
    Session.objects.filter(user=request.user.pk).delete()


def ask_too_late(request):
    elsewhere(request)
    deletion.ask(request)


def keep_too_late(request):
    elsewhere(request)
    deletion.keep(request)


def keep_twice(request):
    return HttpResponse(f"{[deletion.keep(request), deletion.keep(request)]}")


def agree_too_late(request):
    elsewhere(request)
    terms.agree(request, request.POST["shown"])


urlpatterns = [
    path("t/ask-too-late/", ask_too_late),
    # Under names that are open to whoever is confined.
    path("t/agree-too-late/", agree_too_late, name="language"),
    path("t/keep-too-late/", keep_too_late, name="help"),
    path("t/keep-twice/", keep_twice, name="privacy"),
    *of_the_site,
]


@pytest.fixture
def here(client, alice):
    assert sign_in(client) == OVERVIEW
    return client


def test_an_ended_session_deletes_nothing(here, mailbox):
    assert here.post("/t/ask-too-late/").status_code == 403
    assert not awaits() and not mailbox.all()


def test_an_ended_session_keeps_nothing(here, mailbox):
    ask(here)
    sign_in(here)
    letters = len(mailbox.all())
    assert here.post("/t/keep-too-late/").status_code == 403
    assert awaits() and len(mailbox.all()) == letters


def test_kept_twice_it_is_told_once(here, mailbox):
    ask(here)
    sign_in(here)
    assert here.post("/t/keep-twice/").content == b"[True, False]"
    assert Entry.objects.filter(event="account.deletion_cancelled").count() == 1
    assert len(mailbox.all()) == 2


def test_an_ended_session_agrees_to_nothing(here, settings):
    settings.TERMS = named("2027-01")
    assert here.post("/t/agree-too-late/", {"shown": settings.TERMS.digest}).status_code == 403
    assert not Consent.objects.exists()
