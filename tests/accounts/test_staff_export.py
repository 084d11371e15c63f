"""Entries of the trail leave as a file: what was asked for, inert, by whoever may, and told."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.flows import approvals, approved_export, trail_export
from accounts.models import Approval, User
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import errors_of, text_of
from tests.support.trail import request_from
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGE = "/admin/audit/entry/export/"
FORMULA = '=HYPERLINK("http://evil.example")\r\n<script>\u202e\x1b[31m'


def happens(person: User, event: Event = Event.SIGNED_IN, **facts: Any) -> int:
    trail.record(event, subject=person, **{"request": request_from(), **facts})
    return Entry.objects.latest("id").id


def take(browser: Visitor, query: str = "", **fields: Any) -> Any:
    form = {"format": "json", "much": "some", "reason": "ticket 4411"}
    return browser.post(f"{PAGE}?{query}", form | fields)


def taken(answer: Any) -> str:
    assert answer.status_code == 200 and answer.streaming
    return b"".join(answer.streaming_content).decode()


def told() -> list[Entry]:
    return list(Entry.objects.filter(event=Event.TRAIL_EXPORTED).order_by("id"))


def staff_with(name: str, *rights: str) -> Visitor:
    person = cast.person(name, is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": name, "password": cast.PASSWORD})
    return browser


def test_json_has_what_was_asked_for_newest_first(ada_here, ada, alice, bob):
    wanted = [happens(alice), happens(alice, Event.ADDRESS_ADDED, label="new@example.org")]
    happens(bob)
    answer = take(ada_here, f"person={alice.subject_id}")
    assert answer["Content-Type"] == "application/json"
    assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    rows = json.loads(taken(answer))
    assert [row["id"] for row in rows] == wanted[::-1]
    assert rows[0]["label"] == "new@example.org" and rows[0]["address"] == "203.0.113.7"
    (row,) = told()
    assert row.actor_id == ada.subject_id and row.subject_id == ""
    assert row.facts == {
        "asked": ["person"], "format": "json", "networks": "with", "entries": 2,
        "reason": "ticket 4411",
    }  # fmt: skip


def test_csv_is_for_no_program_a_formula(ada_here, alice):
    happens(alice, Event.ADDRESS_ADDED, label=FORMULA, request=request_from(device=FORMULA))
    happens(alice, Event.STAFF_PASSWORD_DEMANDED, reason=FORMULA)
    text = taken(take(ada_here, f"person={alice.subject_id}", format="csv"))
    head, reason, address = csv.reader(StringIO(text))
    assert head[:3] == ["id", "at", "event"] and len(reason) == len(address) == len(head)
    named = dict(zip(head, address, strict=True))
    assert named["label"].startswith("'=HYPERLINK") and named["device"].startswith("'=HYPER")
    for cell in (*reason, *address):
        assert not cell.startswith(("=", "+", "-", "@", "\t")) and "\x1b" not in cell
        assert "\u202e" not in cell and "\n" not in cell


def test_nothing_is_a_whole_file_too(ada_here):
    assert json.loads(taken(take(ada_here, "event=account.deleted"))) == []
    text = taken(take(ada_here, "event=account.deleted", format="csv"))
    assert text.count("\n") == 1 and text.startswith("id,at,event")


def test_it_takes_rights_of_its_own_and_a_fresh_proof(sue_here, ada_here, alice, clock):
    reader = staff_with("vera", "view_entry")
    for browser in (sue_here, reader, staff_with("eve", "export_entries")):
        assert browser.get(PAGE).status_code == take(browser).status_code == 403
    assert "Export" not in reader.get("/admin/audit/entry/").content.decode()
    clock.forward(minutes=6)
    assert "/reauthenticate/" in take(ada_here)["Location"]
    assert not told()


def test_without_the_right_to_addresses_the_file_has_none(alice):
    viewer = staff_with("vera", "view_entry", "export_entries")
    happens(alice)
    for format in ("json", "csv"):
        text = taken(take(viewer, format=format))
        assert "203.0.113" not in text and "address" not in text.split("\n")[0]
    assert "Without network addresses" in text_of(viewer.get(PAGE))
    network = trail.network_digest("203.0.113.7")
    assert take(viewer, f"network={network}")["Location"].startswith("../?network")
    assert {row.facts["networks"] for row in told()} == {"without"}


def test_nonsense_is_said(ada_here):
    assert "Give the reason" in errors_of(take(ada_here, reason=""))
    assert "Select a valid choice" in errors_of(take(ada_here, format="exe"))
    for query in ("event=zzz", "person=%00", "since=9999-99-99", "before=x"):
        assert ada_here.get(f"{PAGE}?{query}")["Location"].startswith("../?")
    assert not told()


def test_more_than_so_many_in_a_day_takes_two(ada_here, alice, monkeypatch, clock):
    monkeypatch.setattr(trail_export, "MOST", 3)
    for _ in range(5):
        happens(alice)
    query = f"event={Event.SIGNED_IN.value}&person={alice.subject_id}"
    assert len(json.loads(taken(take(ada_here, query)))) == 3
    # Not in smaller pieces either.
    answer = take(ada_here, query)
    assert "takes a second one of staff" in errors_of(answer) and len(told()) == 1
    clock.forward(hours=25)
    next_day = Visitor()
    next_day.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    assert len(json.loads(taken(take(next_day, query)))) == 3


def test_all_of_them_leave_once_after_a_second_one_said_yes(ada_here, ada, alice, monkeypatch):
    monkeypatch.setattr(trail_export, "MOST", 2)
    for _ in range(5):
        happens(alice)
    query = f"person={alice.subject_id}&event={Event.SIGNED_IN.value}"
    answer = take(ada_here, query, much="all")
    assert answer.status_code == 302 and not told()
    assert "Noted." in text_of(ada_here.get(answer["Location"]))
    # A word for exactly this, by somebody else.
    row = Entry.objects.filter(event=Event.STAFF_APPROVAL_ASKED).latest("id")
    where = f"/admin/approvals/{row.facts['approval']}/"
    cast.administrator("zara")
    zara = Visitor()
    zara.post("/accounts/login/", {"login": "zara", "password": cast.PASSWORD})
    assert alice.subject_id in zara.get(where).content.decode()
    zara.post(where, {"answer": "yes", "reason": "I asked her"})
    assert "said yes" in text_of(ada_here.get(f"{PAGE}?{query}"))
    assert "said yes" not in text_of(ada_here.get(PAGE))
    assert len(json.loads(taken(take(ada_here, query, much="all", format="json")))) == 5
    assert [one.facts["entries"] for one in told()] == [trail_export.MOST_OF_TWO]
    for again in (query, f"person={ada.subject_id}"):  # once, and nothing else
        assert take(ada_here, again, much="all").status_code == 302


def proves(browser: Visitor, answer: Any) -> Any:
    """Through the page of the proof, and where it leads."""
    where = answer["Location"]
    assert where.startswith("/accounts/reauthenticate/")
    answer = browser.post(where, {"password": cast.PASSWORD})
    while answer.status_code == 302:
        answer = browser.get(answer["Location"])
    return answer


def test_a_file_is_taken_by_the_button_alone_and_never_by_the_proof(ada_here, ada, alice, clock):
    happens(alice)
    query = f"person={alice.subject_id}"
    take(ada_here, query, much="all")
    where = f"/admin/approvals/{Approval.objects.get().pk}/"
    cast.administrator("zara")
    zara = Visitor()
    zara.post("/accounts/login/", {"login": "zara", "password": cast.PASSWORD})
    zara.post(where, {"answer": "yes", "reason": "I asked her"})
    clock.forward(minutes=6)

    page = proves(ada_here, take(ada_here, query, much="all", format="csv", reason="ticket 77"))
    assert not page.streaming and page.request["QUERY_STRING"] == query
    assert page.context["form"].initial == {"much": "all", "format": "csv", "reason": "ticket 77"}
    assert "Nothing was taken yet." in text_of(page)
    assert not told() and Approval.objects.filter(asked_by=ada).exists()

    taken(take(ada_here, query, much="all", format="csv"))
    assert len(told()) == 1 and not Approval.objects.filter(asked_by=ada).exists()
    assert page.context["form"].initial != ada_here.get(f"{PAGE}?{query}").context["form"].initial


def test_what_was_filled_in_is_kept_for_ten_minutes_and_one_address(ada_here, alice, clock):
    clock.forward(minutes=6)
    take(ada_here, f"person={alice.subject_id}", reason="ticket 77")
    assert "ticket 77" not in ada_here.get(PAGE).content.decode()
    assert "ticket 77" in ada_here.get(f"{PAGE}?person={alice.subject_id}").content.decode()
    clock.forward(minutes=11)
    assert "ticket 77" not in ada_here.get(f"{PAGE}?person={alice.subject_id}").content.decode()
    assert ada_here.get(f"{PAGE}?again=1")["Location"] == f"{PAGE}?"


def test_a_second_one_reads_what_would_be_taken_in_words(ada_here, ada):
    take(ada_here, "event=account.deleted&since=2026-11-01", much="all")
    wish = approvals.wish_of(Approval.objects.get())
    said = ["Up to 100,000 events, with network addresses."]
    assert approved_export.KIND.said(wish) == [*said, "Event: account.deleted", "From: 2026-11-01"]
    without = replace(wish, asked={"entries": 5, "networks": "without"})
    assert approved_export.KIND.said(without) == ["Up to 5 events, without network addresses."]
