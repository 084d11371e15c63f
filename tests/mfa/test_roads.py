"""No road into a session goes round the second step (design: one road in)."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from accounts.models import Session, User
from accounts.sessions import proofs
from accounts.sessions.store import SessionStore
from audit.events import Event
from audit.models import Entry
from tests.support import cast, roads, second_steps, urls
from tests.support.mailbox import Mailbox
from tests.support.race import outcome
from tests.support.roads import LOGIN, NEW_PASSWORD, RESET, STEP, TWICE
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGES = ("/accounts/", "/accounts/profile/", "/accounts/email/", "/accounts/mfa/", "/admin/")
ROADS = {
    "password": roads.by_password,
    "address": roads.by_address,
    "desk": roads.by_the_staff_desk,
}


def app_code(user: User) -> dict[str, str]:
    return {"method": "app", "code": second_steps.as_if_later(user)}


def signed_in() -> int:
    return Session.objects.filter(user__isnull=False).count()


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_each_road_ends_before_the_second_step_and_goes_on_behind_it(road, client, carol):
    assert outcome(road(client)) == f"302 {STEP}"
    assert signed_in() == 0
    for page in PAGES:
        assert client.get(page).status_code == 302, page
    answer = client.post(STEP, app_code(carol))
    assert answer.status_code == 302 and signed_in() == 1
    assert client.get("/accounts/").status_code == 200
    entry = Entry.objects.get(event=Event.SIGNED_IN)
    assert entry.facts == {"method": "password", "second": "app"}


def test_whoever_waits_at_the_second_step_is_nobody_on_every_page(client, carol):
    """Each page answers as it answers a visitor, but the step's own and the one that leads there."""
    apart = {"account_login", "mfa_authenticate", "mfa_help"}
    for name, path in urls.paths().items():
        waiting, visitor = Visitor(), Visitor()
        roads.by_password(waiting)
        answers = [browser.get(path) for browser in (waiting, visitor)]
        seen = [
            (one.status_code, one.get("Location"), str(one.wsgi_request.user)) for one in answers
        ]
        assert name in apart or seen[0] == seen[1], name
        assert "_auth_user_id" not in waiting.session
    assert signed_in() == 0


def test_the_step_is_no_place_of_its_own(client, carol):
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {LOGIN}"
    roads.by_password(client)
    assert outcome(client.post(STEP, {"cancel": "1"})) == f"302 {LOGIN}"
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {LOGIN}"
    assert signed_in() == 0


def test_a_passed_step_opens_nothing_for_somebody_else(client, alice, carol):
    """The step of one sign-in is not the step of the next in the same browser."""
    second_steps.give_app(alice, seed=bytes(20))
    roads.by_password(client)
    client.post(STEP, app_code(carol))
    client.post("/accounts/logout/")
    assert outcome(roads.by_password(client, "alice")) == f"302 {STEP}"
    assert client.get("/accounts/").status_code == 302
    wrong = {"method": "app", "code": second_steps.as_if_later(carol)}
    assert outcome(client.post(STEP, wrong)).startswith("200 That code is not right")


def test_where_somebody_wanted_to_go_is_kept_through_the_step(client, carol):
    roads.by_password(client, next="/accounts/profile/")
    assert outcome(client.post(STEP, app_code(carol))) == "302 /accounts/profile/"


# --- The walls behind the road --------------------------------------------------------------------


def test_a_session_that_lacks_the_second_step_is_none(client, alice):
    """However it came about: two-step sign-in is on, and no other session than those that proved a
    second step is worth anything. Deepest wall: sessions are read so (accounts/sessions/store.py)."""
    roads.by_password(client, "alice")
    assert client.get("/accounts/").status_code == 200
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    for page in PAGES:
        assert client.get(page).status_code == 302, page
    assert client.post("/accounts/profile/", {"name": "Mallory"}).status_code == 302


def test_a_login_that_some_view_made_by_itself_opens_nothing(carol):
    """Django's own login, past all stages: what `force_login` does."""
    browser = Client(headers={"user-agent": "x"})
    browser.force_login(carol)
    assert browser.get("/accounts/", secure=True).status_code == 302
    assert browser.get("/admin/", secure=True).status_code == 302


def test_a_flow_under_way_ends_when_the_second_step_is_missing(rf, alice):
    """`still_alive` asks again under its lock."""
    from django.db import transaction

    from accounts.sessions import guard
    from accounts.sessions.store import SessionGone

    request = rf.get("/")
    request.session = store = SessionStore()
    store["x"] = 1
    store.save()
    Session.objects.update(user=alice, credentials_version=alice.credentials_version)
    store.row = Session.objects.select_related("user").get()
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    request.user = alice
    with pytest.raises(SessionGone), transaction.atomic():
        guard.still_alive(request)


def test_the_one_login_refuses_who_lacks_the_second_step(client, carol, settings):
    """As if somebody had taken the stage out of the road."""
    settings.LOGIN_STAGES = []
    answer = roads.by_password(client)
    assert answer.status_code == 403 and b"The second step is missing" in answer.content
    assert signed_in() == 0


def test_which_words_are_a_second_step():
    now = time.time()
    for word in ("app", "passkey", "recovery_code", "texted_code", "mailed_code", "trusted_device"):
        assert proofs.has_second_step([{"method": word, "at": now}])
        assert not proofs.has_second_step([{"method": word, "at": now - 60}], since=now)
    for word in ("password", "code", "link", "provider", "mailbox"):
        assert not proofs.has_second_step([{"method": word, "at": now}])


# --- What dies meanwhile --------------------------------------------------------------------------


def change_password(user: User) -> None:
    browser = Visitor()
    roads.by_password(browser)
    browser.post(STEP, app_code(user))
    changed = browser.post(
        "/accounts/password/change/", {"oldpassword": cast.PASSWORD, **TWICE, "end_others": ""}
    )
    assert changed.status_code == 302


def make_new_codes(user: User) -> None:
    browser = Visitor()
    roads.by_password(browser)
    browser.post(STEP, app_code(user))
    browser.get("/accounts/mfa/recovery-codes/generate/")
    made = browser.post("/accounts/mfa/recovery-codes/generate/", {"saved": "on"})
    assert made.status_code == 302


@pytest.mark.parametrize("meanwhile", [change_password, make_new_codes])
def test_a_sign_in_that_waits_dies_with_password_and_factors(client, carol, meanwhile):
    roads.by_password(client)
    meanwhile(carol)
    before = signed_in()
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {LOGIN}"
    assert signed_in() == before


def test_a_sign_in_that_waits_too_long_is_over(client, carol, clock):
    roads.by_password(client)
    clock.forward(minutes=16)
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {LOGIN}"


# --- Reset ----------------------------------------------------------------------------------------


def test_a_reset_asks_for_the_second_step_before_it_saves(client, carol):
    page = roads.link_of_a_reset(client)
    assert outcome(client.get(page)) == f"302 {STEP}"
    assert outcome(client.post(page, TWICE)) == f"302 {STEP}"
    carol.refresh_from_db()
    assert carol.check_password(cast.PASSWORD)
    wrong = client.post(STEP, {"method": "app", "code": "000000"})
    assert wrong.status_code == 200
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {page}"
    assert client.get(page).status_code == 200
    assert outcome(client.post(page, TWICE)) == f"302 {RESET}key/done/"
    carol.refresh_from_db()
    assert carol.check_password(NEW_PASSWORD) and carol.two_step_on
    assert signed_in() == 0
    assert (
        outcome(client.post(LOGIN, {"login": "carol", "password": NEW_PASSWORD})) == f"302 {STEP}"
    )


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_whoever_put_their_session_into_this_browser_gets_no_page_of_the_reset(
    client, alice, carol, who
):
    """ASVS 7.2.4: opening the link begins a new session, and so does proving the second step."""
    client.post(RESET, {"login": who})
    acts = {
        "alice": lambda: client.get(Mailbox().latest().link),
        "carol": lambda: client.post(STEP, app_code(carol)),
    }
    if who == "carol":
        client.get(client.get(Mailbox().latest().link)["Location"])
    thief = Visitor()
    thief.cookies["__Host-session"] = client.cookies["__Host-session"].value
    page = acts[who]()["Location"]
    assert thief.get(page).status_code == 410
    assert thief.post(page, TWICE).status_code == 410
    assert client.get(page).status_code == 200


def test_a_reset_by_recovery_code(client, carol):
    page = roads.link_of_a_reset(client)
    client.get(page)
    answer = client.post(STEP, {"method": "recovery_code", "code": second_steps.CODES[0]})
    assert outcome(answer) == f"302 {page}"


def test_the_step_of_one_reset_is_not_that_of_another(client, alice, carol):
    second_steps.give_app(alice, seed=bytes(20))
    page = roads.link_of_a_reset(client)
    client.get(page)
    client.post(STEP, app_code(carol))
    other = roads.link_of_a_reset(client, "alice")
    assert outcome(client.get(other)) == f"302 {STEP}"
    assert outcome(client.post(other, TWICE)) == f"302 {STEP}"
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_the_flow_of_a_reset_is_the_lock_not_its_page(rf, carol):
    from accounts.errors import SecondStepMissing
    from accounts.flows import password_reset

    request = rf.post("/")
    request.session, request.user = SessionStore(), carol
    with pytest.raises(SecondStepMissing):
        password_reset.finish(request, carol, NEW_PASSWORD, end_others=True)


def test_a_proof_for_a_reset_grows_old(client, carol, clock):
    page = roads.link_of_a_reset(client)
    client.get(page)
    client.post(STEP, app_code(carol))
    clock.forward(minutes=11)
    assert outcome(client.post(page, TWICE)) == f"302 {STEP}"


def test_a_reset_of_somebody_without_second_step_asks_for_nothing_more(client, alice):
    page = roads.link_of_a_reset(client, "alice")
    assert outcome(client.post(page, TWICE)) == f"302 {RESET}key/done/"


def test_the_page_opens_on_the_way_that_this_browser_used_last(client, carol, settings):
    from mfa.models import MailedCode

    settings.POLICY_MAILED_CODES = True
    MailedCode.objects.create(user=carol, name="email")
    roads.by_password(client)
    assert b"authenticator app" in client.get(STEP).content
    client.cookies["second_step"] = "mailed_code"
    assert b"Get a code by email" in client.get(STEP).content
    for nonsense in ("passkey", "recovery", "<script>", "x" * 5000, "\x00"):
        client.cookies["second_step"] = nonsense
        assert b"authenticator app" in client.get(STEP).content
    client.post(STEP, app_code(carol))
    assert client.cookies["second_step"].value == "app"
    assert client.cookies["second_step"]["httponly"]


def test_whoever_uses_the_last_recovery_code_makes_new_ones_before_anything_else(client, carol):
    make = "/accounts/mfa/recovery-codes/generate/"
    User.objects.filter(pk=carol.pk).update(recovery_codes_left=2)
    for left, code in enumerate(reversed(second_steps.CODES[:2])):
        browser = Visitor()
        roads.by_password(browser)
        browser.post(STEP, {"method": "recovery_code", "code": code})
        page = browser.get("/accounts/", follow=True)
        assert f"{1 - left} {'is' if left == 0 else 'are'} left" in page.content.decode()
    assert page.redirect_chain == [(make, 302)]
    assert outcome(browser.get("/accounts/profile/")) == f"302 {make}"
    assert browser.post(make, {"saved": "on"}).status_code == 302
    assert browser.get("/accounts/profile/").status_code == 200
