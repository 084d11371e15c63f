"""The pause of an account, the cap, the network and the site: what strangers get, all together."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts.lockout import tries
from accounts.models import Tally
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.pages import same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    """A pause is a second and more: none passes by itself here. Nobody is asked for a proof of work
    before a limit is spent."""
    settings.BOT_CHECK = "off"
    return still_clock


def networks():
    """Addresses of no two networks alike."""
    number = 0
    while True:
        number += 1
        yield f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


@pytest.fixture
def elsewhere():
    """Each guess from another network: no limit but the account's own is met."""
    found = networks()
    return lambda *args, **how: guess(Visitor(), *args, ip=next(found), **how)


def test_after_three_failures_each_next_one_waits_twice_as_long(elsewhere, alice, clock):
    assert [elsewhere().status_code for _ in range(4)] == [200, 200, 200, 429]
    for pause in (1, 2, 4, 8, 16):
        clock.forward(seconds=pause)
        assert elsewhere().status_code == 200
        assert elsewhere().status_code == 429


def test_refused_tries_never_make_the_pause_longer(elsewhere, alice, clock):
    for _ in range(3):
        elsewhere()
    for _ in range(20):
        refused = elsewhere()
        assert refused.status_code == 429 and refused["Retry-After"] == "1"
    clock.forward(seconds=1)
    assert elsewhere(password=cast.PASSWORD).status_code == 302


def test_what_was_no_wrong_guess_begins_no_pause_anew(elsewhere, alice, clock, client):
    """A right password that the road has still to ask something of, or a busy site, is no failure."""
    for number in range(8):
        clock.forward(seconds=2**number)
        elsewhere()
    before = Tally.objects.get(budget="strangers")
    clock.forward(seconds=64)
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.1")
    with pytest.raises(ZeroDivisionError), tries.guess(request, alice):
        raise ZeroDivisionError
    after = Tally.objects.get(budget="strangers")
    assert (after.count, after.started_at) == (before.count, before.started_at)
    assert elsewhere(password=cast.PASSWORD).status_code == 302


def test_a_failure_meanwhile_keeps_its_own_pause(elsewhere, alice, clock):
    """Given back after somebody else failed, a try takes nothing of theirs away."""
    for _ in range(2):
        elsewhere()
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.1")
    with pytest.raises(ZeroDivisionError), tries.guess(request, alice):
        clock.forward(seconds=2)
        elsewhere()
        raise ZeroDivisionError
    row = Tally.objects.get(budget="strangers")
    assert row.count == 3 and (timezone.now() - row.started_at).total_seconds() < 1


def test_a_refusal_writes_nothing(elsewhere, alice):
    for _ in range(3):
        elsewhere()
    rows, entries = list(Tally.objects.order_by("pk").values()), Entry.objects.count()
    elsewhere()
    assert list(Tally.objects.order_by("pk").values()) == rows
    assert Entry.objects.count() == entries


@pytest.mark.parametrize(
    ("path", "field", "others"),
    [
        ("/accounts/reauthenticate/", "password", {}),
        (
            "/accounts/password/change/",
            "oldpassword",
            dict.fromkeys(("password1", "password2"), "nine lanterns over the marsh"),
        ),
    ],
)
def test_nor_does_one_of_somebody_who_is_signed_in(client, alice, path, field, others):
    guess(client, password=cast.PASSWORD)
    answers = [
        client.post(path, {**others, field: "not hers at all"}).status_code for _ in range(12)
    ]
    failed = Entry.objects.filter(event=Event.REAUTHENTICATION_FAILED).count()
    assert answers.count(429) > 2 and failed == 12 - answers.count(429)


def guess_on_and_on(elsewhere, clock, times, *args):
    """As fast as the pauses let one."""
    answers = []
    for _ in range(times):
        answer = elsewhere(*args)
        while answer.status_code == 429 and "Retry-After" in answer:
            clock.forward(seconds=int(answer["Retry-After"]))
            answer = elsewhere(*args)
        answers.append(answer.status_code)
    return answers


@pytest.mark.parametrize("name", ["alice", "nobody@example.org"])
def test_fifty_in_a_row_stop_the_password_for_strangers(elsewhere, alice, clock, name):
    assert guess_on_and_on(elsewhere, clock, 50, name) == [200] * 50
    stopped = elsewhere(name, cast.PASSWORD)
    assert stopped.status_code == 429 and "Retry-After" not in stopped
    clock.forward(days=400)
    assert elsewhere(name, cast.PASSWORD).status_code == 429
    assert Entry.objects.filter(event=Event.LIMIT_REACHED).count() == 1


def test_in_the_first_hour_there_are_no_more_than_thirty(elsewhere, alice, clock):
    compared = 0
    for _ in range(60 * 12):
        compared += elsewhere().status_code == 200
        clock.forward(seconds=5)
    assert 10 <= compared <= 30


@pytest.mark.parametrize("state", ["delayed", "stopped"])
def test_known_unknown_and_switched_off_names_are_told_the_same(
    elsewhere, alice, bob, clock, settings, state
):
    settings.POLICY_STRANGER_FAILURES = 5
    bob.is_active = False
    bob.save()
    names = ["alice", "nobody", "bob"]
    answers = []
    for name in names:
        guess_on_and_on(elsewhere, clock, 5 if state == "stopped" else 4, name)
        answers.append(elsewhere(name))
    for name, answer in zip(names, answers, strict=True):
        assert answer.status_code == 429
        assert answer.headers.get("Retry-After") == answers[0].headers.get("Retry-After")
        same_bytes(answers[0], answer, echo=(names[0], name))


def test_one_network_has_no_more_than_its_share_of_all_accounts(client, db, settings):
    settings.POLICY_NETWORK_FAILURES = 12
    answers = [guess(Visitor(), f"person{n}", ip="203.0.113.7").status_code for n in range(15)]
    assert answers == [200] * 12 + [429] * 3
    assert guess(Visitor(), "person1", ip="203.0.113.8").status_code == 200
    assert Entry.objects.filter(event=Event.LIMIT_REACHED).count() == 1


def test_a_whole_ipv6_network_has_one_share(db, settings):
    settings.POLICY_NETWORK_FAILURES = 12
    answers = [
        guess(Visitor(), f"p{n}", ip=f"2001:db8:7:7:{n:x}::1").status_code for n in range(13)
    ]
    assert answers == [200] * 12 + [429]


def test_the_whole_site_has_a_share_that_no_known_device_needs(client, elsewhere, alice, settings):
    guess(client, password=cast.PASSWORD)
    settings.POLICY_SITE_FAILURES = 20
    answers = [elsewhere(f"person{n}").status_code for n in range(22)]
    assert answers == [200] * 20 + [429] * 2
    client.post("/accounts/logout/")
    assert guess(client, password=cast.PASSWORD).status_code == 302


def test_a_right_password_costs_the_network_and_the_site_nothing(alice, settings):
    settings.POLICY_NETWORK_FAILURES = settings.POLICY_SITE_FAILURES = 10
    for _ in range(15):
        assert guess(Visitor(), password=cast.PASSWORD).status_code == 302
    assert set(Tally.objects.values_list("count", flat=True)) == {0}


def test_the_page_of_a_stop_offers_the_ways_that_are_open(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)
    said = text_of(elsewhere())
    assert "minute" not in said and "Reset your password" in said


def test_forgetting_opens_a_stopped_account(elsewhere, alice, clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)
    tries.forget_failures(alice)
    assert elsewhere(password=cast.PASSWORD).status_code == 302


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_locks_nobody_out(elsewhere, alice, clock, hours):
    for _ in range(10):
        elsewhere()
    clock.forward(hours=hours)
    assert elsewhere(password=cast.PASSWORD).status_code == 302
