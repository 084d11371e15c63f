"""P11 by a second step: proving again who one is, and what was posted before is carried through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from audit.events import Event
from audit.models import Entry
from mfa.models import RecoveryCodes
from tests.support import roads, second_steps
from tests.support.race import outcome
from tests.support.roads import STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
AGAIN, PASSWORD = "/accounts/mfa/reauthenticate/", "/accounts/reauthenticate/"
EMAIL = "/accounts/email/"
OFF = "/accounts/mfa/totp/deactivate/"


@pytest.fixture
def carol_here(client, carol) -> Visitor:
    roads.by_password(client)
    code = second_steps.as_if_later(carol)
    assert client.post(STEP, {"method": "app", "code": code}).status_code == 302
    return client


def form(user: User) -> dict[str, str]:
    return {"code": second_steps.as_if_later(user)}


def test_a_posted_form_is_carried_through_the_app_code(carol_here, carol, clock, mailbox):
    clock.forward(minutes=6)
    answer = carol_here.post(EMAIL, {"email": "spare@example.org"})
    assert outcome(answer).startswith(f"302 {PASSWORD}?next=")
    page = carol_here.get(answer["Location"]).content.decode()
    assert AGAIN in page
    done = carol_here.post(f"{AGAIN}?method=app", {**form(carol), "next": EMAIL})
    assert done.status_code == 302
    assert mailbox.latest("spare@example.org").kind == "confirm_address"
    entry = Entry.objects.filter(event=Event.REAUTHENTICATED).get()
    assert entry.facts == {"method": "app"}


def test_a_wrong_code_proves_nothing_and_is_in_the_trail(carol_here, carol, clock):
    clock.forward(minutes=6)
    carol_here.post(EMAIL, {"email": "spare@example.org"})
    answer = carol_here.post(f"{AGAIN}?method=app", {"code": "000000", "next": EMAIL})
    assert outcome(answer).startswith("200 That code is not right")
    entry = Entry.objects.get(event=Event.REAUTHENTICATION_FAILED)
    assert entry.facts == {"method": "app"}
    assert carol_here.post(EMAIL, {"email": "spare@example.org"}).status_code == 302


def test_five_wrong_codes_drop_what_was_posted(carol_here, carol, clock):
    clock.forward(minutes=6)
    carol_here.post(EMAIL, {"email": "spare@example.org"})
    for _ in range(5):
        answer = carol_here.post(f"{AGAIN}?method=app", {"code": "000000", "next": EMAIL})
        clock.forward(minutes=2)
    assert outcome(answer) == "302 /accounts/"
    assert "account_reauthentication_state" not in carol_here.session


def test_the_letter_of_wrong_codes_in_a_session_leads_to_ending_that_session(
    carol_here, carol, clock, mailbox
):
    clock.forward(minutes=6)
    carol_here.post(EMAIL, {"email": "spare@example.org"})
    for _ in range(5):
        carol_here.post(f"{AGAIN}?method=app", {"code": "000000", "next": EMAIL})
        clock.forward(minutes=2)
    letter = mailbox.latest(carol.email)
    assert letter.subject == "Someone may be using your Northgate account"
    assert letter.link == "/accounts/rescue/"


def test_somebody_without_password_is_asked_too(client, carol, clock):
    """Not let through, as the library would."""
    roads.by_password(client)
    client.post(STEP, {"method": "app", **form(carol)})
    User.objects.filter(pk=carol.pk).update(password="!none")
    clock.forward(minutes=6)
    answer = client.post(EMAIL, {"email": "spare@example.org"})
    assert outcome(answer) == f"302 {AGAIN}?next=%2Faccounts%2Femail%2F"
    assert client.get(AGAIN).status_code == 200


def test_who_has_nothing_else_gets_a_code_to_the_mailbox(client, alice, clock, mailbox):
    """Also where mailed codes are off as a second step; never who has a password or a factor."""
    roads.by_password(client, "alice")
    assert outcome(client.post(f"{AGAIN}?method=mailbox", {"send": "1"})) == f"302 {PASSWORD}"
    User.objects.filter(pk=alice.pk).update(password="!none")
    clock.forward(minutes=6)
    client.post(EMAIL, {"email": "spare@example.org"})
    assert mailbox.kinds() == []
    client.get(AGAIN)
    assert mailbox.kinds() == []  # a page that is opened sends nothing
    client.post(f"{AGAIN}?method=mailbox", {"send": "1", "next": EMAIL})
    code = mailbox.latest("alice@example.org").code
    wrong = client.post(f"{AGAIN}?method=mailbox", {"code": "BBBB-BBBB", "next": EMAIL})
    assert outcome(wrong).startswith("200 That code is not right")
    done = client.post(f"{AGAIN}?method=mailbox", {"code": code, "next": EMAIL})
    assert done.status_code == 302
    assert mailbox.latest("spare@example.org").kind == "confirm_address"
    again = Visitor()
    assert again.post(f"{AGAIN}?method=mailbox", {"code": code}).status_code == 302


def test_a_mailbox_is_no_fresh_proof_of_somebody_with_a_factor(carol_here, carol, clock, mailbox):
    User.objects.filter(pk=carol.pk).update(password="!none")
    clock.forward(minutes=6)
    page = carol_here.get(f"{AGAIN}?method=mailbox").content.decode()
    assert "method=app" in page
    carol_here.post(f"{AGAIN}?method=mailbox", {"send": "1"})
    assert mailbox.kinds() == []


SENSITIVE = {
    "app on": "/accounts/mfa/totp/activate/",
    "app off": OFF,
    "codes": "/accounts/mfa/recovery-codes/generate/",
    "trusted": "/accounts/mfa/trusted/",
}


@pytest.mark.parametrize("page", SENSITIVE.values(), ids=SENSITIVE)
def test_every_change_of_a_second_step_takes_a_fresh_proof(client, alice, carol_here, clock, page):
    clock.forward(minutes=6)
    browser = carol_here
    if "activate" in page and "de" not in page:
        roads.by_password(browser := Visitor(), "alice")
        clock.forward(minutes=6)
    ask = browser.get if "codes" in page else browser.post
    answer = ask(page, {"code": "000000", "saved": "on", "action": "all"})
    assert outcome(answer).startswith(f"302 {PASSWORD}?next="), page


def test_codes_that_were_shown_are_kept_under_a_fresh_proof_only(carol_here, carol, clock):
    clock.forward(minutes=1)
    carol_here.get(SENSITIVE["codes"])
    clock.forward(minutes=5)
    answer = carol_here.post(SENSITIVE["codes"], {"saved": "on"})
    assert outcome(answer).startswith(f"302 {PASSWORD}?next=")
    kept = RecoveryCodes.objects.get(user=carol)
    assert kept.created_at < timezone.now() - timedelta(minutes=5)


def test_turning_the_app_off_ends_other_sessions_and_two_step_sign_in(carol_here, carol, mailbox):
    other = Visitor()
    roads.by_password(other)
    other.post(STEP, {"method": "app", **form(carol)})
    assert carol_here.get(OFF).status_code == 200
    assert outcome(carol_here.post(OFF)) == "302 /accounts/mfa/"
    carol.refresh_from_db()
    assert not carol.two_step_on
    assert carol_here.get("/accounts/").status_code == 200
    assert other.get("/accounts/").status_code == 302
    assert mailbox.kinds() == ["two_step"]
    assert "The authenticator app was removed" in mailbox.latest().text
    assert outcome(roads.by_password(Visitor())) == "302 /accounts/"
    events = list(Entry.objects.filter(event__startswith="mfa.").values_list("event", flat=True))
    assert events == ["mfa.factor_removed", "mfa.two_step_turned_off"]
