"""What our session store relies on inside Django's sessions and sign-in, and in what allauth keeps."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.internal.flows import login as login_flow
from allauth.account.internal.flows import reauthentication
from allauth.account.signals import authentication_step_completed
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthentication
from django.contrib.auth.signals import user_logged_in
from django.contrib.messages.storage import default_storage
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.core.exceptions import BadRequest
from django.db import connections

from accounts import receivers
from accounts.models import Session
from accounts.sessions.joined import JoinedUser
from accounts.sessions.middleware import AuthenticationMiddleware, SessionMiddleware
from accounts.sessions.store import SessionGone, SessionStore
from tests.support import cast

BACKEND = "accounts.backends.OneHashBackend"


def test_we_write_every_method_that_reaches_storage():
    abstract = {
        name
        for name, method in inspect.getmembers(SessionBase, inspect.isfunction)
        if "raise NotImplementedError" in inspect.getsource(method)
    }
    assert abstract == {"exists", "create", "save", "delete", "load"}
    for name in abstract | {"cycle_key", "flush", "_get_new_session_key", "clear_expired"}:
        assert name in vars(SessionStore), name


def test_the_base_class_reaches_storage_by_these_methods_alone():
    """A new method of Django that renames or copies a session would have to be ours too."""
    storing = {
        name
        for name, method in inspect.getmembers(SessionBase, inspect.isfunction)
        if {"create", "delete", "load"} & set(method.__code__.co_names)
    }
    wrappers = {"acreate", "adelete", "aload"}
    assert storing == {"_get_session", "flush", "cycle_key"} | wrappers


@pytest.mark.django_db(transaction=True)
def test_the_async_methods_go_through_ours(alice):
    store = SessionStore()

    async def live() -> str | None:
        await store.aset("note", "kept")
        await store.asave()
        again = SessionStore(store.session_key)
        note: str | None = await again.aget("note")
        await sync_to_async(connections.close_all)()
        return note

    async def end() -> None:
        await store.aflush()
        await sync_to_async(connections.close_all)()

    # In a thread of its own: in this one a loop may be running, that of a browser.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, live()).result() == "kept"
        assert Session.objects.get().key != store.session_key
        pool.submit(asyncio.run, end()).result()
    assert not Session.objects.exists()


def test_the_async_forms_of_what_we_replace_call_the_sync_ones():
    for name in ("load", "exists", "create", "save", "delete"):
        assert f"sync_to_async(self.{name})" in inspect.getsource(getattr(SessionBase, f"a{name}"))


def test_keys_that_we_did_not_make_are_dropped_where_they_are_set():
    assert SessionStore("x").session_key is None
    assert SessionStore("A" * 43).session_key == "A" * 43


def test_login_renews_the_key_stores_the_person_and_then_tells():
    source = inspect.getsource(auth.login)
    steps = [
        "request.session.flush()",
        "request.session.cycle_key()",
        "request.session[SESSION_KEY] = user._meta.pk.value_to_string(user)",
        "request.session[HASH_SESSION_KEY] = session_auth_hash",
        "user_logged_in.send(sender=user.__class__, request=request, user=user)",
    ]
    places = [source.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.django_db
def test_what_login_stores_is_what_we_compare_with_the_column(alice, rf):
    request = rf.post("/")
    request.session = SessionStore()
    auth.login(request, alice, BACKEND)
    assert request.session[SESSION_KEY] == str(alice.pk)
    assert request.session[BACKEND_SESSION_KEY] == BACKEND
    assert request.session[HASH_SESSION_KEY] == alice.get_session_auth_hash()


def test_djangos_get_user_asks_the_backend_for_the_person_and_checks_the_hash():
    source = inspect.getsource(auth.get_user)
    assert "backend.get_user(user_id)" in source
    assert "get_session_auth_hash" in source and "request.session.flush()" in source
    assert issubclass(auth.load_backend(BACKEND).__class__, JoinedUser)
    assert auth.load_backend(BACKEND).__class__.__mro__[1] is JoinedUser


def test_our_middlewares_stand_where_libraries_look_for_djangos():
    assert issubclass(SessionMiddleware, DjangoSessions)
    assert issubclass(AuthenticationMiddleware, DjangoAuthentication)
    assert SessionStore.__module__ == settings.SESSION_ENGINE
    methods = {name for name, _ in inspect.getmembers(DjangoSessions, inspect.isfunction)}
    ours = {"process_request", "process_response"}
    assert (
        {name for name in methods if name.startswith("process_")}
        == ours
        <= set(vars(SessionMiddleware))
    )


def test_what_is_gone_has_the_names_by_which_django_would_know_it():
    assert issubclass(SessionGone, UpdateError) and issubclass(SessionGone, SessionInterrupted)
    assert issubclass(SessionInterrupted, BadRequest)


def test_messages_live_in_the_session_and_nowhere_else(rf):
    request = rf.get("/")
    request.session = SessionStore()
    assert type(default_storage(request)) is SessionStorage


def test_a_suspended_form_is_put_under_its_key_as_a_whole():
    """The store tells a new one from the one it loaded by identity."""
    for suspend in (reauthentication.suspend_request, reauthentication.stash_and_reauthenticate):
        assert "request.session[STATE_SESSION_KEY] = {" in inspect.getsource(suspend)
    assert "session.pop(STATE_SESSION_KEY" in inspect.getsource(reauthentication.resume_request)


def test_every_proof_is_recorded_by_one_function_which_tells_us(alice, rf):
    source = inspect.getsource(login_flow.record_authentication)
    assert source.index("request.session[AUTH") < source.index(
        "authentication_step_completed.send("
    )
    told = [entry[1]() for entry in authentication_step_completed.receivers]
    assert receivers.renew_the_key in told
    request = rf.post("/")
    request.session = SessionStore()
    login_flow.record_authentication(request, alice, "mfa", type="totp", id=7)
    (record,) = login_flow.get_authentication_records(request, alice)
    assert (record["method"], record["type"]) == ("mfa", "totp") and record["at"] > 0


def test_the_last_sign_in_is_noted_by_the_road_and_by_nothing_else(client, alice):
    """Django's receiver would write it at the end, when other rows are locked already."""
    names = [key[0] for key, *_rest in user_logged_in.receivers]
    assert names.count("update_last_login") == 1
    (ours,) = [
        ref() for key, ref, *_rest in user_logged_in.receivers if key[0] == "update_last_login"
    ]
    assert ours.__module__ == "accounts.receivers"
    assert alice.last_login is None
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    alice.refresh_from_db()
    assert alice.last_login is not None
