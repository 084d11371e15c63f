"""An account is erased when its day has come: all of it, once, and of nobody else. On SQLite and
PostgreSQL."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt
from django.apps import apps
from django.utils import timezone

from accounts import housekeeping
from accounts.flows import erasing
from accounts.flows.erasing import Outcome
from accounts.models import OutgoingMail, PendingSignup, Session, User
from audit import trail
from audit.events import Event
from audit.models import Entry, SubjectKey
from tests.accounts.test_deletion import OVERVIEW, ask, sign_in
from tests.support import cast, second_steps
from tests.support.stored import texts
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "Wilhelmina Quartermain"
LATER = {"days": 14, "seconds": 1}


@pytest.fixture
def wilma(db: None) -> User:
    """Somebody with all that an account can hold."""
    person = cast.person("wilma-quartermain", email="quartermain@example.org", name=NAME)
    for address, verified in (("quarter@example.net", True), ("main@quarter.example", False)):
        EmailAddress.objects.create(user=person, email=address, verified=verified)
    second_steps.give_app(person)
    return person


def in_her_browser(wilma: User) -> Visitor:
    browser = Visitor()
    sign_in(browser, "wilma-quartermain")
    fields = {"method": "app", "code": second_steps.as_if_later(wilma)}
    assert browser.post("/accounts/mfa/authenticate/", fields)["Location"] == OVERVIEW
    return browser


def live_and_leave(wilma: User, bob: User) -> None:
    """She signs in, is guessed at, adds an address, is signed up for again; then she goes."""
    Visitor().post("/accounts/login/", {"login": wilma.email, "password": "not hers at all"})
    Visitor().post(
        "/accounts/signup/", {"email": wilma.email, "password1": "seven slow herons sing"}
    )
    Visitor().post("/accounts/password/reset/", {"login": wilma.username})
    browser = in_her_browser(wilma)
    browser.post("/accounts/email/", {"email": "third@quarter.example"})
    browser.post("/accounts/profile/", {"name": NAME, "language": "en", "time_zone": "UTC"})
    sign_in(Visitor(), "bob")
    assert ask(browser) == "/accounts/delete/set/"


def due_now(*people: User) -> None:
    mine = User.objects.filter(pk__in=[one.pk for one in people])
    mine.update(deletion_due_at=timezone.now() - timedelta(seconds=1))


# --- what goes and what stays ---------------------------------------------------------------------


def test_nothing_stored_names_the_person_any_more(wilma, bob, clock, mailbox):
    live_and_leave(wilma, bob)
    clock.forward(**LATER)
    assert erasing.erase(wilma.pk) is Outcome.ERASED
    *strangers, last = mailbox.all()
    # What strangers caused for her address is nobody's letter, and waits for the mail server only.
    assert {letter.kind for letter in strangers} == {"confirm_address"}
    assert (last.to, last.subject) == (wilma.email, "Your Northgate account was deleted")
    assert "the last email about this account" in last.text
    housekeeping.purge_sessions(500)  # browsers that typed her name; they ended days ago
    OutgoingMail.objects.all().delete()  # it is sealed until it is sent, and wiped then
    for kept in texts():
        for word in ("wilma", "quarter", "wilhelmina"):
            assert word not in kept.text.lower(), (kept.where, kept.text)


def test_every_row_of_theirs_is_gone_and_every_row_of_others_stays(wilma, bob, clock):
    kinds = [model for model in apps.get_models() if model not in (Entry, SubjectKey)]
    sign_in(Visitor(), "bob")
    Session.objects.filter(user=None).delete()
    before = {model: set(model._base_manager.values_list("pk", flat=True)) for model in kinds}
    hers = {model for model in kinds if _column_of(model) and _rows_of(model, wilma)}
    assert User not in hers and len(hers) > 2
    due_now(wilma)
    assert erasing.erase(wilma.pk) is Outcome.ERASED
    for model in kinds:
        assert not (_column_of(model) and _rows_of(model, wilma)), model
        if column := _column_of(model):
            others = set(
                model._base_manager.filter(**{column: bob.pk}).values_list("pk", flat=True)
            )
            assert others <= before[model]
    assert User.objects.get().pk == bob.pk and Session.objects.get().user_id == bob.pk
    assert EmailAddress.objects.get().user_id == bob.pk


def _column_of(model: Any) -> str:
    """The column by which rows of `model` belong to a person."""
    found = [
        f for f in model._meta.concrete_fields if f.related_model is User and not f.primary_key
    ]
    return found[0].attname if found else ""


def _rows_of(model: Any, person: User) -> bool:
    return model._base_manager.filter(**{_column_of(model): person.pk}).exists()


def test_the_trail_stays_row_by_row_and_nobody_reads_whose_it_is(wilma, bob, clock):
    live_and_leave(wilma, bob)
    before = list(Entry.objects.order_by("pk").values())
    assert any(line.device for line in trail.entries_of(wilma.subject_id))
    clock.forward(**LATER)
    erasing.erase(wilma.pk)
    after = list(Entry.objects.order_by("pk").values())
    assert after[: len(before)] == before
    (last,) = after[len(before) :]
    assert (last["event"], last["subject_id"]) == ("account.deleted", wilma.subject_id)
    lines = trail.entries_of(wilma.subject_id, limit=1000)
    assert len(lines) > 5
    assert not any(one.readable or one.label or one.device or one.address for one in lines)
    # Whatever is recorded under that name from now on brings no key back.
    trail.record(Event.SIGN_IN_FAILED, subject=wilma.subject_id, label="x", reason="refused")
    assert not trail.entries_of(wilma.subject_id)[0].readable
    assert any(line.readable for line in trail.entries_of(bob.subject_id))


def test_nobody_signs_in_as_them_and_the_address_is_free(wilma, clock, mailbox):
    due_now(wilma)
    erasing.erase(wilma.pk)
    answer = Visitor().post("/accounts/login/", {"login": wilma.email, "password": cast.PASSWORD})
    assert answer.status_code == 200
    browser = Visitor()
    fields = {"email": wilma.email, "password1": "nine lanterns over the marsh"}
    browser.post("/accounts/signup/", fields)
    browser.post("/accounts/confirm-email/", {"code": mailbox.latest(wilma.email).code})
    assert User.objects.get(email=wilma.email).pk != wilma.pk


def test_counts_of_guesses_and_sign_ups_for_the_address_go_too(wilma, bob):
    for who in (wilma, bob):
        Visitor().post("/accounts/login/", {"login": who.email, "password": "not theirs at all"})
        fields = {"email": who.email, "password1": "seven slow herons sing"}
        Visitor().post("/accounts/signup/", fields)
    due_now(wilma)
    erasing.erase(wilma.pk)
    assert AccessAttempt.objects.get().username == f"uid:{bob.pk}"
    assert PendingSignup.objects.get().email == bob.email


def test_letters_that_wait_go_but_the_last(wilma, bob, mailbox):
    for who in (wilma, bob):
        Visitor().post("/accounts/password/reset/", {"login": who.username})
    assert len(mailbox.all()) == 2
    due_now(wilma)
    erasing.erase(wilma.pk)
    assert sorted((one.to, one.kind) for one in mailbox.all()) == [
        ("bob@example.org", "reset_password"),
        ("quartermain@example.org", "deletion"),
    ]
    last = OutgoingMail.objects.get(letter="deletion")
    assert last.subject_id == ""


# --- when -----------------------------------------------------------------------------------------


def test_nobody_goes_before_their_day_nor_who_was_kept(wilma, bob, clock):
    User.objects.filter(pk=wilma.pk).update(deletion_due_at=timezone.now() + timedelta(days=14))
    clock.forward(days=13, hours=23)
    assert erasing.due() == [] and erasing.erase_due(500) == 0
    assert erasing.erase(wilma.pk) is erasing.erase(bob.pk) is Outcome.KEPT
    clock.forward(hours=1, seconds=1)
    assert erasing.due() == [wilma.pk]
    assert erasing.erase_due(500) == 1 and erasing.erase(wilma.pk) is Outcome.KEPT
    assert User.objects.get() == bob


def test_somebody_switched_off_is_erased_all_the_same(wilma):
    User.objects.update(is_active=False)
    due_now(wilma)
    assert erasing.erase(wilma.pk) is Outcome.ERASED


def test_the_last_administrator_waits(ada, wilma):
    due_now(ada, wilma)
    assert erasing.erase(ada.pk) is Outcome.LAST_ADMINISTRATOR
    cast.administrator("eve")
    assert erasing.erase(ada.pk) is Outcome.ERASED


def test_one_that_fails_stays_whole_and_holds_up_no_other(wilma, bob, monkeypatch, caplog):
    due_now(wilma, bob)
    delete = User.delete

    def fails(self: User) -> Any:
        if self.pk == wilma.pk:
            raise RuntimeError(f"about {NAME}")
        return delete(self)

    monkeypatch.setattr(User, "delete", fails)
    before = SubjectKey.objects.filter(pk=wilma.subject_id).values_list("key").first()
    with caplog.at_level(logging.ERROR):
        outcomes = dict(erasing.erase_each([wilma.pk, bob.pk]))
    assert outcomes == {wilma.pk: Outcome.FAILED, bob.pk: Outcome.ERASED}
    assert NAME not in caplog.text and "failed" in caplog.text
    assert User.objects.get() == wilma and EmailAddress.objects.filter(user=wilma).count() == 3
    assert SubjectKey.objects.filter(pk=wilma.subject_id).values_list("key").first() == before
    assert not Entry.objects.filter(event="account.deleted", subject_id=wilma.subject_id)


def test_the_worker_does_it_a_few_at_a_time(db, monkeypatch):
    assert "accounts.flows.erasing.erase_due" in housekeeping.PERIODIC
    monkeypatch.setattr(erasing, "A_TURN", 2)
    due_now(*(cast.person(f"person{number}") for number in range(3)))
    assert [erasing.erase_due(500) for _ in range(3)] == [2, 1, 0]
