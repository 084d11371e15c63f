"""A10: ending sessions of one's own, one by one or all but this."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path

from accounts.flows import sessions
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_sessions_page import IPHONE, PAGE, row_of, signed_in
from tests.support import cast, session_pages
from tests.support.pages import text_of
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

OTHERS = "/accounts/sessions/others/"


def is_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def ended() -> list[tuple[str, object]]:
    entries = Entry.objects.filter(event=Event.SESSIONS_ENDED).order_by("pk")
    return [(entry.subject_id, entry.facts) for entry in entries]


# --- Ending one -----------------------------------------------------------------------------------


def test_the_ended_one_fails_on_its_next_request_and_this_one_goes_on(alice):
    other, here = signed_in(agent=IPHONE), signed_in()
    answer = here.post(PAGE, {"session": row_of(other).public_id}, follow=True)
    assert "Safari on iPhone is signed out." in text_of(answer)
    assert is_in(here) and not is_in(other)
    assert ended() == [(alice.subject_id, {"sessions": 1, "reason": "by_person"})]


def test_somebody_elses_this_one_and_nonsense_are_not_found(alice, bob):
    theirs, here = signed_in("bob"), signed_in()
    other = row_of(signed_in(agent=IPHONE))
    wrong = [row_of(theirs).public_id, row_of(here).public_id, other.key, "", "x" * 22, "\0" * 22]
    for chosen in [*wrong, "é" * 22, "9" * 8000]:
        assert here.post(PAGE, {"session": chosen}).status_code == 404
    assert Session.objects.count() == 3 and not ended()


def test_forms_hold_no_digest_of_a_session(alice):
    signed_in(agent=IPHONE)
    page = signed_in().get(PAGE).content.decode()
    assert not any(row.key in page for row in Session.objects.all())


def test_a_session_keeps_its_name_under_a_new_key(alice, clock):
    other, here = signed_in(agent=IPHONE), signed_in()
    before = row_of(other)
    clock.forward(minutes=6)
    other.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    assert row_of(other).key != before.key and row_of(other).public_id == before.public_id
    here.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    here.post(PAGE, {"session": before.public_id})
    assert not is_in(other)


def test_it_takes_a_fresh_proof_and_then_goes_on(alice, clock):
    other, here = signed_in(agent=IPHONE), signed_in()
    clock.forward(minutes=6)
    for url, data in ((PAGE, {"session": row_of(other).public_id}), (OTHERS, {})):
        asked = here.post(url, data)
        assert asked["Location"].startswith("/accounts/reauthenticate/")
        assert "You are about to sign out" in text_of(here.get(asked["Location"]))
    assert is_in(other) and not ended()
    here.post(asked["Location"], {"password": cast.PASSWORD})
    assert not is_in(other) and is_in(here)


# --- Ending all others ----------------------------------------------------------------------------


def test_all_others_end_and_this_one_is_kept_under_a_new_key(alice, bob):
    others, bobs = [signed_in(agent=IPHONE) for _ in range(4)], signed_in("bob")
    here = signed_in()
    before = here.cookies["__Host-session"].value
    assert "You stay signed in here." in text_of(here.get(OTHERS))
    answer = here.post(OTHERS, follow=True)
    assert "4 other devices are signed out." in text_of(answer)
    assert "You are only signed in here." in text_of(answer)
    assert is_in(here) and is_in(bobs) and not any(map(is_in, others))
    old = Visitor()
    old.cookies["__Host-session"] = before
    assert here.cookies["__Host-session"].value != before and not is_in(old)
    assert ended() == [(alice.subject_id, {"sessions": 4, "reason": "by_person"})]


def test_with_nobody_else_there_it_says_so_and_the_trail_nothing(alice):
    here = signed_in()
    assert "You are only signed in here." in text_of(here.post(OTHERS, follow=True))
    assert is_in(here) and not ended()


def test_asking_alone_ends_nothing(alice):
    other, here = signed_in(agent=IPHONE), signed_in()
    here.get(OTHERS), here.head(OTHERS)
    assert is_in(other)


def too_late(request):
    other = signed_in(agent=IPHONE)
    mine = Session.objects.exclude(public_id=row_of(other).public_id)
    mine.filter(user=request.user).delete()  # elsewhere, while this is under way
    if request.POST.get("others"):
        return HttpResponse(sessions.sign_out_others(request))
    return HttpResponse(sessions.end(request, row_of(other).public_id))


urlpatterns = [path("t/too-late/", too_late), *of_the_site]


@pytest.mark.urls("tests.accounts.test_sessions_ended_by_person")
@pytest.mark.parametrize("others", ["", "yes"])
def test_a_session_that_ended_meanwhile_ends_no_other(alice, others):
    here = signed_in()
    assert here.post("/t/too-late/", {"others": others}).status_code == 403
    assert Session.objects.filter(user_agent=IPHONE).exists() and not ended()


@pytest.mark.urls("tests.support.session_pages")
@pytest.mark.parametrize("everything", [True, False], ids=["all others", "that one"])
def test_what_the_ended_one_has_under_way_may_be_read_and_changes_nothing(alice, everything):
    def end(other: Visitor) -> None:
        data = {} if everything else {"session": row_of(other).public_id}
        here.post(OTHERS if everything else PAGE, data)

    try:
        here = signed_in()
        for page, status in (("who", 200), ("rename?text=Mallory", 403), ("note?text=1", 403)):
            other = signed_in(agent=IPHONE)
            session_pages.meanwhile.append(lambda other=other: end(other))
            ask = other.get if page == "who" else other.post
            answer = ask(f"/t/{page}")
            assert answer.status_code == status and not answer.cookies
            assert other.get("/t/who").content == b"nobody" and is_in(here)
    finally:
        session_pages.meanwhile.clear()
    assert not User.objects.filter(name="Mallory").exists() and Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_sign_each_other_out_at_once_leave_one_or_none():
    cast.person("alice")
    browsers = [signed_in(), signed_in(agent=IPHONE)]
    race(lambda number: outcome(browsers[number].post(OTHERS)), 2)
    assert [is_in(browser) for browser in browsers].count(True) <= 1
    assert Session.objects.filter(user__isnull=False).count() <= 1
