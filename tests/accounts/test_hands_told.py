"""By whose hands something was done stands in its entry, and on the desk: an operator's, or both of
those whom it took."""

from __future__ import annotations

import ast
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.utils import timezone

from accounts.exports import pieces
from accounts.models import Approval, User
from audit import trail
from audit.events import Event
from audit.models import Entry
from mfa.models import TrustedBrowser
from tests.audit.test_events import recorded
from tests.support import cast, history, second_steps
from tests.support.copies import built_for, rows_of
from tests.support.desk import form_of, page_of, second_says
from tests.support.granting import at_desk, helpers
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

WHY = "ticket 4411"
OPERATOR = "An operator (command line)"
# What the site does by itself, when a time is over.
BY_THE_SITE = {Event.STAFF_GRANT_ENDED}


def newest(event: Event) -> Entry:
    return Entry.objects.filter(event=event.value).latest("id")


def run(*words: str) -> None:
    unasked = ("--yes",) if words[0] == "auth_user" else ()
    call_command(*words, *unasked, "--reason", WHY)


def trust(person: User) -> None:
    """A browser of theirs that is not asked for the second step."""
    later = timezone.now() + timedelta(days=1)
    TrustedBrowser.objects.create(user=person, key=f"k{uuid4()}"[:30], expires_at=later)


# --- at the command line ---------------------------------------------------------------------------


COMMANDS = {
    "grant": ("auth_user", "grant", "alice", "--superuser"),
    "unlock": ("auth_user", "unlock", "alice"),
    "signout": ("auth_user", "signout", "alice"),
    "remove-mfa": ("auth_user", "remove-mfa", "alice"),
    "demand": ("auth_password", "demand", "alice"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_whatever_a_command_writes_says_that_an_operator_did_it(words, alice):
    second_steps.give_app(alice)
    before = Entry.objects.count()
    run(*words)
    rows = Entry.objects.order_by("id")[before:]
    assert rows and {(row.actor_id, row.facts.get("by")) for row in rows} == {("", "operator")}


def test_so_it_is_of_what_is_about_nobody(alice):
    call_command("auth_user", "show", "alice")
    call_command("auth_explain", "alice")
    call_command("auth_events", "verify")
    rows = Entry.objects.order_by("-id")[:3]
    assert [(row.actor_id, row.facts.get("by")) for row in rows] == [("", "operator")] * 3


def test_every_deed_of_staff_names_whose_it_was():
    """A call that names none would leave a deed that nobody did."""
    for where, event, call in recorded():
        if event.startswith(("staff.", "command.")) and event not in BY_THE_SITE:
            names = {keyword.arg for keyword in call.keywords}
            passes_on = ast.unparse(call.func).rpartition(".")[2] in ("_read", "record")
            positional = passes_on and len(call.args) > 1
            assert "actor" in names or positional, where


def test_the_desk_says_so_wherever_it_says_who(alice, ada_here):
    run(*COMMANDS["signout"])
    entry = newest(Event.STAFF_SIGNED_OUT)
    pages = (
        f"/admin/audit/entry/{entry.pk}/change/",
        f"/admin/audit/entry/?event={entry.event}",
        f"/admin/accounts/user/{alice.pk}/history/",
        f"/admin/accounts/user/{alice.pk}/change/",
        "/admin/dashboard/",
    )
    for page in pages:
        assert OPERATOR in text_of(ada_here.get(page)), page


def test_a_stranger_is_nobody_known(alice, ada_here):
    Visitor().post("/accounts/login/", {"login": "alice", "password": "not the right one"})
    entry = newest(Event.SIGN_IN_FAILED)
    assert "by" not in entry.facts
    page = text_of(ada_here.get(f"/admin/audit/entry/{entry.pk}/change/"))
    assert "Nobody, or nobody known" in page and OPERATOR not in page


def test_a_browser_that_is_trusted_no_more_was_not_forgotten_by_its_person(alice, ada, ada_here):
    second_steps.give_app(alice)
    trust(alice)
    ada_here.post(f"/admin/accounts/user/{alice.pk}/sign-out/", {"reason": WHY})
    assert newest(Event.TRUST_FORGOTTEN).actor_id == ada.subject_id
    trust(User.objects.get(pk=alice.pk))
    run(*COMMANDS["signout"])
    entry = newest(Event.TRUST_FORGOTTEN)
    assert (entry.actor_id, entry.facts["by"]) == ("", "operator")


# No kind of theirs says by its name who did it.
BESIDES = {
    Event.DEACTIVATED: {"reason": WHY},
    Event.DEVICE_FORGOTTEN: {"devices": 1, "reason": "switched_off"},
    Event.TRUST_FORGOTTEN: {"devices": 1, "reason": "credentials_changed"},
}


@pytest.mark.parametrize("event", BESIDES)
def test_its_person_is_not_told_that_they_did_it(alice, event):
    here = at_desk(alice)
    by = {"actor": trail.OPERATOR, "request": None}
    number = history.happens(alice, event, **by, **BESIDES[event])
    assert history.said(here).count("By staff") == 1
    page = text_of(history.entry(here, number))
    assert "Who Staff" in page and "Was this you?" not in page
    copy = b"".join(pieces.read(built_for(alice)))
    (row,) = [row for row in rows_of(copy, "activity") if row["id"] == number]
    assert row["by_staff"] is True and row["details"] == {}


# --- what takes two ----------------------------------------------------------------------------------


def colleagues(*codenames: str) -> tuple[User, User]:
    found = []
    for name in ("eve", "tom"):
        user = cast.person(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        found.append(user)
    return found[0], found[1]


def test_what_the_second_one_does_names_who_asked(alice, ada, ada_here):
    group = helpers("view_user")
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", groups=[group.pk]))
    asked = Approval.objects.get()
    assert second_says() == 302
    max_ = User.objects.get(username="max")
    entry = newest(Event.STAFF_USER_CHANGED)
    assert entry.actor_id == max_.subject_id and entry.facts["reason"] == WHY
    assert entry.facts["approval"] == asked.pk and entry.facts["asked_by"] == ada.subject_id
    for page in (
        f"/admin/audit/entry/{entry.pk}/change/",
        f"/admin/audit/entry/?event={entry.event}",
        f"/admin/accounts/user/{alice.pk}/history/",
        "/admin/dashboard/",
    ):
        shown = " ".join(text_of(ada_here.get(page)).split())
        assert "Asked for by ada" in shown and "Second word by max" in shown, page


def test_where_the_second_one_asks_for_the_same_both_are_named():
    eve, tom = colleagues("remove_second_step", "view_user")
    sue = cast.person("sue", is_staff=True)
    page = f"/admin/mfa/recoveryrequest/person/{sue.pk}/remove/"
    assert at_desk(eve).post(page, {"reason": "she called"}).status_code == 302
    number = Approval.objects.get().pk
    assert at_desk(tom).post(page, {"reason": WHY}).status_code == 302
    entry = newest(Event.STAFF_SECOND_STEP_REMOVED)
    assert (entry.actor_id, entry.facts["reason"]) == (tom.subject_id, WHY)
    assert (entry.facts["asked_by"], entry.facts["approval"]) == (eve.subject_id, number)


def test_what_one_may_do_alone_names_nobody_else(alice):
    eve, _tom = colleagues("remove_second_step", "view_user")
    second_steps.give_app(alice)
    page = f"/admin/mfa/recoveryrequest/person/{alice.pk}/remove/"
    assert at_desk(eve).post(page, {"reason": WHY}).status_code == 302
    facts = newest(Event.STAFF_SECOND_STEP_REMOVED).facts
    assert not {"approval", "asked_by", "approved_by", "by"} & facts.keys()


def test_what_the_asker_goes_on_with_names_who_said_yes(ada_here):
    eve, tom = colleagues("export_entries", "view_entry", "view_user")
    browser, page = at_desk(eve), "/admin/audit/entry/export/"
    form = {"format": "json", "much": "all", "reason": WHY}
    assert browser.post(page, form).status_code in (200, 302)
    asked = Approval.objects.get()
    answer = {"answer": "yes", "reason": "I called her"}
    assert at_desk(tom).post(f"/admin/approvals/{asked.pk}/", answer).status_code == 302
    taken = browser.post(page, form)
    assert taken.streaming and b"".join(taken.streaming_content)
    entry = newest(Event.TRAIL_EXPORTED)
    assert (entry.actor_id, entry.facts["approved_by"]) == (eve.subject_id, tom.subject_id)
    assert entry.facts["approval"] == asked.pk and "asked_by" not in entry.facts
    shown = " ".join(text_of(ada_here.get(f"/admin/audit/entry/{entry.pk}/change/")).split())
    assert "Asked for by eve" in shown and "Second word by tom" in shown
    User.objects.filter(pk=tom.pk).delete()
    shown = " ".join(text_of(ada_here.get(f"/admin/audit/entry/{entry.pk}/change/")).split())
    assert f"Second word by {tom.subject_id} (gone)" in shown
