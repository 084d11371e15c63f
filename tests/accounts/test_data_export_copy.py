"""What is in the copy: all that its owner may have, nothing by which somebody could be them, nothing of
others; whatever was typed is inert, and its memory does not grow with it."""

from __future__ import annotations

import io
import json
import re
import threading
import tracemalloc
import zipfile
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings as site
from django.utils import timezone

from accounts import personal_data
from accounts.exports import archive, building, pieces, readable
from accounts.models import DataExport, DataExportPiece, KnownDevice, OwnLimits, Session, User
from audit import sealing, trail
from audit.events import Event
from audit.models import Entry
from mfa.models import TrustedBrowser
from tests.support import second_steps
from tests.support.copies import built_for, opened, rows_of
from tests.support.stored import texts
from tests.support.whole_life import AGENT, NAME, NUMBER, lived, secret_of

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024


def copy_of(user: User) -> bytes:
    return b"".join(pieces.read(built_for(user)))


class Page(HTMLParser):
    """The tags of a page, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_it_has_a_file_for_each_section_a_page_to_read_and_a_word_on_what_is_left_out(db):
    wanda = lived()
    files = opened(copy_of(wanda))
    stems = {one.stem for room in personal_data.every() for one in room.sections}
    assert files.keys() == {f"json/{stem}.json" for stem in stems} | {
        "your-data.html",
        "README.txt",
    }
    for stem in stems:
        told = json.loads(files[f"json/{stem}.json"])
        assert told["section"] == stem and told["title"] and told["rows"]
        assert all(row.keys() == told["columns"].keys() for row in told["rows"])
    flat = " ".join(files["README.txt"].decode().split())
    page = " ".join("".join(Page(files["your-data.html"].decode()).words).split())
    for one in personal_data.left_out():
        for text in (flat, page):
            assert f"{one.what}" in text and f"{one.why}" in text
    assert NUMBER in page and "second-wanda@example.net" in page


def test_moments_are_utc_for_programs_and_the_persons_own_for_people(alice):
    User.objects.update(time_zone="Asia/Tokyo", created_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    content = copy_of(User.objects.get())
    assert rows_of(content, "account")[0]["created_at"] == "2026-03-01T23:30:00+00:00"
    assert "2 March 2026, 08:30 (JST)" in opened(content)["your-data.html"].decode()


def test_nothing_by_which_somebody_could_be_them_is_in_it(db):
    """Of everything that the site keeps, opened with its own keys: nothing that is a secret."""
    wanda, bob = lived(), lived("bob")
    everything = b"\n".join(opened(copy_of(wanda)).values()).decode()
    secrets = {wanda.password, bob.password, second_steps.SEED.hex(), *second_steps.CODES}
    secrets |= {code.replace("-", "") for code in second_steps.CODES}
    secrets |= {secret_of(who, what) for who in (wanda, bob) for what in (
        "library's key", "code", "key", "device", "session", "sent code", "binding",
        "unlock code", "unlock key", "undo link", "trust", "stop link",
    )}  # fmt: skip
    secrets |= {row.data for row in Session.objects.all()}
    for kept in texts():
        column = kept.where.rpartition(".")[2]
        if re.search(
            r"digest|sealed|^key$|seed|salt|former|body|recipient|binding|password", column
        ):
            secrets.add(kept.text)
    for row in Entry.objects.filter(subject_id=wanda.subject_id):
        secrets |= {row.ip_digest, row.network_digest}
    shown = {"", *Entry.objects.values_list("personal_key", flat=True), "d" * 64}
    for secret in secrets - shown:
        assert len(secret) < 8 or secret not in everything, secret
    for other in (bob.subject_id, bob.email, "a-colleague", str(site.FIELD_KEYS)):
        assert other not in everything
    assert second_steps.SEED not in everything.encode()


WORD_FOR_PROGRAMS = re.compile(r"\b[a-z]+[_.][a-z_]+\b|[{}\[\]]")


def test_the_page_says_words_for_programs_as_people_say_them(db):
    wanda = lived()
    User.objects.filter(pk=wanda.pk).update(language="en", name="Wanda")
    KnownDevice.objects.all().delete()
    Session.objects.update(user_agent="", proved=[{"method": "code"}, {"method": "recovery_code"}])
    TrustedBrowser.objects.all().delete()
    OwnLimits.objects.update(wanted={"frozen_until": None, "passkey_for_changes": False})
    trail.record(Event.SIGNED_IN, actor=wanda, subject=wanda, method="password", second="app")
    page = Page(opened(copy_of(wanda))["your-data.html"].decode())
    words = " ".join(" ".join(page.words).split()).partition("stands at the end.")[2]
    for told in (
        "Language English",
        "Signed in by email code, recovery code",
        "Kind You already have an account",
        "What changed Password",
        "When you set each Days to wait for a new second step: 1 November 2026",
        "What you asked to change Sign-ins frozen until: –, Changes take a passkey: No",
        "Details How: Password, Second step: Authenticator app",
        "Kind Recovery codes",
        "State Waiting",
    ):
        assert told in words, told
    typed = re.compile(r"\S+@\S+|\S+\.(?:html|json|example|org)\S*|evil\.\S+")
    assert WORD_FOR_PROGRAMS.findall(typed.sub("", words)) == []


def test_whatever_was_typed_is_inert(db):
    wanda = lived()
    trail.record(Event.SIGNED_OUT, subject=wanda, label="\t=1+1</dd><svg onload=alert(1)>\u2066")
    content = copy_of(wanda)
    page = Page(opened(content)["your-data.html"].decode())
    assert not page.tags & {"script", "img", "svg", "a", "iframe", "object", "form", "link"}
    assert not {
        name for name in page.attributes if name.startswith("on") or name in ("style", "src")
    }
    assert rows_of(content, "account")[0]["name"] == NAME[:150]
    assert rows_of(content, "sessions")[0]["browser_said"] == AGENT
    assert not [name for name in opened(content) if name.endswith(".csv")]
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "main", "section", "dl",
        "div", "dt", "dd", "bdi",
    }  # fmt: skip


def test_the_page_loads_nothing_and_forbids_it_besides(alice):
    page = opened(copy_of(alice))["your-data.html"].decode()
    assert "default-src 'none'" in page
    assert "http://" not in page and "https://" not in page and "url(" not in page


def test_nothing_readable_rests_anywhere(db):
    wanda = lived()
    export = built_for(wanda)
    for row in DataExportPiece.objects.all():
        assert re.fullmatch(r"\w+:[\w=-]+", row.sealed)
        with pytest.raises(sealing.SealBroken):
            sealing.unseal(row.sealed, context=f"copy {export.pk} by {export.lease}, piece 99")
    assert not [kept for kept in texts() if "PK\x03\x04" in kept.text]


def test_a_piece_in_another_place_does_not_open(alice, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    export = built_for(alice)
    first, second = DataExportPiece.objects.order_by("number")[:2]
    DataExportPiece.objects.filter(pk=second.pk).update(sealed=first.sealed)
    with pytest.raises(sealing.SealBroken):
        b"".join(pieces.read(export))


def test_a_missing_piece_ends_the_download(alice, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 200)
    export = built_for(alice)
    DataExportPiece.objects.filter(number=export.pieces - 1).delete()
    with pytest.raises(pieces.PieceMissing):
        b"".join(pieces.read(export))


def test_pieces_are_cut_to_size_and_give_what_was_written(alice, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)
    export = built_for(alice)
    parts = [*pieces.read(export)]
    assert {len(part) for part in parts[:-1]} == {1000} and len(parts) == export.pieces
    assert sum(map(len, parts)) == export.size
    assert zipfile.ZipFile(io.BytesIO(b"".join(parts))).testzip() is None


def test_a_failure_in_the_middle_leaves_no_half_a_copy(alice, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100)
    DataExport.objects.create(user=alice)

    def breaks(user: User) -> Any:
        yield {"at": timezone.now()}
        raise RuntimeError

    section = personal_data.Section("broken", "Broken", {"at": "When"}, breaks)
    rooms = (*personal_data.every(), personal_data.PersonalData((section,), lambda user: None))
    with monkeypatch.context() as broken:
        broken.setattr(personal_data, "every", lambda: rooms)
        assert building.drain().again == 1
    row = DataExport.objects.get()
    assert (row.state, row.pieces) == ("waiting", 0)
    DataExport.objects.update(due_at=timezone.now())
    assert building.drain().built == 1
    assert DataExportPiece.objects.count() == DataExport.objects.get().pieces
    assert opened(b"".join(pieces.read(DataExport.objects.get())))


def test_the_page_shows_so_many_and_says_where_all_are(alice, monkeypatch):
    monkeypatch.setattr(readable, "MOST_ROWS", 2)
    for _ in range(4):
        trail.record(Event.SIGNED_OUT, actor=alice, subject=alice)
    content = copy_of(alice)
    page = opened(content)["your-data.html"].decode()
    assert len(rows_of(content, "activity")) == 4
    assert page.count("Signed out") == 2 and "The first 2 are shown here" in page


def test_it_speaks_the_language_of_its_reader(alice, settings):
    settings.LANGUAGES = [("en", "English"), ("ar-xb", "Pseudo")]
    User.objects.update(language="ar-xb")
    page = opened(copy_of(User.objects.get()))["your-data.html"].decode()
    assert '<html lang="ar-xb" dir="rtl">' in page


def test_ten_thousand_events_take_little_memory(alice):
    """The figure is 60 MB in all; `make bench` measures a whole worker."""
    trail.record(Event.SIGNED_IN, actor=alice, subject=alice, method="password", label=alice.email)
    one = Entry.objects.get()
    Entry.objects.bulk_create([copied_of(one) for _ in range(9_999)], batch_size=500)
    DataExport.objects.create(user=alice)
    tracemalloc.start()
    try:
        assert building.drain().built == 1
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * MIB
    export = DataExport.objects.get()
    assert len(rows_of(b"".join(pieces.read(export)), "activity")) == 10_000


def copied_of(entry: Entry) -> Entry:
    fields = {field.attname: getattr(entry, field.attname) for field in Entry._meta.concrete_fields}
    fields.pop("id")
    return Entry(**fields)


def test_a_stopped_worker_gives_the_copy_back_unspoilt(alice):
    DataExport.objects.create(user=alice)
    stop = threading.Event()
    write = archive.write

    def stopped(user: User, sink: Any, *, between: Any) -> None:
        stop.set()
        write(user, sink, between=between)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building.archive, "write", stopped)
        assert building.drain(stop=stop).total == 0
    row = DataExport.objects.get()
    assert (row.state, row.attempts, row.lease) == ("waiting", 0, "")
    assert building.drain().built == 1
