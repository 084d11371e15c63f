"""People are found on the desk, and nonsense in a filter or a search breaks no list."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.models import User
from tests.support.desk import LIST
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

DATES = ("0001-01-01", "9999-12-31", "9999-12-31 23:59:59-14:00", "nonsense", "\x00", "9" * 400)


@pytest.mark.parametrize("value", DATES)
def test_dates_without_sense_break_no_list(ada_here, alice, value):
    for how in ("created_at__gte", "created_at__lt", "last_login__gte", "last_login__lt"):
        answer = ada_here.get(LIST, {how: value})
        assert answer.status_code in (200, 302, 400)


def test_a_search_of_a_thousand_words_finds_nobody(ada_here, alice):
    for words in (11, 1000):
        page = ada_here.get(LIST, {"q": "a " * words})
        assert page.status_code == 200 and "alice@example.org" not in page.content.decode()


def test_people_are_found_by_every_address_and_all_are_shown(ada_here, alice):
    EmailAddress.objects.create(user=alice, email="second@example.net", verified=True)
    page = ada_here.get(LIST, {"q": "second@example.net"}).content.decode()
    assert page.count("alice@example.org") == 1
    person = text_of(ada_here.get(f"{LIST}{alice.pk}/change/"))
    assert "alice@example.org (main), second@example.net" in person


def test_people_are_narrowed_by_whether_they_take_a_second_step(ada_here, alice, bob):
    User.objects.filter(pk=alice.pk).update(two_step_on=True)
    for value, there, not_there in (("1", "alice", "bob"), ("0", "bob", "alice")):
        page = ada_here.get(f"/admin/accounts/user/?two_step_on__exact={value}").content.decode()
        assert f"{there}@example.org" in page and f"{not_there}@example.org" not in page
