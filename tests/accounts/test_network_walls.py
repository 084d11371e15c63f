"""Nobody gets round a rule: whatever the header, the spelling of an address, or the page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.networks import middleware, snapshot
from accounts.networks.middleware import is_for_staff
from tests.site.test_pseudolocale import pseudo_locale  # noqa: F401 - a fixture
from tests.support import cast
from tests.support.networks import allow, deny
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
BAD, GOOD = "203.0.113.9", "198.51.100.7"


def comes_from(address: str, **more: str) -> Visitor:
    return Visitor(REMOTE_ADDR=address, **more)


# --- who is turned away ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "/",
        LOGIN,
        "/accounts/signup/",
        "/help/",
        "/nowhere/",
        "/admin/",
        "/.well-known/passkey-endpoints",
    ],
)
def test_a_denied_network_sees_one_plain_page_wherever_it_goes(page):
    deny("203.0.113.0/24", note="a secret of ours")
    answer = comes_from(BAD).get(page)
    assert answer.status_code == 403 and "Retry-After" not in answer
    said = text_of(answer)
    assert "Not open to your network" in said and BAD in said and "help@example.org" in said
    assert answer["X-Request-ID"] in said
    assert "secret of ours" not in said and "203.0.113.0/24" not in said
    assert not answer.cookies and "Cookie" not in answer.get("Vary", "")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert comes_from(GOOD).get(page).status_code != 403


def test_a_post_from_a_denied_network_does_nothing_and_costs_no_hash(alice, hashes_of):
    deny(f"{BAD}/32")
    snapshot.current()
    form = {"login": "alice", "password": cast.PASSWORD}
    with hashes_of() as hashes, CaptureQueriesContext(connection) as asked:
        answer = comes_from(BAD).post(LOGIN, form)
    assert (answer.status_code, hashes.made, len(asked)) == (403, 0, 0)
    assert comes_from(GOOD).post(LOGIN, form).status_code == 302


def test_a_session_is_no_way_round(alice):
    browser = comes_from(BAD)
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert browser.get("/accounts/").status_code == 200
    deny("203.0.113.0/24")
    assert browser.get("/accounts/").status_code == 403


def test_a_site_open_to_some_turns_the_others_away_whoever_they_are():
    allow("198.51.100.0/24")
    assert comes_from(GOOD).get(LOGIN).status_code == 200
    for other in (BAD, "2001:db8::1", "127.0.0.1", "::1", ""):
        assert comes_from(other).get(LOGIN).status_code == 403


def test_probes_are_answered_by_a_closed_site():
    allow("198.51.100.0/24")
    assert comes_from("127.0.0.1").get("/healthz").status_code == 200
    assert comes_from("127.0.0.1").get("/readyz").status_code == 200
    for near in ("/healthz/", "/readyz/x", "//healthz", "/healthz/../accounts/login/"):
        assert comes_from("127.0.0.1").get(near).status_code == 403


def test_the_page_speaks_the_visitors_language(pseudo_locale):  # noqa: F811
    deny("203.0.113.0/24")
    answer = comes_from(BAD, headers={"accept-language": "ar-xb"}).get(LOGIN)
    assert answer["Content-Language"] == "ar-xb" and 'dir="rtl"' in answer.content.decode()


# --- staff pages ----------------------------------------------------------------------------------

STAFF_PAGES = [
    "/admin/",
    "/admin",
    "/admin/login/",
    "/admin/accounts/user/",
    "/admin/x/y",
    "/%61dmin/",
]


@pytest.mark.parametrize("page", STAFF_PAGES)
def test_a_list_for_the_staff_pages_closes_them_and_no_other(page):
    allow("198.51.100.0/24", "admin")
    answer = comes_from(BAD).get(page)
    assert answer.status_code == 403 and "The staff pages are not open" in text_of(answer)
    assert comes_from(GOOD).get(page).status_code != 403
    assert comes_from(BAD).get(LOGIN).status_code == 200
    assert comes_from(BAD).get("/administration/").status_code == 404


def test_staff_from_elsewhere_stay_people_of_the_site(ada):
    browser = comes_from(BAD)
    browser.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
    assert browser.get("/admin/").status_code == 200
    allow("198.51.100.0/24", "admin")
    assert browser.get("/admin/").status_code == 403
    assert browser.get("/accounts/").status_code == 200


def test_what_is_denied_for_the_site_is_not_allowed_by_the_staff_list():
    allow("203.0.113.0/24", "admin")
    deny("203.0.113.9")
    assert comes_from(BAD).get("/admin/").status_code == 403


def test_the_staff_pages_are_found_where_the_urls_put_them(settings):
    assert is_for_staff("/admin/x") and not is_for_staff("/desk/of/staff/")
    settings.ROOT_URLCONF = "tests.support.moved_admin_urls"
    assert is_for_staff("/desk/of/staff/accounts/user/") and is_for_staff("/desk/of/staff")
    assert not is_for_staff("/admin/") and not is_for_staff("/desk/of/staffing/")
    settings.ROOT_URLCONF = "accounts.urls"
    assert not is_for_staff("/") and not is_for_staff("")


# --- who one says one is --------------------------------------------------------------------------

LIES = {
    "forwarded for": {"x-forwarded-for": GOOD},
    "forwarded": {"forwarded": f"for={GOOD}"},
    "real ip": {"x-real-ip": GOOD},
    "client ip": {"x-client-ip": GOOD, "client-ip": GOOD, "true-client-ip": GOOD},
    "cloud": {"cf-connecting-ip": GOOD, "x-cluster-client-ip": GOOD, "x-originating-ip": GOOD},
    "underscores": {"X_Forwarded_For": GOOD, "x_real_ip": GOOD},
    "host": {"x-forwarded-host": GOOD, "x-remote-addr": GOOD, "remote-addr": GOOD},
}


@pytest.mark.parametrize("lie", LIES)
def test_no_header_is_believed_without_a_proxy_of_ours(lie):
    deny("203.0.113.0/24")
    assert comes_from(BAD).get(LOGIN, headers=LIES[lie]).status_code == 403


@pytest.mark.parametrize(
    "trusted", [["127.0.0.1/32"], ["1"], ["127.0.0.0/8", "10.0.0.0/8"]], ids=str
)
@pytest.mark.parametrize(
    "claimed",
    [
        "", GOOD, f"{GOOD}, {GOOD}", "127.0.0.1", "127.0.0.1, 10.0.0.1", f"{GOOD},", ",,,", " , ",
        "unknown", "garbage, ::1", f"[{GOOD}]", f"{GOOD}:80", "::1", "[::1]:80", "fe80::1%eth0",
        "\t", "'", f'for="{GOOD}"', "٢٠٣.0.113.9", "10.0.0.1," * 100_000,
        "x" * 1_000_000, "," * 1_000_000,
    ],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
def test_what_a_visitor_claims_is_left_of_what_our_proxy_saw(settings, trusted, claimed):
    settings.TRUSTED_PROXIES = trusted
    deny("203.0.113.0/24")
    lies = {name: GOOD for lie in LIES.values() for name in lie if "orwarded_" not in name}
    header = f"{claimed}, {BAD}" if claimed else BAD
    answer = comes_from("127.0.0.1").get(LOGIN, headers=lies | {"x-forwarded-for": header})
    assert (answer.status_code, answer.wsgi_request.client_ip) == (403, BAD)


@pytest.mark.parametrize(
    "seen",
    [BAD, f" {BAD} ", f"{BAD}:40312", f"::ffff:{BAD}", f"::FFFF:{BAD}", "::ffff:cb00:7109",
     f"[::ffff:{BAD}]", f"[::ffff:{BAD}]:40312", f"::ffff:{BAD}%eth0", "0:0:0:0:0:ffff:cb00:7109"],
)  # fmt: skip
def test_a_proxy_may_write_the_address_as_it_likes(settings, seen):
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    deny("203.0.113.0/24")
    answer = comes_from("127.0.0.1").get(LOGIN, headers={"x-forwarded-for": f"{GOOD}, {seen}"})
    assert (answer.status_code, answer.wsgi_request.client_ip) == (403, BAD)


@pytest.mark.parametrize(
    "seen",
    ["2001:db8::9", "[2001:db8::9]", "[2001:db8::9]:443", "2001:DB8:0:0:0:0:0:9", "2001:db8::9%en0",
     "[2001:db8::9%en0]:443", "2001:0db8::0.0.0.9"],
)  # fmt: skip
def test_ipv6_in_every_spelling(settings, seen):
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    deny("2001:db8::/64")
    answer = comes_from("127.0.0.1").get(LOGIN, headers={"x-forwarded-for": f"{GOOD}, {seen}"})
    assert (answer.status_code, answer.wsgi_request.client_ip) == (403, "2001:db8::9")
    assert comes_from(seen).get(LOGIN).status_code == 403


def test_a_chain_longer_than_any_is_not_followed(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    chain = ", ".join([GOOD, *["127.0.0.2"] * 40])
    answer = comes_from("127.0.0.1").get(LOGIN, headers={"x-forwarded-for": chain})
    assert answer.wsgi_request.client_ip == "127.0.0.2"


def test_a_visitor_without_an_address_is_on_no_list(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]  # a unix socket is no network
    deny("0.0.0.0/0", ends_at=timezone.now() + timedelta(hours=1))
    assert comes_from("").get(LOGIN).status_code == 200
    allow("0.0.0.0/0", "admin")
    allow("::/0", "admin")
    assert comes_from("").get("/admin/").status_code == 403


# --- what it costs, and when the database is gone -------------------------------------------------


@pytest.mark.parametrize("page", [LOGIN, "/admin/"])
def test_rules_cost_no_statement_while_they_are_fresh(page):
    for number in range(20):
        deny(f"203.0.113.{number}/32")
    allow("198.51.100.0/24", "admin")
    visitor = comes_from(GOOD)
    with CaptureQueriesContext(connection) as cold:
        visitor.get(page)
    with CaptureQueriesContext(connection) as warm:
        visitor.get(page)
    asked = [query["sql"] for query in cold if "accounts_networkrule" in query["sql"]]
    assert len(asked) == 2 and len(warm) == len(cold) - 2
    assert not [query for query in warm if "accounts_networkrule" in query["sql"]]


def gone(execute, sql, *rest):
    if "accounts_networkrule" in sql:
        raise OperationalError("the server closed the connection")
    return execute(sql, *rest)


def test_until_the_rules_were_read_once_nobody_comes_in():
    snapshot.assume(None, seconds=0)
    with connection.execute_wrapper(gone):
        answer = comes_from(GOOD).get(LOGIN)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "The site is not ready" in text_of(answer) and not answer.cookies
        assert comes_from(GOOD).get("/healthz").status_code == 200
    snapshot.expire()
    assert comes_from(GOOD).get(LOGIN).status_code == 200


def test_a_database_that_fails_later_changes_nothing():
    allow("198.51.100.0/24")
    assert comes_from(GOOD).get(LOGIN).status_code == 200
    with connection.execute_wrapper(gone):
        for _ in range(3):
            snapshot.expire()
            assert comes_from(GOOD).get(LOGIN).status_code == 200
            assert comes_from(BAD).get(LOGIN).status_code == 403


def test_it_stands_between_who_asks_and_the_session(settings):
    names = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    place = names.index(middleware.NetworkRulesMiddleware.__name__)
    assert names.index("RequestFactsMiddleware") < place < names.index("SessionMiddleware")


def test_static_files_need_no_permission(settings):
    names = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    deny("203.0.113.0/24")
    page = comes_from(BAD).get(LOGIN).content.decode()
    assert re.search(r'<link rel="stylesheet" href="/static/', page)
    assert names.index("WhiteNoiseMiddleware") < names.index("NetworkRulesMiddleware")
