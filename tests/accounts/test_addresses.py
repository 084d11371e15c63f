"""Several addresses, each proved; sensitive changes ask for a fresh proof and carry on."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Confirmation, User
from tests.support import cast
from tests.support.pages import errors_of, same_bytes, text_of

pytestmark = pytest.mark.django_db

EMAIL, CONFIRM, REAUTH = (
    "/accounts/email/",
    "/accounts/confirm-email/",
    "/accounts/reauthenticate/",
)
NEW = "second@example.org"


@pytest.fixture
def alice_here(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    return client


def addresses_of(user: User) -> dict[str, bool]:
    return dict(EmailAddress.objects.filter(user=user).values_list("email", "primary"))


def add(browser, address=NEW):
    return browser.post(EMAIL, {"email": address})


def test_an_address_is_added_once_its_code_comes_back(alice_here, alice, mailbox):
    answer = add(alice_here)
    assert answer["Location"] == CONFIRM
    assert addresses_of(alice) == {alice.email: True}
    assert "Not confirmed" in text_of(alice_here.get(EMAIL))
    alice_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})
    assert addresses_of(alice) == {alice.email: True, NEW: False}
    assert mailbox.kinds(alice.email) == ["address_changed"]
    assert mailbox.latest(alice.email).link == "/accounts/rescue/"


def test_the_main_address_stays_until_the_new_one_is_confirmed(alice_here, alice, mailbox):
    add(alice_here)
    alice_here.post(EMAIL, {"action": "main", "email": NEW})
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    alice_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})
    alice_here.post(EMAIL, {"action": "main", "email": NEW})
    alice.refresh_from_db()
    assert alice.email == NEW
    assert addresses_of(alice) == {"alice@example.org": False, NEW: True}
    told = [mailbox.latest(address) for address in ("alice@example.org", NEW)]
    assert {(letter.kind, letter.link) for letter in told} == {
        ("address_changed", "/accounts/rescue/")
    }
    assert alice_here.get(EMAIL).status_code == 200


def test_the_link_works_only_signed_in_as_whoever_asked(
    alice_here, another_browser, alice, bob, mailbox
):
    add(alice_here)
    link = mailbox.latest(NEW).link
    stranger = another_browser()
    assert "login" in stranger.get(link, follow=True).redirect_chain[-1][0]
    stranger.post("/accounts/login/", {"login": "bob", "password": cast.PASSWORD})
    stranger.get(link, follow=True)
    assert stranger.post("/accounts/confirm-email/link/").status_code == 410
    assert addresses_of(alice) == {alice.email: True}
    alice_here.get(link, follow=True)
    alice_here.post("/accounts/confirm-email/link/")
    assert NEW in addresses_of(alice) and NEW not in addresses_of(bob)


def test_somebody_elses_address_answers_alike_and_tells_its_owner(alice_here, bob, mailbox):
    free = add(alice_here, "free@example.org")
    page_of_free = alice_here.get(CONFIRM)
    Confirmation.objects.all().delete()
    taken = add(alice_here, bob.email)
    assert same_bytes(free, taken)
    assert same_bytes(page_of_free, alice_here.get(CONFIRM), echo=("free@example.org", bob.email))
    assert mailbox.kinds(bob.email) == ["address_taken"]


def test_two_people_ask_for_one_address_and_the_first_proof_wins(
    alice_here, another_browser, alice, bob, mailbox
):
    bob_here = another_browser()
    bob_here.post("/accounts/login/", {"login": "bob", "password": cast.PASSWORD})
    add(alice_here)
    code_of_alice = mailbox.latest(NEW).code
    add(bob_here)
    bob_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})
    late = alice_here.post(CONFIRM, {"code": code_of_alice})
    assert "That code is not right" in errors_of(late)
    assert NEW in addresses_of(bob) and NEW not in addresses_of(alice)


def test_an_old_proof_is_asked_for_again_and_the_post_is_carried_through(
    alice_here, alice, clock, mailbox
):
    clock.forward(minutes=6)
    answer = add(alice_here)
    assert answer["Location"].startswith(REAUTH) and not mailbox.all()
    page = alice_here.get(answer["Location"])
    assert "change your email addresses" in text_of(page)
    key = alice_here.cookies["__Host-session"].value
    wrong = alice_here.post(answer["Location"], {"password": "not my password at all"})
    assert "That password is not right." in errors_of(wrong)
    done = alice_here.post(answer["Location"], {"password": cast.PASSWORD})
    assert done["Location"] == CONFIRM and mailbox.latest(NEW).kind == "confirm_address"
    assert alice_here.cookies["__Host-session"].value != key


def test_a_suspended_post_ends_after_ten_minutes(alice_here, clock, mailbox):
    clock.forward(minutes=6)
    where = add(alice_here)["Location"]
    clock.forward(minutes=11)
    alice_here.post(where, {"password": cast.PASSWORD})
    assert not mailbox.all()


def test_the_main_address_cannot_go_and_another_can(alice_here, alice, mailbox):
    EmailAddress.objects.create(user=alice, email=NEW, verified=True)
    page = alice_here.post(EMAIL, {"action": "remove", "email": alice.email}, follow=True)
    assert "Choose another main address first." in text_of(page)
    alice_here.post(EMAIL, {"action": "remove", "email": NEW})
    assert addresses_of(alice) == {alice.email: True}
    assert mailbox.kinds(NEW) == mailbox.kinds(alice.email) == ["address_changed"]
    assert mailbox.latest(NEW).link == mailbox.latest(alice.email).link == "/accounts/rescue/"


def test_a_waiting_address_can_be_taken_back(alice_here, alice, mailbox):
    add(alice_here)
    alice_here.post(EMAIL, {"action": "remove", "email": NEW})
    assert alice_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})["Location"] == EMAIL
    assert addresses_of(alice) == {alice.email: True}


def test_nobody_moves_or_removes_an_address_of_somebody_else(alice_here, alice, bob):
    for action in ("main", "remove", "resend"):
        alice_here.post(EMAIL, {"action": action, "email": bob.email})
    assert addresses_of(bob) == {bob.email: True}
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


@pytest.mark.parametrize("typed", ["a\nb@example.org", "\x00", "x" * 70_000, "", "\u202e"])
@pytest.mark.parametrize("action", ["main", "remove", "resend"])
def test_anything_typed_into_a_row_is_refused(alice_here, alice, mailbox, action, typed):
    answer = alice_here.post(EMAIL, {"action": action, "email": typed})
    assert answer.status_code == 302
    assert addresses_of(alice) == {alice.email: True} and not mailbox.all()


def test_a_confirmed_address_moves_the_version_on(alice_here, alice, mailbox):
    add(alice_here)
    alice_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})
    assert User.objects.get(pk=alice.pk).credentials_version == 2
    assert alice_here.get(EMAIL).status_code == 200


def test_an_address_under_way_ends_with_a_change_of_password(alice_here, alice, mailbox):
    """Whoever was in the account may have begun to add an address of theirs."""
    add(alice_here)
    fields = dict.fromkeys(("password1", "password2"), "eleven copper weathercocks")
    alice_here.post(
        "/accounts/password/change/",
        fields | {"oldpassword": cast.PASSWORD, "end_others": "on"},
    )
    alice_here.post(CONFIRM, {"code": mailbox.latest(NEW).code})
    assert addresses_of(alice) == {alice.email: True}


def test_one_cannot_have_more_than_five_or_the_same_twice(alice_here, alice):
    assert "already on your account" in errors_of(add(alice_here, alice.email))
    for number in range(4):
        add(alice_here, f"more{number}@example.org")
    assert "as many addresses" in errors_of(add(alice_here, "more5@example.org"))


def test_changing_the_main_address_kills_reset_links(alice_here, another_browser, alice, mailbox):
    EmailAddress.objects.create(user=alice, email=NEW, verified=True)
    another_browser().post("/accounts/password/reset/", {"login": "alice"})
    link = mailbox.latest().link
    alice_here.post(EMAIL, {"action": "main", "email": NEW})
    page = another_browser().get(link, follow=True)
    assert "This link cannot be used" in text_of(page)


def test_one_account_sends_only_so_many_letters_to_others(client, alice, mailbox, settings):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    statuses = []
    for number in range(17):
        address = {"email": f"stranger{number}@example.org"}
        statuses.append(client.post("/accounts/email/", address).status_code)
        client.post("/accounts/email/", address | {"action": "remove"})
    assert statuses == [302] * 15 + [429] * 2
    assert len(mailbox.all()) == 15


def test_back_and_forth_between_two_addresses_fills_no_mailbox(
    alice_here, alice, mailbox, settings
):
    """Each change is told: without end, they would bury the letter that matters."""
    settings.POLICY_LETTERS_PER_HOUR = 2
    EmailAddress.objects.create(user=alice, email=NEW, verified=True)
    answers = [
        alice_here.post(EMAIL, {"action": "main", "email": email}).status_code
        for email in [NEW, alice.email] * 4
    ]
    assert answers == [302] * 6 + [429, 302]  # the last one is the main address already
    assert len(mailbox.kinds(NEW)) == 6
