"""Browsers that are not asked for the second step: off by default, one by one, and never for long."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.http import HttpResponse

from accounts.models import KnownDevice, Session, User
from accounts.sessions.store import SessionStore
from audit import sealing
from audit.events import Event
from audit.models import Entry
from mfa.flows import occasions, trusted
from mfa.models import TrustedBrowser
from tests.support import cast, roads, second_steps
from tests.support.pages import text_of
from tests.support.race import outcome, race
from tests.support.roads import STEP, TWICE
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
LIST, DEVICES = "/accounts/mfa/trusted/", "/accounts/sessions/"
COOKIE = "__Host-trust"


@pytest.fixture
def trusting(settings):
    settings.POLICY_TRUST_DAYS = 7


def step(browser: Visitor, user, *, trust: bool = True) -> str:
    code = second_steps.as_if_later(user)
    return outcome(
        browser.post(STEP, {"method": "app", "code": code} | ({"trust": "on"} if trust else {}))
    )


def of_browser(browser: Visitor) -> str:
    """The stored key of its session."""
    return sealing.token_digest(browser.cookies["__Host-session"].value)


def trusted_browser(user) -> Visitor:
    browser = Visitor()
    roads.by_password(browser, user.username)
    assert step(browser, user) == "302 /accounts/"
    browser.post("/accounts/logout/")
    return browser


def test_it_is_off_by_default(client, carol):
    roads.by_password(client)
    assert b"Do not ask again" not in client.get(STEP).content
    step(client, carol)
    assert COOKIE not in client.cookies and not TrustedBrowser.objects.exists()


def test_a_trusted_browser_is_not_asked_and_others_are(trusting, carol):
    browser = trusted_browser(carol)
    assert browser.cookies[COOKIE]["httponly"] and browser.cookies[COOKIE]["secure"]
    assert outcome(roads.by_password(browser)) == "302 /accounts/"
    assert outcome(roads.by_password(Visitor())) == f"302 {STEP}"
    entry = Entry.objects.filter(event=Event.SIGNED_IN).last()
    assert entry.facts == {"method": "password", "second": "trusted_device"}
    assert not TrustedBrowser.objects.filter(key=browser.cookies[COOKIE].value).exists()


def test_it_ends_by_itself(trusting, carol, clock):
    browser = trusted_browser(carol)
    clock.forward(days=6)
    assert outcome(roads.by_password(browser)) == "302 /accounts/"
    browser.post("/accounts/logout/")
    clock.forward(days=1, minutes=1)
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


def test_a_shorter_policy_holds_at_once(trusting, carol, clock, settings):
    browser = trusted_browser(carol)
    clock.forward(days=2)
    settings.POLICY_TRUST_DAYS = 1
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"
    settings.POLICY_TRUST_DAYS = 0
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


def test_a_longer_policy_lengthens_nothing_that_was_promised(trusting, carol, clock, settings):
    browser = trusted_browser(carol)
    settings.POLICY_TRUST_DAYS = 30
    clock.forward(days=7, minutes=1)
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


def test_a_copied_value_works_once_and_then_for_nobody(trusting, carol):
    owner = trusted_browser(carol)
    thief = Visitor()
    thief.cookies[COOKIE] = owner.cookies[COOKIE].value
    assert outcome(roads.by_password(owner)) == "302 /accounts/"
    assert outcome(roads.by_password(thief)) == f"302 {STEP}"


def test_it_is_not_that_of_a_known_device(trusting, carol):
    """Whoever has the one has not the other."""
    browser = trusted_browser(carol)
    browser.cookies[COOKIE] = browser.cookies["__Host-device"].value
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


def test_it_is_one_persons(trusting, carol, alice):
    second_steps.give_app(alice, seed=bytes(20))
    browser = trusted_browser(carol)
    assert outcome(roads.by_password(browser, "alice")) == f"302 {STEP}"
    assert step(browser, alice) == "302 /accounts/"
    browser.post("/accounts/logout/")
    for who in ("alice", "carol"):
        assert outcome(roads.by_password(browser, who)) == "302 /accounts/"
        browser.post("/accounts/logout/")


def test_a_recovery_code_trusts_no_browser(trusting, client, carol):
    roads.by_password(client)
    form = {"method": "recovery_code", "code": second_steps.CODES[0], "trust": "on"}
    assert client.post(STEP, form).status_code == 302
    assert not TrustedBrowser.objects.exists()


def test_the_flow_itself_takes_no_recovery_code_for_it(trusting, carol, rf):
    """Whatever form the box came with."""
    request = rf.post(STEP)
    request.session = SessionStore()
    login = SimpleNamespace(user=carol)
    stage = SimpleNamespace(login=login, state={}, exit=HttpResponse, keep=lambda: None)
    occasion = occasions.SignIn(request, stage)
    occasion.proved("recovery_code", trust=True)
    assert not TrustedBrowser.objects.exists()
    occasion.proved("app", trust=True)
    assert TrustedBrowser.objects.count() == 1


def test_staff_are_asked_each_time(trusting, ada):
    browser = Visitor(at_hand=False)
    roads.by_password(browser, "ada")
    assert b"Do not ask again" not in browser.get(STEP).content
    step(browser, ada)
    assert not TrustedBrowser.objects.exists()


def test_whoever_joined_the_staff_is_asked_again(trusting, carol):
    browser = trusted_browser(carol)
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    browser.at_hand = False
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


def test_the_flow_itself_trusts_nobody_for_staff(trusting, ada, rf):
    request = rf.get("/")
    trusted.trust(request, ada)
    assert not TrustedBrowser.objects.exists() and not hasattr(request, "_trust_values")


def test_its_owner_sees_and_forgets_them_one_by_one(trusting, carol, clock):
    first, second = trusted_browser(carol), trusted_browser(carol)
    roads.by_password(first)
    page = first.get(LIST, follow=True).content.decode().partition('id="trusted"')[2]
    assert page.count("Firefox on Linux</bdi>") == 2
    clock.forward(minutes=6)
    newest = TrustedBrowser.objects.order_by("created_at").last()
    assert outcome(first.post(LIST, {"device": newest.pk})).startswith("302 /accounts/reauth")
    first.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    assert outcome(first.post(LIST, {"device": newest.pk})) == f"302 {DEVICES}"
    assert outcome(roads.by_password(second)) == f"302 {STEP}"
    assert first.post(LIST, {"action": "all"}).status_code == 302
    assert not TrustedBrowser.objects.exists()
    facts = list(Entry.objects.filter(event=Event.TRUST_FORGOTTEN).values_list("facts", flat=True))
    assert facts == [{"devices": 1, "reason": "by_person"}] * 2


def test_one_cannot_forget_anothers(trusting, carol, alice):
    trusted_browser(carol)
    browser = Visitor()
    roads.by_password(browser, "alice")
    for pk in (TrustedBrowser.objects.get().pk, "0", "-1", "x" * 50, "9" * 30, "١"):
        assert browser.post(LIST, {"device": pk}).status_code == 404
    assert TrustedBrowser.objects.count() == 1


def test_the_page_of_devices_marks_the_session_it_was_opened_on(trusting, carol):
    """Also where the browser was a stranger until the end of that sign-in, and where its device was
    forgotten since and is known anew."""
    browser, other = Visitor(), Visitor()
    for visitor, trust in ((browser, True), (other, False)):
        roads.by_password(visitor, "carol")
        step(visitor, carol, trust=trust)
    sessions = text_of(other.get(DEVICES)).partition("Known devices")[0]
    assert sessions.count("Trusted") == 1 and "Firefox on Linux Trusted" in sessions
    browser.post("/accounts/logout/")
    KnownDevice.objects.all().delete()
    roads.by_password(browser, "carol")
    device = Session.objects.get(key=of_browser(browser)).device
    assert device and TrustedBrowser.objects.get().device == device
    sessions = text_of(other.get(DEVICES)).partition("Known devices")[0]
    assert sessions.count("Trusted") == 1 and "by password and trusted device" in sessions


@pytest.mark.parametrize("change", ["password", "codes", "app off"])
def test_it_dies_with_password_and_factors(trusting, carol, change):
    browser, owner = trusted_browser(carol), Visitor()
    roads.by_password(owner)
    step(owner, carol, trust=False)
    if change == "password":
        owner.post("/accounts/password/change/", {"oldpassword": cast.PASSWORD, **TWICE})
    elif change == "codes":
        owner.get("/accounts/mfa/recovery-codes/generate/")
        owner.post("/accounts/mfa/recovery-codes/generate/", {"saved": "on"})
    else:
        owner.post("/accounts/mfa/totp/deactivate/")
    assert not TrustedBrowser.objects.exists()
    assert Entry.objects.get(event=Event.TRUST_FORGOTTEN).facts["reason"] == "credentials_changed"
    assert browser.cookies[COOKIE].value


@pytest.mark.parametrize(
    "value", ["", ".", "x", "a" * 43, ".".join(["b" * 43] * 50), "ü" * 43, "\x00"]
)
def test_what_is_no_value_of_ours_is_nothing(trusting, carol, value):
    browser = Visitor()
    browser.cookies[COOKIE] = value
    assert outcome(roads.by_password(browser)) == f"302 {STEP}"


@pytest.mark.django_db(transaction=True)
def test_one_value_raced_lets_one_through(settings):
    settings.POLICY_TRUST_DAYS = 7
    settings.POLICY_FREE_FAILURES = 1000  # what many passwords at once wait for is another wall
    user = cast.person("carol")
    second_steps.give_app(user)
    owner = trusted_browser(user)
    racers = [Visitor() for _ in range(8)]
    for racer in racers:
        racer.cookies[COOKIE] = owner.cookies[COOKIE].value
    outcomes = race(lambda number: outcome(roads.by_password(racers[number])), len(racers))
    assert outcomes.count("302 /accounts/") == 1, outcomes
    assert set(outcomes) == {"302 /accounts/", f"302 {STEP}"}
