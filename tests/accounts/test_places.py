"""Where an address is, about, by the operator's file; what pages and letters say of it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from django.utils import translation

from accounts import places
from accounts.models import User
from accounts.outbox.letters import Happening
from accounts.places import place_of, where
from authsite.rules import deploy_checks
from tests.support import cast
from tests.support.pages import text_of
from tests.support.places_file import LEEDS, write
from tests.support.visitor import Visitor

IP, NET = "192.0.2.7", "192.0.2.0/24"


@pytest.fixture(autouse=True)
def forgotten_afterwards():
    yield
    places._in_use = places.InUse(mark=())


@pytest.fixture
def leeds(tmp_path, settings):
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: LEEDS, "2001:db8::/32": LEEDS})
    return Path(settings.PLACES_DATABASE)


def test_without_a_file_the_address_is_all_that_is_known():
    assert place_of(IP) == "" and where(IP) == IP


def test_city_and_country_in_the_readers_language(leeds):
    assert place_of(IP) == "Leeds, United Kingdom"
    assert where(IP) == "Leeds, United Kingdom (approximate)"
    with translation.override("de"):
        assert place_of(IP) == "Leeds (England), Vereinigtes Königreich"
    with translation.override(None):
        assert place_of(IP) == "Leeds, United Kingdom"


@pytest.mark.parametrize(
    "record",
    [
        {"city": "Leeds", "country_code": "GB", "state1": "England"},
        {"city": "Leeds", "country": "GB", "region": "England"},
        {"city": "Leeds", "country": "United Kingdom", "country_code": "GB"},
        {"city_name": "Leeds", "country_name": "United Kingdom"},
        {"city": {"names": {"ja": "Leeds"}}, "country": {"iso_code": "GB"}},
        LEEDS | {"continent": {"code": "EU"}, "location": {"time_zone": "Europe/London"}},
    ],
)
def test_files_of_every_maker_are_read(tmp_path, settings, record):
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: record}, kind="whoever-city-ipv4")
    assert place_of(IP) == "Leeds, United Kingdom"


def test_a_country_code_becomes_a_name_in_the_readers_language(tmp_path, settings):
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: {"country_code": "GB"}})
    assert place_of(IP) == "United Kingdom"
    with translation.override("de"):
        assert place_of(IP) == "Vereinigtes Königreich"
    only_english = {"iso_code": "FR", "names": {"en": "France, as some call it"}}
    settings.PLACES_DATABASE = write(tmp_path / "q.mmdb", {NET: {"country": only_english}})
    with translation.override("de"):
        assert place_of(IP) == "Frankreich"


@pytest.mark.parametrize("ip", ["2001:db8::1", "::ffff:192.0.2.7", IP])
def test_both_kinds_of_address(leeds, ip):
    assert place_of(ip) == "Leeds, United Kingdom"


@pytest.mark.parametrize("ip", ["", "x", "10.0.0.1", "127.0.0.1", "::1", "fe80::1%eth0", "9.9.9.9"])
def test_of_what_is_not_in_the_file_nothing_is_known(leeds, ip):
    assert place_of(ip) == "" and where(ip) == ip


def test_an_ipv6_address_is_unknown_to_a_file_of_ipv4(tmp_path, settings, caplog):
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: LEEDS}, ip_version=4)
    assert (place_of("2001:db8::1"), place_of(IP)) == ("", "Leeds, United Kingdom")
    assert not caplog.records


@pytest.mark.parametrize(
    "record", ["GB", {}, {"city": 5, "country": ["GB"]}, {"country": {"names": 3}}]
)
def test_records_of_another_form_say_nothing(tmp_path, settings, record):
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: record})
    assert place_of(IP) == ""


def test_names_in_the_file_are_kept_short_and_printable(tmp_path, settings):
    record = {"city": "<b>Le\u202eeds\n" + "x" * 500}
    settings.PLACES_DATABASE = write(tmp_path / "p.mmdb", {NET: record})
    assert place_of(IP).startswith("<b>Leedsxxx") and len(place_of(IP)) == places.LENGTH


# --- The file -------------------------------------------------------------------------------------


def test_a_newer_file_is_seen_within_a_minute_and_not_asked_for_before(
    leeds, tmp_path, monkeypatch
):
    assert place_of(IP)
    york = {"city": "York", "country_code": "GB"}
    os.replace(write(tmp_path / "newer", {NET: york}), leeds)
    assert place_of(IP) == "Leeds, United Kingdom"
    monkeypatch.setattr(places, "LOOK_EVERY", 0)
    assert place_of(IP) == "York, United Kingdom"
    leeds.unlink()
    assert place_of(IP) == ""


def test_the_file_is_opened_once_and_mapped(leeds, monkeypatch):
    first = places.in_use().reader
    monkeypatch.setattr(places, "LOOK_EVERY", 0)
    assert places.in_use().reader is first
    assert str(leeds) in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("left", [0, 1, 40, 700])
def test_a_cut_file_says_nothing_and_the_log_says_so_once(leeds, settings, caplog, left):
    whole = leeds.read_bytes()
    cut = leeds.with_name("cut")
    cut.write_bytes(whole[:left])
    settings.PLACES_DATABASE = str(cut)
    assert [place_of(IP) for _ in range(3)] == [""] * 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_file_that_is_damaged_inside_is_given_up(leeds, caplog):
    whole = leeds.read_bytes()
    data = whole.index(b"Dcity")
    hurt = leeds.with_name("hurt")
    hurt.write_bytes(whole[:data] + b"\xff" * 30 + whole[data + 30 :])
    os.replace(hurt, leeds)
    assert [place_of(IP), place_of(IP)] == ["", ""]
    assert len(caplog.records) == 1 and places.in_use().problem


@pytest.mark.parametrize("path", ["/nowhere/places.mmdb", "/", "nul\0"])
def test_a_path_that_cannot_be_read_is_told_at_the_check(settings, path, caplog):
    settings.PLACES_DATABASE = path
    assert place_of(IP) == ""
    assert "authsite.W015" in [one.id for one in deploy_checks()]


def test_a_file_in_use_and_none_at_all_are_both_fine(leeds, settings):
    assert "authsite.W015" not in [one.id for one in deploy_checks()]
    settings.PLACES_DATABASE = ""
    assert "authsite.W015" not in [one.id for one in deploy_checks()]


# --- Where it is said -----------------------------------------------------------------------------


def test_a_letter_says_the_place_in_its_readers_language(leeds, rf, db):
    request = rf.get("/")
    request.client_ip = IP
    told = Happening.of(request, user=User(language="de"))
    assert told.place == "Leeds (England), Vereinigtes Königreich"
    assert ("Place (approximate)", told.place) in told.rows()
    request.client_ip = "198.51.100.4"
    assert ("Network address", "198.51.100.4") in Happening.of(request).rows()


def test_the_overview_says_the_place_of_the_sign_in_before_this(leeds, alice):
    for _ in range(2):
        browser = Visitor(REMOTE_ADDR=IP)
        browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    assert "Leeds, United Kingdom (approximate)" in text_of(browser.get("/accounts/"))
