"""Headers on every answer: pages, redirects, errors, refusals (ASVS 3.4)."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.support import cast
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

ANSWERS = {
    "page": "/accounts/login/",
    "redirect": "/",
    "not found": "/nowhere/",
    "signed out": "/accounts/profile/",
    "bad link": "/accounts/confirm-email/link/",
    "well-known": "/.well-known/change-password",
    "health": "/healthz",
}


def directives(answer) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split(";")
    return dict(part.strip().partition(" ")[::2] for part in parts)


@pytest.mark.parametrize("path", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_carries_them(client, path):
    answer = client.get(path)
    assert answer["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "no-store" in answer["Cache-Control"]
    policy = directives(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == policy["style-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_redirect_to_https_and_a_missing_file_carry_them_too(client):
    redirect = Visitor(https=False).get("/accounts/login/")
    assert redirect.status_code == 301 and redirect["Location"].startswith("https://")
    for answer in (redirect, client.get("/static/nowhere.css")):
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Request-ID"] and "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("trusted", "peer", "believed"),
    [
        (["10.0.0.0/8"], "10.0.0.1", True),
        (["10.0.0.0/8"], "203.0.113.9", False),
        (["1"], "203.0.113.9", True),
        ([], "10.0.0.1", False),
    ],
)
def test_only_a_proxy_of_ours_says_that_a_connection_is_secure(settings, trusted, peer, believed):
    settings.TRUSTED_PROXIES = trusted
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    visitor = Visitor(https=False, REMOTE_ADDR=peer)
    answer = visitor.get("/accounts/login/", headers={"x-forwarded-proto": "https"})
    assert (answer.status_code == 200) == believed


def test_refusals_and_broken_requests_carry_them_too(client):
    strict = Visitor(enforce_csrf_checks=True)
    for answer in (
        strict.post("/accounts/login/", {}),
        client.get("/accounts/login/", headers={"host": "evil.example"}),
        client.post(
            "/accounts/login/", b"x" * 300_000, content_type="application/x-www-form-urlencoded"
        ),
        client.put("/accounts/profile/"),
    ):
        assert 400 <= answer.status_code < 500
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]


def test_trusted_types_stop_at_the_admins_door_and_nothing_else_does(client, ada):
    client.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    policy = directives(client.get("/admin/"))
    assert "require-trusted-types-for" not in policy and "trusted-types" not in policy
    assert policy["default-src"] == "'none'" and "unsafe" not in policy["script-src"]


def test_plain_http_is_sent_to_https():
    answer = Visitor(https=False).get("/accounts/login/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/accounts/login/")


def test_a_strange_host_over_plain_http_is_refused_with_all_headers():
    answer = Visitor(https=False).get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    missing = {name for name in EVERYWHERE if name not in answer}
    assert missing == {"Strict-Transport-Security"}  # it means nothing before https


def test_cookies_are_host_bound_secure_and_out_of_reach(client, alice):
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    for name in ("__Host-session", "__Host-csrftoken"):
        cookie = client.cookies[name]
        assert cookie["secure"] and cookie["httponly"] and cookie["path"] == "/"
        assert cookie["samesite"] == "Lax" and not cookie["domain"]
        assert len(name + cookie.value) < 200


def test_a_visitor_gets_no_session_cookie(client):
    client.get("/accounts/login/")
    assert "__Host-session" not in client.cookies


@pytest.mark.parametrize("forwarded", ["198.51.100.7", "198.51.100.7, 203.0.113.1", "garbage"])
def test_forwarded_headers_are_not_believed_unless_a_proxy_is_trusted(client, forwarded):
    answer = client.get("/accounts/login/", headers={"x-forwarded-for": forwarded})
    assert answer.wsgi_request.client_ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "header", "believed"),
    [
        (["127.0.0.1"], "198.51.100.7", "198.51.100.7"),
        (["127.0.0.1"], "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        (["127.0.0.0/8", "10.0.0.0/8"], "1.2.3.4, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        (["1"], "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        (["2"], "1.2.3.4, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (["127.0.0.1"], "2001:db8::1", "2001:db8::1"),
        (["127.0.0.1"], "::ffff:198.51.100.7", "198.51.100.7"),
        (["127.0.0.1"], "garbage", "127.0.0.1"),
        (["127.0.0.1"], "1.2.3.4, garbage", "127.0.0.1"),
        (["127.0.0.1"], "", "127.0.0.1"),
        (["192.0.2.1"], "198.51.100.7", "127.0.0.1"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_is_the_client(
    client, settings, trusted, header, believed
):
    settings.TRUSTED_PROXIES = trusted
    answer = client.get("/accounts/login/", headers={"x-forwarded-for": header})
    assert answer.wsgi_request.client_ip == believed


def test_links_in_letters_ignore_the_host_header(client, alice, mailbox, settings):
    settings.ALLOWED_HOSTS = ["testserver", "evil.example"]
    client.post("/accounts/password/reset/", {"login": "alice"}, headers={"host": "evil.example"})
    assert "evil.example" not in mailbox.latest().text
    assert "https://testserver/" in mailbox.latest().text
    assert User.objects.exists()


EVERYWHERE = (
    "Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control",
    "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy",
    "Content-Security-Policy", "X-Request-ID",
)  # fmt: skip


def assert_complete(answer) -> None:
    """An answer, or its headers."""
    assert [name for name in EVERYWHERE if name not in answer] == []


@pytest.mark.parametrize(
    ("path", "status"), [("/t/number", 500), ("/t/forbidden", 403), ("/t/suspicious", 400)]
)
def test_pages_that_fail_carry_all_of_them(settings, path, status):
    settings.ROOT_URLCONF = "tests.support.failing_pages"
    answer = Visitor(raise_request_exception=False).post(path, {"password": "x"})
    assert answer.status_code == status
    assert_complete(answer)


def test_a_wait_and_a_busy_site_carry_all_of_them(alice, settings):
    for _ in range(5):
        waits = Visitor().post("/accounts/login/", {"login": "alice", "password": "a wrong guess"})
    settings.POLICY_HASH_WAITING = 0
    busy = Visitor().post("/accounts/login/", {"login": "bob", "password": "a wrong guess"})
    assert (waits.status_code, busy.status_code) == (429, 503)
    for answer in (waits, busy):
        assert answer["Retry-After"]
        assert_complete(answer)
