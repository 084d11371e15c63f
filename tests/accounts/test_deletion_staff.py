"""What staff see of somebody who awaits deletion, and how they cancel it; and what they cannot do."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone

from accounts.flows import erasing, staff_deletion
from accounts.gates.explain import explain_login
from accounts.models import User
from audit.models import Entry
from authsite.urls import urlpatterns as of_the_site
from tests.accounts.test_auth_user import refused, run
from tests.support import cast
from tests.support.desk import LIST, form_of, page_of
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

OLD = {"minutes": 5, "seconds": 1}
REASON = {"reason": "ticket 4411"}


@pytest.fixture
def alice(alice) -> User:
    User.objects.filter(pk=alice.pk).update(deletion_due_at=timezone.now() + timedelta(days=14))
    return User.objects.get(pk=alice.pk)


def page(person: User) -> str:
    return f"{LIST}{person.pk}/keep/"


def awaits(person: User) -> bool:
    return User.objects.get(pk=person.pk).deletion_due_at is not None


def cancel_alices(request):
    person = User.objects.get(username="alice")
    done = [staff_deletion.cancel(request, person, reason="because I can") for _ in range(2)]
    return HttpResponse(f"{done}")


urlpatterns = [path("t/cancel/", cancel_alices), *of_the_site]


def test_it_is_cancelled_with_a_reason_kept_and_told(sue_here, sue, alice, mailbox):
    answer = sue_here.post(page(alice), REASON, follow=True)
    assert "The account of alice is kept." in text_of(answer)
    assert answer.request["PATH_INFO"] == page_of(alice)
    assert not awaits(alice)
    row = Entry.objects.get(event="staff.deletion_cancelled")
    assert (row.actor_id, row.subject_id) == (sue.subject_id, alice.subject_id)
    assert row.facts == REASON
    (letter,) = mailbox.all(alice.email)
    assert letter.kind == "staff_changed" and "ticket 4411" in letter.text
    assert "The deletion of your account was cancelled" in letter.text
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert browser.get("/accounts/").status_code == 200


def test_the_letter_goes_to_every_confirmed_address(sue_here, alice, mailbox):
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    sue_here.post(page(alice), REASON)
    assert sorted(letter.to for letter in mailbox.all()) == [alice.email, "spare@example.org"]


@pytest.mark.parametrize("reason", ["", "  ", "ab", "x" * 401])
def test_it_takes_a_reason(sue_here, alice, mailbox, reason):
    answer = sue_here.post(page(alice), {"reason": reason})
    assert answer.status_code == 200 and awaits(alice) and not mailbox.all()


def test_looking_cancels_nothing(sue_here, alice):
    said = text_of(sue_here.get(page(alice)))
    assert "awaiting deletion until" in said and "Make sure that it is the owner" in said
    sue_here.head(page(alice))
    assert awaits(alice)


def test_it_asks_for_a_fresh_proof(sue_here, alice, clock, settings):
    clock.forward(**OLD)
    assert "/reauthenticate/" in sue_here.post(page(alice), REASON)["Location"]
    assert awaits(alice)


def test_of_somebody_who_is_not_waiting_there_is_no_page(sue_here, bob):
    assert sue_here.get(page(bob)).status_code == 404
    assert sue_here.post(f"{LIST}999999/keep/", REASON).status_code == 404


def test_only_who_may_change_them_may(tom, mallory_here, alice, client):
    client.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    assert client.post(page(alice), REASON).status_code == 403
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert mallory_here.post(page(alice), REASON).status_code == 403
    assert awaits(alice)


@pytest.mark.urls(__name__)
def test_the_flow_refuses_whoever_may_not_itself(client, alice, bob):
    client.post("/accounts/login/", {"login": "bob", "password": cast.PASSWORD})
    assert client.post("/t/cancel/").status_code == 403
    assert awaits(alice)


@pytest.mark.urls(__name__)
def test_a_second_time_nothing_is_left_to_cancel(sue_here, alice, mailbox):
    assert sue_here.post("/t/cancel/").content == b"[True, False]"
    assert Entry.objects.filter(event="staff.deletion_cancelled").count() == 1
    assert len(mailbox.all()) == 1


def test_the_list_the_page_and_the_filter_say_so(sue_here, alice, bob):
    everybody = text_of(sue_here.get(LIST))
    assert "Awaiting deletion" in everybody and "bob@example.org" in everybody
    found = text_of(sue_here.get(LIST + "?awaiting_deletion=1"))
    assert "alice@example.org" in found and "bob@example.org" not in found
    of_alice, of_bob = text_of(sue_here.get(page_of(alice))), text_of(sue_here.get(page_of(bob)))
    assert "Cancel the deletion" in of_alice and "Cancel the deletion" not in of_bob
    assert "Awaiting deletion until" in of_alice
    for nonsense in ("2", "", "x" * 3000, "%00", "' OR 1"):
        assert sue_here.get(LIST, {"awaiting_deletion": nonsense}).status_code in (200, 302)


def test_whoever_asks_why_somebody_cannot_sign_in_is_told(alice, bob):
    told = [answer.sentence for answer in explain_login("alice").answers]
    assert any(said.startswith("The account is awaiting deletion until") for said in told)
    (only,) = explain_login("alice").closed
    assert only.verdict.gate == "deletion" and only.is_first
    told = [answer.sentence for answer in explain_login("bob").answers]
    assert not any("deletion" in said for said in told)


def test_an_operator_is_shown_it(alice, bob):
    assert "Deletion   awaited, on " in run("auth_user", "show", "alice")[0]
    assert "Deletion" not in run("auth_user", "show", "bob")[0]


def operates(*arguments: str) -> dict[str, object]:
    return json.loads(run("auth_user", "cancel-deletion", "alice", *arguments, "--json")[0])


def test_an_operator_cancels_it_too(alice, mailbox):
    because = ("--reason", "ticket 4411")
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    told = operates(*because, "--dry-run")
    assert (told["done"], told["dry_run"]) == (False, True) and told["deletion_due_at"]
    assert awaits(alice) and not mailbox.all()
    said, code = run("auth_user", "cancel-deletion", "alice", *because, "--dry-run")
    assert code == 0 and "would be erased on" in said and "Nothing was written." in said
    told = operates(*because, "--yes")
    assert (told["done"], told["cancelled"]) == (True, True) and not awaits(alice)
    row = Entry.objects.get(event="staff.deletion_cancelled")
    assert (row.actor_id, row.subject_id, row.facts) == (
        "",
        alice.subject_id,
        REASON | {"by": "operator"},
    )
    assert sorted(letter.to for letter in mailbox.all()) == [alice.email, "spare@example.org"]
    assert all("ticket 4411" in letter.text for letter in mailbox.all())
    assert operates(*because, "--yes")["done"] is False
    assert Entry.objects.filter(event="staff.deletion_cancelled").count() == 1


@pytest.mark.parametrize(
    ("what", "code"),
    [(("alice", "--yes"), 2), (("nobody", "--reason", "because", "--yes"), 1),
     (("alice", "--reason", "because"), 2)],
)  # fmt: skip
def test_an_operator_without_a_reason_a_person_or_a_terminal_cancels_nothing(alice, what, code):
    assert refused("auth_user", "cancel-deletion", *what)[1] == code
    assert awaits(alice)


@pytest.mark.parametrize("act", ["cancel-deletion", "unlock"])
def test_an_account_that_is_erased_behind_the_letters_is_said_to_be(alice, mailbox, act):
    done = []

    def it_is_erased_behind_them(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "accounts_tally" in sql and not done:
            done.append("once")
            User.objects.filter(pk=alice.pk).update(deletion_due_at=timezone.now())
            erasing.erase(alice.pk)
        return answer

    with connection.execute_wrapper(it_is_erased_behind_them):
        said, code = refused("auth_user", act, "alice", "--reason", "ticket 4411", "--yes")
    assert code == 1 and "erased meanwhile" in said
    assert not Entry.objects.filter(event__startswith="staff.").exists()


def test_nobody_deletes_a_person_at_the_desk(ada_here, alice):
    """The flow is the one way: no page, no action, no box."""
    assert ada_here.get(f"{LIST}{alice.pk}/delete/").status_code == 403
    assert ada_here.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}
    ada_here.post(LIST, chosen)
    assert "delete_selected" not in ada_here.get(LIST).content.decode()
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_day_is_not_set_by_the_form_of_the_desk(ada_here, bob):
    fields = form_of(bob, name="Bobby") | {
        "deletion_due_at_0": "2020-01-01",
        "deletion_due_at_1": "0",
    }
    ada_here.post(page_of(bob), fields)
    assert User.objects.get(pk=bob.pk).name == "Bobby" and not awaits(bob)


def test_staff_who_await_their_own_deletion_do_nothing_at_the_desk(sue_here, sue, alice):
    User.objects.filter(pk=sue.pk).update(deletion_due_at=timezone.now() + timedelta(days=1))
    assert sue_here.get(LIST)["Location"] == "/accounts/inactive/"
    assert sue_here.post(page(alice), REASON)["Location"] == "/accounts/inactive/"
    assert awaits(alice)
