"""What a person says about themselves, and the one plain view of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from accounts import time_zones
from accounts.flows import profile
from accounts.models import User
from accounts.outbox import letters
from accounts.outbox.letters import Happening
from accounts.serialize import NEVER_SHOWN, SHOWN, user_to_dict
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.elements import Elements
from tests.support.pages import errors_of, text_of

pytestmark = pytest.mark.django_db

PROFILE = "/accounts/profile/"
OVERVIEW = "/accounts/"
UNCHANGED = {"name": "Alice Adams", "language": "en", "time_zone": "UTC", "appearance": ""}


@pytest.fixture
def alice_here(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    return client


def test_it_is_saved_and_said(alice_here, alice):
    answer = alice_here.post(PROFILE, UNCHANGED | {"name": "أليس", "time_zone": "Europe/London"})
    assert answer["Location"] == PROFILE
    assert "Your profile is saved." in text_of(alice_here.get(PROFILE))
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("أليس", "Europe/London")


def test_nothing_changed_is_said_too(alice_here):
    alice_here.post(PROFILE, UNCHANGED)
    assert "There was nothing to save." in text_of(alice_here.get(PROFILE))


def test_the_appearance_is_a_cookie_and_shows_in_the_page(alice_here):
    alice_here.post(PROFILE, UNCHANGED | {"appearance": "dark"})
    assert 'data-theme="dark"' in alice_here.get(PROFILE).content.decode()
    alice_here.post(PROFILE, UNCHANGED)
    assert "data-theme=" not in alice_here.get(PROFILE).content.decode()


@pytest.mark.parametrize(
    "field", [{"name": "x" * 70_000}, {"language": "xx"}, {"time_zone": "Mars"}, {"name": "a\nb"}]
)
def test_other_values_are_refused(alice_here, alice, field):
    errors_of(alice_here.post(PROFILE, UNCHANGED | field))
    alice.refresh_from_db()
    assert alice.name == "Alice Adams"


def test_each_place_is_named_once_by_area_and_as_people_say_it(alice_here):
    page = alice_here.get(PROFILE).content.decode()
    (zones,) = re.findall(r'<select name="time_zone".*?</select>', page, re.DOTALL)
    america = zones.partition('<optgroup label="America">')[2].partition("</optgroup>")[0]
    assert ">Buenos Aires (Argentina)</option>" in america and ">New York</option>" in america
    options = re.findall(r'value="([^"]+)"', zones)
    assert len(options) == len(set(options)) < 450
    assert not {"Asia/Calcutta", "US/Eastern", "Factory", "Etc/GMT+5"} & set(options)
    assert not re.search(r">[^<]*[_/][^<]*</option>", zones)
    assert 'value="UTC" selected' in zones


def test_an_older_name_that_is_kept_already_stays(alice_here, alice):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Calcutta")
    assert 'value="Asia/Calcutta" selected' in alice_here.get(PROFILE).content.decode()
    alice_here.post(PROFILE, UNCHANGED | {"name": "Al", "time_zone": "Asia/Calcutta"})
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Al", "Asia/Calcutta")


def test_a_machine_without_a_table_of_places_still_has_its_zones(monkeypatch, tmp_path):
    with_table = str(time_zones.by_area())
    time_zones.by_area.cache_clear()
    monkeypatch.setattr(time_zones, "TABLE", "no-such-table")
    assert len(str(time_zones.by_area())) >= len(with_table)
    monkeypatch.undo()
    time_zones.by_area.cache_clear()


# --- names ----------------------------------------------------------------------------------------

FAMILY = "👩\u200d👩\u200d👧"
PERSIAN = "علی\u200cرضا"
RLO, RLI, ZWSP, TAG = "\u202e", "\u2067", "\u200b", "\U000e0041"


@pytest.mark.parametrize("field", ["name", "display_name"])
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Zoë   Smith ", "Zoë Smith"),
        ("Zoe\u0308", "Zoë"),
        ("李\u3000小龙", "李 小龙"),
        (f"Sam {FAMILY} 🎉", f"Sam {FAMILY} 🎉"),
        (PERSIAN, PERSIAN),
        ("<b>Sam</b> & co", "<b>Sam</b> & co"),
        ("=1+1", "=1+1"),
        ("x" * 150, "x" * 150),
        ("", ""),
    ],
)
def test_a_name_of_any_script_is_kept_as_people_write_it(alice_here, alice, field, typed, kept):
    User.objects.filter(pk=alice.pk).update(display_name="Al")
    assert alice_here.post(PROFILE, UNCHANGED | {field: typed})["Location"] == PROFILE
    alice.refresh_from_db()
    assert getattr(alice, field) == kept
    assert "<b>Sam" not in alice_here.get(OVERVIEW).content.decode()
    assert "<b>Sam" not in alice_here.get(PROFILE).content.decode()


@pytest.mark.parametrize("field", ["name", "display_name"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (f"Alice {RLO}moc.live", "invisible character"),
        (f"{RLI}Alice", "invisible character"),
        (f"Al{ZWSP}ice", "invisible character"),
        (f"Alice{TAG}", "invisible character"),
        ("Alice\u200d", "invisible character"),
        ("Al \u200c ice", "invisible character"),
        ("Al\u200d\u200dice", "invisible character"),
        ("Alice\r\nBcc: x@example.org", "invisible character"),
        ("Al\x07ice", "invisible character"),
        ("A" + "\u0301\u0316" * 60, "too many marks on one letter"),
        ("\u0489" * 7, "too many marks on one letter"),
        ("A" + "\u0301" * 10_000, "150 characters or fewer"),
        ("x" * 151, "150 characters or fewer"),
    ],
)
def test_what_no_page_could_show_as_a_name_is_refused(alice_here, alice, field, typed, said):
    answer = alice_here.post(PROFILE, UNCHANGED | {field: typed})
    assert answer.status_code == 200 and said in errors_of(answer)
    alice.refresh_from_db()
    assert (alice.name, alice.display_name) == ("Alice Adams", "")


def test_the_flow_and_the_desk_refuse_such_names_themselves(alice, rf):
    request = rf.post(PROFILE)
    request.user = alice
    values = {"name": f"{RLO}x", "display_name": "", "language": "en", "time_zone": "UTC"}
    with pytest.raises(ValidationError):
        profile.save(request, alice, **values)
    alice.name = f"{RLO}x"
    with pytest.raises(ValidationError, match="invisible"):
        alice.clean_fields()


def test_people_are_called_by_their_display_name_here_and_in_letters(alice_here, alice, mailbox):
    alice_here.post(PROFILE, UNCHANGED | {"display_name": "Captain A."})
    assert "Hello, Captain A." in text_of(alice_here.get(OVERVIEW))
    alice_here.post("/accounts/email/", {"email": "spare@example.org"})
    assert mailbox.latest("spare@example.org").text.startswith("Hello Captain A.,")


@pytest.mark.parametrize("called", ["Visit evil.example", "👻", "<b>you won</b>"])
def test_a_letter_says_the_full_name_where_the_display_name_is_not_plainly_a_name(alice, called):
    alice.display_name = called
    assert letters.reader(alice)["name"] == "Alice Adams"
    assert alice.get_short_name() == called


# --- the overview ---------------------------------------------------------------------------------


def test_whoever_gave_no_name_is_greeted_without_one(alice_here, alice):
    assert "Hello, Alice" in text_of(alice_here.get(OVERVIEW))
    User.objects.filter(pk=alice.pk).update(name="", username="hidden-crow-2694")
    page = alice_here.get(OVERVIEW).content.decode()
    assert "<h1>Hello</h1>" in page
    assert "hidden-crow-2694" in page


def test_it_offers_no_change_that_cannot_be_made(alice_here):
    links = Elements(alice_here.get(OVERVIEW).content.decode()).of("a")
    main = {"/accounts/email/", "/accounts/password/change/"}
    assert {link["href"] for link in links if "aria-current" not in link} >= main
    assert "Change profile" not in text_of(alice_here.get(OVERVIEW))


def test_moments_are_written_as_letters_write_them_in_the_readers_zone(alice_here, alice, clock):
    at = datetime(2026, 11, 23, 23, 14, tzinfo=UTC)
    User.objects.filter(pk=alice.pk).update(password_changed_at=at, time_zone="Asia/Tokyo")
    assert "Changed 24 November 2026" in text_of(alice_here.get(OVERVIEW))
    clock.forward(days=3)
    alice_here.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    before = trail.entries_of(alice.subject_id, event=Event.SIGNED_IN, limit=2)[1].at
    for zone, end in (("Asia/Tokyo", ""), ("UTC", " (UTC)"), ("Mars/Base", "")):
        User.objects.filter(pk=alice.pk).update(time_zone=zone)
        letter = Happening(at=before, time_zone=zone).when().partition(" (")[0]
        assert f">{letter}{end}</time>" in alice_here.get(OVERVIEW).content.decode()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("hours", [0, 13, 23, 35])
def test_the_last_sign_in_is_of_today_or_yesterday_in_the_readers_zone(
    alice_here, alice, clock, zone, hours
):
    clock.forward(hours=hours)
    alice_here.post("/accounts/logout/")
    alice_here.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    User.objects.filter(pk=alice.pk).update(time_zone=zone)
    here = ZoneInfo(zone)
    now, before = (
        line.at.astimezone(here)
        for line in trail.entries_of(alice.subject_id, event=Event.SIGNED_IN, limit=2)
    )
    days = (now.date() - before.date()).days
    said = ["today", "yesterday", before.strftime("%-d %B %Y,")][days]
    said = f"{said} {before:%H:%M}{' (UTC)' if zone == 'UTC' else ''}</time>"
    page = alice_here.get(OVERVIEW).content.decode()
    assert said in page[page.index("Last other sign-in: ") :]


def test_with_nothing_left_to_do_it_says_so(alice_here, settings):
    calm = "Everything is set up. Nothing needs your attention."
    assert calm not in text_of(alice_here.get(OVERVIEW))
    settings.POLICY_TWO_STEP = "off"
    assert calm in text_of(alice_here.get(OVERVIEW))


def test_the_first_page_costs_six_statements_at_most(
    alice_here, alice, django_assert_max_num_queries
):
    for _again in range(3):
        alice_here.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    alice_here.get(OVERVIEW)
    with django_assert_max_num_queries(6):
        page = alice_here.get(OVERVIEW).content.decode()
    assert page.count('<li class="row">') <= 3
    with django_assert_max_num_queries(6):
        alice_here.get(PROFILE)


def test_a_hostile_name_is_shown_inert(alice_here, alice):
    User.objects.filter(pk=alice.pk).update(name='<script>alert("x")</script>')
    page = alice_here.get("/accounts/").content.decode()
    assert "<script>alert" not in page


def test_every_field_of_a_person_is_shown_or_held_back_on_purpose():
    fields = {field.name for field in User._meta.get_fields() if not field.auto_created}
    fields |= {"id"}
    assert fields == set(SHOWN) | set(NEVER_SHOWN)
    assert not set(SHOWN) & set(NEVER_SHOWN)


def test_the_plain_view_carries_no_secret(alice):
    plain = json.dumps(user_to_dict(alice))
    assert alice.password not in plain
    for word in ("password", "hash", "secret", "token", "key", "seed", "code", "session"):
        assert not [name for name in SHOWN if word in name and name != "password_changed_at"], word
    assert user_to_dict(alice)["id"] == str(alice.uuid)
