"""Log lines: readable by machines, forged by nobody, without a key in them."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable

import pytest

from authsite.logs import formatter, hide_keys


def line(message: str, *args: object, kind: str = "json") -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, message, args, None)
    return formatter(kind).format(record)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/key/{key}/",
        "/accounts/password/reset/key/3x-d1k2m9-{key}/",
        "/accounts/confirm-email/{key}/",
        "/{key}",
        "https://id.example.org/accounts/confirm-email/{key}/?next=/",
    ],
)
@pytest.mark.parametrize(
    "make",
    [lambda: secrets.token_urlsafe(16), lambda: secrets.token_urlsafe(32), secrets.token_hex],
)
def test_a_key_in_a_path_is_not_logged(path: str, make: Callable[[], str]) -> None:
    for _ in range(50):
        key = make()
        for kind in ("json", "plain"):
            assert key not in line("Gone: %s", path.format(key=key), kind=kind)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/",
        "/.well-known/openid-configuration",
        "/admin/accounts/user/1234567890/change/",
        "/static/admin/js/vendor/jquery/jquery.min.js",
        "/static/css/site.3f2a1b4c5d6e.css",
    ],
)
def test_the_names_of_pages_are_logged_as_they_are(path: str) -> None:
    assert hide_keys(path) == path


def test_a_query_string_is_not_logged() -> None:
    said = line("Not Found: /accounts/login/?next=/secret&code=ABCD-EFGH")
    assert "secret" not in said
    assert "ABCD" not in said


def test_typed_text_cannot_make_a_line_of_its_own_or_turn_one_round() -> None:
    for kind in ("json", "plain"):
        said = line("Invalid name %s", "x\n12:00:00 admin signed in\u202e\x1b[31m", kind=kind)
        assert "\n" not in said
        assert "\u202e" not in said
        assert "\x1b" not in said


def test_a_line_is_one_json_object_with_the_request_id() -> None:
    class Request:
        request_id = "0123456789abcdef"

    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Oh: %s", ("no",), None)
    record.request = Request()
    entry = json.loads(formatter("json").format(record))
    assert entry["message"] == "Oh: no"
    assert entry["level"] == "error"
    assert entry["request_id"] == Request.request_id
