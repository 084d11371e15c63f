"""Every url and every form takes anything: a form error or a plain 4xx page, never a 5xx, nothing
stored or cut, nothing in the log that was typed as a secret."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import OutgoingMail, PendingSignup, User
from tests.support import cast
from tests.support.visitor import Visitor

SECRET = "typed-as-a-secret-7f3a"


def paths(patterns=None, prefix="") -> list[str]:
    """One path for every url of the site, with something in the place of each argument."""
    found = []
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += paths(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            found.append("/" + _filled(route))
    return found


def _filled(route: str) -> str:
    import re

    route = re.sub(r"\(\?P<uidb36>[^)]*\)", "1", route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)", "abcdefghijklmnopqrstuvwx", route)
    route = re.sub(r"<(?:int:)?\w+>", "1", route)
    route = re.sub(r"<path:\w+>", "1", route)
    return re.sub(r"[\^$\\]|\(\?:[^)]*\)", "", route)


PATHS = sorted(set(paths()))
FIELDS = [
    "login", "password", "email", "name", "username", "password1", "password2", "oldpassword",
    "code", "action", "next", "language", "time_zone", "appearance", "end_others", "reason", "q",
    "o", "_selected_action",
]  # fmt: skip
NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "\x00",
            "a\x00b",
            "x" * 70_000,
            "ｓａｍ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "\u202egnihton",
            "sam@example.org\r\nBcc: x@example.org",
            "١٢٣٤٥٦",
            "<script>alert(1)</script>",
            "' OR 1=1 --",
            "{{ 7*7 }}{% debug %}",
            "../../etc/passwd",
            "%00%ff",
            "-1",
            "99999999999999999999999",
            "9223372036854775808",
        ]
    ),
)


def fine(answer) -> bool:
    assert answer.status_code < 500, (answer.request["PATH_INFO"], answer.status_code)
    return True


def test_the_walk_sees_the_whole_site():
    assert len(PATHS) > 40
    for known in ("/accounts/login/", "/accounts/password/reset/key/1-abcdefghijklmnopqrstuvwx/"):
        assert known in PATHS


class Walk(TestCase):
    """Hypothesis' own Django test case: each example runs in a transaction of its own."""

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        path=st.sampled_from(PATHS),
        data=st.dictionaries(st.sampled_from(FIELDS), st.lists(NASTY, max_size=2), max_size=6),
        query=st.dictionaries(st.sampled_from(FIELDS), NASTY, max_size=3),
        who=st.sampled_from(["visitor", "person", "staff"]),
        method=st.sampled_from(["get", "post", "put", "delete", "options", "head"]),
    )
    def test_any_fields_anywhere(self, path, data, query, who, method):
        browser = Visitor()
        if who != "visitor":
            person = cast.person("wanda") if who == "person" else cast.administrator("ada")
            browser.force_login(person)
        query_string = "&".join(f"{name}={quote(value[:500])}" for name, value in query.items())
        send = getattr(browser, method)
        if method in ("get", "head"):
            answer = send(f"{path}?{query_string}")
        elif method == "post":
            answer = send(f"{path}?{query_string}", data)
        else:
            answer = send(f"{path}?{query_string}", "x=1")
        assert fine(answer)

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        path=st.sampled_from(PATHS),
        body=st.binary(max_size=300),
        kind=st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=utf-7",
                "application/x-www-form-urlencoded; charset=nonsense",
                "multipart/form-data",
                "multipart/form-data; boundary=x",
                "multipart/form-data; boundary=" + "x" * 300,
                "application/json",
                "text/xml",
                "nonsense",
                "",
            ]
        ),
    )
    def test_any_body_of_any_kind(self, path, body, kind):
        assert fine(Visitor().generic("POST", path, body, content_type=kind))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
)
def test_ten_megabytes_are_turned_away(client, path):
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        body = b"login=" + b"x" * 10_000_000
        if kind.startswith("multipart"):
            body = (
                b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n' + body + b"\r\n--x--"
            )
        answer = client.generic("POST", path, body, content_type=kind)
        assert 400 <= answer.status_code < 500
    many = "&".join(f"a{number}=1" for number in range(5000))
    kind = "application/x-www-form-urlencoded"
    assert client.generic("POST", path, many, content_type=kind).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cookie", ["", "x", "\x00", "x" * 5000, "é", "../../x", '"quoted"', "a" * 43]
)
def test_any_session_cookie_is_a_visitor(client, cookie):
    client.cookies["__Host-session"] = cookie
    assert client.get("/accounts/").status_code == 302
    assert client.get("/accounts/login/").status_code == 200
    client.cookies["language"] = cookie
    client.cookies["theme"] = cookie
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.django_db
def test_invalid_utf8_is_refused_and_never_kept(client):
    body = b"name=%ff%fe&email=sam%ff@example.org&password1=" + b"%ff" * 20
    kind = "application/x-www-form-urlencoded"
    answer = client.generic("POST", "/accounts/signup/", body, content_type=kind)
    assert answer.status_code == 200 and not PendingSignup.objects.exists()
    assert client.get("/accounts/login/?next=%ff%fe").status_code == 200
    assert client.get("/%ff%fe/").status_code == 404


@pytest.mark.django_db
def test_nothing_typed_as_a_secret_reaches_the_log(client, alice, caplog):
    with caplog.at_level(logging.DEBUG):
        for path in PATHS:
            for data in (
                {"login": "alice", "password": SECRET, "password1": SECRET, "password2": SECRET},
                {"email": "sam@example.org", "password1": SECRET, "oldpassword": SECRET},
                {"code": SECRET, "password": SECRET},
            ):
                client.post(path, data)
        client.post("/accounts/login/", {"login": SECRET, "password": "x"})
        client.generic(
            "POST",
            "/accounts/login/",
            f"password={SECRET}&" + "&" * 200 + "a=1&" * 200,
            content_type="application/x-www-form-urlencoded",
        )
    logged = "\n".join(
        record.getMessage() + str(record.__dict__.get("sql", "")) + str(record.exc_info or "")
        for record in caplog.records
        if not record.name.startswith("django.db")
    )
    assert SECRET not in logged
    from axes.models import AccessAttempt

    for row in AccessAttempt.objects.all():
        assert SECRET not in str(row.__dict__)
    assert User.objects.count() == 1
    assert not any(SECRET in mail.body for mail in OutgoingMail.objects.all())
