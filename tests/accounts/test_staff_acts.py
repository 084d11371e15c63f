"""What staff do to one person, each on a page that says what it does: signing out everywhere, switching
off and on, letters sent again."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from accounts.flows import proofs, staff_confirmations, staff_sessions
from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import LIST, page_of
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

WHY = {"reason": "ticket 4411"}
ACTS = ("sign-out", "switch", "reset-letter", "resend")


def page(person: User, act: str) -> str:
    return f"{LIST}{person.pk}/{act}/"


def last(event: Event) -> Entry:
    return Entry.objects.filter(event=event.value).latest("id")


@pytest.fixture
def waits(alice) -> str:
    proofs.keep(proofs.new_proof(), email="new@example.org", user=alice)
    return "new@example.org"


@pytest.fixture
def laptop(alice) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert browser.get("/accounts/").status_code == 200
    return browser


def test_somebody_is_signed_out_everywhere(sue_here, sue, alice, laptop, mailbox):
    said = text_of(sue_here.get(page(alice, "sign-out")))
    assert "1 session that is open now ends." in said and "alice@example.org" in said
    answer = sue_here.post(page(alice, "sign-out"), WHY)
    assert answer["Location"] == page_of(alice)
    assert not Session.objects.filter(user=alice).exists()
    assert laptop.get("/accounts/").status_code == 302
    entry = last(Event.STAFF_SIGNED_OUT)
    assert entry.facts == WHY | {"sessions": 1} and entry.actor_id == sue.subject_id
    told = mailbox.latest(alice.email)
    assert told.kind == "staff_changed" and WHY["reason"] in told.text
    assert User.objects.get(pk=alice.pk).check_password(cast.PASSWORD)


def test_an_operator_signs_somebody_out(alice, laptop, capsys):
    call_command("auth_user", "signout", "alice", "--yes", "--json", "--reason", "they asked")
    assert json.loads(capsys.readouterr().out)["sessions_ended"] == 1
    assert last(Event.STAFF_SIGNED_OUT).actor_id == ""


def test_somebody_is_switched_off_and_on(sue_here, alice, laptop, mailbox):
    assert "Nobody signs in to this account" in text_of(sue_here.get(page(alice, "switch")))
    assert sue_here.post(page(alice, "switch"), WHY).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active
    assert not Session.objects.filter(user=alice).exists()
    assert last(Event.DEACTIVATED).facts == WHY
    assert "They can sign in again" in text_of(sue_here.get(page(alice, "switch")))
    sue_here.post(page(alice, "switch"), WHY)
    assert User.objects.get(pk=alice.pk).is_active
    assert mailbox.kinds(alice.email) == ["staff_changed", "staff_changed"]


def test_a_letter_to_choose_a_password_is_sent_from_the_persons_page(sue_here, alice, mailbox):
    assert sue_here.post(page(alice, "reset-letter"), WHY).status_code == 302
    assert sorted(mailbox.kinds(alice.email)) == ["reset_password", "staff_changed"]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    answer = sue_here.post(page(alice, "reset-letter"), WHY)
    assert "switched off, so no letter was sent" in text_of(answer)
    assert len(mailbox.all(alice.email)) == 2


def test_a_confirmation_is_sent_again(sue_here, alice, laptop, waits, mailbox):
    assert "Send a confirmation again" in text_of(sue_here.get(page_of(alice)))
    sue_here.post(page(alice, "resend"), WHY | {"address": waits})
    letter = mailbox.latest(waits)
    assert letter.kind == "confirm_address" and mailbox.kinds(alice.email) == ["staff_changed"]
    assert last(Event.STAFF_CONFIRMATION_RESENT).facts == WHY
    laptop.post("/accounts/confirm-email/", {"code": letter.code})
    assert EmailAddress.objects.filter(user=alice, email=waits, verified=True).exists()


def test_only_what_waits_is_sent_again(sue_here, sue, by_hand, alice, bob, mailbox):
    for address in ("bob@example.org", "alice@example.org", "evil@example.org\nBcc: x", ""):
        answer = sue_here.post(page(alice, "resend"), WHY | {"address": address})
        assert answer.status_code == 200 and not mailbox.all()
    request = by_hand(sue_here, sue)
    assert not staff_confirmations.resend(request, alice, "bob@example.org", reason="because")


def test_a_mailbox_gets_no_more_letters_than_from_its_own_person(sue_here, alice, waits, mailbox):
    answers = [
        sue_here.post(page(alice, "resend"), WHY | {"address": waits}).status_code
        for _ in range(12)
    ]
    assert answers[0] == 302 and answers[-1] == 429


@pytest.mark.parametrize("act", ACTS)
def test_an_act_takes_a_reason_and_a_fresh_proof(sue_here, alice, waits, clock, mailbox, act):
    data = {"address": waits}
    assert "Give the reason" in text_of(sue_here.post(page(alice, act), data))
    clock.forward(minutes=6)
    answer = sue_here.post(page(alice, act), WHY | data)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not mailbox.all() and User.objects.get(pk=alice.pk).is_active


@pytest.mark.parametrize("act", ACTS)
def test_an_act_takes_its_permission(mallory_here, mallory, alice, waits, mailbox, act):
    codename = {
        "sign-out": "sign_out_user",
        "switch": "switch_user",
        "reset-letter": "send_reset_letter",
        "resend": "resend_confirmation",
    }[act]
    mallory.user_permissions.remove(Permission.objects.get(codename=codename))
    for send in (mallory_here.get, mallory_here.post):
        assert send(page(alice, act), WHY | {"address": waits}).status_code == 403
    assert not mailbox.all()


@pytest.mark.parametrize("act", ACTS)
def test_an_act_reaches_nobody_above_beside_or_oneself(
    mallory_here, mallory, ada, tom, mailbox, act
):
    for person in (ada, tom, mallory):
        answer = mallory_here.post(page(person, act), WHY)
        assert answer.status_code == 403
    assert not mailbox.all()


@pytest.mark.parametrize("act", ["sign-out", "switch"])
def test_superusers_do_not_do_it_to_themselves(ada_here, ada, by_hand, act):
    assert ada_here.post(page(ada, act), WHY).status_code == 404
    with pytest.raises(PermissionDenied):
        staff_sessions.end_all(by_hand(ada_here, ada), ada, reason="because")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 19])
def test_nobody_by_that_number_is_not_found(sue_here, act, pk):
    assert sue_here.get(f"{LIST}{pk}/{act}/").status_code == 404


@pytest.mark.parametrize("pk", ["9" * 30, "x", "-1", "%00"])
def test_what_is_no_number_does_nothing(sue_here, pk, mailbox):
    answer = sue_here.post(f"{LIST}{pk}/switch/", WHY, follow=True)
    assert answer.status_code < 500 and not mailbox.all()


def test_the_page_of_a_person_offers_what_may_be_done(sue_here, sue, alice, waits):
    said = text_of(sue_here.get(page_of(alice)))
    for act in ("Unlock", "Sign out everywhere", "Switch off", "Send a reset letter"):
        assert act in said
    sue.user_permissions.set(Permission.objects.filter(codename="view_user"))
    said = text_of(sue_here.get(page_of(alice)))
    for act in ("Unlock", "Sign out everywhere", "Switch off", "Send a reset letter"):
        assert act not in said
