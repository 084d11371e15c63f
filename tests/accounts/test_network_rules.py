"""What the rules about networks mean, and how a network is read. No database."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as some

from accounts.networks import parsing
from accounts.networks.book import Book, Rule
from accounts.networks.rules import ADMIN, SITE, refusing

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def book(*written: str) -> Book:
    """`deny 203.0.113.0/24`, `allow 10.0.0.0/8 admin`, `allow 10.0.0.0/8 site past`."""
    rules = []
    for number, line in enumerate(written, 1):
        kind, network, scope, end = [*line.split(), *("site", "")[len(line.split()) - 2 :]]
        ends_at = NOW if end else (LATER if kind == "deny" else None)
        rules.append(Rule(number, kind, scope, parsing.network(network), ends_at))
    return Book.of(rules)


def refused(rules: Book, address: str, scope: str = SITE, at: datetime = NOW) -> int:
    """The number of the rule that keeps the address out, 0 where it may come."""
    rule = refusing(rules, parsing.address(address), scope, at)
    return rule.id if rule else 0


# --- what decides ---------------------------------------------------------------------------------


def test_without_rules_everybody_may_come():
    assert refused(Book(), "203.0.113.9") == refused(Book(), "", ADMIN) == 0


def test_a_denied_network_is_kept_out_and_its_neighbours_are_not():
    rules = book("deny 203.0.113.0/24", "deny 2001:db8:1::/48")
    assert refused(rules, "203.0.113.255") == 1 and refused(rules, "203.0.114.0") == 0
    assert refused(rules, "2001:db8:1:ffff::1") == 2 and refused(rules, "2001:db8:2::") == 0


def test_one_allow_rule_closes_the_place_to_all_others_of_either_kind():
    rules = book("allow 203.0.113.0/24")
    assert refused(rules, "203.0.113.9") == 0
    assert refused(rules, "198.51.100.1") == refused(rules, "2001:db8::1") == 1
    assert refused(rules, "127.0.0.1") == refused(rules, "::1") == 1
    assert refused(rules, "") == refused(rules, "somewhere") == 1


def test_the_most_specific_network_decides():
    rules = book("allow 10.0.0.0/8", "deny 10.1.0.0/16", "allow 10.1.2.0/24", "deny 10.1.2.3")
    assert [refused(rules, one) for one in ("10.9.9.9", "10.1.9.9", "10.1.2.9", "10.1.2.3")] == [
        0, 2, 0, 4,
    ]  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_rules_for_one_network_the_denial_decides(order):
    rules = book(*["allow 10.0.0.0/8", "deny 10.0.0.0/8"][::order])
    assert refused(rules, "10.1.1.1") == (2 if order == 1 else 1)


def test_staff_pages_ask_both_lists_and_the_site_asks_its_own():
    rules = book("allow 10.0.0.0/8 admin", "deny 10.6.6.0/24")
    assert refused(rules, "10.1.1.1", ADMIN) == 0 and refused(rules, "203.0.113.9", ADMIN) == 1
    assert refused(rules, "203.0.113.9") == 0
    # A permission for the staff pages is none for the site.
    assert refused(rules, "10.6.6.6") == refused(rules, "10.6.6.6", ADMIN) == 2


def test_ipv4_written_as_ipv6_is_ipv4():
    for rules in (book("deny 203.0.113.0/24"), book("deny ::ffff:203.0.113.0/120")):
        for spelling in ("203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109"):
            assert refused(rules, spelling) == 1
    assert refused(book("deny ::/0"), "203.0.113.9") == 0


def test_a_denial_ends_by_itself_and_a_list_stays_closed():
    rules = book("deny 203.0.113.0/24", "allow 10.0.0.0/8 admin past")
    assert refused(rules, "203.0.113.9", at=LATER - timedelta(seconds=1)) == 1
    assert refused(rules, "203.0.113.9", at=LATER) == 0
    assert refused(rules, "10.1.1.1", ADMIN) == refused(rules, "203.0.114.1", ADMIN) == 2


def test_what_ran_out_uncovers_what_lies_around_it():
    rules = book("deny 10.0.0.0/8", "allow 10.1.0.0/16 site past", "allow 0.0.0.0/0")
    assert refused(rules, "10.1.1.1") == 1 and refused(rules, "192.0.2.1") == 0


def test_a_row_that_cannot_be_read_matches_nobody_and_opens_nothing():
    rules = Book.of([Rule(1, "allow", ADMIN, None), Rule(2, "deny", SITE, None, LATER)])
    assert refused(rules, "10.1.1.1", ADMIN) == 1 and refused(rules, "10.1.1.1") == 0


networks = some.one_of(
    some.ip_addresses(v=4, network="10.0.0.0/29"), some.ip_addresses(v=6, network="2001:db8::/125")
)


@given(
    some.lists(some.tuples(networks, some.integers(0, 3), some.booleans(), some.booleans())),
    networks,
)
def test_the_look_up_finds_what_reading_every_rule_finds(written, address):
    rules = []
    for number, (inside, wider, allows, lapsed) in enumerate(written, 1):
        prefix = inside.max_prefixlen - wider
        network = ipaddress.ip_network((inside, prefix), strict=False)
        kind = "allow" if allows else "deny"
        rules.append(Rule(number, kind, SITE, network, NOW if lapsed else LATER))
    fitting = [rule for rule in rules if rule.stands(NOW) and address in rule.network]
    longest = max((rule.network.prefixlen for rule in fitting), default=None)
    deciding = [rule for rule in fitting if rule.network.prefixlen == longest]
    if deciding:
        expected = any(not rule.allows for rule in deciding)
    else:
        expected = any(rule.allows for rule in rules)
    assert bool(refusing(Book.of(rules), address, SITE, NOW)) == expected


# --- how it is written ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" 203.0.113.9 ", "203.0.113.9/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:203.0.113.9", "203.0.113.9/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_has_one_spelling(typed, kept):
    assert str(parsing.network(typed)) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "/24", "203.0.113", "203.0.113.0/33", "203.0.113.0/-1", "203.0.113.0/",
        "203.0.113.0/255.255.255.0", "203.0.113.0/0.0.0.255", "0203.0.113.0/24", "3405803776",
        "fe80::1%eth0", "fe80::%eth0/64", "[2001:db8::1]", "203.0.113.9:80", "2001:db8::/129",
        "example.org", "203.0.113.٩", "203.0.113.0/2٤", "203.0.113.0/24 10.0.0.0/8", "1" * 100_000,
        "203.0.113.9\n10.0.0.1", "<b>", "203.0.113.0/024000",
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(typed):
    with pytest.raises(ValidationError):
        parsing.network(typed)


@pytest.mark.parametrize("typed", ["203.0.113.9/24", "2001:db8::1/32", "10.0.0.1/0"])
def test_an_address_inside_a_network_is_not_cut_to_it(typed):
    with pytest.raises(ValidationError, match="is an address inside"):
        parsing.network(typed)
