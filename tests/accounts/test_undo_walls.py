"""The walls around undoing a change: what the link alone does not do, and what a proof is worth."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone

from accounts.errors import LinkUnusable
from accounts.flows import undo as flow
from accounts.flows import undo_proofs
from accounts.models import ChangeSet, KnownDevice, Session, User
from accounts.undo import sets
from audit.models import Entry
from authsite.terms import Terms
from tests.support import cast, undoing
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of, text_of
from tests.support.undoing import (
    EMAIL,
    KEEP,
    LOGIN,
    NEW,
    PASSWORD,
    THEIRS,
    UNDO,
    link_to,
    main_address,
    open_and_stop,
    put_back,
    sign_in,
)
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

OLD, STOLEN = "alice@example.org", "mallory@example.org"
HELD = "You cannot sign in here for now"


def test_a_browser_that_an_unlock_letter_let_in_is_no_old_one(owners, intruder, alice, mailbox):
    open_and_stop(link_to(OLD, "address_changed"))
    browser = Visitor()
    browser.post("/accounts/unlock/", {"login": STOLEN})
    browser.post("/accounts/unlock/code/", {"code": mailbox.latest(STOLEN).code})
    assert KnownDevice.objects.filter(user=alice).exclude(expires_at=None).exists()
    assert HELD in text_of(browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD}))


def test_a_reset_link_from_before_sets_no_password_and_a_new_one_says_why(
    owners, intruder, alice, mailbox
):
    browser = Visitor()
    browser.post("/accounts/password/reset/", {"login": STOLEN})
    link = mailbox.latest(STOLEN).link
    open_and_stop(link_to(OLD, "address_changed"))
    assert browser.get(link).status_code == 410
    browser.post("/accounts/password/reset/", {"login": STOLEN})
    assert mailbox.latest(STOLEN).kind == "reset_held" and "/reset/key" not in mailbox.latest().text


def test_a_sign_in_code_opens_no_session_there(owners, intruder, alice, mailbox, settings):
    settings.POLICY_SIGN_IN_BY_CODE = True
    open_and_stop(link_to(OLD, "address_changed"))
    browser = Visitor()
    browser.post("/accounts/login/code/", {"login": STOLEN})
    code = mailbox.latest(STOLEN).code
    refused = browser.post("/accounts/login/code/confirm/", {"code": code})
    assert refused.status_code == 403 and not Session.objects.filter(user=alice).exists()


def test_a_demanded_password_does_not_shut_out_whoever_may_come_in(owners, intruder, alice):
    open_and_stop(link_to(OLD, "address_changed"))
    User.objects.filter(pk=alice.pk).update(password_must_change=timezone.now())
    assert sign_in("alice", browser=owners).get("/accounts/").status_code == 200
    intruder.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert intruder.get("/accounts/password/required/").status_code == 302


def test_proofs_are_few_and_counted_before_they_are_compared(intruder, alice, clock, hashes_of):
    browser = open_and_stop(link_to(OLD, "address_changed"))
    for _ in range(3):  # one network leaves the owner the other half
        assert browser.post(UNDO, {"proof": "wrong"}).status_code == 200
    with hashes_of() as hashes:
        refused = browser.post(UNDO, {"proof": cast.PASSWORD})
    assert refused.status_code == 429 and hashes.made == 0
    assert "The change stays stopped, and the link works still." in text_of(refused)
    clock.forward(hours=1, seconds=1)
    ChangeSet.objects.update(tries=flow.TRIES)
    assert browser.post(UNDO, {"proof": cast.PASSWORD}).status_code == 410
    ChangeSet.objects.update(tries=flow.TRIES - 1)
    assert browser.post(UNDO, {"proof": cast.PASSWORD})["Location"] == PASSWORD
    assert Entry.objects.filter(event="account.undo_failed").count() == 3


@pytest.mark.parametrize("proof", ["x" * 5000, "\x00", "' OR 1=1", "😀" * 300, "\u202e", "{{ 7 }}"])
def test_hostile_proofs_are_wrong_and_nothing_more(intruder, alice, proof):
    browser = open_and_stop(link_to(OLD, "address_changed"))
    assert browser.post(UNDO, {"proof": proof}).status_code == 200
    assert browser.get(PASSWORD)["Location"] == UNDO


def test_the_link_alone_sets_no_password_and_proves_nothing_before_it_stopped(intruder, alice):
    link = link_to(OLD, "address_changed")
    browser = Visitor()
    browser.get(link)
    assert browser.get(PASSWORD)["Location"] == UNDO
    assert browser.post(PASSWORD, {"password1": NEW, "password2": NEW})["Location"] == UNDO
    # The proof is asked after the stop only: this POST is the stop.
    browser.post(UNDO, {"proof": cast.PASSWORD})
    assert browser.get(PASSWORD)["Location"] == UNDO
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD) and alice.held_since


def test_a_proof_grows_old_and_ends_with_the_session_that_gave_it(intruder, alice, clock):
    browser = open_and_stop(link_to(OLD, "address_changed"))
    before = browser.cookies["__Host-session"].value
    browser.post(UNDO, {"proof": cast.PASSWORD})
    assert browser.cookies["__Host-session"].value != before
    assert browser.get(PASSWORD).status_code == 200
    clock.forward(minutes=10, seconds=1)
    assert browser.get(PASSWORD)["Location"] == UNDO


def test_the_flow_itself_asks_for_the_proof(rf, intruder, alice):
    browser = open_and_stop(link_to(OLD, "address_changed"))
    request = rf.post(UNDO)
    request.session = browser.session
    with pytest.raises(LinkUnusable):
        flow.put_back(request, ChangeSet.objects.exclude(stopped_at=None).get(), NEW)
    assert main_address(alice) == STOLEN


def test_what_was_before_rests_sealed_to_its_row(intruder, alice):
    first, second = ChangeSet.objects.order_by("pk")
    assert alice.password not in first.former and OLD not in first.former
    first.former = second.former
    assert undo_proofs.is_from_before(alice, first, cast.PASSWORD) is False


def test_the_person_who_was_switched_off_is_not_found_by_it(intruder, alice):
    link = link_to(OLD, "address_changed")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Visitor().get(link).status_code == 410


def test_keeping_takes_a_fresh_proof(owners, intruder, alice, clock):
    open_and_stop(link_to(OLD, "address_changed"))
    sign_in("alice", browser=owners)
    for looked in (owners.get(KEEP), owners.head(KEEP)):
        assert looked["Location"] == "/accounts/"
        alice.refresh_from_db()
        assert alice.held_since is not None
    clock.forward(minutes=6)
    assert owners.post(KEEP)["Location"].startswith("/accounts/reauthenticate/")
    alice.refresh_from_db()
    assert alice.held_since is not None


def test_keeping_nothing_does_nothing(owners, alice):
    sign_in("alice", browser=owners)
    count = Entry.objects.count()
    assert owners.post(KEEP)["Location"] == "/accounts/" and Entry.objects.count() == count


def test_pressing_the_button_twice_is_stopping_once(intruder, alice):
    link = link_to(OLD, "address_changed")
    one, other = Visitor(), Visitor()
    for browser in (one, other):
        browser.get(link)
    for browser in (one, other):
        assert browser.post(UNDO)["Location"] == UNDO
    assert Entry.objects.filter(event="account.change_stopped").count() == 1


def test_a_page_of_it_takes_few_statements(intruder, alice, django_assert_max_num_queries):
    browser = Visitor()
    browser.get(link_to(OLD, "address_changed"))
    for _ in range(2):
        with django_assert_max_num_queries(6):
            browser.get(UNDO)
        browser.post(UNDO)


def test_the_flow_takes_no_proof_before_the_stop(rf, intruder, alice):
    request = rf.post(UNDO)
    request.session = Visitor().session
    with pytest.raises(LinkUnusable):
        flow.prove(request, ChangeSet.objects.first(), cast.PASSWORD)


def test_not_even_the_session_at_hand_stays_when_it_is_put_back(owners, intruder, alice):
    link = link_to(OLD, "address_changed")
    open_and_stop(link)
    sign_in("alice", browser=owners)
    owners.get(link)
    put_back(owners)
    assert owners.get("/accounts/").status_code == 302
    assert not Session.objects.filter(user=alice).exists()


def test_an_address_that_is_gone_already_hears_of_the_stop(owners, alice, mailbox, clock):
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    undoing.long_here(alice)
    intruder = sign_in("alice")
    intruder.post(EMAIL, {"action": "remove", "email": "spare@example.org"})
    assert not EmailAddress.objects.filter(email="spare@example.org").exists()
    put_back(open_and_stop(link_to("spare@example.org", "address_changed")))
    assert mailbox.kinds("spare@example.org") == [
        "address_changed", "change_stopped", "change_undone",
    ]  # fmt: skip
    assert EmailAddress.objects.get(email="spare@example.org").user == alice


@pytest.mark.parametrize("confined_by", ["deletion", "terms", "enrolment"])
def test_the_link_opens_whatever_else_its_browser_is_confined_to(
    owners, intruder, alice, settings, tmp_path, confined_by
):
    link = link_to(OLD, "address_changed")
    browser = sign_in("alice")
    if confined_by == "deletion":
        later = timezone.now() + timedelta(days=14)
        User.objects.filter(pk=alice.pk).update(deletion_due_at=later)
    elif confined_by == "terms":
        settings.TERMS = Terms(version="2026-2", text="New.", digest="d" * 64)
    else:
        settings.POLICY_TWO_STEP = "required"
    assert browser.get("/accounts/profile/").status_code == 302
    assert browser.get(link)["Location"] == UNDO
    assert "Stop this change?" in text_of(browser.get(UNDO))
    assert browser.post(UNDO)["Location"] == UNDO
    alice.refresh_from_db()
    assert alice.held_since and alice.deletion_due_at is None


def test_one_network_leaves_the_owner_tries(intruder, alice, clock):
    link = link_to(OLD, "address_changed")
    thief = open_and_stop(link)
    while thief.post(UNDO, {"proof": "wrong"}).status_code == 200:
        pass
    owner = Visitor(REMOTE_ADDR="203.0.113.77")
    owner.get(link)
    assert owner.post(UNDO, {"proof": cast.PASSWORD})["Location"] == PASSWORD


def test_a_password_that_a_thief_chose_lately_proves_nothing(owners, alice, mailbox, clock):
    """The thief reads the mailbox; the owner took the account back by another reset."""
    for new, days in ((THEIRS, 6), ("seven owls in the old barn", 1)):
        browser = Visitor()
        browser.post("/accounts/password/reset/", {"login": "alice"})
        page = browser.get(mailbox.latest(OLD).link)["Location"]
        browser.post(page, {"password1": new, "password2": new})
        clock.forward(days=days, minutes=1)
    assert sets.alive().filter(user=alice).count() == 1  # the thief's own can be undone no more
    thief = open_and_stop(link_to(OLD, "password_changed"))
    assert "That is not right" in errors_of(thief.post(UNDO, {"proof": THEIRS}))


def test_what_was_kept_is_not_stopped_again_by_the_next_letter(owners, alice, clock):
    sign_in("alice", browser=owners)
    undoing.take_over_the_address(owners, "moved@example.org")
    told = [one.link for one in Mailbox().all(OLD) if one.kind == "address_changed"]
    open_and_stop(told[1])
    sign_in("alice", browser=owners)
    owners.post(KEEP)
    assert Visitor().get(told[0]).status_code == 410


def test_what_runs_out_behind_the_look_is_not_put_back(owners, alice, clock):
    """All that are open go back or none: here the oldest runs out between the look and the deed."""
    undoing.take_over_the_address(sign_in("alice"), STOLEN)
    clock.forward(days=1)
    undoing.change_password(sign_in("alice"))
    clock.forward(days=5, hours=23, minutes=55)
    browser = open_and_stop(link_to(OLD, "password_changed"))
    browser.post(UNDO, {"proof": cast.PASSWORD})

    def time_passes_behind_it(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if '"accounts_changeset"."id" >= ' in sql:
            clock.forward(minutes=6)
        return answer

    with connection.execute_wrapper(time_passes_behind_it):
        answer = browser.post(PASSWORD, {"password1": NEW, "password2": NEW})
    assert answer.status_code == 410
    assert main_address(alice) == STOLEN and not alice.check_password(NEW)
    assert not ChangeSet.objects.exclude(closed_at=None).exists()
