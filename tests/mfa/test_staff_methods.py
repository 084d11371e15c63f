"""Staff remove one second step of somebody: that one goes, the rest stays, and sessions end."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import Approval, Session, User
from audit.events import Event
from audit.models import Entry
from mfa.models import AuthenticatorApp, Passkey, RecoveryCodes
from tests.support import cast, passkey, second_steps
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/mfa/recoveryrequest/"
REASON = "ID checked, ticket 4411"


@pytest.fixture
def alice(db) -> User:
    alice = cast.person("alice")
    second_steps.give_app(alice)
    passkey.give(alice, passkey.Authenticator())
    return User.objects.get(pk=alice.pk)


def staff(name: str, *codenames: str) -> User:
    user = cast.person(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": user.username, "password": cast.PASSWORD})
    return browser


def remove(browser: Visitor, person: User, method: str) -> int:
    data = {"method": method, "reason": REASON}
    return browser.post(f"{LIST}person/{person.pk}/method/", data).status_code


@pytest.fixture
def sue(db) -> Visitor:
    return at_desk(staff("sue", "remove_method", "view_user"))


def test_the_app_goes_and_the_passkey_stays(sue, alice, mailbox):
    page = text_of(sue.get(f"{LIST}person/{alice.pk}/method/"))
    assert "Authenticator app" in page and "Passkey" in page
    assert remove(sue, alice, "app") == 302
    assert not AuthenticatorApp.objects.filter(user=alice).exists()
    assert Passkey.objects.filter(user=alice).exists()
    assert RecoveryCodes.objects.filter(user=alice).exists()
    alice.refresh_from_db()
    assert alice.two_step_on and not Session.objects.filter(user=alice).exists()
    entry = Entry.objects.get(event=Event.STAFF_METHOD_REMOVED.value)
    assert entry.facts == {"factor": "app", "reason": REASON, "sessions": 0, "of_staff": "no"}
    assert REASON in mailbox.latest(alice.email).text


def test_with_the_last_one_two_step_sign_in_goes_off(sue, alice):
    User.objects.filter(pk=alice.pk).update(passkey_for_changes=True, resets_need_proof=True)
    key = Passkey.objects.get(user=alice)
    assert remove(sue, alice, f"passkey-{key.pk}") == 302
    alice.refresh_from_db()
    assert alice.two_step_on and not alice.passkey_for_changes and alice.resets_need_proof
    assert remove(sue, alice, "app") == 302
    alice.refresh_from_db()
    assert not (alice.two_step_on or alice.has_second_step or alice.resets_need_proof)
    assert alice.recovery_codes_left is None
    assert not RecoveryCodes.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    "method", ["", "password", "passkey-0", "passkey-x", "recovery_code", "\x00"]
)
def test_what_they_do_not_have_is_not_removed(sue, alice, method):
    assert remove(sue, alice, method) == 200
    assert AuthenticatorApp.objects.filter(user=alice).exists()


def test_nobodys_passkey_is_removed_in_the_name_of_another(sue, alice):
    bob = cast.person("bob")
    passkey.give(bob, passkey.Authenticator())
    key = Passkey.objects.get(user=bob)
    assert remove(sue, alice, f"passkey-{key.pk}") == 200
    assert Passkey.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("rights", [("view_user",), ("remove_second_step",), ("change_user",)])
def test_nobody_removes_it_without_the_right(alice, rights):
    assert remove(at_desk(staff("tom", *rights)), alice, "app") == 403
    assert AuthenticatorApp.objects.filter(user=alice).exists()


def test_nobody_removes_their_own(ada):
    assert remove(at_desk(ada), ada, "app") == 403


def test_of_a_colleague_it_takes_two_who_mean_the_same(sue):
    tom = staff("tom")
    passkey.give(tom, passkey.Authenticator())
    key = f"passkey-{Passkey.objects.get(user=tom).pk}"
    max_ = at_desk(staff("max", "remove_method"))
    assert remove(sue, tom, key) == 302
    assert Approval.objects.get().asked == {"method": key}
    asked = f"/admin/approvals/{Approval.objects.get().pk}/"
    assert asked in max_.get("/admin/approvals/").content.decode()
    answer = max_.get(asked).content.decode()
    assert (
        f"{LIST}person/{tom.pk}/method/" in answer
        and "Your yes is given on the next page" in answer
    )
    assert "they can do it" not in answer and 'value="yes"' not in answer
    # The other one is another request, and the first is answered before.
    page = text_of(max_.get(f"{LIST}person/{tom.pk}/method/"))
    assert "sue asked already" in page and "Passkey “" in page
    assert remove(max_, tom, "app") == 409
    assert Approval.objects.get().asked == {"method": key}
    answer = {"answer": "no", "reason": "the app is lost"}
    assert max_.post(f"/admin/approvals/{Approval.objects.get().pk}/", answer).status_code == 302
    assert remove(max_, tom, "app") == 302
    assert AuthenticatorApp.objects.filter(user=tom).exists()
    assert Passkey.objects.filter(user=tom).exists()
    assert remove(sue, tom, "app") == 302
    assert not AuthenticatorApp.objects.filter(user=tom).exists()
    assert Passkey.objects.filter(user=tom).exists() and not Approval.objects.exists()


def test_it_takes_a_fresh_proof(sue, alice, clock):
    clock.forward(minutes=6)
    data = {"method": "app", "reason": REASON}
    answer = sue.post(f"{LIST}person/{alice.pk}/method/", data)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert AuthenticatorApp.objects.filter(user=alice).exists()


def test_two_of_staff_do_not_reach_above_themselves(sue, ada):
    """However many say yes: the steps of somebody above them are not theirs to take."""
    two = [sue, at_desk(staff("max", "remove_method", "view_user"))]
    assert [remove(one, ada, "app") for one in two] == [403, 403]
    assert AuthenticatorApp.objects.filter(user=ada).exists() and not Approval.objects.exists()
