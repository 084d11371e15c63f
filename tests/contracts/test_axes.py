"""What we rely on inside axes: when it asks us, when it tells us, and who answers a refusal."""

from __future__ import annotations

import inspect

import pytest
from axes import signals
from axes.backends import AxesStandaloneBackend
from axes.exceptions import AxesBackendRequestParameterRequired
from axes.handlers import base, database, proxy
from axes.helpers import get_client_ip_address, get_client_username, get_lockout_response
from axes.middleware import AxesMiddleware
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_backends
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models.query import QuerySet

from accounts.flows import sign_in
from accounts.lockout.handler import LOCKED, Handler
from accounts.lockout.middleware import LockoutMiddleware

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(rf):
    request = rf.post("/")
    request.client_ip = "2001:db8:1:2::9"
    return request


def test_our_handler_is_the_one_that_is_asked():
    assert type(proxy.AxesProxyHandler.get_implementation()) is Handler
    assert settings.AXES_DISABLE_ACCESS_LOG and not settings.AXES_ENABLE_ACCESS_FAILURE_LOG
    assert not settings.AXES_USE_ATTEMPT_EXPIRATION


@pytest.mark.parametrize(
    "method",
    [
        "is_allowed",
        "is_locked",
        "get_failures",
        "user_login_failed",
        "user_logged_in",
        "user_logged_out",
    ],
)
def test_our_methods_take_what_axes_hands_them(method):
    theirs = inspect.signature(getattr(database.AxesDatabaseHandler, method)).parameters
    ours = inspect.signature(getattr(Handler, method)).parameters
    assert list(theirs) == list(ours)
    assert {name: parameter.kind for name, parameter in theirs.items()} == {
        name: parameter.kind for name, parameter in ours.items()
    }


def test_the_handler_has_no_further_method_that_a_sign_in_reaches():
    """A new signal of axes would go past our counting, with statements of its own."""
    told = {
        name
        for name, _ in inspect.getmembers(proxy.AxesProxyHandler, inspect.isroutine)
        if name.startswith(("user_", "post_"))
    }
    assert told == {
        "user_login_failed",
        "user_logged_in",
        "user_logged_out",
        "post_save_access_attempt",
        "post_delete_access_attempt",
    }
    assert set(base.AbstractAxesHandler.__abstractmethods__) == {
        "user_login_failed",
        "user_logged_in",
        "user_logged_out",
        "get_failures",
    }


def test_the_password_is_not_looked_at_before_axes_was_asked():
    first, *others = get_backends()
    assert type(first) is AxesStandaloneBackend and len(others) == 1
    source = inspect.getsource(AxesStandaloneBackend)
    assert source.count("is_allowed(") == 1  # it takes a try: once a comparison


def test_a_refusal_stops_all_backends_and_marks_the_request(request_, alice, settings):
    settings.POLICY_FREE_FAILURES = 1000
    for _ in range(10):
        assert sign_in.compare(request_, "alice", "x" * 20) is None
    assert not getattr(request_, LOCKED)
    assert sign_in.compare(request_, "alice", "x" * 20) is None
    assert getattr(request_, LOCKED) is True
    with pytest.raises(PermissionDenied):
        AxesStandaloneBackend().authenticate(request_, username="alice", password="x" * 20)


def test_without_a_request_axes_refuses_to_judge(alice):
    with pytest.raises(AxesBackendRequestParameterRequired):
        sign_in.compare(None, "alice", "x" * 20)


def test_axes_asks_our_callables_for_account_and_network(request_, alice):
    credentials = {"username": "ALICE@example.org", "password": "x"}
    assert get_client_username(request_, credentials) == f"uid:{alice.pk}"
    assert get_client_ip_address(request_) == "2001:db8:1:2::"


def test_its_middleware_answers_with_our_page_where_the_mark_is_set(request_):
    answers = []
    middleware = AxesMiddleware(lambda request: answers.append(request) or "the view's answer")
    assert middleware(request_) == "the view's answer"
    setattr(request_, LOCKED, True)
    request_.user = None
    answer = middleware(request_)
    assert answer.status_code == 429 and answer["Retry-After"] == "900"
    assert get_lockout_response(request_, None, None).status_code == 429


def test_tries_are_settled_around_the_place_where_axes_answers():
    names = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    assert names[-2:] == [LockoutMiddleware.__name__, AxesMiddleware.__name__]


def test_axes_hears_of_sign_ins_and_failures_by_djangos_signals():
    for signal, name in (
        (user_login_failed, "handle_user_login_failed"),
        (user_logged_in, "handle_user_logged_in"),
    ):
        receivers = [entry[1]() for entry in signal.receivers]
        assert getattr(signals, name) in receivers


def test_its_table_has_the_columns_and_the_key_we_count_by():
    fields = {field.name for field in AccessAttempt._meta.concrete_fields}
    assert fields == {
        "id", "user_agent", "ip_address", "username", "http_accept", "path_info", "attempt_time",
        "get_data", "post_data", "failures_since_start",
    }  # fmt: skip
    assert AccessAttempt._meta.unique_together == (("username", "ip_address", "user_agent"),)


def test_nothing_of_ours_is_left_behind_when_an_attempt_is_deleted_without_being_fetched():
    """We delete rows by one statement; only axes' own expirations, which are off, hang on them."""
    hanging = [relation.related_model.__name__ for relation in AccessAttempt._meta.related_objects]
    assert hanging == ["AccessAttemptExpiration"]
    assert callable(QuerySet._raw_delete)


def test_our_index_is_on_its_table():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, AccessAttempt._meta.db_table)
    assert found["accounts_attempt_time"]["columns"] == ["attempt_time"]


def test_its_table_has_no_index_that_nothing_reads(db):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, AccessAttempt._meta.db_table)
    searched = [one for one in found.values() if one["index"] or one["unique"]]
    assert sorted(one["columns"] for one in searched if not one["primary_key"]) == [
        ["attempt_time"],
        ["failures_since_start", "id"],  # accounts/lockout/full.py
        ["username", "ip_address", "user_agent"],
    ]


def test_its_admin_pages_are_not_there():
    registered = {model._meta.app_label for model in admin.site._registry}
    assert apps.is_installed("axes") and "axes" not in registered
