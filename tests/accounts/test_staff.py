"""The staff desk: behind the one road, without passwords, and nobody rises above their lifter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.desk import LIST, form_of, page_of
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def test_the_admins_own_sign_in_is_a_redirect_into_the_road(client, alice):
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    into = client.get("/admin/login/?next=/admin/accounts/user/")
    assert into["Location"] == "/accounts/login/?next=/admin/accounts/user/"
    client.post("/admin/login/", {"username": "ada", "password": cast.PASSWORD})
    assert not Session.objects.filter(user__isnull=False).exists()


def test_people_who_are_no_staff_stay_outside(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_list_is_searched_and_filtered(ada_here, alice, bob):
    page = ada_here.get(LIST, {"q": "alice"}).content.decode()
    assert "alice@example.org" in page and "bob@example.org" not in page
    assert ada_here.get(LIST, {"is_staff__exact": "1"}).status_code == 200
    for nonsense in ({"o": "99.-x"}, {"is_staff__exact": "banana"}, {"created_at__gte": "soon"}):
        assert ada_here.get(LIST, nonsense, follow=True).status_code < 500


def test_there_is_no_password_field_anywhere(ada_here, alice):
    page = ada_here.get(page_of(alice)).content.decode()
    assert 'type="password"' not in page and alice.password not in page
    assert "argon2" not in page
    for path in (f"{LIST}{alice.pk}/password/", f"{LIST}add/"):
        assert ada_here.get(path).status_code in (302, 403, 404)
    ada_here.post(page_of(alice), form_of(alice, password="sneaked in by hand ok"))
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_a_change_takes_a_reason_and_is_told(ada_here, ada, alice, mailbox):
    ada_here.post(page_of(alice), form_of(alice, name="Alicia", reason=""))
    alice.refresh_from_db()
    assert alice.name == "Alice Adams"
    ada_here.post(page_of(alice), form_of(alice, name="Alicia"))
    alice.refresh_from_db()
    assert alice.name == "Alicia"
    assert mailbox.kinds(alice.email) == ["staff_changed"]
    assert "ticket 4411" in mailbox.latest().text
    entry = Entry.objects.get(event=Event.STAFF_USER_CHANGED.value)
    assert (entry.actor_id, entry.subject_id) == (ada.subject_id, alice.subject_id)
    assert entry.facts["fields"] == ["name"] and entry.facts["reason"] == "ticket 4411"


def test_switching_somebody_off_ends_their_sessions(ada_here, another_browser, alice):
    laptop = another_browser()
    laptop.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    ada_here.post(page_of(alice), form_of(alice, off="is_active"))
    assert laptop.get("/accounts/").status_code == 302
    assert not Session.objects.filter(user=alice).exists()


def test_switching_off_and_on_kills_reset_links_and_is_in_the_trail(
    ada_here, another_browser, alice, mailbox
):
    another_browser().post("/accounts/password/reset/", {"login": "alice"})
    link = mailbox.latest().link
    ada_here.post(page_of(alice), form_of(alice, off="is_active"))
    ada_here.post(page_of(alice), form_of(alice, is_active="on"))
    assert User.objects.get(pk=alice.pk).is_active
    page = another_browser().get(link, follow=True).content.decode()
    assert "This link cannot be used" in page
    events = list(Entry.objects.order_by("id").values_list("event", flat=True))
    assert Event.DEACTIVATED.value in events and Event.ACTIVATED.value in events
    assert mailbox.kinds(alice.email).count("staff_changed") == 2


def test_staff_prove_themselves_again_before_they_change_anybody(ada_here, alice, clock, mailbox):
    clock.forward(minutes=6)
    asked = ada_here.post(page_of(alice), form_of(alice, name="Alicia"))
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    alice.refresh_from_db()
    assert alice.name == "Alice Adams" and not mailbox.all()
    ada_here.post(asked["Location"], {"password": cast.PASSWORD})
    alice.refresh_from_db()
    assert alice.name == "Alicia"


@pytest.mark.parametrize("field", [{"language": "xx"}, {"time_zone": "Mars/Base"}])
def test_staff_store_no_nonsense(ada_here, alice, field):
    ada_here.post(page_of(alice), form_of(alice, **field))
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("en", "UTC")


def test_a_reset_letter_takes_a_reason(ada_here, alice, bob, mailbox):
    data = {"action": "send_reset_letter", "_selected_action": [alice.pk, bob.pk]}
    page = ada_here.post(LIST, data)
    assert "Reason" in page.content.decode() and not mailbox.all()
    ada_here.post(LIST, data | {"reason": "lost phone, ticket 7"})
    assert sorted(mailbox.kinds(alice.email)) == ["reset_password", "staff_changed"]
    (link,) = [one for one in mailbox.all(alice.email) if one.kind == "reset_password"]
    assert "staff sent you this link" in link.text
    assert Entry.objects.filter(event=Event.STAFF_RESET_LETTER_SENT.value).count() == 2
    assert alice.password == User.objects.get(pk=alice.pk).password


@contextmanager
def at_the_first_line_of_the_trail(happens: Callable[[], object]) -> Iterator[None]:
    """What others do while the act on the first of the chosen is under way."""
    waiting = [happens]

    def watch(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "audit_entry"') and waiting:
            waiting.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield


def test_one_who_is_refused_keeps_the_act_from_nobody_else_and_is_named(ada_here, alice, bob):
    cast.person("zoe", is_active=False)
    carol = cast.person("carol")
    dan = cast.person("dan")
    chosen = list(User.objects.exclude(username="ada").values_list("pk", flat=True))
    data = {"action": "demand_password", "_selected_action": chosen, "reason": "seen on a list"}

    def meanwhile():
        User.objects.filter(pk=carol.pk).update(password="another")
        User.objects.filter(pk=bob.pk).delete()

    with at_the_first_line_of_the_trail(meanwhile):
        page = ada_here.post(LIST, data, follow=True)
    said = text_of(page)
    assert page.status_code == 200
    assert "2 people must choose a new password, and are told by letter." in said
    assert (
        "Not done for: carol (changed in this moment),"
        " zoe (switched off, or without a password), bob (no longer there)." in said
    )
    demanded = User.objects.filter(password_must_change__isnull=False)
    assert set(demanded) == {alice, dan}


def test_where_nothing_could_be_done_nothing_else_is_said(ada_here):
    zoe = cast.person("zoe", is_active=False)
    data = {"action": "send_reset_letter", "_selected_action": [zoe.pk], "reason": "they asked"}
    said = text_of(ada_here.post(LIST, data, follow=True))
    assert "Not done for: zoe" in said and "The letter goes to" not in said


def test_support_cannot_change_a_superuser_or_other_staff(sue_here, ada, mailbox):
    tom = cast.person("tom", is_staff=True)
    for person in (ada, tom):
        answer = sue_here.post(page_of(person), form_of(person, name="Taken over"))
        assert answer.status_code == 403
        person.refresh_from_db()
        assert person.name != "Taken over"
        data = {"action": "send_reset_letter", "_selected_action": [person.pk]}
        sue_here.post(LIST, data | {"reason": "because I can"})
    assert not mailbox.all()


def test_support_cannot_raise_anybodys_rights_nor_their_own(sue_here, sue, alice):
    group = Group.objects.create(name="everything")
    group.permissions.set(Permission.objects.all())
    rights = {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [group.pk],
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
    }
    for person in (alice, sue):
        sue_here.post(page_of(person), form_of(person, **rights))
        person.refresh_from_db()
        assert not person.is_superuser and not person.groups.exists()
    assert not User.objects.get(pk=alice.pk).is_staff
    assert User.objects.get(pk=sue.pk).user_permissions.count() == 12
    assert sue_here.get(f"/admin/auth/group/{group.pk}/change/").status_code == 403
    sue_here.post("/admin/auth/group/add/", {"name": "mine"})
    assert not Group.objects.filter(name="mine").exists()


def test_staff_cannot_move_addresses_between_people(ada_here, alice, bob):
    row = EmailAddress.objects.get(user=alice)
    assert ada_here.get(f"/admin/account/emailaddress/{row.pk}/change/").status_code == 404
    ada_here.post(page_of(alice), form_of(alice, email="evil@example.org", username="evil"))
    alice.refresh_from_db()
    assert (alice.email, alice.username) == ("alice@example.org", "alice")


@pytest.mark.parametrize(
    "query",
    [
        {"password__startswith": "argon2"},
        {"password__regex": "^argon2id"},
        {"name__regex": "^(a+)+$"},
        {"sessions__key__startswith": "a"},
        {"id__in": "1,99999999999999999999999999"},
        {"password__regex": "["},
    ],
)
def test_the_list_is_no_oracle(sue_here, alice, query):
    """Django lets whoever may see a list filter by any column, the hash of the password too."""
    assert sue_here.get(LIST, query).status_code == 400


def test_rows_that_are_no_numbers_are_refused_plainly(ada_here, alice):
    for chosen in ("x", "99999999999999999999999999", "-1", "\x00"):
        data = {"action": "send_reset_letter", "_selected_action": [alice.pk, chosen]}
        assert ada_here.post(LIST, data).status_code == 400


def test_people_are_neither_made_nor_deleted_here(ada_here, alice):
    assert ada_here.get(f"{LIST}add/").status_code == 403
    assert ada_here.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}
    ada_here.post(LIST, data)
    assert User.objects.filter(pk=alice.pk).exists()


def test_operators_do_not_set_passwords_either(alice):
    with pytest.raises(CommandError, match="chosen by their owners"):
        call_command("changepassword", "alice")
    assert User.objects.get(pk=alice.pk).check_password(cast.PASSWORD)
