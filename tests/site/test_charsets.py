"""Whatever says that it is written in anything but UTF-8 is refused by a page, whole and at once."""

from __future__ import annotations

from typing import Any
from wsgiref.headers import Headers
from wsgiref.util import setup_testing_defaults

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from authsite.wsgi import application
from tests.site.test_headers import assert_complete
from tests.support.hostile import CHARSETS, FORMS, SURROGATES, multipart

QUICK: Any = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.parametrize("kind", [*FORMS, "application/json"])
@pytest.mark.parametrize("charset", CHARSETS)
def test_any_charset_but_utf_8_is_refused_before_anything_is_read(client, kind, charset):
    """Nothing of it: neither the body nor any table (this test has no database)."""
    told = f'{kind}; charset="{charset}"'
    answer = client.generic("POST", "/accounts/login/", b"-", content_type=told)
    assert answer.status_code == 400
    assert_complete(answer)
    page = answer.content.decode()
    assert "This could not be read" in page and '<link rel="stylesheet"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
@pytest.mark.parametrize("kind", FORMS)
def test_utf_8_may_be_called_by_its_name(client, kind, charset):
    answer = client.generic(
        "POST", "/accounts/login/", FORMS[kind], content_type=f"{kind}; charset={charset}"
    )
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["login", "signup", "password/reset", "unlock"])
def test_lone_surrogates_are_typed_in_vain(client, path):
    """Without a charset they are the characters one sees; their bytes are no UTF-8."""
    form = "application/x-www-form-urlencoded"
    for typed in (*SURROGATES.values(), b"%ED%A0%80", b"\xed\xa0\x80", b"%ud800"):
        body = b"&".join(name + b"=" + typed for name in (b"login", b"email", b"name", b"next"))
        address = f"/accounts/{path}/?next=%ED%A0%80"
        assert client.generic("POST", address, body, content_type=form).status_code < 500
        kind = "multipart/form-data; boundary=x"
        assert (
            client.generic("POST", address, multipart(typed), content_type=kind).status_code < 500
        )


KIND_PARTS = st.sampled_from(
    [
        *(
            "text/plain",
            "multipart/form-data",
            "; ",
            "boundary=x",
            "charset",
            "*",
            "*0",
            "*1*",
            "=",
        ),
        *("'", "''", "%ff", "%41", "a.b", '"', "\xff", *CHARSETS),
    ]
)


@pytest.mark.django_db
@settings(max_examples=100, **QUICK)
@given(kind=st.lists(KIND_PARTS, max_size=8).map("".join), method=st.sampled_from(["GET", "POST"]))
@example("text/plain; charset=rot13", "GET")
@example("text/plain; charset*=nonsense''utf-8", "GET")
@example("multipart/form-data; boundary*=idna''%ff.a", "POST")
@example("text/plain; x*=undefined''a", "GET")
def test_any_content_type_comes_to_a_page_of_the_site(kind, method):
    """By the door that gunicorn knocks at: Django parses the header before any middleware runs."""
    environ: dict[str, Any] = {"CONTENT_TYPE": kind, "REQUEST_METHOD": method}
    environ |= {"HTTP_HOST": "testserver", "wsgi.url_scheme": "https"}
    environ |= {"PATH_INFO": "/accounts/login/", "QUERY_STRING": "next=%41"}
    setup_testing_defaults(environ)
    said: list[Any] = []
    b"".join(application(environ, lambda *line: said.append(line)))
    status, headers = said[0]
    assert status[:3] in ("200", "400", "403")
    assert_complete(Headers(headers))
