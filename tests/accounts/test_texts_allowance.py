"""Limits of texts: what one number, person, network, country and the site get, and that nobody uses
up what another needs."""

from __future__ import annotations

import re

import pytest
from django.test import RequestFactory
from django.urls import reverse

from accounts.errors import NumberNotServed, TooManyTries, TooSoon
from accounts.lockout import budgets
from accounts.models import KnownDevice, Tally, User
from accounts.texts.allowance import allow
from audit import sealing
from tests.support import cast

pytestmark = pytest.mark.django_db
GB = "+447400123456"


@pytest.fixture(autouse=True)
def on(settings):
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}
    settings.TEXT_COUNTRIES = []


def gb(number: int) -> str:
    return f"+4474001{number:05}"


def us(number: int) -> str:
    return f"+1202555{number:04}"


def request(ip: str = "192.0.2.7", value: str = ""):
    made = RequestFactory().post("/")
    made.client_ip = ip
    if value:
        made.COOKIES["__Host-device"] = value
    return made


def refused(user: User, number: str, *, at: str = "192.0.2.7", value: str = "", **how: bool) -> str:
    """The limit that refuses, or ''."""
    try:
        allow(request(at, value), user, number, **how)
    except TooManyTries as refusal:
        assert refusal.seconds >= 1
        return refusal.budget
    return ""


def counted() -> dict[str, int]:
    rows = Tally.objects.exclude(count=0).values_list("budget", "count")
    return dict(rows)


# --- One number -----------------------------------------------------------------------------------


def test_a_number_gets_three_an_hour_a_minute_apart(alice, still_clock):
    for _ in range(3):
        assert refused(alice, GB) == ""
        assert refused(alice, GB) == "text_pauses"
        still_clock.forward(seconds=59)
        assert refused(alice, GB) == "text_pauses"
        still_clock.forward(seconds=1)
    assert refused(alice, GB) == "texts"
    still_clock.forward(minutes=57)
    assert refused(alice, GB) == ""


def test_the_minute_is_told_in_seconds(alice, still_clock):
    allow(request(), alice, GB)
    still_clock.forward(seconds=18)
    with pytest.raises(TooSoon) as caught:
        allow(request(), alice, GB)
    assert caught.value.sentence == "You can ask for another code in 42 seconds."
    still_clock.forward(seconds=41)
    with pytest.raises(TooSoon) as caught:
        allow(request(), alice, GB)
    assert caught.value.sentence == "You can ask for another code in 1 second."


def test_a_number_is_one_whoever_asks_for_it(alice, bob, clock):
    for _ in range(3):
        assert refused(alice, GB) == ""
        clock.forward(seconds=61)
    assert refused(bob, GB, at="198.51.100.4") == "texts"


def test_a_refusal_for_one_number_is_none_for_another(alice, bob, clock):
    while refused(alice, GB) != "texts":
        clock.forward(seconds=61)
    assert refused(alice, gb(1)) == ""
    assert refused(bob, gb(2)) == ""


def test_a_text_that_was_refused_elsewhere_leaves_the_next_its_whole_minute(alice, settings, clock):
    """What is given back must not end a later pause too early."""
    settings.POLICY_TEXTS_PER_SITE_PER_HOUR = 2
    assert refused(alice, gb(1), is_proved=True) == ""
    assert refused(alice, GB, is_proved=True) == "site_texts"
    settings.POLICY_TEXTS_PER_SITE_PER_HOUR = 500
    clock.forward(seconds=50)
    assert refused(alice, GB, is_proved=True) == ""
    clock.forward(seconds=50)
    assert refused(alice, GB, is_proved=True) == "text_pauses"


# --- The owner ------------------------------------------------------------------------------------


def test_whoever_adds_somebodys_number_uses_up_nothing_of_the_owners(alice, bob, clock):
    while refused(bob, GB) != "texts":
        clock.forward(seconds=61)
    for _ in range(3):
        assert refused(alice, GB, is_proved=True) == ""
        clock.forward(seconds=61)


def test_whoever_has_the_password_uses_up_nothing_of_the_owners_known_device(alice, clock):
    value = "v" * 43
    KnownDevice.objects.create(user=alice, key=sealing.token_digest(value))
    while refused(alice, GB, is_proved=True) != "texts":
        clock.forward(seconds=61)
    for _ in range(3):
        assert refused(alice, GB, value=value, is_proved=True) == ""
        clock.forward(seconds=61)
    assert refused(alice, GB, value=value, is_proved=True) == "texts"


# --- Persons and networks -------------------------------------------------------------------------


def test_one_person_asks_for_six_an_hour_whomever_they_text(alice, bob):
    for number in range(6):
        assert refused(alice, gb(number)) == ""
    assert refused(alice, gb(7)) == "text_asks"
    assert refused(bob, gb(8)) == ""


def test_one_network_asks_for_so_many(settings):
    settings.POLICY_TEXTS_PER_NETWORK_PER_HOUR = 2
    people = [cast.person(f"p{number}", password=None) for number in range(4)]
    told = [refused(user, gb(user.pk), at="2001:db8::1") for user in people[:3]]
    assert told == ["", "", "network_texts"]
    assert refused(people[3], gb(3), at="2001:db8::ffff:1") == "network_texts"  # the same /64
    assert refused(people[3], gb(3), at="2001:db8:0:1::1") == ""


# --- Countries and the site -----------------------------------------------------------------------


@pytest.fixture
def crowd(db) -> list[User]:
    return [cast.person(f"p{number}", password=None) for number in range(12)]


def test_a_country_has_a_limit_and_others_go_on(crowd, settings):
    settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR = 4
    told = [refused(user, gb(n), at=f"192.0.2.{n}", is_proved=True) for n, user in enumerate(crowd)]
    assert told == [""] * 4 + ["country_texts"] * 8
    assert refused(crowd[0], us(123), is_proved=True) == ""
    assert refused(crowd[1], "+447797712345", is_proved=True) == ""  # Jersey, of the same code


def test_one_account_gets_no_more_than_the_half_of_a_country(alice, bob, settings):
    settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR = 4
    told = [refused(alice, gb(n), is_proved=True) for n in range(3)]
    assert told == ["", "", "country_texts"]
    assert refused(bob, gb(9), is_proved=True) == ""


def test_numbers_not_proved_get_no_more_than_the_half_of_a_country(crowd, settings):
    """A crowd of new accounts that texts its own numbers stops nobody from signing in."""
    settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR = 6
    told = [refused(user, gb(n), at=f"192.0.2.{n}") for n, user in enumerate(crowd[:6])]
    assert told == [""] * 3 + ["country_texts"] * 3
    told = [refused(user, gb(n), at=f"192.0.2.{n}", is_proved=True) for n, user in enumerate(crowd)]
    assert told.count("") == 3


def test_the_site_has_a_limit_for_all_countries_together(crowd, settings):
    settings.POLICY_TEXTS_PER_SITE_PER_HOUR = 4
    told = [
        refused(user, (gb if n % 2 else us)(100 + n), at=f"192.0.2.{n}", is_proved=True)
        for n, user in enumerate(crowd)
    ]
    assert told == [""] * 4 + ["site_texts"] * 8
    assert refused(crowd[5], us(155)) == "site_texts"


def test_one_account_gets_no_more_than_the_half_of_the_site(alice, bob, settings):
    settings.POLICY_TEXTS_PER_SITE_PER_HOUR = 4
    told = [refused(alice, (gb if n % 2 else us)(100 + n), is_proved=True) for n in range(3)]
    assert told == ["", "", "site_texts"]
    assert refused(bob, us(109), is_proved=True) == ""


# --- All or none ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "budget"),
    [
        ("POLICY_TEXTS_PER_NETWORK_PER_HOUR", "network_texts"),
        ("POLICY_TEXTS_PER_COUNTRY_PER_HOUR", "country_texts"),
        ("POLICY_TEXTS_PER_SITE_PER_HOUR", "site_texts"),
    ],
)
@pytest.mark.parametrize("is_proved", [False, True])
def test_who_is_refused_has_spent_nothing(alice, bob, settings, limit, budget, is_proved):
    settings.POLICY_TEXTS_PER_HOUR = 10
    setattr(settings, limit, 2)
    assert [refused(alice, gb(n), is_proved=is_proved) for n in range(3)][-1] == budget
    before = sorted(Tally.objects.exclude(count=0).values_list("budget", "subject", "count"))
    for _ in range(3):
        assert refused(alice, GB, is_proved=is_proved) == budget
    after = sorted(Tally.objects.exclude(count=0).values_list("budget", "subject", "count"))
    assert before == after


def test_a_country_that_is_not_served_spends_nothing(alice, settings):
    settings.TEXT_COUNTRIES = ["GB"]
    with pytest.raises(NumberNotServed) as caught:
        allow(request(), alice, us(123))
    assert (caught.value.country, caught.value.country_name) == ("US", "United States")
    assert refused(alice, GB) == ""
    settings.TEXT_TRANSPORT = {}
    with pytest.raises(NumberNotServed):
        allow(request(), alice, gb(1))
    assert counted()["texts"] == 1


def test_what_is_counted_names_no_number(alice):
    allow(request(), alice, GB)
    assert Tally.objects.exists()
    assert not [row for row in Tally.objects.values_list() if GB[3:] in repr(row)]


def test_what_it_costs(alice, statements_of):
    with statements_of() as statements:
        allow(request(), alice, GB)
    assert statements.count == 1 + 2 * 10
    with statements_of() as statements, pytest.raises(TooSoon):
        allow(request(), alice, GB)
    assert statements.count == 1


# --- The pages ------------------------------------------------------------------------------------


def test_every_limit_of_texts_has_its_page(client):
    from accounts.refusals import refusal_page

    made = request()
    made.session, made.user, made.LANGUAGE_CODE = {}, User(), "en"
    for one in vars(budgets).values():
        if isinstance(one, budgets.Budget) and "text" in one.name:
            page = refusal_page(made, TooManyTries(600, budget=one.name))
            said = page.content.decode()
            assert page.status_code == 429 and "Codes that have not run out still work." in said
            assert re.search(
                r"texts (?:to this number |for your account |were )|just sent|as many texts", said
            )
    assert reverse("help") in said
