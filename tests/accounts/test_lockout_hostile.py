"""The limits under input of the worst kind: headers that lie, names without end or of many spellings,
clocks that jump, two who want the last guess. No way past, nobody locked for good, nothing broken."""

from __future__ import annotations

import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.identify import key_of
from accounts.lockout import buckets, limits, meters, tries
from accounts.lockout.buckets import NOWHERE, network, of_user
from accounts.models import Session, Tally
from tests.accounts.test_lockout import LOGIN, WRONG, guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.accounts.test_password_reset import NEW, ask, choose
from tests.support import attackers, cast
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

PEER, LIE = "192.0.2.1", "203.0.113."
HEADERS = (
    "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP", "HTTP_TRUE_CLIENT_IP", "HTTP_X_FORWARDED", "HTTP_FORWARDED_FOR",
    "HTTP_X_ORIGINAL_FORWARDED_FOR", "HTTP_X_CLUSTER_CLIENT_IP", "HTTP_VIA", "HTTP_REMOTE_ADDR",
)  # fmt: skip
SHAPES = (
    "{}",
    "for={}",
    'for="[::ffff:{}]:80";by=10.0.0.1',
    " {} ",
    "{}:4711",
    "[::ffff:{}]",
    "{}%eth0",
)


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.BOT_CHECK = "off"
    settings.POLICY_FREE_FAILURES = 3
    return still_clock


def strangers_of(user) -> int:
    streak = limits.strangers(of_user(user))
    return meters.read([streak]).get(streak.key, meters.NOTHING).count


def compared(answers) -> int:
    assert {answer.status_code for answer in answers} <= {200, 429}
    return sum(answer.status_code == 200 for answer in answers)


# --- Headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("trusted", [[], ["1"], ["192.0.2.0/24"]], ids=str)
def test_no_header_makes_one_visitor_many(db, settings, trusted, shape):
    """Each guess at another name, so that only the limit of the network is met. Behind a proxy the
    proxy's own entry is the last, whatever stands before it."""
    settings.TRUSTED_PROXIES, settings.POLICY_NETWORK_FAILURES = trusted, 10
    answers = []
    for number in range(14):
        lies = dict.fromkeys(HEADERS, shape.format(f"{LIE}{number + 1}"))
        if trusted:
            lies["HTTP_X_FORWARDED_FOR"] += ", 198.51.100.9"
        answers.append(guess(Visitor(), f"person{number}", ip=PEER, **lies))
    assert compared(answers) == 10


@pytest.mark.parametrize(
    "header",
    [
        "unknown",
        "_hidden",
        "999.1.1.1",
        "\x00",
        "', 1=1 --",
        "x" * 70_000,
        ",,,,",
        "::::",
        "1" * 5000,
    ],
)
def test_a_header_that_names_no_address_opens_no_bucket_of_its_own(db, settings, header):
    settings.TRUSTED_PROXIES, settings.POLICY_NETWORK_FAILURES = ["192.0.2.0/24"], 10
    answers = [
        guess(Visitor(), f"person{number}", ip=PEER, HTTP_X_FORWARDED_FOR=f"{header}{number or ''}")
        for number in range(12)
    ]
    assert compared(answers) == 10


def test_all_whose_address_is_unknown_share_one_bucket():
    for text in ("", "nonsense", "999.9.9.9", "\ud800", "x" * 10**6, "1" * 10**5):
        assert network(text) == NOWHERE


# --- Names ----------------------------------------------------------------------------------------


NAMES = ("alice", "victorio")


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_that_signs_in_shares_one_bucket(db, name, settings):
    """And with the right password as with wrong ones: a spelling that does not lead there signs
    nobody in."""
    user = cast.person(name)
    typed = attackers.spellings(name)
    typed += [
        unicodedata.normalize(form, spelling)
        for form, spelling in product(("NFC", "NFD", "NFKC", "NFKD"), typed)
    ]
    leads = 0
    for spelling in dict.fromkeys(typed):
        before = strangers_of(user)
        guess(Visitor(), spelling, ip=f"198.18.0.{leads % 250}")
        counted = strangers_of(user) - before
        Tally.objects.all().delete()
        answer = guess(Visitor(), spelling, password=cast.PASSWORD, ip="198.18.1.1")
        assert (answer.status_code == 302) == bool(counted), spelling
        leads += counted
    assert leads >= 8


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_address_beyond_ascii_is_one_bucket_however_it_is_composed(db, form):
    """Its domain: a local part beyond ASCII is nobody's."""
    user = cast.person("zoe", email="zoe@xn--bcher-kva.example")
    typed = unicodedata.normalize(form, "ZOE@Bücher.Example")
    guess(Visitor(), typed)
    assert strangers_of(user) == 1
    assert guess(Visitor(), typed, password=cast.PASSWORD).status_code == 302


@pytest.mark.parametrize("opening", ["", "alice", "alice@", "@", "\x00", "é", "alice@example.org"])
def test_a_name_of_a_megabyte_is_answered_and_opens_no_way(client, alice, opening):
    long = opening + "x" * 10**6
    for secret in ("password", "oldpassword", "code"):
        fields = {"login": long, "password": WRONG, secret: long}
        for path in (LOGIN, "/accounts/unlock/", "/accounts/password/reset/"):
            assert client.post(path, fields).status_code < 500
    assert not Session.objects.filter(user=alice).exists() and strangers_of(alice) == 0
    assert all(len(row.subject) <= 64 for row in Tally.objects.all())
    assert guess(client, password=cast.PASSWORD).status_code == 302


# --- Clocks ---------------------------------------------------------------------------------------


def test_jumps_of_an_hour_to_and_fro_give_no_more_than_the_cap(
    elsewhere, alice, clock, client, mailbox
):
    """A clock set back frees the pause of that moment; what was counted stays counted."""
    answers = []
    for jump in range(80):
        answers.append(elsewhere())
        clock.forward(hours=1 if jump % 2 else -1)
    assert compared(answers) == strangers_of(alice) == 50
    stopped = elsewhere(password=cast.PASSWORD)
    assert stopped.status_code == 429 and "Retry-After" not in stopped
    ask(client, "alice")
    choose(client, mailbox.latest(alice.email).link)
    assert elsewhere(password=NEW).status_code == 302


@pytest.mark.parametrize("hours", [1, -1])
def test_after_a_jump_nobody_waits_longer_than_the_longest_pause(
    client, elsewhere, alice, clock, hours
):
    guess_on_and_on(elsewhere, clock, 14)  # each further one waits for fifteen minutes
    clock.forward(hours=hours)
    assert elsewhere().status_code == 200
    refused = elsewhere(password=cast.PASSWORD)
    assert refused.status_code == 429 and int(refused["Retry-After"]) <= 15 * 60
    clock.forward(seconds=int(refused["Retry-After"]))
    assert guess(client, password=cast.PASSWORD).status_code == 302


@pytest.mark.parametrize("hours", [1, -1])
def test_after_a_jump_a_full_network_and_a_full_site_open_within_the_hour(
    db, clock, settings, hours
):
    settings.POLICY_NETWORK_FAILURES, settings.POLICY_SITE_FAILURES = 10, 12
    assert compared([guess(Visitor(), f"a{n}") for n in range(12)]) == 10
    assert compared([guess(Visitor(), f"b{n}", ip=f"198.18.0.{n}") for n in range(4)]) == 2
    clock.forward(hours=hours)
    assert compared([guess(Visitor(), f"c{n}", ip=f"198.18.1.{n}") for n in range(14)]) == 12
    clock.forward(hours=1 - min(hours, 0), seconds=1)
    assert guess(Visitor(), "d").status_code == 200


def test_after_the_clock_is_set_back_the_pair_and_the_budgets_close_nobody_out(
    client, alice, clock, settings
):
    """A row from the future has run out, or it would hold people for as long as the jump was."""
    settings.POLICY_RESETS_PER_HOUR = 3
    for _ in range(4):
        Visitor().post("/accounts/password/reset/", {"login": "alice"})
    for _ in range(10):
        clock.forward(minutes=1)
        guess(Visitor(), "alice")
    assert guess(client, password=cast.PASSWORD).status_code == 429
    clock.forward(hours=-3)
    assert client.post("/accounts/password/reset/", {"login": "alice"}).status_code == 302
    assert guess(client, password=cast.PASSWORD).status_code == 302


@pytest.mark.parametrize(("status", "kept"), [(500, 1), (503, 0), (302, 0)])
def test_a_crash_after_the_comparison_gives_no_guess_back(alice, rf, status, kept):
    """Nobody knows then how it went; whoever can cause one would guess without end."""
    request = rf.post(LOGIN)
    tries.take(request, alice, of_user(alice))
    tries.settle(request, status)
    assert Tally.objects.get(budget="strangers").count == kept


# --- The last guess -------------------------------------------------------------------------------


LAST = {
    "POLICY_STRANGER_FAILURES": lambda number: ("alice", f"198.18.0.{number}"),
    "POLICY_FAILURES_PER_NETWORK": lambda number: ("alice", PEER),
    "POLICY_NETWORK_FAILURES": lambda number: (f"person{number}", PEER),
    "POLICY_SITE_FAILURES": lambda number: (f"person{number}", f"198.18.0.{number}"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("policy", LAST)
def test_two_requests_for_one_last_guess_get_it_once(settings, policy):
    cast.person("alice")
    settings.POLICY_FREE_FAILURES = 1000
    setattr(settings, policy, 6)

    def act(number: int) -> int:
        name, ip = LAST[policy](number)
        return guess(Visitor(), name, ip=ip).status_code

    assert [act(number) for number in range(5)] == [200] * 5
    assert sorted(race(lambda number: act(100 + number), 2)) == [200, 429]
    assert act(200) == 429


FOLDED = "\u017f\u212aß\u1e9e\ufb00\ufb01\ufb02\ufb06İıſſ"


@given(st.text(st.sampled_from("sk ßfit@.ex" + FOLDED), min_size=1, max_size=12))
def test_one_bucket_is_one_look_up(typed):
    """What folds in the one and not in the other tells who has an account."""
    for other in (typed.casefold(), typed.lower(), typed.upper(), typed.strip()):
        same_bucket = buckets.spelling(typed) == buckets.spelling(other)
        same_key = key_of(typed) == key_of(other)
        assert same_bucket == same_key or not (key_of(typed) or key_of(other)), (typed, other)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("odd", "name"),
    [
        ("\u017fusan@example.org", "susan@example.org"),
        ("\u212aim", "kim"),
        ("bo\u00df", "boss"),
        ("o\ufb03ce@example.org", "office@example.org"),
    ],
)
def test_guesses_at_what_finds_nobody_hold_up_no_name(db, known, odd, name):
    if known:
        for each in ("susan", "kim", "boss", "office"):
            cast.person(each)
    for _ in range(3):
        guess(Visitor(), odd)
    assert guess(Visitor(), name).status_code == 200
