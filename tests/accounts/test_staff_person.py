"""The page of a person on the desk: everything staff need to help them, and nothing to be them with."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction

from accounts import personal_data
from accounts.flows import staff_notes
from accounts.models import Session, StaffNote, User
from audit import searched, trail
from audit.events import Event
from audit.models import Entry
from mfa.models import AuthenticatorApp, Passkey
from tests.support import cast, passkey, second_steps
from tests.support.desk import LIST, page_of
from tests.support.pages import errors_of, text_of
from tests.support.trail import request_from
from tests.support.visitor import Visitor
from tests.support.whole_life import AGENT, lived

pytestmark = pytest.mark.django_db

NASTY = '<script>alert(1)</script>\x1b[31m\u202e=cmd()"'


def note_about(person: User) -> str:
    return f"{LIST}{person.pk}/note/"


def reads(event: Event) -> list[Entry]:
    return list(Entry.objects.filter(event=event).order_by("id"))


@pytest.fixture
def nina_here(db: None) -> Visitor:
    """May see people and write notes, and sees neither events nor addresses."""
    nina = cast.person("nina", is_staff=True)
    rights = ("view_user", "view_staffnote", "add_staffnote")
    nina.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "nina", "password": cast.PASSWORD})
    return browser


def test_methods_sessions_devices_and_events_stand_there_and_no_secret(ada_here):
    wanda = lived()
    Session.objects.filter(user=wanda).update(credentials_version=wanda.credentials_version)
    said = ada_here.get(page_of(wanda)).content.decode()
    words = text_of(ada_here.get(page_of(wanda)))
    for shown in ("Authenticator app", "Passkey", "Code by text message", "Code by email"):
        assert shown in words
    assert "203.0.113.7" in words and "1 known device" in words and "password" in words
    assert "Signed in with a password" in words
    app, key = AuthenticatorApp.objects.get(user=wanda), Passkey.objects.get(user=wanda)
    session = Session.objects.get(user=wanda)
    of_session, of_wanda = (session.key, session.public_id), (wanda.password, second_steps.SEED)
    for secret in (*of_session, *of_wanda, key.written_id, app.seed):
        assert str(secret) not in said
    assert 'type="password"' not in said
    assert "<script>alert" not in said and AGENT not in said


def test_without_the_rights_there_are_no_events_and_no_addresses(nina_here, alice):
    owner = Visitor()
    owner.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    trail.record(Event.SIGNED_OUT, subject=alice, request=request_from("203.0.113.7"))
    address = Session.objects.get(user=alice).client_ip
    said = nina_here.get(page_of(alice)).content.decode()
    assert "Where they are signed in" in said and "Firefox on Linux" in said
    for hidden in ("203.0.113.7", str(address), "What happened last", "Network address"):
        assert hidden not in said


def test_the_page_costs_the_same_however_long_the_history_is(ada_here, alice, statements_of):
    def cost() -> int:
        ada_here.get(page_of(alice))
        with statements_of() as statements:
            ada_here.get(page_of(alice))
        return int(statements.count)

    trail.record(Event.SIGNED_OUT, subject=alice, actor=alice)
    staff_note(alice)
    one = cost()
    for _ in range(60):
        trail.record(Event.SIGNED_OUT, subject=alice, actor=alice)
        staff_note(alice)
    assert cost() == one


def staff_note(person: User, text: str = "called", by: str = "somebody") -> None:
    from accounts.models import staff_note as notes

    notes.row_of(person.pk, by, text).save()


# --- that it was read -------------------------------------------------------------------------------


def test_opening_the_page_is_told_once_a_minute(ada_here, ada, alice, clock):
    for _ in range(3):
        ada_here.get(page_of(alice))
        ada_here.get(f"{LIST}{alice.pk}/history/")
    (told,) = reads(Event.STAFF_PERSON_READ)
    assert (told.actor_id, told.subject_id, told.facts) == (ada.subject_id, alice.subject_id, {})
    clock.forward(seconds=61)
    ada_here.get(f"{LIST}{alice.pk}/history/")
    assert len(reads(Event.STAFF_PERSON_READ)) == 2


def test_another_reader_and_another_person_are_told_apart(ada_here, nina_here, alice, bob):
    for browser in (ada_here, nina_here):
        for person in (alice, bob):
            browser.get(page_of(person))
    assert len(reads(Event.STAFF_PERSON_READ)) == 4


def test_whoever_may_not_see_the_page_reads_nothing(alice, tom):
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    for path in (page_of(alice), LIST, note_about(alice)):
        assert browser.get(path).status_code == 403
    assert not reads(Event.STAFF_PERSON_READ) and not reads(Event.STAFF_PEOPLE_READ)


def test_a_list_of_people_is_told_without_what_was_typed(ada_here, alice):
    ada_here.get(LIST, {"q": "alice@example.org", "is_staff__exact": "0"})
    (told,) = reads(Event.STAFF_PEOPLE_READ)
    assert told.facts["asked"] == ["filter", "search"] and told.subject_id == ""
    assert told.facts["searched"] == searched.digest("alice@example.org")
    assert told.facts.keys() == {"asked", "searched"} and "alice" not in str(told.facts)


def test_another_search_is_another_reading(ada_here, alice):
    """Or a list of names could be tried one by one behind one entry."""
    for typed in ("bob", "carol", "BOB ", "carol", ""):
        ada_here.get(LIST, {"q": typed})
    ada_here.get(LIST, {"q": "carol", "p": "1"})
    found = [one.facts for one in reads(Event.STAFF_PEOPLE_READ)]
    assert [one.get("searched") for one in found] == [*map(searched.digest, ("bob", "carol")), None]
    assert [one["asked"] for one in found] == [["search"], ["search"], []]


def test_another_search_among_requests_is_another_reading(ada_here, alice):
    for typed in ("alice", "bob", "bob"):
        ada_here.get("/admin/mfa/recoveryrequest/", {"q": typed})
    found = [one.facts["searched"] for one in reads(Event.STAFF_PEOPLE_READ)]
    assert found == [searched.digest("alice"), searched.digest("bob")]


def test_the_digest_of_a_search_is_of_no_other_purpose():
    assert searched.digest("Bob  B") == searched.digest(" bob b") != searched.digest("bob")
    assert searched.digest("bob") != trail.identifier_digest("bob")
    assert searched.digest("") == searched.digest("  ") == ""


def test_what_cannot_be_noted_is_not_shown(ada_here, alice, monkeypatch):
    def full(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(trail, "insert", full)
    ada_here.raise_request_exception = False
    for path in (page_of(alice), LIST):
        answer = ada_here.get(path)
        assert answer.status_code == 500 and "alice@example.org" not in answer.content.decode()


# --- notes ------------------------------------------------------------------------------------------


def test_a_note_is_written_read_sealed_and_told(nina_here, alice):
    answer = nina_here.post(note_about(alice), {"text": f"Called about {NASTY}\nsecond line"})
    assert answer["Location"] == page_of(alice)
    said = nina_here.get(page_of(alice)).content.decode()
    assert "Called about &lt;script&gt;" in said and "<script>alert" not in said
    assert "\x1b" not in said and "\u202e" not in said and "<br>second line" in said
    assert "nina" in said
    row = StaffNote.objects.get()
    assert "Called" not in row.text and "Called" in row.opened_text
    (told,) = reads(Event.STAFF_NOTE_ADDED)
    assert (told.subject_id, told.facts) == (alice.subject_id, {})


def test_what_is_no_note_is_said(nina_here, alice):
    for text, said in (("", "Write the note."), ("x" * 2001, "at most 2000"), ("a\x00", "Null")):
        assert said in errors_of(nina_here.post(note_about(alice), {"text": text}))
    assert not StaffNote.objects.exists()
    assert nina_here.get(f"{LIST}{10**17}/note/").status_code == 404


def test_it_takes_the_right_and_a_fresh_proof(sue_here, nina_here, alice, clock):
    for answer in (
        sue_here.get(note_about(alice)),
        sue_here.post(note_about(alice), {"text": "x"}),
    ):
        assert answer.status_code == 403
    assert "Add a note" not in sue_here.get(page_of(alice)).content.decode()
    nina_here.get(note_about(alice))
    clock.forward(minutes=6)
    answer = nina_here.post(note_about(alice), {"text": "called"})
    assert "reauthenticate" in answer["Location"] and not StaffNote.objects.exists()


def test_a_note_is_never_changed_and_opens_in_no_other_place(alice, bob):
    staff_note(alice)
    row = StaffNote.objects.get()
    with pytest.raises(TypeError):
        row.save()
    StaffNote.objects.update(user=bob)
    assert [note.text for note in staff_notes.about(bob)] == [""]


def test_the_person_gets_their_notes_without_who_wrote_them_and_takes_them_along(alice, ada, bob):
    staff_note(alice, "first", by=ada.subject_id)
    staff_note(alice, "second", by=ada.subject_id)
    staff_note(bob, "about bob", by=alice.subject_id)
    rows = {section.stem: [*found] for section, found in personal_data.export(alice)}["staff-notes"]
    assert [row["text"] for row in rows] == ["first", "second"]
    assert ada.subject_id not in str(rows) and "about bob" not in str(rows)
    with transaction.atomic():
        personal_data.erase(alice)
    assert [note.text for note in staff_notes.about(bob)] == ["about bob"]
    assert not StaffNote.objects.filter(user=alice).exists()


def test_a_passkey_that_was_stopped_says_so(ada_here, alice):
    passkey.give(alice, passkey.security_key())
    Passkey.objects.filter(user=alice).update(confirmed=False)
    assert "Stopped: there is a copy of it" in text_of(ada_here.get(page_of(alice)))
