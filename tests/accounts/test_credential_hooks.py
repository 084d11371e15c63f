"""What a higher room hangs on the lower one by ON_CREDENTIALS_CHANGED: endings inside every change of
how an account is reached."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import Confirmation, OutgoingMail, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.race import outcome
from tests.support.sensitive import form_of_alice, page_of_alice
from tests.support.upper_room import FAIL, REFUSE, REMEMBER, calls
from tests.support.visitor import Visitor

LOGIN, CONFIRM, CHANGE = (
    "/accounts/login/",
    "/accounts/confirm-email/",
    "/accounts/password/change/",
)
NEW_PASSWORD = "nine lanterns over the marsh"
TWICE = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture(autouse=True)
def an_upper_room():
    calls.clear()


def knocks(browser: Visitor, who: str = "alice") -> str:
    return outcome(browser.post(LOGIN, {"login": who, "password": cast.PASSWORD}))


def change_password(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD})


def change_password_ending_others(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD, "end_others": "on"})


def finish_a_reset(alice_here: Visitor, ada_here: Visitor) -> None:
    browser = Visitor(raise_request_exception=False)
    where = browser.get(Mailbox().all("alice@example.org")[0].link)["Location"]
    browser.post(where, TWICE | {"end_others": "on"})


def confirm_by_code(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post(CONFIRM, {"code": Mailbox().latest("new@example.org").code})


def confirm_by_link(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.get(Mailbox().latest("new@example.org").link)
    alice_here.post("/accounts/confirm-email/link/")


def make_main(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post("/accounts/email/", {"action": "main", "email": "spare@example.org"})


def remove(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post("/accounts/email/", {"action": "remove", "email": "spare@example.org"})


def change_username(alice_here: Visitor, ada_here: Visitor) -> None:
    alice_here.post("/accounts/username/", {"username": "quiet-lark"})


def be_switched_off(alice_here: Visitor, ada_here: Visitor) -> None:
    ada_here.post(page_of_alice(), form_of_alice(is_active=""))


def lose_a_role(alice_here: Visitor, ada_here: Visitor) -> None:
    ada_here.post(page_of_alice(), form_of_alice())


CHANGES: list[tuple[Callable[[Visitor, Visitor], None], Event, bool]] = [
    (change_password, Event.PASSWORD_CHANGED, False),
    (change_password_ending_others, Event.PASSWORD_CHANGED, True),
    (finish_a_reset, Event.PASSWORD_RESET_FINISHED, True),
    (confirm_by_code, Event.ADDRESS_CONFIRMED, False),
    (confirm_by_link, Event.ADDRESS_CONFIRMED, False),
    (make_main, Event.ADDRESS_MAIN_CHANGED, False),
    (remove, Event.ADDRESS_REMOVED, False),
    (change_username, Event.USERNAME_CHANGED, False),
    (be_switched_off, Event.DEACTIVATED, True),
    (lose_a_role, Event.STAFF_USER_CHANGED, True),
]
each_change = pytest.mark.parametrize(
    ("act", "event", "end_others"), CHANGES, ids=[act.__name__ for act, _, _ in CHANGES]
)


@pytest.fixture
def both_here(transactional_db) -> tuple[Visitor, Visitor]:
    """Alice, with all that can be changed, and Ada, each in their browser."""
    alice, _ = cast.person("alice"), cast.administrator("ada")
    alice.groups.add(Group.objects.create(name="helpers"))
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    browsers = tuple(Visitor(raise_request_exception=False) for _ in range(2))
    for browser, who in zip(browsers, ("alice", "ada"), strict=True):
        assert knocks(browser, who) == "302 /accounts/"
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    browsers[0].post("/accounts/email/", {"email": "new@example.org"})
    return browsers


@each_change
def test_every_change_tells_the_hooks_once_inside_itself(
    settings, both_here, act, event, end_others
):
    settings.ON_CREDENTIALS_CHANGED = [REMEMBER]
    before = User.objects.get(username="alice")
    act(*both_here)
    [call] = calls
    assert (call.event, call.end_others) == (event, end_others)
    assert call.user.pk == before.pk and isinstance(call.request, HttpRequest)
    after = User.objects.get(pk=before.pk)
    assert call.user.credentials_version == after.credentials_version > before.credentials_version
    # It sees the change that is not yet committed.
    assert call.in_transaction and (call.password, call.email) == (after.password, after.email)


def everything() -> list[object]:
    """All that a change touches. (A try with a code is counted, whatever becomes of it.)"""
    models = (User, EmailAddress, OutgoingMail, Entry)
    rows = [list(model.objects.order_by("pk").values()) for model in models]
    proofs = Confirmation.objects.order_by("pk").values_list("pk", "spent_at")
    people = Session.objects.exclude(user=None).order_by("pk")
    return [*rows, list(proofs), list(people.values_list("user", "credentials_version"))]


@each_change
@pytest.mark.parametrize("hook", [REFUSE, FAIL])
def test_a_hook_that_cannot_do_its_part_undoes_the_change(
    settings, both_here, act, event, end_others, hook
):
    """Letter, trail, sessions and all; hooks before it too."""
    settings.ON_CREDENTIALS_CHANGED = [REMEMBER, hook]
    before = everything()
    act(*both_here)
    assert len(calls) == 1 and everything() == before
    # Nothing in the person's own browser is as if it had been done.
    assert both_here[0].get("/accounts/").status_code == 200
    settings.ON_CREDENTIALS_CHANGED = []
    assert knocks(Visitor()) == "302 /accounts/"


@pytest.mark.django_db
def test_what_does_not_change_the_way_in_tells_nobody(settings, client, alice):
    settings.ON_CREDENTIALS_CHANGED = [FAIL]
    assert knocks(client) == "302 /accounts/"
    profile = {"name": "Alicia", "language": "en", "time_zone": "UTC"}
    assert outcome(client.post("/accounts/profile/", profile)) == "302 /accounts/profile/"
    client.post("/accounts/email/", {"email": "waiting@example.org"})
    waits = {"action": "remove", "email": "waiting@example.org"}
    assert outcome(client.post("/accounts/email/", waits)) == "302 /accounts/email/"
    client.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    client.post("/accounts/password/reset/", {"login": "alice"})
    client.post("/accounts/logout/")
    assert Entry.objects.filter(event=Event.SIGNED_OUT.value).exists() and not calls
