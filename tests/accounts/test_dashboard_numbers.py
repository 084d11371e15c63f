"""What the room of accounts counts for the dashboard, and how its numbers are drawn and taken away."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from accounts import housekeeping, watch
from accounts.models import OutgoingMail, User
from audit import trail
from audit.events import Event
from audit.models import DailyGauge, Entry
from audit.spreadsheets import cell, csv_of
from audit.watch import gauges, plots, spans
from tests.accounts.test_dashboard import PAGE, desk, noon, own_cache
from tests.support.elements import Elements
from tests.support.visitor import Visitor
from tests.support.watching import NOON, count

pytestmark = pytest.mark.django_db

__all__ = ["desk", "noon", "own_cache"]


# --- what this room counts ------------------------------------------------------------------------


def test_hashes_are_counted_by_their_way_and_nothing_of_them_is_kept(
    alice: User, bob: User
) -> None:
    odd = {
        "elsewhere": "pbkdf2_sha256$1000000$salt$c2VjcmV0",
        "cut": "argon2id$cut",
        "nothing": "!abcdef",
        "bare": "5f4dcc3b5aa765d61d8327deb882cf99",
        "by_hand": "argon2id$v=19$m=19456,t=2,p=1$" + "S" * 40 + "$" + "H" * 43,
    }
    for username, password in odd.items():
        User.objects.create(username=username, email=f"{username}@example.org", password=password)
    found = gauges.by_name(watch.sampled())
    ours = next(name for name in found["hashes"] if name.startswith("argon2id m="))
    assert found["hashes"] == {ours: 2, "pbkdf2_sha256": 1, "unusable": 1, "unreadable": 3}
    assert found["hashes_current"] == {"": 2}
    assert found["people"] == {"": 7, "switched_off": 0, "staff": 0}


def test_messages_are_counted_as_they_wait_and_leave(alice: User, noon) -> None:
    def put(**more) -> None:
        OutgoingMail.objects.create(message_id=str(uuid4()), letter="x", **more)

    put(created_at=NOON - timedelta(seconds=90))
    put(channel="text", created_at=NOON - timedelta(seconds=5))
    for seconds in (2, 4, 30):
        put(state="sent", created_at=NOON - timedelta(seconds=seconds), finished_at=NOON)
    yesterday = NOON - timedelta(days=1)
    put(state="sent", created_at=yesterday - timedelta(hours=3), finished_at=yesterday)
    live, sampled = gauges.by_name(watch.live()), gauges.by_name(watch.sampled())
    assert live["waiting"] == {"email": 1, "text": 1}
    assert live["waiting_seconds"] == {"email": 90, "text": 5}
    assert sampled["delivered"] == {"email": 3, "text": 0}
    assert sampled["delivery_seconds"] == {"email": 4}


def test_the_worker_samples_all_rooms(alice: User) -> None:
    assert "audit.watch.gauges.sample" in housekeeping.PERIODIC
    gauges.sample(500)
    kept = set(DailyGauge.objects.values_list("name", flat=True))
    assert {"people", "sessions", "hashes", "waiting", "second_step", "two_step"} <= kept


# --- drawings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", spans.KINDS)
def test_drawings_are_whole_and_keep_to_the_policy(desk: Visitor, period: str) -> None:
    trail.record(Event.SIGNED_IN, method="password")
    trail.record(Event.SIGN_IN_FAILED, reason="wrong_password")
    trail.record(Event.PASSWORD_RESET_REQUESTED)
    count()
    gauges.sample(500)
    page = desk.get(f"{PAGE}?period={period}").content.decode()
    drawn = re.findall(r"<svg class=\"drawing\".*?</svg>", page, re.DOTALL)
    assert drawn
    for svg in drawn:
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own
        assert root.get("role") == "img" and root.get("aria-label")
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script", page.partition('id="content"')[2])
    ids = [attributes["id"] for _tag, attributes in Elements(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


# --- taking numbers away --------------------------------------------------------------------------


def test_a_plot_is_taken_away_as_csv_and_that_is_in_the_trail(desk: Visitor, ada: User) -> None:
    trail.record(Event.SIGN_IN_FAILED, reason="wrong_password")
    count()
    answer = desk.get(f"{PAGE}failures.csv?period=24h")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="failures-24h.csv"'
    rows = list(csv.reader(StringIO(answer.content.decode())))
    assert rows[0][:2] == ["Hour (UTC)", "Wrong password"]
    assert rows[-1][:2] == ["2026-11-25 12", "1"] and len(rows) == 25
    entry = Entry.objects.get(event=Event.STAFF_NUMBERS_EXPORTED)
    assert (entry.actor_id, entry.facts) == (ada.subject_id, {"plot": "failures", "period": "24h"})


def test_looking_is_no_export(desk: Visitor) -> None:
    desk.get(PAGE)
    desk.head(f"{PAGE}failures.csv")
    assert not Entry.objects.filter(event=Event.STAFF_NUMBERS_EXPORTED).exists()


@pytest.mark.parametrize("slug", plots.PLOTS)
def test_each_plot_has_its_file(desk: Visitor, slug: str) -> None:
    rows = list(csv.reader(StringIO(desk.get(f"{PAGE}{slug}.csv").content.decode())))
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "|x", "%0A", "＝1", "\r=1", "\x1b=1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert not re.match(r"\s*[=+\-@|%\t\r＝＋－＠]", cell(text))
    (row,) = csv.reader(StringIO(csv_of([[text, 5, None]])))
    assert row[1:] == ["5", ""] and row[0] == cell(text)
