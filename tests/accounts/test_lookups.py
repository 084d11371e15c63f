"""A look-up that is composed once answers as the models would."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from types import FrameType

import pytest
from django.db.models import Model
from django.db.models.functions import Upper
from django.db.models.signals import post_init
from django.utils import timezone

from accounts.identify import find_user
from accounts.lockout import buckets
from accounts.lookups import Lookup
from accounts.models import Session, User
from tests.support.costs import Statements

by_key = Lookup(lambda key: Session.objects.select_related("user").filter(key=key))
by_username = Lookup(lambda name: User.objects.filter(username=name, is_active=True))


def _columns(row: Model | None) -> dict[str, object]:
    assert row is not None
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _session(key: str, user: User | None) -> Session:
    return Session.objects.create(
        key=key,
        user=user,
        data="sealed",
        client_ip="2001:db8::7",
        proved=[{"method": "password", "at": 1763900000}],
        signed_in_at=timezone.now() if user else None,
        expires_at=timezone.now() + timedelta(hours=1),
    )


def test_a_row_and_its_relation_come_as_the_models_bring_them(alice: User) -> None:
    _session("a" * 64, alice)
    usual = Session.objects.select_related("user").get(key="a" * 64)
    for _time in ("composed", "asked again"):
        found = by_key.find("a" * 64)
        assert found is not None
        assert _columns(found) == _columns(usual)
        assert _columns(found.user) == _columns(alice)
        assert found._state.db == usual._state.db
        assert not found._state.adding


def test_row_and_relation_are_one_statement(
    alice: User, statements_of: Callable[[], AbstractContextManager[Statements]]
) -> None:
    _session("a" * 64, alice)
    by_key.find("a" * 64)
    with statements_of() as asked:
        found = by_key.find("a" * 64)
        assert found is not None
        assert found.user == alice
    assert asked.count == 1


def test_a_row_without_its_relation_has_none(db: None) -> None:
    _session("b" * 64, None)
    found = by_key.find("b" * 64)
    assert found is not None
    assert found.user is None


def test_each_asks_for_its_own(alice: User, bob: User) -> None:
    assert by_username.find("alice") == alice
    assert by_username.find("bob") == bob
    assert by_username.find("nobody") is None
    assert by_username.find("?") is None
    assert by_username.find("' OR '1'='1") is None


def test_what_else_the_query_demands_holds(alice: User) -> None:
    assert by_username.find("alice") == alice
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert by_username.find("alice") is None


def test_a_text_that_is_changed_on_its_way_is_refused(db: None) -> None:
    loud = Lookup(
        lambda name: User.objects.annotate(loud=Upper("username")).filter(loud=name.upper())
    )
    with pytest.raises(TypeError):
        loud.find("alice")


@pytest.mark.parametrize("typed", ["alice", "nobody", "alice@example.org", "nobody@example.org"])
def test_a_name_that_nobody_has_costs_a_person_too(alice: User, typed: str) -> None:
    """A row that is made only for those who exist is a difference a stopwatch sees in refusals,
    where no hash hides it."""
    find_user(typed)
    made: list[object] = []

    def count(sender: type[Model], **_: object) -> None:
        made.append(sender)

    post_init.connect(count, sender=User)
    try:
        assert (find_user(typed) is None) == typed.startswith("nobody")
    finally:
        post_init.disconnect(count, sender=User)
    assert len(made) == 1


@pytest.mark.parametrize("typed", ["alice", "nobody"])
def test_a_name_is_made_a_digest_whoever_has_it(alice: User, typed: str) -> None:
    made: list[str] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is buckets.of_nobody.__code__:
            made.append(typed)

    sys.setprofile(watch)
    try:
        buckets.account_bucket(None, {"username": typed})
    finally:
        sys.setprofile(None)
    assert made == [typed]
