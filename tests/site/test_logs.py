"""Log lines: readable by machines, forged by nobody, without a key or a typed value in them."""

from __future__ import annotations

import io
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.log import AdminEmailHandler

from authsite.logs import formatter, hide_keys, trace, without_words
from tests.support.failing_pages import BREAKING
from tests.support.visitor import Visitor

TYPED = "typed-as-a-password"


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


# --- Paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", ["'", '"', " ", "#", ".", "?"])
def test_a_mangled_key_is_not_logged_in_pieces(gap: str) -> None:
    one, other = secrets.token_hex(8), secrets.token_hex(8)
    said = line("Not Found: %s", f"/accounts/confirm-email/{one}{gap}{other}/")
    assert one not in said
    assert other not in said


@pytest.mark.parametrize("slash", ["%2F", "%2f"])
def test_a_key_behind_an_encoded_slash_is_not_logged(slash: str) -> None:
    key = secrets.token_urlsafe(32)
    path = slash.join(["", "accounts", "confirm-email", key, ""])
    assert key not in line("Error handling request GET %s", path)


# --- Errors ---------------------------------------------------------------------------------------


@pytest.fixture(params=["json", "plain"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the site's own handler writes, as authsite/settings.py sets it up."""
    written = io.StringIO()
    (handler,) = [one for one in logging.getLogger().handlers if one.name == "stderr"]
    assert isinstance(handler, logging.StreamHandler)
    stream, usual = handler.setStream(written), handler.formatter
    handler.setFormatter(formatter(request.param))
    yield written
    handler.setFormatter(usual)
    handler.setStream(stream)


@pytest.fixture
def visitor(settings: Any, db: None) -> Visitor:
    settings.ROOT_URLCONF = "tests.support.failing_pages"
    return Visitor(raise_request_exception=False)


@pytest.mark.parametrize("view", BREAKING, ids=lambda view: view.__name__)
def test_a_page_that_breaks_logs_where_and_never_what_was_typed(
    visitor: Visitor, log: io.StringIO, view: Callable[..., Any]
) -> None:
    answer = visitor.post(f"/t/{view.__name__}", {"password": TYPED})
    assert answer.status_code == 500
    said = log.getvalue()
    assert TYPED not in said
    assert f"Internal Server Error: /t/{view.__name__}" in said
    assert "tests/support/failing_pages.py:" in said
    assert f" {view.__name__}" in said


def test_the_errors_behind_an_error_are_named_in_order(visitor: Visitor, log: io.StringIO) -> None:
    visitor.post("/t/cause", {"password": TYPED})
    said = log.getvalue()
    kinds = ["ValueError", "which led to:", "accounts.flows.addresses.AddressRefused: own"]
    places = [said.index(kind) for kind in kinds]
    assert places == sorted(places)
    visitor.post("/t/context", {"password": TYPED})
    assert "and while that was handled:" in log.getvalue()


def test_an_error_given_as_message_or_argument_loses_its_words_too() -> None:
    for kind in ("json", "plain"):
        assert line("Failed: %s", ValueError(TYPED), kind=kind).count(TYPED) == 0
        record = logging.LogRecord("x", logging.ERROR, "", 0, KeyError(TYPED), None, None)
        assert TYPED not in formatter(kind).format(record)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImproperlyConfigured("Set SITE_URL"), ".ImproperlyConfigured: Set SITE_URL"),
        (ModuleNotFoundError("No module", name="psycopg"), "ModuleNotFoundError [psycopg]"),
        (ConnectionRefusedError(111, TYPED), "ConnectionRefusedError [ECONNREFUSED]"),
        (OSError(TYPED), "OSError"),
        (SyntaxError(TYPED, ("accounts/x.py", 7, 1, TYPED)), "SyntaxError [accounts/x.py:7]"),
    ],
)
def test_what_helps_an_operator_is_said(error: BaseException, said: str) -> None:
    assert without_words(error).endswith(said)


def test_an_endless_recursion_and_a_ring_of_errors_have_an_end() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as caught:
        deeper()
    assert len(trace(caught.value).splitlines()) < 50
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    assert trace(one).count("ValueError") == 1


# --- Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/t/forbidden", "testserver", 403),
        ("/t/suspicious", "testserver", 400),
        ("/accounts/login/", "evil.example", 400),
        ("/nowhere", "testserver", 404),
    ],
)
def test_a_refused_request_is_one_plain_warning(
    visitor: Visitor, log: io.StringIO, path: str, host: str, status: int
) -> None:
    answer = visitor.post(path, {"password": TYPED}, headers={"host": host})
    assert answer.status_code == status
    (said,) = log.getvalue().splitlines()
    assert "warning" in said
    assert "traceback" not in said
    assert TYPED not in said


def test_a_form_without_its_token_is_one_plain_warning(log: io.StringIO, db: None) -> None:
    visitor = Visitor(enforce_csrf_checks=True)
    assert visitor.post("/accounts/login/", {"password": TYPED}).status_code == 403
    (said,) = log.getvalue().splitlines()
    assert "warning" in said
    assert "Forbidden (" in said


def test_no_log_line_is_mailed_to_anybody() -> None:
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = [one for logger in loggers for one in getattr(logger, "handlers", [])]
    assert [one for one in handlers if isinstance(one, AdminEmailHandler)] == []
